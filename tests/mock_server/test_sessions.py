"""Sessions and time: made, expired, refused once, refreshed; and a clock that moves when a test says so."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from mock_server.world.clock import Clock
from tests.steering import Build, Steer

REFRESH = "/v1/user/auth/refresh-session"
NOON = "2026-03-10T12:00:00Z"


def ask(client: FlaskClient, token: str) -> Any:
    """200, or the name of the error."""
    answer = client.get(
        "/v1/user/profile?fields=handle", headers={"Authorization": f"Bearer {token}"}
    )
    return answer.get_json().get("code", answer.status_code)


@pytest.fixture
def token(steer: Steer) -> str:
    steer("PUT", "/clock", {"action": "freeze", "time": NOON})
    status, session = steer("POST", "/sessions", {"username": "ada"})
    assert status == 201
    made: str = session["token"]
    return made


def advance(steer: Steer, seconds: float) -> None:
    assert steer("PUT", "/clock", {"action": "advance", "seconds": seconds})[0] == 200


def test_a_session_lives_ten_minutes_and_its_refresh_token_thirty_days(
    client: FlaskClient, steer: Steer, token: str
) -> None:
    [session] = [
        each for each in steer("GET", "/sessions")[1]["sessions"] if each["token"] == token
    ]
    assert session["expiresAt"] == "2026-03-10T12:10:00Z"
    assert session["refreshExpiresAt"] == "2026-04-09T12:00:00Z"
    advance(steer, 599)
    assert ask(client, token) == 200
    advance(steer, 1)
    assert ask(client, token) == "SESSION_TOKEN_EXPIRED"
    advance(steer, 30 * 24 * 3600)
    assert ask(client, token) == "REFRESH_TOKEN_EXPIRED"
    advance(steer, -31 * 24 * 3600)
    assert ask(client, token) == 200


@pytest.mark.parametrize(
    ("change", "answers"),
    [
        ({"expiresIn": 0}, ["SESSION_TOKEN_EXPIRED"] * 2),
        ({"expiresIn": 0, "refreshExpiresIn": 0}, ["REFRESH_TOKEN_EXPIRED"] * 2),
        ({"calls": 2}, [200, 200, "SESSION_TOKEN_EXPIRED", "SESSION_TOKEN_EXPIRED"]),
        ({"calls": 0}, ["SESSION_TOKEN_EXPIRED"]),
        ({"refuseOnce": "SESSION_TOKEN_EXPIRED"}, ["SESSION_TOKEN_EXPIRED", 200, 200]),
        (
            {"refuseOnce": "GENERIC_UNAUTHORIZED", "calls": 1},
            ["GENERIC_UNAUTHORIZED", 200, "SESSION_TOKEN_EXPIRED"],
        ),
        ({"expiresIn": None, "refreshExpiresIn": None}, [200]),
    ],
    ids=str,
)
def test_a_session_ends_as_it_was_told(
    client: FlaskClient, steer: Steer, token: str, change: dict[str, Any], answers: list[object]
) -> None:
    assert steer("PATCH", f"/sessions/{token}", change)[0] == 200
    assert [ask(client, token) for _ in answers] == answers


def test_a_session_is_counted_down_by_refused_requests_too(
    client: FlaskClient, steer: Steer, token: str
) -> None:
    steer("PATCH", f"/sessions/{token}", {"calls": 1})
    assert (
        client.get("/v1/user/profile", headers={"Authorization": f"Bearer {token}"}).status_code
        == 400
    )
    assert ask(client, token) == "SESSION_TOKEN_EXPIRED"


def test_counting_is_no_change_that_undo_takes_back(
    client: FlaskClient, steer: Steer, token: str
) -> None:
    steer("PATCH", f"/sessions/{token}", {"calls": 5})
    ask(client, token)
    assert steer("POST", "/undo") == (204, None)
    [session] = [
        each for each in steer("GET", "/sessions")[1]["sessions"] if each["token"] == token
    ]
    assert session["calls"] is None


def test_a_revoked_session_is_unknown(client: FlaskClient, steer: Steer, token: str) -> None:
    [session] = [
        each for each in steer("GET", "/sessions")[1]["sessions"] if each["token"] == token
    ]
    assert steer("DELETE", f"/sessions/{token}") == (204, None)
    assert ask(client, token) == "GENERIC_UNAUTHORIZED"
    assert client.post(REFRESH, json={"refreshToken": session["refreshToken"]}).status_code == 401
    assert steer("DELETE", f"/sessions/{token}")[0] == 404
    assert steer("PATCH", f"/sessions/{token}", {"expiresIn": 0})[0] == 404


def test_nobody_who_is_not_there_is_signed_in(steer: Steer) -> None:
    status, body = steer("POST", "/sessions", {"username": "nobody"})
    assert (status, body["details"][0]["reason"]) == (404, "there is no user 'nobody'")


def test_an_expired_session_is_renewed(client: FlaskClient, steer: Steer) -> None:
    assert ask(client, "ada-session-expired") == "SESSION_TOKEN_EXPIRED"
    answer = client.post(REFRESH, json={"refreshToken": "ada-session-expired-refresh"})
    assert (answer.status_code, list(answer.get_json())) == (200, ["sessionToken"])
    assert ask(client, answer.get_json()["sessionToken"]) == 200
    again = client.post(REFRESH, json={"refreshToken": "ada-session-expired-refresh"})
    assert ask(client, again.get_json()["sessionToken"]) == 200
    advance(steer, 600)
    assert ask(client, again.get_json()["sessionToken"]) == "SESSION_TOKEN_EXPIRED"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"refreshToken": "ada-refresh-expired-refresh"}, 401, "REFRESH_TOKEN_EXPIRED"),
        ({"refreshToken": "unknown"}, 401, "GENERIC_UNAUTHORIZED"),
        ({"refreshToken": ""}, 401, "GENERIC_UNAUTHORIZED"),
        ({"refreshToken": 5}, 400, "GENERIC_CLIENT_ERROR"),
        ({}, 400, "GENERIC_CLIENT_ERROR"),
        ([], 400, "GENERIC_CLIENT_ERROR"),
    ],
    ids=str,
)
def test_a_refresh_that_cannot_be(
    client: FlaskClient, body: object, status: int, code: str
) -> None:
    answer = client.post(REFRESH, json=body)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_a_client_that_renews_its_session_for_ever_takes_no_more_and_more_memory(
    client: FlaskClient, steer: Steer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {each["token"] for each in steer("GET", "/sessions")[1]["sessions"]}
    monkeypatch.setattr("mock_server.http.authentication.MOST_SESSIONS", len(before) + 8)
    renewed = []
    for _ in range(40):
        answer = client.post(
            "/v1/user/auth/refresh-session", json={"refreshToken": "ada-session-refresh"}
        )
        renewed.append(answer.get_json()["sessionToken"])
    after = {each["token"] for each in steer("GET", "/sessions")[1]["sessions"]}
    assert len(after) <= len(before) + 8
    assert before <= after, "nobody else is signed out"
    assert [ask(client, token) for token in (renewed[0], *renewed[-2:])] == [
        "GENERIC_UNAUTHORIZED",
        200,
        200,
    ]


def test_refreshing_can_be_switched_off(build: Build) -> None:
    client = build(refresh_session=False).test_client()
    assert (
        client.post(REFRESH, json={"refreshToken": "ada-session-expired-refresh"}).status_code
        == 404
    )


def test_the_same_seed_makes_the_same_tokens(build: Build) -> None:
    def made(seed: int) -> list[str]:
        client = build(seed=seed).test_client()
        headers = {"X-Mock-Control": "1"}
        return [
            client.post("/__mock/sessions", json={"username": "ada"}, headers=headers).get_json()[
                "token"
            ]
            for _ in "ab"
        ]

    assert made(1) == made(1)
    assert len({*made(1), *made(2)}) == 4


def test_the_clock_is_frozen_set_advanced_and_reset(steer: Steer) -> None:
    for action, now, frozen in [
        ({"action": "freeze", "time": "2026-03-10T13:00:00+01:00"}, NOON, True),
        ({"action": "advance", "seconds": 0.5}, "2026-03-10T12:00:00.500000Z", True),
        ({"action": "set", "time": "2030-01-01T00:00:00Z"}, "2030-01-01T00:00:00Z", True),
    ]:
        assert steer("PUT", "/clock", action) == (200, {"now": now, "frozen": frozen})
    steer("PUT", "/clock", {"action": "reset"})
    assert abs((moment(steer) - datetime.now(UTC)).total_seconds()) < 5
    steer("PUT", "/clock", {"action": "set", "time": "2030-01-01T00:00:00Z"})
    assert 0 <= (moment(steer) - datetime(2030, 1, 1, tzinfo=UTC)).total_seconds() < 5


def moment(steer: Steer) -> datetime:
    return datetime.fromisoformat(steer("GET", "/clock")[1]["now"])


def test_time_does_not_leave_the_calendar(steer: Steer) -> None:
    steer("PUT", "/clock", {"action": "set", "time": "8999-01-01T00:00:00Z"})
    assert steer("PUT", "/clock", {"action": "advance", "seconds": 315360000})[0] == 409
    assert steer("GET", "/clock")[1]["now"].startswith("8999-01-01")
    assert steer("POST", "/sessions", {"username": "ada", "expiresIn": 315360000})[0] == 201
    for time in ("9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"):
        for action in ("set", "freeze"):
            assert steer("PUT", "/clock", {"action": action, "time": time})[0] == 409


def test_a_leap_second_is_the_second_after(steer: Steer) -> None:
    assert (
        steer("PUT", "/clock", {"action": "freeze", "time": "2016-12-31T23:59:60Z"})[1]["now"]
        == "2017-01-01T00:00:00Z"
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action": "stop"},
        {"action": "set"},
        {"action": "set", "time": "noon"},
        {"action": "advance"},
        {"seconds": 1},
    ],
    ids=str,
)
def test_a_wrong_wish_for_the_clock_is_refused(steer: Steer, body: object) -> None:
    assert steer("PUT", "/clock", body)[0] == 400


def test_each_sandbox_has_its_own_time(steer: Steer) -> None:
    steer("PUT", "/clock", {"action": "freeze", "time": NOON}, sandbox="a")
    assert steer("GET", "/clock")[1]["frozen"] is False
    assert steer("GET", "/clock", sandbox="a")[1]["now"] == NOON


MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - it is given one


@given(start=MOMENTS, steps=st.lists(st.timedeltas(timedelta(), timedelta(days=300)), max_size=5))
def test_a_frozen_clock_shows_exactly_what_it_was_advanced_by(
    start: datetime, steps: list[timedelta]
) -> None:
    clock = Clock().freeze(start)
    for step in steps:
        clock = clock.advance(step)
    assert clock.now() == start + sum(steps, timedelta())
