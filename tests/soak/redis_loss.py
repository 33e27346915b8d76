"""A Redis server that is killed again and again, and one that loses each of its keys alone."""

import signal
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import requests

from tests.crowd import crowd
from tests.live import ADA, live_mock
from tests.redis_server import DURABLE, RedisServer, redis_server
from tests.soak.figures import Figures

CONTROL = {"X-Mock-Control": "1"}
PATIENCE = 20.0
OK = 200


def kill_the_server(seconds: float, _seed: int) -> Figures:
    """Kill it while clients write and read; every acknowledged write must be seen afterwards."""
    kills = answered = refused = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        redis_server(Path(folder), *DURABLE) as redis,
        ExitStack() as stack,
    ):
        urls = [
            stack.enter_context(live_mock("--quiet", "--store", redis.url)).url for _ in range(2)
        ]
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            redis.client.flushall()
            with crowd(4, urls, ["default", "mine"]) as clients:
                clients.go_on(50)
                redis.send(signal.SIGKILL)
                time.sleep(0.2)
                redis.start()
                for url in urls:
                    _until_served(url)
                clients.go_on(50)
            clients.check()
            kills, answered, refused = (
                kills + 1,
                answered + clients.answered,
                refused + clients.refused,
            )
    return {
        "kills": kills,
        "acknowledged calls": f"{answered:,}",
        "refused with 503": refused,
        "lost writes": 0,
    }


def _until_served(url: str) -> None:
    until = time.monotonic() + PATIENCE
    while requests.get(f"{url}/__mock/health", timeout=10).status_code != OK:
        assert time.monotonic() < until, f"{url} is not in service again after {PATIENCE} s"
        time.sleep(0.02)


def lose_each_key(seconds: float, _seed: int) -> Figures:
    """Delete one key of a sandbox alone; never may two processes answer differently as if all were well."""
    lost: Counter[str] = Counter()
    until = time.monotonic() + seconds
    with (
        tempfile.TemporaryDirectory() as folder,
        redis_server(Path(folder)) as redis,
        ExitStack() as stack,
    ):
        urls = [
            stack.enter_context(live_mock("--quiet", "--store", redis.url)).url for _ in range(2)
        ]
        while time.monotonic() < until or not lost:
            for key in _filled(urls, redis):
                redis.client.flushall()
                assert key in _filled(urls, redis), f"{key} does not come again"
                redis.client.delete(key)
                seen = [_profile(url) for url in urls * 2]
                assert len({text for status, text in seen if status == OK}) <= 1, (
                    f"without {key}: {seen}"
                )
                lost[key.removeprefix("user-profile-mock:").split(":")[1]] += 1
            redis.client.flushall()
    return {
        "keys lost alone": ", ".join(f"{count} x {kind}" for kind, count in sorted(lost.items())),
        "contradictions": 0,
    }


def _filled(urls: list[str], redis: RedisServer) -> list[str]:
    """Make state of every kind through both processes, and return the keys that hold it."""
    for number, url in enumerate(urls * 2):
        body = {"displayName": f"Name {number}"}
        requests.post(f"{url}/v1/user/profile", json=body, headers=ADA, timeout=10)
        requests.put(f"{url}/__mock/snapshots/one", headers=CONTROL, timeout=10)
    return sorted(
        key.decode() for key in cast("list[bytes]", redis.client.keys("user-profile-mock:*"))
    )


def _profile(url: str) -> tuple[int, str]:
    answer = requests.get(f"{url}/v1/user/profile?fields=displayName", headers=ADA, timeout=10)
    return answer.status_code, answer.text
