"""One suite for every store: the same requests over memory and over a real Redis server give the same answers.

Over Redis there are two processes' worth of everything, `one` and `other`, that meet only in the server.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from mock_server.api.app import Core
from mock_server.config import Settings
from mock_server.contract.compiled import Contract
from mock_server.journal.entries import Journal
from mock_server.scenarios.catalogue import Scenarios
from mock_server.scenarios.loading import build_world
from mock_server.stores.memory import MemoryStore
from mock_server.stores.redis.redis_store import RedisStore
from mock_server.stores.redis.sandbox_cache import LONGEST_LOG, Limits
from mock_server.world.sandbox import Sandbox
from tests.mock_server.test_shared_wire import LARGE
from tests.redis_server import RedisServer, redis_server

SESSION = [{"token": "ada-session", "username": "ada"}]
PROFILE = "/v1/user/profile?fields=displayName&fields=handle&fields=biography"


@dataclass
class Client:
    """Sends requests to one process's core, as its shell would."""

    core: Core
    loop: asyncio.AbstractEventLoop

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        user: str = "ada",
        sandbox: str = "default",
    ) -> tuple[int, Any]:
        raw = b"" if body is None else orjson.dumps(body)
        uri, _, query = path.partition("?")
        headers = {
            "host": "localhost",
            "content-type": "application/json",
            "content-length": str(len(raw)),
            "authorization": f"Bearer {user}-session",
            "x-mock-control": "1",
            "x-mock-sandbox": sandbox,
        }
        as_sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        request = self.core.receive(method, uri, query, headers, as_sent, 1000)
        reply = self.loop.run_until_complete(self.core.answer(request._replace(body=raw)))
        return reply.status, orjson.loads(reply.body) if reply.body else None

    def steer(self, method: str, path: str, body: object = None, sandbox: str = "default") -> Any:
        status, found = self.ask(method, f"/__mock{path}", body, sandbox=sandbox)
        assert status in {200, 201, 204}, f"{method} {path} answered {status}: {found}"
        return found

    def name(self, user: str = "ada", sandbox: str = "default") -> str:
        return str(self.ask("GET", PROFILE, user=user, sandbox=sandbox)[1]["displayName"])

    def rename(self, name: str, user: str = "ada", sandbox: str = "default") -> None:
        status, found = self.ask("POST", "/v1/user/profile", {"displayName": name}, user, sandbox)
        assert status == 200, found


Processes = Callable[..., tuple[Client, Client]]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(params=["memory", "redis"])
def processes(
    request: pytest.FixtureRequest, contract: Contract, control: Contract, scenarios: Scenarios
) -> Iterator[Processes]:
    """Two processes over one store, which over memory are one."""
    shared: list[RedisStore] = []
    start = Sandbox.of(scenarios.world("default"))

    with closing(asyncio.new_event_loop()) as loop:

        def over_memory(
            most: int = 10_000, idle: float = 3600.0, start: Sandbox = start, **options: Any
        ) -> tuple[Client, Client]:
            chosen = Settings(**options)
            journal = Journal(chosen.max_requests, chosen.max_journal)
            store = MemoryStore(start, most, idle, journal)
            core = Core(contract, control, store, scenarios, chosen)
            return Client(core, loop), Client(core, loop)

        def over_redis(
            most: int = 10_000, idle: float = 3600.0, start: Sandbox = start, **options: Any
        ) -> tuple[Client, Client]:
            server: RedisServer = request.getfixturevalue("redis")
            server.client.flushall()
            chosen = Settings(**options)
            limits = Limits(most, idle, chosen.max_requests, chosen.max_journal)
            shared.extend(RedisStore(server.url, start, limits) for _ in range(2))
            one, other = (
                Client(Core(contract, control, each, scenarios, chosen), loop)
                for each in shared[-2:]
            )
            return one, other

        yield over_memory if request.param == "memory" else over_redis
        for each in shared:
            loop.run_until_complete(each.server.close())


def test_what_one_process_changes_the_other_sees(processes: Processes) -> None:
    one, other = processes()
    assert one.name() == other.name() == "Ada Lovelace"
    one.rename("One")
    assert other.name() == "One"
    other.rename("Other")
    one.rename("Third", user="grace")
    assert (one.name(), other.name("grace")) == ("Other", "Third")
    assert one.ask("POST", "/v1/user/notifications/read")[0] == 201
    items = other.ask("GET", "/v1/user/notifications?containerId=main")[1]["items"]
    assert {item["read"] for item in items} == {True}


def test_a_handle_is_taken_for_everybody_and_free_again_for_everybody(processes: Processes) -> None:
    one, other = processes()
    assert one.ask("POST", "/v1/user/profile", {"handle": "countess"})[0] == 200
    status, refusal = other.ask("POST", "/v1/user/profile", {"handle": "countess"}, user="grace")
    assert (status, refusal["details"][0]["reason"]) == (400, "is held by another user")
    assert other.ask("POST", "/v1/user/profile", {"handle": "ada"}, user="grace")[0] == 200
    one.steer("POST", "/reset")
    assert other.ask("GET", PROFILE, user="grace")[1]["handle"] == "grace_hopper"


def test_undo_reset_and_snapshots_lead_back_whoever_made_them(processes: Processes) -> None:
    one, other = processes()
    for n in range(1, 6):
        (one if n % 2 else other).rename(f"Number {n}")
    one.steer("PUT", "/snapshots/fifth")
    other.steer("POST", "/undo", {"changes": 2})
    assert one.name() == "Number 3"
    one.rename("After all")
    other.steer("POST", "/snapshots/fifth/restore")
    assert (one.name(), other.steer("GET", "/snapshots")) == ("Number 5", {"snapshots": ["fifth"]})
    one.steer("POST", "/undo")
    assert other.name() == "After all"
    other.steer("POST", "/reset")
    one.steer("POST", "/undo", {"changes": 2})
    assert other.name() == "Number 3"
    one.steer("DELETE", "/snapshots/fifth")
    assert other.steer("GET", "/snapshots") == {"snapshots": []}


def test_another_scenario_is_what_both_have(processes: Processes) -> None:
    one, other = processes()
    one.steer("POST", "/reset", {"scenario": "busy"})
    state = other.steer("GET", "/state")
    assert state == one.steer("GET", "/state")
    assert other.steer("GET", "/health")["scenario"] == "busy"
    other.steer(
        "PUT",
        "/state",
        {"users": [{"username": "solo"}], "sessions": [{"token": "t-session", "username": "solo"}]},
    )
    assert [user["username"] for user in one.steer("GET", "/users")["users"]] == ["solo"]
    assert one.ask("GET", PROFILE, user="t")[1]["displayName"] is None
    one.steer("POST", "/undo")
    assert other.steer("GET", "/state") == state


def test_sessions_are_everywhere_and_end_everywhere(processes: Processes) -> None:
    one, other = processes()
    made = one.steer("POST", "/sessions", {"username": "alan", "calls": 2})
    token = made["token"]
    assert other.steer("GET", "/sessions") == one.steer("GET", "/sessions")
    assert [
        client.ask("GET", f"{PROFILE}&by={token}", user="alan")[0] for client in (one, other)
    ] == [200, 200]
    renewed = other.ask(
        "POST", "/v1/user/auth/refresh-session", {"refreshToken": made["refreshToken"]}
    )
    assert renewed[0] == 200
    assert renewed[1]["sessionToken"] in {
        each["token"] for each in one.steer("GET", "/sessions")["sessions"]
    }
    one.steer("PATCH", "/sessions/ada-session", {"refuseOnce": "SESSION_TOKEN_EXPIRED"})
    assert [other.ask("GET", PROFILE)[0], one.ask("GET", PROFILE)[0]] == [401, 200]
    other.steer("DELETE", "/sessions/ada-session")
    assert one.ask("GET", PROFILE)[0] == 401


def test_the_clock_stands_still_for_both(processes: Processes) -> None:
    one, other = processes()
    one.steer("PUT", "/clock", {"action": "freeze", "time": "2026-03-10T12:00:00.000125Z"})
    other.steer("PUT", "/clock", {"action": "advance", "seconds": 90})
    assert one.steer("GET", "/clock") == {"now": "2026-03-10T12:01:30.000125Z", "frozen": True}
    one.steer("PUT", "/clock", {"action": "reset"})
    assert other.steer("GET", "/clock")["frozen"] is False


def test_rules_count_together(processes: Processes) -> None:
    one, other = processes()
    first = one.steer("POST", "/rules", {"operation": "getProfile", "code": 500, "times": 3})
    other.steer(
        "POST",
        "/rules",
        {"operation": "listReferrals", "code": 404, "example": "GENERIC_NOT_FOUND"},
    )
    codes = [client.ask("GET", PROFILE)[0] for client in (one, other, one, other)]
    assert codes == [500, 500, 500, 200]
    assert [rule["hits"] for rule in other.steer("GET", "/rules")["rules"]] == [3, 0]
    one.steer("DELETE", f"/rules/{first['id']}")
    assert [rule["operation"] for rule in other.steer("GET", "/rules")["rules"]] == [
        "listReferrals"
    ]
    own = {
        "operation": "refreshSession",
        "code": 503,
        "undocumented": True,
        "headers": {"Retry-After": "2"},
        "body": {"a": "ä"},
    }
    assert own.items() <= one.steer("POST", "/rules", own).items()
    assert own.items() <= other.steer("GET", "/rules")["rules"][1].items()
    assert other.ask(
        "POST", "/v1/user/auth/refresh-session", {"refreshToken": "ada-session-refresh"}
    ) == (503, {"a": "ä"})


def test_sandboxes_are_made_copied_listed_and_dropped_for_everybody(processes: Processes) -> None:
    one, other = processes()
    one.rename("In mine", sandbox="mine")
    one.rename("Before", sandbox="mine")
    other.steer("PUT", "/sandboxes/copy", {"from": "mine"})
    one.rename("Later", sandbox="mine")
    assert (one.name(sandbox="copy"), other.name(sandbox="mine"), other.name()) == (
        "Before",
        "Later",
        "Ada Lovelace",
    )
    one.steer("POST", "/undo", sandbox="copy")
    assert other.name(sandbox="copy") == "In mine"
    assert {each["name"] for each in one.steer("GET", "/sandboxes")["sandboxes"]} == {
        "default",
        "mine",
        "copy",
    }
    one.steer("DELETE", "/sandboxes/mine")
    assert other.ask("DELETE", "/__mock/sandboxes/mine")[0] == 404
    assert other.name(sandbox="mine") == "Ada Lovelace"
    one.steer("DELETE", "/sandboxes/default")
    one.steer("DELETE", "/sandboxes/copy", sandbox="copy")
    assert {each["name"] for each in other.steer("GET", "/sandboxes")["sandboxes"]} == {
        "default",
        "mine",
    }


def test_a_copy_over_a_sandbox_replaces_it_for_who_knew_it(processes: Processes) -> None:
    one, other = processes()
    one.rename("Old", sandbox="copy")
    assert other.name(sandbox="copy") == "Old"
    one.rename("New", sandbox="source")
    one.steer("PUT", "/sandboxes/copy", {"from": "source"})
    assert other.name(sandbox="copy") == "New"
    other.rename("Newest", sandbox="copy")
    assert (one.name(sandbox="copy"), one.name(sandbox="source")) == ("Newest", "New")


def test_unused_sandboxes_go_by_themselves(processes: Processes) -> None:
    one, other = processes(idle=0.3)
    one.rename("Short", sandbox="short")
    one.rename("Default")
    time.sleep(0.5)
    assert [each["name"] for each in other.steer("GET", "/sandboxes")["sandboxes"]] == ["default"]
    assert (one.name(sandbox="short"), other.name()) == ("Ada Lovelace", "Default")


def test_a_sandbox_takes_its_journal_with_it_however_it_ends(processes: Processes) -> None:
    one, other = processes(idle=0.3, most=1)
    one.name(sandbox="gone")
    assert other.steer("POST", "/requests/count", sandbox="gone") == {"count": 1}
    time.sleep(0.5)
    assert other.steer("POST", "/requests/count", sandbox="gone") == {"count": 0}, "it expired"
    one.rename("Again", sandbox="gone")
    assert one.steer("POST", "/requests/count", sandbox="gone") == {"count": 1}, (
        "a new one begins at nothing"
    )
    one.steer("DELETE", "/sandboxes/gone")
    assert one.steer("POST", "/requests/count", sandbox="gone") == {"count": 0}, "it was dropped"
    one.name()
    one.steer("DELETE", "/sandboxes/default")
    assert other.steer("POST", "/requests/count") == {"count": 0}, "the default one begins anew"


def test_one_sandbox_too_many_is_refused_by_both(processes: Processes) -> None:
    one, other = processes(most=1)
    one.rename("First", sandbox="one")
    status, refusal = other.ask("GET", PROFILE, sandbox="two")
    assert (status, refusal["details"][0]["name"]) == (400, "X-Mock-Sandbox")
    assert "--max-sandboxes" in refusal["details"][0]["reason"]
    assert other.ask("PUT", "/__mock/sandboxes/two")[0] == 409
    other.rename("Second", sandbox="one")
    one.steer("DELETE", "/sandboxes/one")
    assert other.name(sandbox="two") == "Ada Lovelace"


def test_the_journal_is_one(processes: Processes) -> None:
    one, other = processes()
    one.rename("Seen")
    other.ask("GET", "/v1/user/profile")
    one.ask("GET", "/nope")
    found = other.steer("GET", "/requests")["requests"]
    assert [entry["id"] for entry in found] == [3, 2, 1]
    assert [entry["path"] for entry in found] == ["/nope", "/v1/user/profile", "/v1/user/profile"]
    assert found[2]["changes"] == [
        {"path": "/users/ada/displayName", "before": "Ada Lovelace", "after": "Seen"}
    ]
    assert found[1]["violations"] == [{"in": "query", "name": "fields", "reason": "is required"}]
    whole = one.steer("GET", f"/requests/by-id/{found[2]['id']}")
    assert (whole["asked"]["body"], whole["session"]) == ('{"displayName":"Seen"}', "ada-session")
    assert {"name": "Authorization", "value": "***"} in [
        {**each, "name": each["name"].title()} for each in whole["asked"]["headers"]
    ]
    assert one.steer("POST", "/requests/count", {"only": "violations"}) == {"count": 1}
    one.steer("DELETE", "/requests")
    assert other.steer("POST", "/requests/count") == {"count": 0}
    other.name()
    assert [entry["id"] for entry in one.steer("GET", "/requests")["requests"]] == [4]


HUSH = ("hush-query-1", "hush-body-2", "hush-refresh-3")


def test_no_secret_is_stored_or_shown(processes: Processes, request: pytest.FixtureRequest) -> None:
    one, other = processes()
    one.ask("GET", f"/v1/user/profile?apiKey={HUSH[0]}&fields=handle", user="nobody")
    one.ask(
        "POST", "/v1/user/profile", {"password": HUSH[1], "deep": [{"accessKey": {"pin": HUSH[1]}}]}
    )
    one.ask("POST", "/v1/user/auth/refresh-session", {"refreshToken": HUSH[2]})
    shown = [
        other.steer("GET", f"/requests/by-id/{entry['id']}")
        for entry in other.steer("GET", "/requests")["requests"]
    ]
    assert len(shown) == 3
    stored = (
        ""
        if isinstance(one.core.store, MemoryStore)
        else everything(request.getfixturevalue("redis"))
    )
    for secret in HUSH:
        assert secret not in str(shown)
        assert secret not in stored


def everything(server: RedisServer) -> str:
    """Return all that a Redis server holds of journals."""
    return str([server.client.lrange(key, 0, -1) for key in server.client.keys("*journal:*")])


def test_the_journal_is_bounded_and_the_busiest_sandbox_pays(processes: Processes) -> None:
    one, other = processes(max_requests=5, max_journal=20_000)
    for n in range(8):
        (one if n % 2 else other).ask("GET", f"/{n}")
    assert [entry["path"] for entry in one.steer("GET", "/requests")["requests"]] == [
        "/7",
        "/6",
        "/5",
        "/4",
        "/3",
    ]
    for n in range(5):
        other.ask("GET", f"/{n}" + "x" * 1900, sandbox="modest" if n == 0 else "busy")
    for n in range(5):
        other.ask("GET", f"/{n}" + "x" * 1900, sandbox=f"more-{n}")
    assert len(one.steer("GET", "/requests", sandbox="more-4")["requests"]) == 1
    assert len(one.steer("GET", "/requests", sandbox="busy")["requests"]) < 5


def test_a_slow_reader_of_the_stream_loses_nothing_that_is_kept(processes: Processes) -> None:
    one, other = processes(max_requests=5000)
    stream = one.core.store.follow("default", 0)
    heard: list[str] = []

    def read(count: int) -> None:
        while len(heard) < count:
            said = one.loop.run_until_complete(asyncio.wait_for(anext(stream), 5))
            heard.extend(
                orjson.loads(line[6:])["path"]
                for line in said.splitlines()
                if line.startswith(b"data: ")
            )

    other.ask("GET", "/first")
    read(1)
    for n in range(250):
        (one if n % 2 else other).ask("GET", f"/{n}")
        one.ask("GET", "/not-ours", sandbox="elsewhere")
    read(251)
    other.ask("GET", "/last")
    read(252)
    one.loop.run_until_complete(stream.aclose())  # type: ignore[attr-defined]
    assert heard == ["/first", *(f"/{n}" for n in range(250)), "/last"]


def test_a_process_that_comes_late_or_slept_long_finds_everything(processes: Processes) -> None:
    one, other = processes()
    assert other.name() == "Ada Lovelace"
    for n in range(LONGEST_LOG + 20):
        one.rename(f"Number {n}")
    one.rename("Grace after all", user="grace")
    assert (other.name(), other.name("grace")) == (f"Number {LONGEST_LOG + 19}", "Grace after all")
    other.steer("POST", "/undo", {"changes": 50})
    assert one.name() == f"Number {LONGEST_LOG - 30}"


@pytest.mark.parametrize("processes", ["redis"], indirect=True)
def test_a_request_that_computes_for_long_is_no_fault_of_the_store(
    processes: Processes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one, _ = processes()
    one.rename("Quick")
    monkeypatch.setattr("mock_server.stores.redis.redis_store.PATIENCE", 1.0)
    quick = one.core.pipeline.respond

    def slow(*given: Any, **more: Any) -> Any:
        time.sleep(1.2)
        return quick(*given, **more)

    monkeypatch.setattr(one.core.pipeline, "respond", slow)
    assert one.name() == "Quick"
    assert not caplog.records


@pytest.mark.parametrize("processes", ["redis"], indirect=True)
def test_a_change_moves_as_few_bytes_in_a_large_world(
    processes: Processes, redis: RedisServer
) -> None:
    moved = []
    for users in (LARGE["users"], [{"username": "ada"}]):
        one, other = processes(
            start=Sandbox.of(build_world({**LARGE, "users": users, "sessions": SESSION}))
        )
        one.rename("Before")
        other.name()
        before = redis.client.info("stats")
        for n in range(20):
            one.rename(f"Number {n}")
            assert other.name() == f"Number {n}"
        after = redis.client.info("stats")
        moved.append(
            sum(
                after[key] - before[key]
                for key in ("total_net_input_bytes", "total_net_output_bytes")
            )
        )
    large, small = moved
    assert large < 1.1 * small


def test_what_makes_no_sandbox_is_kept_for_those_who_ask(processes: Processes) -> None:
    one, other = processes()
    assert one.ask("GET", "//v1/user/referrals", sandbox="new")[0] == 404
    assert [each["name"] for each in other.steer("GET", "/sandboxes")["sandboxes"]] == ["default"]
    assert [
        each["path"] for each in other.steer("GET", "/requests", sandbox="new")["requests"]
    ] == ["//v1/user/referrals"]
    assert one.ask("GET", "/v1/nothing", sandbox="new")[0] == 404
    assert len(other.steer("GET", "/requests", sandbox="new")["requests"]) == 2
