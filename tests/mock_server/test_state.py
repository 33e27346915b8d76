"""State of one's own: sandboxes, reset, snapshots, undo, state in and out."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server.config import DEFAULT_CONTRACT
from mock_server.contract.compiled import Contract
from mock_server.contract.control_document import control_document, without_headers
from mock_server.scenarios.atomic_files import write_document
from mock_server.scenarios.catalogue import Scenarios, scenario_of
from mock_server.scenarios.loading import build_world, load_world, reference_problems
from mock_server.server.lifecycle import load_contract
from mock_server.stores.memory import MemoryStore
from mock_server.stores.store import DEFAULT, SandboxesFullError
from mock_server.world.sandbox import Sandbox
from tests.live import ADA
from tests.steering import Build, Steer

PROFILE = "/v1/user/profile"


def rename(client: FlaskClient, name: str, base: str = "", **headers: str) -> None:
    answer = client.post(base + PROFILE, json={"displayName": name}, headers={**ADA, **headers})
    assert answer.get_json()["displayName"] == name


def name_of(client: FlaskClient, base: str = "", **headers: str) -> str:
    name: str = client.get(
        f"{base}{PROFILE}?fields=displayName", headers={**ADA, **headers}
    ).get_json()["displayName"]
    return name


def test_a_sandbox_is_chosen_by_header_or_by_base_url_and_seen_by_nobody_else(
    client: FlaskClient,
) -> None:
    rename(client, "in one", **{"X-Mock-Sandbox": "one"})
    rename(client, "in two", base="/__sandbox/two")
    assert name_of(client) == "Ada Lovelace"
    assert name_of(client, base="/__sandbox/one") == "in one"
    assert name_of(client, **{"X-Mock-Sandbox": "two"}) == "in two"


def test_the_base_url_wins_over_the_header(client: FlaskClient) -> None:
    rename(client, "by url", base="/__sandbox/one", **{"X-Mock-Sandbox": "two"})
    assert name_of(client, **{"X-Mock-Sandbox": "one"}) == "by url"


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a b", "ä", "x" * 65, "a/b", "a%2Fb"])
def test_a_name_that_is_none_is_refused(client: FlaskClient, name: str) -> None:
    answer = client.get(f"{PROFILE}?fields=handle", headers={**ADA, "X-Mock-Sandbox": name})
    assert answer.status_code == 400
    assert answer.get_json()["details"][0]["name"] == "X-Mock-Sandbox"


def test_reset_puts_everything_back_and_keeps_snapshots(client: FlaskClient, steer: Steer) -> None:
    rename(client, "changed")
    steer("PUT", "/clock", {"action": "freeze", "time": "2030-01-01T00:00:00Z"})
    steer("POST", "/rules", {"code": 500})
    steer("PUT", "/snapshots/kept")
    assert steer("POST", "/reset") == (204, None)
    assert name_of(client) == "Ada Lovelace"
    assert steer("GET", "/clock")[1]["frozen"] is False
    assert steer("GET", "/rules")[1] == {"rules": []}
    assert steer("GET", "/snapshots")[1] == {"snapshots": ["kept"]}
    assert steer("POST", "/requests/count")[1] == {"count": 1}, "only the read after the reset"


def test_reset_to_another_scenario_lasts(steer: Steer) -> None:
    assert steer("POST", "/reset", {"scenario": "empty"}, sandbox="one") == (204, None)
    assert steer("POST", "/reset", sandbox="one") == (204, None)
    assert steer("GET", "/health", sandbox="one")[1]["scenario"] == "empty"
    assert steer("GET", "/health")[1]["scenario"] == "default"
    status, body = steer("POST", "/reset", {"scenario": "nope"})
    assert status == 404
    assert body["details"][0]["reason"] == "must be one of busy, default, edge, empty"


def test_a_fork_has_everything_and_goes_its_own_way(client: FlaskClient, steer: Steer) -> None:
    rename(client, "original", base="/__sandbox/a")
    steer("PUT", "/clock", {"action": "freeze", "time": "2030-01-01T00:00:00Z"}, sandbox="a")
    steer("PUT", "/snapshots/s", sandbox="a")
    assert steer("PUT", "/sandboxes/b", {"from": "a"}) == (204, None)
    rename(client, "of the copy", base="/__sandbox/b")
    assert name_of(client, base="/__sandbox/a") == "original"
    assert steer("GET", "/clock", sandbox="b")[1] == {"now": "2030-01-01T00:00:00Z", "frozen": True}
    assert steer("GET", "/snapshots", sandbox="b")[1] == {"snapshots": ["s"]}


def test_a_dropped_sandbox_is_forgotten_with_its_journal(client: FlaskClient, steer: Steer) -> None:
    rename(client, "gone soon", base="/__sandbox/a")
    names = [each["name"] for each in steer("GET", "/sandboxes")[1]["sandboxes"]]
    assert names == ["default", "a"]
    assert steer("DELETE", "/sandboxes/a") == (204, None)
    assert steer("DELETE", "/sandboxes/a")[0] == 404
    assert steer("GET", "/requests", sandbox="a")[1] == {"requests": []}
    assert name_of(client, base="/__sandbox/a") == "Ada Lovelace"
    rename(client, "changed")
    assert steer("DELETE", "/sandboxes/default") == (204, None)
    assert name_of(client) == "Ada Lovelace"


def test_snapshots_are_taken_restored_and_dropped(client: FlaskClient, steer: Steer) -> None:
    rename(client, "before")
    assert steer("PUT", "/snapshots/mine") == (204, None)
    rename(client, "after")
    assert steer("POST", "/snapshots/mine/restore") == (204, None)
    assert name_of(client) == "before"
    assert steer("DELETE", "/snapshots/mine") == (204, None)
    assert steer("POST", "/snapshots/mine/restore")[0] == 404
    assert steer("DELETE", "/snapshots/mine")[0] == 404


def test_a_sandbox_has_a_hundred_snapshots_at_most(steer: Steer) -> None:
    assert {steer("PUT", f"/snapshots/s{n}")[0] for n in range(100)} == {204}
    assert steer("PUT", "/snapshots/one-more")[0] == 409
    assert steer("PUT", "/snapshots/s7")[0] == 204


def test_undo_takes_back_changes_and_nothing_else(client: FlaskClient, steer: Steer) -> None:
    for name in ("one", "two", "three"):
        rename(client, name)
        assert (
            client.post("/v1/user/profile", json={"displayName": 5}, headers=ADA).status_code == 400
        )
        assert client.post("/v1/user/profile", json={}, headers=ADA).status_code == 200
    assert steer("POST", "/undo") == (204, None)
    assert name_of(client) == "two"
    assert steer("POST", "/undo", {"changes": 2}) == (204, None)
    assert name_of(client) == "Ada Lovelace"
    status, body = steer("POST", "/undo")
    assert (status, body["details"][0]["reason"]) == (
        409,
        "must be at most 0, which is all there is to undo",
    )


def test_fifty_changes_can_be_undone(client: FlaskClient, steer: Steer) -> None:
    for n in range(60):
        rename(client, f"name {n}")
    assert steer("POST", "/undo", {"changes": 50}) == (204, None)
    assert name_of(client) == "name 9"
    assert steer("POST", "/undo")[0] == 409


@pytest.mark.parametrize("scenario", ["default", "empty", "busy", "edge"])
def test_what_comes_out_goes_in_and_comes_out_the_same_byte_for_byte(
    client: FlaskClient, steer: Steer, scenario: str
) -> None:
    steer("POST", "/reset", {"scenario": scenario})
    client.post("/v1/user/notifications/read", headers=ADA)
    first = client.get("/__mock/state").data
    assert steer("PUT", "/state", json.loads(first), sandbox="copy") == (204, None)
    assert client.get("/__sandbox/copy/__mock/state").data == first


@pytest.mark.parametrize("suffix", ["json", "yaml"])
@pytest.mark.parametrize("scenario", ["default", "edge", "busy"])
def test_a_state_that_was_written_is_a_scenario(
    scenarios: Scenarios, control: Contract, tmp_path: Path, scenario: str, suffix: str
) -> None:
    state = scenario_of(scenarios.world(scenario))
    path = tmp_path / f"mine.{suffix}"
    write_document(path, state)
    first = path.read_bytes()
    again = scenario_of(load_world(path, control))
    assert again == state
    write_document(path, again)
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("state", "status", "name"),
    [
        ({}, 400, "/users"),
        ({"users": [{"username": ""}]}, 400, "/users/0/username"),
        ({"users": [{"username": "a"}, {"username": "a"}]}, 409, "/users/0/username"),
        ({"users": [], "sessions": [{"token": "t", "username": "a"}]}, 409, "/sessions/0/username"),
        (
            {
                "users": [{"username": "a"}],
                "sessions": [{"token": "t", "username": "a", "expiresAt": "0000-01-01T00:00:00Z"}],
            },
            409,
            "/sessions/0/expiresAt",
        ),
    ],
    ids=["no users", "no name", "twice", "nobody's session", "no time"],
)
def test_a_wrong_state_is_refused_whole(
    client: FlaskClient, steer: Steer, state: dict[str, Any], status: int, name: str
) -> None:
    answered, body = steer("PUT", "/state", state)
    assert answered == status
    assert body["details"][0]["name"] == name
    assert name_of(client) == "Ada Lovelace"


def test_of_a_state_with_very_many_faults_the_first_hundred_are_told(steer: Steer) -> None:
    sessions = [{"token": f"t{n}", "username": "nobody"} for n in range(150)]
    status, body = steer("PUT", "/state", {"users": [{"username": "a"}], "sessions": sessions})
    assert (status, len(body["details"])) == (409, 100)


def test_sandboxes_are_bounded_and_the_oldest_goes_first(
    scenarios: Scenarios, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("mock_server.stores.memory.time.monotonic", lambda: now)
    store = MemoryStore(Sandbox.of(scenarios.world("default")), most=2, idle=1000)
    store.load("a")
    now += 1
    store.load("b")
    with pytest.raises(SandboxesFullError):
        store.load("c")
    now += 15
    store.load("a")
    store.load("c")
    assert [name for name, _ in store.present_names()] == [DEFAULT, "a", "c"]
    now += 1001
    assert [name for name, _ in store.present_names()] == [DEFAULT]


def test_a_sandbox_too_many_is_a_clear_refusal(build: Build, scenarios: Scenarios) -> None:
    client = build(MemoryStore(Sandbox.of(scenarios.world("default")), most=1)).test_client()
    rename(client, "one", base="/__sandbox/one")
    answer = client.get(f"/__sandbox/two{PROFILE}?fields=handle", headers=ADA)
    assert answer.status_code == 400
    assert "--max-sandboxes" in answer.get_json()["details"][0]["reason"]
    answer = client.put("/__mock/sandboxes/two", headers={"X-Mock-Control": "1"})
    assert (answer.status_code, answer.get_json()["details"][0]["name"]) == (409, "name")


CONTROL = Contract(without_headers(control_document(load_contract(DEFAULT_CONTRACT).document)))
NAMES = st.lists(
    st.text(min_size=1, max_size=6).filter(lambda text: text.isprintable()),
    min_size=1,
    max_size=4,
    unique=True,
)


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    names, text = draw(NAMES), st.one_of(st.none(), st.text(min_size=1, max_size=20))
    users: list[dict[str, Any]] = [
        {"username": name, "displayName": draw(text), "biography": draw(text)} for name in names
    ]
    note = st.fixed_dictionaries(
        {
            "id": st.text(min_size=1, max_size=5),
            "containerId": st.just("c"),
            **{key: st.text(max_size=8) for key in ("type", "title", "body")},
            "read": st.booleans(),
            "createdAt": st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
        }
    )
    users[0]["notifications"] = draw(st.lists(note, max_size=4, unique_by=lambda item: item["id"]))
    return {"users": users, "containers": [{"id": "c", "members": names}]}


@settings(max_examples=80, deadline=None)
@given(scenario=worlds())
def test_any_state_survives_a_file(
    scenario: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert not list(reference_problems(scenario))
    state = scenario_of(build_world(scenario))
    for suffix in ("json", "yaml"):
        path = tmp_path_factory.mktemp("state") / f"s.{suffix}"
        write_document(path, state)
        assert scenario_of(load_world(path, CONTROL)) == state


def test_a_call_that_makes_a_sandbox_counts_it(steer: Steer) -> None:
    assert [steer("GET", "/health", sandbox=name)[1]["sandboxes"] for name in ("a", "a", "b")] == [
        2,
        2,
        3,
    ]
