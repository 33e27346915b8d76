"""Two hundred clients in two hundred sandboxes, all at once, each with a model of its own: no cross-talk, no error."""

import http.client
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random
from threading import Barrier
from typing import Any

from tests.live import live_mock

CLIENTS = 200
SECONDS = float(os.environ.get("ISOLATION_SECONDS", "30"))
START = datetime.fromisoformat("2026-03-10T12:00:00+00:00")
NAME = "Ada Lovelace"


class Client:
    """One client in one sandbox, and what it expects to find there."""

    def __init__(self, url: str, number: int) -> None:
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        self.number, self.chance, self.calls = number, Random(number), 0
        self.base = f"/__sandbox/client-{number}"
        self.name, self.now, self.unread = NAME, START, True
        self.freeze()

    def call(self, method: str, path: str, body: object = None, status: int = 200) -> Any:
        headers = {"Authorization": "Bearer ada-session", "X-Mock-Control": "1"}
        raw = None if body is None else json.dumps(body).encode()
        if raw is not None:
            headers["Content-Type"] = "application/json"
        self.connection.request(method, self.base + path, raw, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        self.calls += 1
        assert answer.status == status, (
            f"client {self.number}: {method} {path} answered {answer.status} {content!r}"
        )
        return json.loads(content) if content else None

    def freeze(self) -> None:
        self.call("PUT", "/__mock/clock", {"action": "freeze", "time": START.isoformat()})

    def write(self) -> None:
        self.name = f"client {self.number} call {self.calls}"
        assert (
            self.call("POST", "/v1/user/profile", {"displayName": self.name})["displayName"]
            == self.name
        )

    def mark(self) -> None:
        self.call("POST", "/v1/user/notifications/read", status=201)
        self.unread = False

    def reset(self) -> None:
        self.call("POST", "/__mock/reset", status=204)
        self.name, self.now, self.unread = NAME, START, True
        self.freeze()

    def advance(self) -> None:
        seconds = self.chance.randrange(1, 500)
        self.now += timedelta(seconds=seconds)
        self.call("PUT", "/__mock/clock", {"action": "advance", "seconds": seconds})

    def look(self) -> None:
        assert self.call("GET", "/v1/user/profile?fields=displayName") == {"displayName": self.name}
        items = self.call("GET", "/v1/user/notifications?containerId=main&limit=5")["items"]
        assert all(item["read"] != self.unread for item in items), f"client {self.number}: {items}"
        assert datetime.fromisoformat(self.call("GET", "/__mock/clock")["now"]) == self.now

    def work(self, together: Barrier, seconds: float) -> int:
        together.wait(60)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.chance.choice([self.write, self.mark, self.reset, self.advance])()
            self.look()
        self.connection.close()
        return self.calls


def test_two_hundred_clients_do_not_see_each_other() -> None:
    together = Barrier(CLIENTS)
    with live_mock() as mock, ThreadPoolExecutor(CLIENTS) as pool:
        calls = list(
            pool.map(
                lambda number: Client(mock.url, number).work(together, SECONDS), range(CLIENTS)
            )
        )
        code, errors = mock.stop()
    assert (code, errors) == (0, "")
    assert min(calls) > 5, f"a client was starved: {sorted(calls)[:5]} calls"
