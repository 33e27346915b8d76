"""The core without a socket."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from flask.testing import FlaskClient
from rpds import HashTrieMap

from mock_server import operations
from mock_server.app import Core
from mock_server.contract import Contract
from mock_server.operations.handler import Answer, Call
from mock_server.store import MemoryStore
from mock_server.world import Session, World
from tests.live import ADA


def test_updates_from_many_threads_lose_nothing(core: Core) -> None:
    names = [f"user-{n}" for n in range(8)]
    world = core.store.load()
    users = {
        name: replace(world.users["newcomer"], profile={**world.users["newcomer"].profile, "username": name}) for name in names
    }
    core.store = MemoryStore(
        World(HashTrieMap(users), HashTrieMap(), HashTrieMap(), HashTrieMap({name: Session(name, name) for name in names}))
    )

    def work(name: str) -> None:
        client = core.test_client()
        for n in range(50):
            answer = client.post(
                "/v1/user/profile", json={"biography": f"{name} {n}"}, headers={"Authorization": f"Bearer {name}"}
            )
            assert answer.status_code == 200

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: core.store.load().users[name].profile["biography"] for name in names} == {
        name: f"{name} 49" for name in names
    }


def test_threads_that_change_different_fields_of_one_profile_lose_nothing(core: Core) -> None:
    values = {"displayName": "Name {}", "handle": "handle_{}", "biography": "text {}"}

    def work(field: str) -> None:
        client = core.test_client()
        for n in range(100):
            assert client.post("/v1/user/profile", json={field: values[field].format(n)}, headers=ADA).status_code == 200

    threads = [threading.Thread(target=work, args=(field,)) for field in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    profile = core.store.load().users["ada"].profile
    assert {field: profile[field] for field in values} == {field: text.format(99) for field, text in values.items()}


def test_a_commit_on_an_old_world_is_refused(core: Core) -> None:
    before = core.store.load()
    assert core.store.commit(before, replace(before))
    assert not core.store.commit(before, before)


def test_an_unexpected_exception_is_a_500_whose_text_stays_in_the_log(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(*_: object) -> tuple[World, Answer]:
        raise RuntimeError("the secret of the house")

    monkeypatch.setitem(operations.OPERATIONS, "listReferrals", explode)
    answer = client.get("/v1/user/referrals", headers=ADA)
    assert (answer.status_code, answer.json) == (500, {"code": "INTERNAL_SERVER_ERROR", "message": "Internal server error."})
    assert "the secret of the house" in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [Answer(200, {"items": []}), Answer(200), Answer(418, {}), Answer(201)],
    ids=["schema", "no body", "status", "201"],
)
def test_an_answer_that_breaks_the_contract_never_leaves(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, wrong: Answer
) -> None:
    monkeypatch.setitem(operations.OPERATIONS, "listReferrals", lambda world, *_: (world, wrong))
    assert client.get("/v1/user/referrals", headers=ADA).status_code == 500
    assert "breaks the contract" in caplog.text


def test_a_body_where_none_is_documented_never_leaves(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(operations.OPERATIONS, "markNotificationsRead", lambda world, *_: (world, Answer(201, {})))
    assert client.post("/v1/user/notifications/read", headers=ADA).status_code == 500


def _same(now: datetime) -> datetime:
    return now


def test_a_session_ends_to_the_second(contract: Contract, core: Core) -> None:
    end = datetime(2026, 1, 1, tzinfo=UTC)
    world = core.store.load()
    session = Session("short", "ada", end, end + timedelta(days=30))
    store = MemoryStore(replace(world, sessions=world.sessions.insert("short", session)))
    codes = []
    for now in (end - timedelta(seconds=1), end, end + timedelta(days=30) - timedelta(seconds=1), end + timedelta(days=30)):
        client = Core(contract, store, partial(_same, now)).test_client()
        answer = client.get("/v1/user/profile?fields=handle", headers={"Authorization": "Bearer short"})
        codes.append(answer.get_json().get("code", answer.status_code))
    assert codes == [200, "SESSION_TOKEN_EXPIRED", "SESSION_TOKEN_EXPIRED", "REFRESH_TOKEN_EXPIRED"]


def test_the_journal_says_what_was_asked_and_what_was_wrong_with_it(client: FlaskClient) -> None:
    client.get("/v1/user/notifications?page=0&containerId=main", headers=ADA)
    client.get("/nope")
    newest, oldest = client.get("/__mock/requests").get_json()["requests"]
    assert (newest["operation"], newest["status"]) == ("", 404)
    assert (oldest["operation"], oldest["status"]) == ("listNotifications", 400)
    assert oldest["violations"] == [{"in": "query", "name": "page", "reason": "must be at least 1"}]
    assert "ada-session" not in str(oldest)


def test_the_journal_is_bounded_and_can_be_cleared(contract: Contract, core: Core) -> None:
    client = Core(contract, core.store, max_requests=3).test_client()
    for n in range(5):
        client.get(f"/{n}" + "x" * 5000)
    kept = client.get("/__mock/requests").get_json()["requests"]
    assert [entry["path"][1] for entry in kept] == ["4", "3", "2"]
    assert all(len(entry["path"]) <= 2000 for entry in kept)
    assert client.delete("/__mock/requests").status_code == 204
    assert client.get("/__mock/requests").get_json() == {"requests": []}


@pytest.mark.parametrize(
    ("host", "status"),
    {
        "localhost:4010": 200,
        "a.localhost": 200,
        "127.0.0.1:1": 200,
        "[::1]:4010": 200,
        "evil.example:4010": 421,
        "localhost.evil.example": 421,
        "": 421,
    }.items(),
)
def test_the_control_api_answers_only_to_names_that_no_web_page_can_claim(client: FlaskClient, host: str, status: int) -> None:
    assert client.get("/__mock/health", headers={"Host": host}).status_code == status


def test_the_control_api_knows_its_paths(client: FlaskClient) -> None:
    assert client.get("/__mock/nope").status_code == 404
    assert client.get("/__mock/health").get_json()["status"] == "ok"


@pytest.mark.parametrize("wish", ["delay=x", "delay=-1", "delay=60001", "delay=9999999999999", "delay"])
def test_an_impossible_wish_is_a_clear_error(client: FlaskClient, wish: str) -> None:
    answer = client.get("/v1/user/referrals", headers={**ADA, "Prefer": wish})
    assert answer.status_code == 400
    assert answer.get_json()["details"][0]["name"] == "Prefer"


def test_a_change_that_came_too_late_is_computed_again(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = operations.OPERATIONS["updateProfile"], []

    def overtaken(world: World, session: Session, call: Call) -> tuple[World, Answer]:
        calls.append(world)
        if len(calls) == 1:
            assert core.store.commit(world, world.update_profile("ada", {"biography": "somebody was faster"}))
        return real(world, session, call)

    monkeypatch.setitem(operations.OPERATIONS, "updateProfile", overtaken)
    answer = core.test_client().post("/v1/user/profile", json={"displayName": "Ada"}, headers=ADA)
    assert len(calls) == 2
    assert (answer.get_json()["displayName"], answer.get_json()["biography"]) == ("Ada", "somebody was faster")


def test_a_disagreement_of_the_tiers_is_our_bug(core: Core, caplog: pytest.LogCaptureFixture) -> None:
    core.__dict__["explain"] = lambda *_: []
    assert core.test_client().get("/v1/user/profile", headers=ADA).status_code == 500
    assert "disagree" in caplog.text


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "TRACE", "FOO"])
def test_every_method_everywhere_gets_an_error_in_shape(client: FlaskClient, method: str) -> None:
    for path in ("/", "/v1/user/profile", "/v1/user/notifications/read", "/%", "/%ff", "/v1/user/by-id//public"):
        answer = client.open(path, method=method)
        assert answer.status_code in {401, 404, 405}, f"{method} {path}: {answer.status_code}"
        assert {"code", "message"} <= set(answer.get_json()), f"{method} {path}"
        assert ("Allow" in answer.headers) == (answer.status_code == 405)


def test_even_a_failure_after_the_answer_is_an_error_in_shape(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.journal, "record", None)
    environ = core.test_client().get("/v1/user/referrals", headers=ADA).request.environ
    assert core.answer(environ).get_json() == {"code": "INTERNAL_SERVER_ERROR", "message": "Internal server error."}


def test_an_impossible_wish_comes_after_the_session_and_beside_all_else_that_is_wrong(client: FlaskClient) -> None:
    wish = {"Prefer": "delay=x"}
    assert client.get("/v1/user/profile", headers=wish).status_code == 401
    details = client.get("/v1/user/profile", headers={**ADA, **wish}).get_json()["details"]
    assert [detail["name"] for detail in details] == ["Prefer", "fields"]
