"""Clients that write and read one field of a profile at the same time, and remember what they saw."""

import http.client
import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random

from tests.linearizability import NEVER, Seen, explained
from tests.live import ADA

DEADLINE = 20.0
INITIAL = "Ada Lovelace"
SLOWEST = 2.0
"""Seconds after which even a refusal is late."""
SPARE = 1.0
"""Seconds that a busy machine may take on top."""


@dataclass
class Crowd:
    """What clients saw in each sandbox, how often they were refused, and whatever was not as it should be."""

    urls: Sequence[str]
    sandboxes: Sequence[str]
    seen: dict[str, list[Seen]] = field(init=False)
    refused: int = 0
    cut: int = 0
    wrong: list[str] = field(default_factory=list)
    _end: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.seen = {sandbox: [] for sandbox in self.sandboxes}

    @property
    def answered(self) -> int:
        """How many calls were answered truly."""
        return sum(call.until != NEVER for calls in self.seen.values() for call in calls)

    def check(self) -> None:
        """Make sure that everything was as it should be and can be explained by one order in each sandbox."""
        assert not self.wrong, self.wrong[:5]
        for sandbox, calls in self.seen.items():
            assert explained(calls, INITIAL), (
                f"no order of its calls explains what was seen of {sandbox!r}:\n"
                + "\n".join(map(str, sorted(calls, key=lambda call: call.since)))
            )

    def work(self, number: int) -> None:
        """Call until the end, one call after the other."""
        dice, count = Random(number), 0
        address = self.urls[number % len(self.urls)].removeprefix("http://")
        connection = http.client.HTTPConnection(address, timeout=20)
        while not self._end.is_set():
            count += 1
            sandbox, writes = dice.choice(self.sandboxes), dice.random() < 0.5
            value = f"client {number} call {count}" if writes else ""
            began = time.monotonic()
            try:
                status, body = _call(connection, sandbox, value)
            except (OSError, http.client.HTTPException):
                connection.close()
                status, body, self.cut = 0, {}, self.cut + 1
            ended = time.monotonic()
            if status == 200:
                self.seen[sandbox].append(Seen(writes, body["displayName"], began, ended))
            elif writes:
                self.seen[sandbox].append(Seen(writes, value, began, NEVER))
            if status == 502:  # a balancer says that the process died
                self.cut += 1
            elif status not in {0, 200}:
                self._refusal(status, body, ended - began)
                time.sleep(0.05)
        connection.close()

    def _refusal(self, status: int, body: dict[str, str], took: float) -> None:
        self.refused += 1
        if status != 503 or took > SLOWEST + SPARE or (body and set(body) != {"code", "message"}):
            self.wrong.append(f"{status} after {took:.2f} s: {body}")

    def go_on(self, calls: int) -> None:
        """Wait until so many more calls were answered truly."""
        goal, until = self.answered + calls, time.monotonic() + DEADLINE
        while self.answered < goal:
            assert time.monotonic() < until, f"nobody served {calls} calls within {DEADLINE} s"
            time.sleep(0.01)

    def stop(self) -> None:
        """Let everybody finish the call under way."""
        self._end.set()


def _call(
    connection: http.client.HTTPConnection, sandbox: str, value: str
) -> tuple[int, dict[str, str]]:
    headers = {**ADA, "X-Mock-Sandbox": sandbox, "Content-Type": "application/json"}
    if value:
        connection.request("POST", "/v1/user/profile", json.dumps({"displayName": value}), headers)
    else:
        connection.request("GET", "/v1/user/profile?fields=displayName", headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    with suppress(ValueError):  # a proxy's own page
        return answer.status, json.loads(content)
    return answer.status, {}


@contextmanager
def crowd(clients: int, urls: Sequence[str], sandboxes: Sequence[str]) -> Iterator[Crowd]:
    """Let clients work during the block; each has one of the servers."""
    those = Crowd(urls, sandboxes)
    with ThreadPoolExecutor(clients) as pool:
        working = [pool.submit(those.work, number) for number in range(clients)]
        try:
            yield those
        finally:
            those.stop()
    for each in working:
        each.result()
