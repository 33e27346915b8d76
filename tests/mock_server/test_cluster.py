"""Three processes behind a balancer are one mock; processes that one starts for itself are too."""

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.balancer import balancer
from tests.contract_tests.running import gate
from tests.crowd import crowd
from tests.live import ADA, LiveMock, live_mock
from tests.redis_server import RedisServer, free_port, redis_server

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
CONTROL = {"X-Mock-Control": "1"}
PROFILE = "/v1/user/profile?fields=displayName"
PATIENCE = 20.0


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@contextmanager
def mock(redis: RedisServer, port: int, *flags: str) -> Iterator[LiveMock]:
    with live_mock("--store", redis.url, "--port", str(port), *flags) as running:
        yield running


@pytest.fixture(scope="module")
def cluster(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ExitStack() as stack:
        urls = [stack.enter_context(mock(redis, free_port())).url for _ in range(3)]
        yield stack.enter_context(balancer(tmp_path_factory.mktemp("balancer"), urls))


def test_clients_see_one_order_while_processes_are_killed(
    redis: RedisServer, tmp_path: Path
) -> None:
    ports = [free_port() for _ in range(3)]
    with ExitStack() as stack:
        mocks = [stack.enter_context(mock(redis, port)) for port in ports]
        url = stack.enter_context(balancer(tmp_path, [each.url for each in mocks]))
        for _ in range(ROUNDS):
            redis.client.flushall()
            with crowd(8, [url], ["default", "mine", "yours"]) as clients:
                for n, port in enumerate(ports):
                    clients.go_on(50)
                    mocks[n].process.kill()
                    mocks[n].process.wait(PATIENCE)
                    clients.go_on(50)
                    mocks[n] = stack.enter_context(mock(redis, port))
            clients.check()


def test_the_gate_finds_nothing_against_the_cluster(cluster: str, tmp_path: Path) -> None:
    code, report, output = gate(tmp_path, "--base-url", cluster, "--depth", "standard", "--strict")
    assert code == 0, output
    assert report["outcome"] == "conforms"


def events(answer: requests.Response) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in answer.iter_lines(chunk_size=1):
        kind, _, rest = line.decode().partition(": ")
        if kind == "event":
            name = rest
        elif kind == "data":
            yield name, json.loads(rest)


def test_a_window_hears_of_the_requests_to_every_process(cluster: str) -> None:
    base = f"{cluster}/__sandbox/window"
    requests.get(base + PROFILE, headers=ADA, timeout=10)
    with requests.get(f"{base}/__mock/requests/stream?after=0", stream=True, timeout=20) as stream:
        news = events(stream)
        assert next(news)[1]["operation"] == "getProfile"
        for n in range(9):
            requests.get(f"{base}/number/{n}", timeout=10)
        requests.get(f"{cluster}/elsewhere", timeout=10)
        requests.put(f"{base}/__mock/clock", json={"action": "freeze"}, headers=CONTROL, timeout=10)
        heard = list(islice(news, 10))
    assert [said["path"] for name, said in heard if name == "request"] == [
        f"/number/{n}" for n in range(9)
    ]
    assert heard[-1] == ("changed", {"operation": "setClock", "sandbox": "window"})
    ids = [said["id"] for name, said in heard if name == "request"]
    with requests.get(
        f"{base}/__mock/requests/stream",
        headers={"Last-Event-ID": str(ids[4])},
        stream=True,
        timeout=20,
    ) as stream:
        assert [said["id"] for _, said in islice(events(stream), 4)] == ids[5:]


def test_a_stream_goes_on_after_the_store_was_away(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path, "--appendonly", "yes") as own,
        mock(own, 0) as one,
        requests.get(
            f"{one.url}/__mock/requests/stream?after=0", stream=True, timeout=20
        ) as stream,
    ):
        requests.get(f"{one.url}/before", timeout=10)
        news = events(stream)
        assert next(news)[1]["path"] == "/before"
        own.send(signal.SIGKILL)
        own.start()
        until(
            "in service again",
            lambda: requests.get(f"{one.url}/__mock/health", timeout=10).status_code == 200,
        )
        requests.get(f"{one.url}/after", timeout=10)
        assert next(news) == ("changed", {"operation": "reload", "sandbox": None}), (
            "something may have been missed"
        )
        assert next(news)[1]["path"] == "/after"


def children(process: subprocess.Popen[str]) -> list[int]:
    return [
        int(pid)
        for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    ]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def until(what: str, happens: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < end, f"not within {PATIENCE} s: {what}"
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds processes by Linux's /proc")
@pytest.mark.parametrize(
    "signum", [signal.SIGTERM, signal.SIGKILL], ids=lambda signum: signal.Signals(signum).name
)
def test_workers_serve_one_port_are_replaced_and_end_with_their_parent(
    redis: RedisServer, signum: int
) -> None:
    with mock(redis, 0, "--workers", "2") as running:
        first = children(running.process)
        assert len(first) == 2
        requests.post(
            f"{running.url}/v1/user/profile", json={"displayName": "Ours"}, headers=ADA, timeout=10
        )
        names = Counter(
            requests.get(running.url + PROFILE, headers=ADA, timeout=10).json()["displayName"]
            for _ in range(20)
        )
        assert names == {"Ours": 20}
        os.kill(first[0], signal.SIGKILL)
        until("another worker", lambda: len(set(children(running.process)) - set(first)) == 1)
        assert requests.get(running.url + PROFILE, headers=ADA, timeout=10).status_code == 200
        last = children(running.process)
        if signum == signal.SIGTERM:
            code, errors = running.stop(signum)
            assert (code, errors.count("\n")) == (0, 1), errors
            assert f"worker {first[0]} ended (SIGKILL)" in errors
        else:
            running.process.kill()
        until("all workers are gone", lambda: all(map(gone, last)))
