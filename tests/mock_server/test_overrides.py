"""Answers on demand: wishes of one request, and rules for many."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from mock_server.api.app import Core
from mock_server.api.prefer import ONLY_RULES
from tests.live import ADA
from tests.steering import Build, Steer

ASKS = {
    "getProfile": ("GET", "/v1/user/profile?fields=handle"),
    "updateProfile": ("POST", "/v1/user/profile"),
    "getPublicProfile": ("GET", "/v1/user/by-id/ada/public?containerId=main"),
    "listReferrals": ("GET", "/v1/user/referrals"),
    "listNotifications": ("GET", "/v1/user/notifications?containerId=main"),
    "markNotificationsRead": ("POST", "/v1/user/notifications/read"),
    "refreshSession": ("POST", "/v1/user/auth/refresh-session"),
}
REFRESH = ASKS["refreshSession"][1]
ADAS = {"refreshToken": "ada-session-refresh"}


def wishes(core: Core) -> list[tuple[str, int, str]]:
    answers = core.examples.answers
    return [
        (name, code, example)
        for name, codes in answers.items()
        for code, named in codes.items()
        for example in named
    ]


def test_every_documented_answer_can_be_had_and_is_as_documented(core: Core) -> None:
    client, everything = core.test_client(), wishes(core)
    assert len(everything) > 40
    for name, code, example in everything:
        method, path = ASKS[name]
        prefer = f"code={code}" + (f", example={example}" if example else "")
        answer = client.open(path, method=method, headers={"Prefer": prefer})
        body, headers = core.examples.answers[name][code][example]
        assert (answer.status_code, answer.get_json(silent=True)) == (code, body), (
            f"{name} {prefer}"
        )
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
        ("code=401, code=500", "", 401, "GENERIC_UNAUTHORIZED"),
        (
            "example=REFRESH_TOKEN_EXPIRED, code=401, example=SESSION_TOKEN_EXPIRED",
            "",
            401,
            "REFRESH_TOKEN_EXPIRED",
        ),
        (' ,, CODE = 404 ; why="a, b", code=x', "", 404, "GENERIC_NOT_FOUND"),
        ('text="code=500, \\", code=400", code=404;code=500', "", 404, "GENERIC_NOT_FOUND"),
        ('example="SESSION\\_TOKEN_EXPIRED"', "", 401, "SESSION_TOKEN_EXPIRED"),
        ("return=minimal, handling=lenient; code=404", "", 200, None),
        ("codes=404, x-code=404", "", 200, None),
        ("", "&__unknown=1", 200, None),
    ],
)
def test_wishes_by_header_and_by_query(
    client: FlaskClient, prefer: str, query: str, status: int, code: str | None
) -> None:
    answer = client.get(f"{ASKS['getProfile'][1]}{query}", headers={**ADA, "Prefer": prefer})
    assert (answer.status_code, answer.get_json().get("code")) == (status, code)


@pytest.mark.parametrize(
    ("prefer", "query", "name", "reason"),
    [
        ("code=418", "", "Prefer", "code must be one of 200, 400, 401, 404, 500 for getProfile"),
        ("code=abc", "", "Prefer", "code must be a status from 0 to 599"),
        (
            "example=nope",
            "",
            "Prefer",
            "example has no example 'nope'; there is some_fields (200), never_set (200), ",
        ),
        (
            "code=401, example=nope",
            "",
            "Prefer",
            "example has no example 'nope'; there is GENERIC_UNAUTHORIZED (401), ",
        ),
        ("", "&__code=201", "__code", "code must be one of 200, 400, 401, 404, 500 for getProfile"),
        (
            "",
            "&__delay=x",
            "__delay",
            "delay must be a whole number of milliseconds from 0 to 60000",
        ),
        ("", "&__example=%ff", "__example", "example has no example '%ff'"),
        (
            "code=418",
            "",
            "Prefer",
            "code must be one of 200, 400, 401, 404, 500 for getProfile; a rule can answer others",
        ),
        ("code=0", "", "Prefer", "code must be one of 200, 400, 401, 404, 500 for getProfile"),
        ("code", "", "Prefer", "code must be a status from 0 to 599"),
        ('code="", code=401', "", "Prefer", "code must be a status from 0 to 599"),
        ('code="401', "", "Prefer", "code must be a status from 0 to 599"),
        ("example, code=401", "", "Prefer", "example must be the name of a documented one"),
        ("delay=-1", "", "Prefer", "delay must be a whole number of milliseconds from 0 to 60000"),
        ("", "&__code", "__code", "code must be a status from 0 to 599"),
        ("", "&__code=401&__code=500", "__code", "must be given once"),
        ("", "&__delay=1&__delay=1", "__delay", "must be given once"),
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
    client.post(
        "/v1/user/profile", json={"displayName": "Nobody"}, headers={**ADA, "Prefer": "code=200"}
    )
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
    assert (
        client.get(ASKS["getProfile"][1], headers={**ADA, "Prefer": "code=404"}).status_code == 404
    )


def test_chance_follows_the_seed(build: Build) -> None:
    def statuses(seed: int) -> list[int]:
        client = build(seed=seed).test_client()
        client.post(
            "/__mock/rules", json={"code": 500, "probability": 0.5}, headers={"X-Mock-Control": "1"}
        )
        return read(client, 60)

    assert statuses(1) == statuses(1)
    assert statuses(1) != statuses(2)
    assert 15 < statuses(1).count(500) < 45


def test_several_header_lines_are_one_list(client: FlaskClient) -> None:
    lines = [
        ("Authorization", "Bearer ada-session"),
        ("Prefer", "respond-async"),
        ("Prefer", "code=404"),
        ("Prefer", "code=500"),
    ]
    assert client.get(ASKS["getProfile"][1], headers=lines).status_code == 404


@pytest.mark.parametrize(
    ("rule", "status", "name"),
    [
        ({}, 409, ""),
        ({"operation": "nope"}, 409, "/operation"),
        ({"operation": "nope", "code": 500}, 409, "/operation"),
        ({"user": "nobody", "code": 500}, 409, "/user"),
        ({"operation": "getProfile", "code": 201}, 409, "/code"),
        ({"operation": "getProfile", "code": 503}, 409, "/code"),
        ({"operation": "getProfile", "example": "none of these"}, 409, "/example"),
        ({"example": "some_fields"}, 409, "/example"),
        (
            {"operation": "getProfile", "code": 404, "example": "SESSION_TOKEN_EXPIRED"},
            409,
            "/example",
        ),
        ({"code": 201}, 409, "/code"),
        ({"delay": 0}, 409, "/delay"),
        ({"delay": {"min": 0, "max": 0}, "operation": "getProfile"}, 409, "/delay"),
        ({"slowBody": 0}, 409, "/slowBody"),
        ({"delay": {"min": 5, "max": 1}}, 409, "/delay/min"),
        ({"operation": "markNotificationsRead", "code": 201, "slowBody": 100}, 409, "/slowBody"),
        ({"code": 503, "undocumented": True, "slowBody": 100}, 409, "/slowBody"),
        ({"fault": "EMPTY_RESPONSE", "code": 500}, 409, "/fault"),
        ({"fault": "EMPTY_RESPONSE", "example": "INTERNAL_SERVER_ERROR"}, 409, "/fault"),
        ({"fault": "EMPTY_RESPONSE", "slowBody": 100}, 409, "/fault"),
        ({"fault": "EMPTY_RESPONSE", "headers": {"Retry-After": "2"}}, 409, "/fault"),
        ({"fault": "NO_SUCH_FAULT"}, 400, "/fault"),
        ({"times": 0, "code": 500}, 400, "/times"),
        ({"probability": 0, "code": 500}, 409, "/probability"),
        ({"probability": 1.5}, 400, "/probability"),
        ({"unknown": 1}, 400, ""),
        ({"undocumented": True}, 409, "/code"),
        ({"undocumented": False}, 409, "/undocumented"),
        ({"body": "text"}, 409, "/code"),
        ({"headers": {"Retry-After": "2"}}, 409, "/code"),
        ({"code": 500, "headers": {}, "body": {"code": "X", "message": "Y"}}, 409, "/body"),
        ({"code": 500, "body": "a text"}, 409, "/body"),
        ({"operation": "markNotificationsRead", "code": 201, "body": {}}, 409, "/body"),
        ({"code": 500, "example": "INTERNAL_SERVER_ERROR", "body": {}}, 409, "/example"),
        ({"code": 503, "example": "INTERNAL_SERVER_ERROR", "undocumented": True}, 409, "/code"),
        ({"code": 204, "undocumented": True, "body": "x"}, 409, "/body"),
        ({"code": 600, "undocumented": True}, 400, "/code"),
        ({"code": 100, "undocumented": True}, 400, "/code"),
        ({"code": 503, "undocumented": True, "body": "ä" * 32_769}, 409, "/body"),
        (
            {"code": 503, "undocumented": True, "headers": {"Retry After": "2"}},
            409,
            "/headers/Retry After",
        ),
        (
            {"code": 503, "undocumented": True, "headers": {"Retry-After": "2\r\nX: 1"}},
            409,
            "/headers/Retry-After",
        ),
        ({"code": 503, "undocumented": True, "headers": {"X": "\u007f"}}, 409, "/headers/X"),
        ({"code": 503, "undocumented": True, "headers": {"X": "\u20ac"}}, 409, "/headers/X"),
        ({"code": 503, "undocumented": True, "headers": {"X": " 1"}}, 409, "/headers/X"),
        ({"code": 503, "undocumented": True, "headers": {"": "1"}}, 409, "/headers/"),
        ({"code": 503, "undocumented": True, "headers": {"X": "1", "x": "2"}}, 409, "/headers/x"),
        (
            {"code": 503, "undocumented": True, "headers": {"content-length": "1"}},
            409,
            "/headers/content-length",
        ),
        (
            {"code": 503, "undocumented": True, "headers": {"Transfer-Encoding": "gzip"}},
            409,
            "/headers/Transfer-Encoding",
        ),
        (
            {"code": 503, "undocumented": True, "headers": {"Content-Type": "text/html"}},
            409,
            "/headers/Content-Type",
        ),
        ({"code": 500, "headers": {"Content-Type": "text/html"}}, 409, "/headers/Content-Type"),
        ({"code": 401, "headers": {"www-authenticate": "Basic"}}, 409, "/headers"),
        (
            {"code": 503, "undocumented": True, "headers": {"Access-Control-Allow-Origin": "*"}},
            409,
            None,
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_rule_that_could_never_do_anything_is_refused_with_a_reason(
    steer: Steer, rule: dict[str, Any], status: int, name: str | None
) -> None:
    answered, body = steer("POST", "/rules", rule)
    assert answered == status
    assert name is None or name in [detail["name"] for detail in body["details"]]
    assert steer("GET", "/rules")[1] == {"rules": []}


def test_the_refusal_of_an_undocumented_status_says_how_to_get_it(steer: Steer) -> None:
    [detail] = steer("POST", "/rules", {"operation": "getProfile", "code": 503})[1]["details"]
    assert detail["reason"].endswith(
        "for getProfile; with undocumented: true it is answered all the same"
    )


def test_an_example_alone_is_answered_with_the_status_that_has_it(
    client: FlaskClient, steer: Steer
) -> None:
    assert steer("POST", "/rules", {"example": "SESSION_TOKEN_EXPIRED", "times": 7})[0] == 201
    for name, (method, path) in ASKS.items():
        answer = client.open(path, method=method, headers=ADA)
        assert (answer.status_code, answer.get_json()["code"]) == (401, "SESSION_TOKEN_EXPIRED"), (
            name
        )


def test_a_rule_with_conditions_only_lets_requests_through_before_later_ones(
    client: FlaskClient, steer: Steer
) -> None:
    steer("POST", "/rules", {"operation": "getProfile", "times": 2})
    steer("POST", "/rules", {"code": 500, "times": 1})
    assert read(client, 4) == [200, 200, 500, 200]


@pytest.mark.parametrize("code", [202, 204, 304, 403, 418, 429, 502, 503, 504, 599])
def test_a_rule_answers_an_undocumented_status_where_it_says_so(
    client: FlaskClient, steer: Steer, code: int
) -> None:
    rule = {"code": code, "undocumented": True, "headers": {"Retry-After": 2}}
    assert steer("POST", "/rules", rule)[0] == 201
    answer = client.get(ASKS["getProfile"][1], headers=ADA)
    assert (answer.status_code, answer.data, answer.headers["Retry-After"]) == (code, b"", "2")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Content-Type" not in answer.headers
    assert steer("GET", "/requests")[1]["requests"][0]["status"] == code


@pytest.mark.parametrize(
    ("body", "headers", "sent"),
    [
        (
            "<h1>Bad gateway</h1>",
            {"content-type": "text/html"},
            (b"<h1>Bad gateway</h1>", "text/html"),
        ),
        ("{broken", {"Content-Type": "application/json"}, (b"{broken", "application/json")),
        ("späť", {}, ("späť".encode(), "text/plain; charset=utf-8")),
        ("", {}, (b"", "text/plain; charset=utf-8")),
        (
            {"code": "DOWN", "n": [1.5, None, "ä"]},
            {},
            ('{"code":"DOWN","n":[1.5,null,"ä"]}'.encode(), "application/json"),
        ),
        (None, {}, (b"null", "application/json")),
        (0, {"CACHE-CONTROL": "max-age=60"}, (b"0", "application/json")),
    ],
    ids=str,
)
def test_a_rule_brings_a_body_and_headers_of_its_own(
    client: FlaskClient,
    steer: Steer,
    body: object,
    headers: dict[str, str],
    sent: tuple[bytes, str],
) -> None:
    rule = {
        "operation": "listReferrals",
        "code": 502,
        "undocumented": True,
        "body": body,
        **({"headers": headers} if headers else {}),
    }
    shown = steer("POST", "/rules", rule)[1]
    assert {key: value for key, value in shown.items() if key not in {"id", "hits"}} == rule
    answer = client.get("/v1/user/referrals", headers=ADA)
    assert (answer.status_code, answer.data, answer.headers["Content-Type"]) == (502, *sent)
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert answer.headers.getlist("Cache-Control") == [headers.get("CACHE-CONTROL", "no-store")]


def test_a_documented_answer_may_have_another_documented_body_and_more_headers(
    client: FlaskClient, steer: Steer
) -> None:
    body = {"code": "REFRESH_TOKEN_EXPIRED", "message": "Sign in again."}
    rule = {"code": 401, "body": body, "headers": {"X-Reason": "test"}}
    assert steer("POST", "/rules", rule)[0] == 201
    for name, (method, path) in ASKS.items():
        answer = client.open(path, method=method, headers=ADA)
        assert (answer.status_code, answer.get_json(), answer.headers["X-Reason"]) == (
            401,
            body,
            "test",
        ), name
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_undocumented_header_value_needs_to_be_called_so(
    client: FlaskClient, steer: Steer
) -> None:
    rule = {"code": 401, "headers": {"WWW-Authenticate": "Basic"}, "undocumented": True}
    assert steer("POST", "/rules", rule)[0] == 201
    answer = client.get(ASKS["getProfile"][1], headers=ADA)
    assert (answer.headers.getlist("WWW-Authenticate"), answer.get_json()["code"]) == (
        ["Basic"],
        "GENERIC_UNAUTHORIZED",
    )


def test_a_page_may_read_the_headers_that_a_rule_adds(client: FlaskClient, steer: Steer) -> None:
    steer(
        "POST",
        "/rules",
        {"code": 429, "undocumented": True, "headers": {"Retry-After": "2", "X-Left": "0"}},
    )
    answer = client.get(ASKS["getProfile"][1], headers={**ADA, "Origin": "http://localhost:3000"})
    assert (
        answer.headers["Access-Control-Expose-Headers"]
        == "Allow, WWW-Authenticate, Retry-After, X-Left"
    )


def renew(
    client: FlaskClient, token: object = "ada-session-refresh", **headers: str
) -> tuple[int, Any]:
    answer = client.post(REFRESH, json={"refreshToken": token}, headers=headers)
    return answer.status_code, answer.get_json()


def test_wishes_and_rules_reach_the_call_that_renews_a_session(
    client: FlaskClient, steer: Steer
) -> None:
    assert renew(client, Prefer="code=500")[1]["code"] == "INTERNAL_SERVER_ERROR"
    assert renew(client, Prefer="example=REFRESH_TOKEN_EXPIRED")[0] == 401
    assert client.post(f"{REFRESH}?__code=500", json=ADAS).status_code == 500
    status, refusal = renew(client, Prefer="code=418")
    assert (status, refusal["details"][0]["reason"]) == (
        400,
        f"code must be one of 200, 400, 401, 404, 500 for refreshSession; {ONLY_RULES}",
    )
    steer(
        "POST",
        "/rules",
        {"operation": "refreshSession", "code": 503, "undocumented": True, "times": 1},
    )
    steer("POST", "/rules", {"operation": "refreshSession", "code": 401, "times": 1})
    assert [renew(client)[0] for _ in range(3)] == [503, 401, 200]
    assert read(client) == [200]


def test_a_rule_for_a_user_knows_whose_session_is_renewed(
    client: FlaskClient, steer: Steer
) -> None:
    steer("POST", "/rules", {"user": "ada", "code": 500})
    assert [
        renew(client)[0],
        renew(client, "grace-session-refresh")[0],
        renew(client, "unknown")[0],
    ] == [500, 200, 401]
    assert renew(client, 5)[0] == 400
    assert client.post(REFRESH, data=b"no json").status_code == 400
    entries = steer("GET", "/requests?operation=refreshSession")[1]["requests"]
    assert [(entry["user"], entry["status"]) for entry in entries[::-1]] == [
        ("ada", 500),
        ("grace", 200),
        (None, 401),
        (None, 400),
        (None, 400),
    ]


def test_a_wish_leaves_the_refresh_token_as_it_was(client: FlaskClient, steer: Steer) -> None:
    before = steer("GET", "/sessions")
    assert renew(client, Prefer="code=200")[0] == 200
    assert steer("GET", "/sessions") == before


def test_no_rule_is_for_a_call_that_is_switched_off(build: Build) -> None:
    client = build(refresh_session=False).test_client()
    rule = {"operation": "refreshSession", "code": 500}
    assert (
        client.post("/__mock/rules", json=rule, headers={"X-Mock-Control": "1"}).status_code == 409
    )
    assert client.post(REFRESH, json=ADAS, headers={"Prefer": "code=500"}).status_code == 404


def test_a_rule_shows_what_it_was_made_of(steer: Steer) -> None:
    made = {
        "operation": "getProfile",
        "user": "ada",
        "times": 3,
        "probability": 0.5,
        "code": 401,
        "slowBody": 100,
    }
    for delay in (200, {"min": 1, "max": 9}):
        shown = steer("POST", "/rules", {**made, "delay": delay})[1]
        assert {key: value for key, value in shown.items() if key not in {"id", "hits"}} == {
            **made,
            "delay": delay,
        }


def test_rules_are_bounded(steer: Steer) -> None:
    assert {steer("POST", "/rules", {"delay": 1})[0] for _ in range(1000)} == {201}
    assert steer("POST", "/rules", {"delay": 1})[0] == 409


def test_a_refusal_of_the_sandbox_s_name_is_kept_out_of_caches_too(client: FlaskClient) -> None:
    for name, (method, path) in ASKS.items():
        answer = client.open(path, method=method, headers={**ADA, "X-Mock-Sandbox": "no name"})
        assert (answer.status_code, answer.headers["Cache-Control"]) == (400, "no-store"), name
