"""Whatever happens to the Redis server: no acknowledged write is lost, nobody waits, and service goes on by itself."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.crowd import SLOWEST, SPARE, crowd
from tests.live import ADA, live_mock
from tests.redis_server import DURABLE, RedisServer, redis_server

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
CONTROL = {"X-Mock-Control": "1"}
PATIENCE = 20.0


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis"), *DURABLE) as server:
        yield server


@pytest.fixture(scope="module")
def urls(redis: RedisServer) -> Iterator[list[str]]:
    """Two processes over one store."""
    with ExitStack() as stack:
        yield [stack.enter_context(live_mock("--store", redis.url)).url for _ in range(2)]


@pytest.fixture(autouse=True)
def well(redis: RedisServer, urls: list[str]) -> None:
    for url in urls:
        until_served(url)
    redis.client.flushall()


def until_served(url: str) -> None:
    until = time.monotonic() + PATIENCE
    while (answer := requests.get(f"{url}/__mock/health", timeout=10)).status_code != 200:
        assert time.monotonic() < until, f"not in service again after {PATIENCE} s: {answer.text}"
        time.sleep(0.02)


def profile(
    url: str, body: dict[str, Any] | None = None, sandbox: str = "default"
) -> requests.Response:
    headers = {**ADA, "X-Mock-Sandbox": sandbox}
    if body is None:
        return requests.get(
            f"{url}/v1/user/profile?fields=displayName&fields=biography",
            headers=headers,
            timeout=10,
        )
    return requests.post(f"{url}/v1/user/profile", json=body, headers=headers, timeout=10)


def killed(redis: RedisServer) -> None:
    redis.send(signal.SIGKILL)
    time.sleep(0.2)
    redis.start()


def stopped(redis: RedisServer) -> None:
    redis.send(signal.SIGSTOP)
    time.sleep(2.5)
    redis.send(signal.SIGCONT)


def hung_up(redis: RedisServer) -> None:
    redis.client.client_kill_filter(_type="normal", skipme=True)


def restarted(redis: RedisServer) -> None:
    assert redis.process is not None
    redis.send(signal.SIGTERM)
    redis.process.wait(10)
    redis.start()


@pytest.mark.parametrize(
    "fault", [killed, stopped, hung_up, restarted], ids=lambda fault: fault.__name__
)
def test_no_acknowledged_write_is_lost_and_nobody_waits(
    fault: Callable[[RedisServer], None], redis: RedisServer, urls: list[str]
) -> None:
    for _ in range(ROUNDS):
        redis.client.flushall()
        with crowd(4, urls, ["default", "mine"]) as clients:
            clients.go_on(100)
            fault(redis)
            for url in urls:
                until_served(url)
            clients.go_on(100)
        clients.check()


def test_a_server_that_does_not_answer_is_a_clear_refusal_in_time(
    redis: RedisServer, urls: list[str]
) -> None:
    profile(urls[0], {"displayName": "Kept"})
    redis.send(signal.SIGSTOP)
    try:
        began = time.monotonic()
        answer = profile(urls[0])
        assert time.monotonic() - began < SLOWEST + SPARE
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert answer.json() == {
            "code": "INTERNAL_SERVER_ERROR",
            "message": "The store that the mock's processes share does not answer in time.",
        }
        assert (
            requests.get(f"{urls[0]}/__mock/health", timeout=10).json()["message"]
            == answer.json()["message"]
        )
        assert requests.get(f"{urls[0]}/__mock/nope", timeout=10).status_code == 404
    finally:
        redis.send(signal.SIGCONT)
    until_served(urls[0])
    assert profile(urls[0]).json()["displayName"] == "Kept"


def test_out_of_memory_reads_go_on_and_writes_are_refused(
    redis: RedisServer, urls: list[str]
) -> None:
    profile(urls[0], {"displayName": "Kept"})
    redis.client.config_set("maxmemory", 1)
    try:
        refused = profile(urls[1], {"displayName": "Too much"})
        assert (refused.status_code, refused.json()["message"].split("share ")[1]) == (
            503,
            "is out of memory.",
        )
        assert [profile(url).json()["displayName"] for url in urls] == ["Kept", "Kept"]
    finally:
        redis.client.config_set("maxmemory", 0)
    assert profile(urls[1], {"displayName": "Enough"}).status_code == 200
    assert profile(urls[0]).json()["displayName"] == "Enough"


def test_a_sandbox_in_another_format_is_refused_and_can_be_dropped(
    redis: RedisServer, urls: list[str]
) -> None:
    profile(urls[0], {"displayName": "Old"}, "old")
    redis.client.hset("user-profile-mock:1:box:old", "format", "0")
    refused = profile(urls[1], sandbox="old")
    assert (refused.status_code, refused.json()["message"].split("share ")[1]) == (
        503,
        "holds 'old' in format 0, and this mock reads 1.",
    )
    assert (
        requests.get(
            f"{urls[0]}/__mock/health", headers={"X-Mock-Sandbox": "old"}, timeout=10
        ).status_code
        == 503
    )
    assert profile(urls[0]).status_code == 200
    assert (
        requests.delete(f"{urls[0]}/__mock/sandboxes/old", headers=CONTROL, timeout=10).status_code
        == 204
    )
    assert profile(urls[1], sandbox="old").json()["displayName"] == "Ada Lovelace"


def test_damage_is_refused_and_can_be_reset(redis: RedisServer, urls: list[str]) -> None:
    profile(urls[0], {"displayName": "Broken"}, "broken")
    redis.client.rpush("user-profile-mock:1:log:broken", b"12345678{}")
    redis.client.hset("user-profile-mock:1:box:broken", mapping={"version": 2, "tag": "12345678"})
    refused = profile(urls[1], sandbox="broken")
    assert (refused.status_code, refused.json()["message"].split("share ")[1]) == (
        503,
        "holds what cannot be used.",
    )
    assert (
        requests.delete(
            f"{urls[0]}/__mock/sandboxes/broken", headers=CONTROL, timeout=10
        ).status_code
        == 204
    )
    assert profile(urls[1], sandbox="broken").status_code == 200


COUNTED = ("journal", "names", "sizes", "ids", "bytes", "world")
"""Keys that can be lost without harm to any state."""
PARTS = ("box", "log", "origins")
"""What a sandbox is made of: without one of them it cannot be used, and that is said."""


def keys(redis: RedisServer, kind: str) -> list[bytes]:
    known: Any = redis.client
    found: list[bytes] = known.keys(f"user-profile-mock:1:{kind}*")
    return found


@pytest.mark.parametrize("sandbox", ["default", "mine"])
@pytest.mark.parametrize("kind", PARTS + COUNTED)
def test_a_key_that_is_lost_alone_misleads_nobody(
    kind: str, sandbox: str, redis: RedisServer, urls: list[str]
) -> None:
    for name in (sandbox, "other"):
        profile(urls[0], {"displayName": "Kept"}, name)
        profile(urls[1], sandbox=name)
        profile(urls[0], {"displayName": "Known to one process"}, name)
    there = {key.decode().split(":")[2] for key in keys(redis, "")}
    assert there <= {*PARTS, *COUNTED}, "a kind of key that no test loses"
    lost = [
        key
        for key in keys(redis, kind)
        if kind not in PARTS or key.endswith(f":{sandbox}".encode())
    ]
    assert lost
    redis.client.delete(*lost)
    answers = [profile(url, sandbox=sandbox) for url in reversed(urls)]
    if kind in PARTS:
        assert [answer.status_code for answer in answers] == [503, 503]
        wanted = f"a part of it was deleted or evicted; DELETE /__mock/sandboxes/{sandbox} begins it anew"
        assert wanted in answers[0].json()["message"]
        refused = requests.put(
            f"{urls[0]}/__mock/sandboxes/copy", json={"from": sandbox}, headers=CONTROL, timeout=10
        )
        assert refused.status_code == 503
        assert (
            requests.delete(
                f"{urls[0]}/__mock/sandboxes/{sandbox}", headers=CONTROL, timeout=10
            ).status_code
            == 204
        )
        answers = [profile(url, sandbox=sandbox) for url in urls]
    known = "Ada Lovelace" if kind in PARTS else "Known to one process"
    assert [answer.json().get("displayName") for answer in answers] == [known, known]
    assert profile(urls[1], {"displayName": "Goes on"}, sandbox).status_code == 200
    assert [profile(url, sandbox=sandbox).json()["displayName"] for url in urls] == [
        "Goes on",
        "Goes on",
    ]
    assert [profile(url, sandbox="other").json()["displayName"] for url in urls] == [
        "Known to one process"
    ] * 2


@pytest.mark.parametrize("kind", ["journal", "sizes", "ids", "bytes"])
def test_what_is_counted_of_journals_is_counted_anew(
    kind: str, redis: RedisServer, urls: list[str]
) -> None:
    for name in ("default", "mine"):
        profile(urls[0], sandbox=name)
        profile(urls[0], sandbox=name)
    redis.client.delete(*keys(redis, kind))
    profile(urls[0], sandbox="mine")
    found = requests.get(
        f"{urls[1]}/__mock/requests", headers={"X-Mock-Sandbox": "mine"}, timeout=10
    ).json()["requests"]
    ids = [entry["id"] for entry in found]
    assert (len(ids), ids) == (1 if kind == "journal" else 3, sorted(set(ids), reverse=True))
    known: Any = redis.client
    held = {key: sum(map(len, known.lrange(key, 0, -1))) for key in keys(redis, "journal:")}
    sizes = dict(known.zrange("user-profile-mock:1:sizes", 0, -1, withscores=True))
    assert sizes[b"mine"] == held[b"user-profile-mock:1:journal:mine"]
    assert sum(sizes.values()) == int(known.get("user-profile-mock:1:bytes"))


def test_a_server_that_begins_to_forget_is_not_trusted_when_it_comes_back(
    redis: RedisServer, urls: list[str]
) -> None:
    profile(urls[0], {"displayName": "Kept"})
    redis.client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        redis.client.script_flush()  # as after a restart
        for url in urls:
            refused = profile(url)
            assert (
                refused.status_code,
                "its maxmemory-policy is allkeys-lru" in refused.json()["message"],
            ) == (503, True)
    finally:
        redis.client.config_set("maxmemory-policy", "noeviction")
    assert [profile(url).json()["displayName"] for url in urls] == ["Kept", "Kept"]


def test_a_loss_of_data_is_noticed_although_the_numbers_come_again(tmp_path: Path) -> None:
    """Without `DURABLE`, what was acknowledged may be gone; then everybody must see that, and nobody a mixture."""
    with (
        redis_server(tmp_path) as forgetful,
        live_mock("--store", forgetful.url) as one,
        live_mock("--store", forgetful.url) as two,
    ):
        for n in range(3):
            profile(one.url, {"displayName": f"Lost {n}"})
        assert profile(two.url).json()["displayName"] == "Lost 2"
        killed(forgetful)
        for url in (one.url, two.url):
            until_served(url)
        for n in range(3):
            profile(one.url, {"biography": f"New {n}"})
        assert profile(two.url).json() == {"displayName": "Ada Lovelace", "biography": "New 2"}
