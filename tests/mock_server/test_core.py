"""The core without a socket."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from rpds import HashTrieMap

from mock_server.api.app import Core
from mock_server.behaviours import operations
from mock_server.behaviours.handler import Answer, Call, Handler
from mock_server.stores.store import DEFAULT
from mock_server.world.records import Session, World
from tests.live import ADA
from tests.steering import memory


def test_updates_from_many_threads_lose_nothing(core: Core) -> None:
    names = [f"user-{n}" for n in range(8)]
    box = memory(core).load(DEFAULT)
    newcomer = box.world.users["newcomer"]
    made = {
        name: replace(newcomer, profile={**newcomer.profile, "username": name}) for name in names
    }
    sessions = HashTrieMap({name: Session(name, name) for name in names})
    memory(core).commit(
        DEFAULT,
        memory(core).load(DEFAULT),
        replace(box, world=replace(box.world, users=HashTrieMap(made), sessions=sessions)),
    )

    def work(name: str) -> None:
        client = core.test_client()
        for n in range(50):
            answer = client.post(
                "/v1/user/profile",
                json={"biography": f"{name} {n}"},
                headers={"Authorization": f"Bearer {name}"},
            )
            assert answer.status_code == 200

    _in_threads(work, names)
    users = memory(core).load(DEFAULT).world.users
    assert {name: users[name].profile["biography"] for name in names} == {
        name: f"{name} 49" for name in names
    }


def test_threads_that_change_different_fields_of_one_profile_lose_nothing(core: Core) -> None:
    values = {"displayName": "Name {}", "handle": "handle_{}", "biography": "text {}"}

    def work(field: str) -> None:
        client = core.test_client()
        for n in range(100):
            assert (
                client.post(
                    "/v1/user/profile", json={field: values[field].format(n)}, headers=ADA
                ).status_code
                == 200
            )

    _in_threads(work, values)
    profile = memory(core).load(DEFAULT).world.users["ada"].profile
    assert {field: profile[field] for field in values} == {
        field: text.format(99) for field, text in values.items()
    }


def _in_threads(work: Callable[[str], None], names: Iterable[str]) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(work, names))


def test_a_commit_on_an_old_state_is_refused(core: Core) -> None:
    before = memory(core).load(DEFAULT)
    assert memory(core).commit(DEFAULT, before, replace(before))
    assert not memory(core).commit(DEFAULT, before, before)


def _client_with(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, name: str, handler: Handler
) -> FlaskClient:
    """A client of a core that starts with another handler: handlers are bound once, at the start."""
    monkeypatch.setitem(operations.OPERATIONS, name, handler)
    client: FlaskClient = request.getfixturevalue("client")
    return client


def test_an_unexpected_exception_is_a_500_whose_text_stays_in_the_log(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def explode(*_: object) -> tuple[World, Answer]:
        raise RuntimeError("the secret of the house")

    answer = _client_with(request, monkeypatch, "listReferrals", explode).get(
        "/v1/user/referrals", headers=ADA
    )
    assert (answer.status_code, answer.json) == (
        500,
        {"code": "INTERNAL_SERVER_ERROR", "message": "Internal server error."},
    )
    assert "the secret of the house" in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [Answer(200, {"items": []}), Answer(200), Answer(418, {}), Answer(201)],
    ids=["schema", "no body", "status", "201"],
)
def test_an_answer_that_breaks_the_contract_never_leaves(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    wrong: Answer,
) -> None:
    client = _client_with(request, monkeypatch, "listReferrals", lambda world, *_: (world, wrong))
    assert client.get("/v1/user/referrals", headers=ADA).status_code == 500
    assert "breaks the contract" in caplog.text


def test_a_body_where_none_is_documented_never_leaves(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = _client_with(
        request, monkeypatch, "markNotificationsRead", lambda world, *_: (world, Answer(201, {}))
    )
    assert client.post("/v1/user/notifications/read", headers=ADA).status_code == 500


def test_a_session_ends_to_the_second(core: Core) -> None:
    end = datetime(2026, 1, 1, tzinfo=UTC)
    box = memory(core).load(DEFAULT)
    box = replace(
        box, world=box.world.with_session(Session("short", "ada", end, end + timedelta(days=30)))
    )
    codes = []
    for now in (
        end - timedelta(seconds=1),
        end,
        end + timedelta(days=30) - timedelta(seconds=1),
        end + timedelta(days=30),
    ):
        memory(core).commit(
            DEFAULT, memory(core).load(DEFAULT), replace(box, clock=box.clock.freeze(now))
        )
        answer = core.test_client().get(
            "/v1/user/profile?fields=handle", headers={"Authorization": "Bearer short"}
        )
        codes.append(answer.get_json().get("code", answer.status_code))
    assert codes == [200, "SESSION_TOKEN_EXPIRED", "SESSION_TOKEN_EXPIRED", "REFRESH_TOKEN_EXPIRED"]


def test_the_control_api_knows_its_paths(client: FlaskClient) -> None:
    assert client.get("/__mock/nope").status_code == 404
    assert client.get("/__mock/health").get_json()["status"] == "ok"


@pytest.mark.parametrize(
    "wish", ["delay=x", "delay=-1", "delay=60001", "delay=9999999999999", "delay"]
)
def test_an_impossible_wish_is_a_clear_error(client: FlaskClient, wish: str) -> None:
    answer = client.get("/v1/user/referrals", headers={**ADA, "Prefer": wish})
    assert answer.status_code == 400
    assert answer.get_json()["details"][0]["name"] == "Prefer"


def test_a_change_that_came_too_late_is_computed_again(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = operations.OPERATIONS["updateProfile"], []

    def overtaken(world: World, session: Session, call: Call) -> tuple[World, Answer]:
        calls.append(world)
        if len(calls) == 1:
            box = memory(core).load(DEFAULT)
            memory(core).commit(
                DEFAULT,
                memory(core).load(DEFAULT),
                box.with_world(world.update_profile("ada", {"biography": "somebody was faster"})),
            )
        return real(world, session, call)

    client = _client_with(request, monkeypatch, "updateProfile", overtaken)
    core: Core = request.getfixturevalue("core")
    answer = client.post("/v1/user/profile", json={"displayName": "Ada"}, headers=ADA)
    assert len(calls) == 2
    assert (answer.get_json()["displayName"], answer.get_json()["biography"]) == (
        "Ada",
        "somebody was faster",
    )


def test_a_disagreement_of_the_tiers_is_our_bug(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    core.pipeline.api.__dict__["explain"] = lambda *_: []
    assert core.test_client().get("/v1/user/profile", headers=ADA).status_code == 500
    assert "disagree" in caplog.text


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "TRACE", "FOO"])
def test_every_method_everywhere_gets_an_error_in_shape(client: FlaskClient, method: str) -> None:
    for path in (
        "/nowhere",
        "/v1/user/profile",
        "/v1/user/notifications/read",
        "/%",
        "/%ff",
        "/v1/user/by-id//public",
    ):
        answer = client.open(path, method=method)
        assert answer.status_code in {401, 404, 405}, f"{method} {path}: {answer.status_code}"
        assert {"code", "message"} <= set(answer.get_json()), f"{method} {path}"
        assert ("Allow" in answer.headers) == (answer.status_code == 405)


def test_even_a_failure_after_the_answer_is_an_error_in_shape(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory(core).journal, "add", None)
    assert core.test_client().get("/v1/user/referrals", headers=ADA).get_json() == {
        "code": "INTERNAL_SERVER_ERROR",
        "message": "Internal server error.",
    }


def test_an_impossible_wish_comes_after_the_session_and_beside_all_else_that_is_wrong(
    client: FlaskClient,
) -> None:
    wish = {"Prefer": "delay=x"}
    assert client.get("/v1/user/profile", headers=wish).status_code == 401
    details = client.get("/v1/user/profile", headers={**ADA, **wish}).get_json()["details"]
    assert [detail["name"] for detail in details] == ["Prefer", "fields"]


def test_a_request_that_is_answered_twice_has_the_same_result_and_keeps_nothing(core: Core) -> None:
    headers = {
        "host": "localhost",
        "content-type": "application/json",
        "authorization": "Bearer ada-session",
    }
    before, body = memory(core).load(DEFAULT), b'{"displayName": "New"}'
    request = core.receive("POST", "/v1/user/profile", "", headers, [], 0)._replace(body=body)
    task = core.pipeline.prepare(request)
    first, second = (core.pipeline.respond(task, before, exists=True) for _ in range(2))
    assert first.sandbox.world.users["ada"].profile["displayName"] == "New"
    assert (first.sandbox, first.result) == (second.sandbox, second.result)
    assert memory(core).load(DEFAULT) is before
    assert list(memory(core).journal.newest_first(DEFAULT)) == []
