"""Answers on demand: wishes of one request, and rules for many."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from mock_server.app import Core
from tests.live import ADA
from tests.steering import Build, Steer

ASKS = {
    "getProfile": ("GET", "/v1/user/profile?fields=handle"),
    "updateProfile": ("POST", "/v1/user/profile"),
    "getPublicProfile": ("GET", "/v1/user/by-id/ada/public?containerId=main"),
    "listReferrals": ("GET", "/v1/user/referrals"),
    "listNotifications": ("GET", "/v1/user/notifications?containerId=main"),
    "markNotificationsRead": ("POST", "/v1/user/notifications/read"),
}


def wishes(core: Core) -> list[tuple[str, int, str]]:
    answers = core.examples.answers
    return [(name, code, example) for name, codes in answers.items() for code, named in codes.items() for example in named]


def test_every_documented_answer_can_be_had_and_is_as_documented(core: Core) -> None:
    client, everything = core.test_client(), wishes(core)
    assert len(everything) > 40
    for name, code, example in everything:
        method, path = ASKS[name]
        prefer = f"code={code}" + (f", example={example}" if example else "")
        answer = client.open(path, method=method, headers={"Prefer": prefer})
        body, headers = core.examples.answers[name][code][example]
        assert (answer.status_code, answer.get_json(silent=True)) == (code, body), f"{name} {prefer}"
        assert headers.items() <= dict(answer.headers).items()


@pytest.mark.parametrize(
    ("prefer", "query", "status", "code"),
    [
        ("code=401", "", 401, "GENERIC_UNAUTHORIZED"),
        ("example=SESSION_TOKEN_EXPIRED", "", 401, "SESSION_TOKEN_EXPIRED"),
        ("code=401, example=REFRESH_TOKEN_EXPIRED", "", 401, "REFRESH_TOKEN_EXPIRED"),
        ('Code="404"', "", 404, "GENERIC_NOT_FOUND"),
        ("", "&__code=500", 500, "INTERNAL_SERVER_ERROR"),
        ("", "&__example=SESSION_TOKEN_EXPIRED", 401, "SESSION_TOKEN_EXPIRED"),
        ("code=404", "&__code=500", 404, "GENERIC_NOT_FOUND"),
        ("respond-async, wait=5", "", 200, None),
        ("", "&__unknown=1", 200, None),
    ],
)
def test_wishes_by_header_and_by_query(client: FlaskClient, prefer: str, query: str, status: int, code: str | None) -> None:
    answer = client.get(f"{ASKS['getProfile'][1]}{query}", headers={**ADA, "Prefer": prefer})
    assert (answer.status_code, answer.get_json().get("code")) == (status, code)


@pytest.mark.parametrize(
    ("prefer", "query", "name", "reason"),
    [
        ("code=418", "", "Prefer", "code must be one of 200, 400, 401, 404, 500 for getProfile"),
        ("code=abc", "", "Prefer", "code must be a status from 0 to 599"),
        ("example=nope", "", "Prefer", "example has no example 'nope'; there is some_fields (200), never_set (200), "),
        ("code=401, example=nope", "", "Prefer", "example has no example 'nope'; there is GENERIC_UNAUTHORIZED (401), "),
        ("", "&__code=201", "__code", "code must be one of 200, 400, 401, 404, 500 for getProfile"),
        ("", "&__delay=x", "__delay", "delay must be a whole number of milliseconds from 0 to 60000"),
        ("", "&__example=%ff", "__example", "example has no example '%ff'"),
    ],
)
def test_an_impossible_wish_lists_what_is_possible(
    client: FlaskClient, prefer: str, query: str, name: str, reason: str
) -> None:
    answer = client.get(f"{ASKS['getProfile'][1]}{query}", headers={**ADA, "Prefer": prefer})
    assert answer.status_code == 400
    [detail] = answer.get_json()["details"]
    assert detail["name"] == name
    assert detail["reason"].startswith(reason)


def test_a_wish_changes_nothing(client: FlaskClient, steer: Steer) -> None:
    before = steer("GET", "/state")
    client.post("/v1/user/profile", json={"displayName": "Nobody"}, headers={**ADA, "Prefer": "code=200"})
    client.post("/v1/user/notifications/read", headers={**ADA, "Prefer": "code=201"})
    assert steer("GET", "/state") == before


def read(client: FlaskClient, times: int = 1, token: str = "ada-session") -> list[int]:
    headers = {"Authorization": f"Bearer {token}"}
    return [client.get(ASKS["getProfile"][1], headers=headers).status_code for _ in range(times)]


def test_a_rule_applies_so_many_times(client: FlaskClient, steer: Steer) -> None:
    status, rule = steer("POST", "/rules", {"operation": "getProfile", "code": 500, "times": 2})
    assert status == 201
    assert client.get("/v1/user/referrals", headers=ADA).status_code == 200
    assert read(client, 4) == [500, 500, 200, 200]
    assert steer("GET", "/rules")[1] == {"rules": [{**rule, "hits": 2}]}


def test_a_rule_for_one_user_leaves_others_alone(client: FlaskClient, steer: Steer) -> None:
    steer("POST", "/rules", {"user": "ada", "code": 404})
    assert read(client) == [404]
    assert read(client, token="grace-session") == [200]
    assert read(client, token="unknown") == [401]


def test_the_first_rule_that_applies_decides(client: FlaskClient, steer: Steer) -> None:
    first = steer("POST", "/rules", {"operation": "getProfile", "code": 404, "times": 1})[1]["id"]
    steer("POST", "/rules", {"code": 500})
    assert read(client, 2) == [404, 500]
    assert steer("DELETE", f"/rules/{first}") == (204, None)
    assert steer("DELETE", f"/rules/{first}")[0] == 404
    assert read(client) == [500]
    assert steer("DELETE", "/rules") == (204, None)
    assert read(client) == [200]


def test_a_wish_goes_before_the_rules(client: FlaskClient, steer: Steer) -> None:
    steer("POST", "/rules", {"code": 500})
    assert client.get(ASKS["getProfile"][1], headers={**ADA, "Prefer": "code=404"}).status_code == 404


def test_chance_follows_the_seed(build: Build) -> None:
    def statuses(seed: int) -> list[int]:
        client = build(seed=seed).test_client()
        client.post("/__mock/rules", json={"code": 500, "probability": 0.5}, headers={"X-Mock-Control": "1"})
        return read(client, 60)

    assert statuses(1) == statuses(1)
    assert statuses(1) != statuses(2)
    assert 15 < statuses(1).count(500) < 45


@pytest.mark.parametrize(
    ("rule", "status", "name"),
    [
        ({"operation": "nope"}, 409, "/operation"),
        ({"operation": "getProfile", "code": 201}, 409, "/code"),
        ({"operation": "getProfile", "example": "none of these"}, 409, "/example"),
        ({"code": 201}, 409, "/code"),
        ({"delay": {"min": 5, "max": 1}}, 409, "/delay/min"),
        ({"fault": "EMPTY_RESPONSE", "code": 500}, 409, "/fault"),
        ({"fault": "NO_SUCH_FAULT"}, 400, "/fault"),
        ({"times": 0}, 400, "/times"),
        ({"probability": 1.5}, 400, "/probability"),
        ({"unknown": 1}, 400, ""),
    ],
    ids=str,
)
def test_an_impossible_rule_says_what_is_possible(steer: Steer, rule: dict[str, Any], status: int, name: str) -> None:
    answered, body = steer("POST", "/rules", rule)
    assert answered == status
    assert name in [detail["name"] for detail in body["details"]]
    assert steer("GET", "/rules")[1] == {"rules": []}


def test_a_rule_shows_what_it_was_made_of(steer: Steer) -> None:
    made = {"operation": "getProfile", "user": "ada", "times": 3, "probability": 0.5, "code": 401, "slowBody": 100}
    for delay in (200, {"min": 1, "max": 9}):
        shown = steer("POST", "/rules", {**made, "delay": delay})[1]
        assert {key: value for key, value in shown.items() if key not in {"id", "hits"}} == {**made, "delay": delay}


def test_rules_are_bounded(steer: Steer) -> None:
    assert {steer("POST", "/rules", {})[0] for _ in range(1000)} == {201}
    assert steer("POST", "/rules", {})[0] == 409
