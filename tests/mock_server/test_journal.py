"""The journal: what was asked, what was wrong with it, what it changed, and who may count it."""

import asyncio
import json
import re
import tracemalloc
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from mock_server.errors import Violation
from mock_server.journal.capture import HEADER, keep
from mock_server.journal.entries import Entry, Journal
from tests.live import ADA
from tests.steering import Build, Steer


def newest(steer: Steer) -> dict[str, Any]:
    entry: dict[str, Any] = steer("GET", "/requests?limit=1")[1]["requests"][0]
    return entry


def test_an_entry_says_everything_about_a_request(client: FlaskClient, steer: Steer) -> None:
    steer("PUT", "/clock", {"action": "freeze", "time": "2026-03-10T12:00:00Z"})
    client.post("/v1/user/profile", json={"biography": "new", "handle": "ada_2"}, headers=ADA)
    entry = newest(steer)
    assert entry.pop("duration") > 0
    assert entry == {
        "id": 1,
        "sandbox": "default",
        "at": "2026-03-10T12:00:00Z",
        "method": "POST",
        "path": "/v1/user/profile",
        "query": "",
        "operation": "updateProfile",
        "user": "ada",
        "status": 200,
        "violations": [],
        "changes": [
            {"path": "/users/ada/handle", "before": "ada", "after": "ada_2"},
            {"path": "/users/ada/biography", "before": "Wrote the first program..", "after": "new"},
        ],
        "nearest": "",
        "fault": "",
        "override": None,
    }


def test_marking_is_one_change_and_marking_again_is_none(client: FlaskClient, steer: Steer) -> None:
    client.post("/v1/user/notifications/read", headers=ADA)
    assert newest(steer)["changes"] == [
        {"path": "/users/ada/notifications/*/read", "before": False, "after": True}
    ]
    client.post("/v1/user/notifications/read", headers=ADA)
    assert newest(steer)["changes"] == []


def test_long_texts_are_cut(client: FlaskClient, steer: Steer) -> None:
    client.post("/v1/user/profile", json={"biography": "x" * 500}, headers=ADA)
    assert newest(steer)["changes"][0]["after"] == "x" * 200 + "…"


@pytest.mark.parametrize(
    "name", ["token", "access_token", "sessionToken", "password", "SECRET", "session"]
)
def test_credentials_are_hidden(client: FlaskClient, steer: Steer, name: str) -> None:
    client.get(f"/v1/user/profile?fields=handle&{name}=hush-hush&last=1", headers=ADA)
    assert newest(steer)["query"] == f"fields=handle&{name}=***&last=1"
    assert "ada-session" not in client.get("/__mock/requests").text


NEAREST = {
    "GET /v1/user/profiles": (
        "getProfile (GET /v1/user/profile) is nearest; it has 'profile' where this path has 'profiles'"
    ),
    "PUT /v1/user/profile": "getProfile (GET /v1/user/profile) has this path; the method is GET or POST, not PUT",
    "GET /v1/user/by-id/ada": (
        "getPublicProfile (GET /v1/user/by-id/{username}/public) is nearest; it has 5 segments, this path 4"
    ),
    "PUT /v1/user/referal": (
        "listReferrals (GET /v1/user/referrals) is nearest; "
        "it has 'referrals' where this path has 'referal', and the method is GET, not PUT"
    ),
    "GET /v1/user/notifications/read": (
        "markNotificationsRead (POST /v1/user/notifications/read) has this path; the method is POST, not GET"
    ),
    "POST /v1//user/auth/refresh-session": (
        "refreshSession (POST /v1/user/auth/refresh-session) is nearest; this path has a doubled slash"
    ),
    "GET /v1/user/profile/": "getProfile (GET /v1/user/profile) is nearest; this path ends in a slash",
    "GET /V1/user/profil%65": (
        "getProfile (GET /v1/user/profile) is nearest; "
        "this path is spelt otherwise: paths are compared letter by letter, as they are sent"
    ),
    "GET /v1/user/../user/profile": "getProfile (GET /v1/user/profile) is nearest; this path has dot segments",
    "PATCH /__mock//reset": (
        "reset (POST /__mock/reset) is nearest; this path has a doubled slash, and the method is POST, not PATCH"
    ),
    "POST /": "",
    "GET /completely/elsewhere": "",
}


@pytest.mark.parametrize("asked", NEAREST)
def test_an_unmatched_request_is_told_what_was_nearest(
    client: FlaskClient, steer: Steer, asked: str
) -> None:
    method, path = asked.split()
    client.open(path, method=method, headers=ADA)
    assert newest(steer)["nearest"] == NEAREST[asked]


def whole(steer: Steer) -> dict[str, Any]:
    entry: dict[str, Any] = steer("GET", f"/requests/by-id/{newest(steer)['id']}")[1]
    return entry


def headers(sent: dict[str, Any]) -> dict[str, str]:
    return {each["name"].lower(): each["value"] for each in sent["headers"]}


def test_one_request_can_be_read_whole(client: FlaskClient, steer: Steer) -> None:
    client.post("/v1/user/profile", json={"biography": "née Byron"}, headers={**ADA, "X-App": "7"})
    entry = whole(steer)
    assert entry["session"] == "ada-session"
    assert json.loads(entry["asked"]["body"]) == {"biography": "née Byron"}
    assert (headers(entry["asked"])["x-app"], headers(entry["answered"])["cache-control"]) == (
        "7",
        "no-store",
    )
    assert json.loads(entry["answered"]["body"])["biography"] == "née Byron"
    assert entry["asked"]["whole"]
    assert entry["answered"]["length"] > 50
    assert "asked" not in newest(steer)


def test_long_bodies_are_kept_in_part(client: FlaskClient, steer: Steer) -> None:
    client.post("/v1/user/profile", json={"biography": "x" * 70_000}, headers=ADA)
    asked = whole(steer)["asked"]
    assert (len(asked["body"]), asked["whole"]) == (65_536, False)
    assert asked["length"] > 70_000
    answer = client.get("/v1/user/notifications?containerId=main&limit=100", headers=ADA)
    assert len(answer.data) > 4096
    answered = whole(steer)["answered"]
    assert (answered["body"], answered["length"], answered["whole"]) == (
        answer.text,
        len(answer.data),
        True,
    )


def test_requests_are_found_by_what_is_shown_of_their_bodies(
    client: FlaskClient, steer: Steer
) -> None:
    client.get("/v1/user/referrals", headers={"Authorization": "Bearer ada-session-expired"})
    client.post("/v1/user/profile", json={"biography": "N\u00e9e Byron"}, headers=ADA)
    client.post("/v1/user/auth/refresh-session", json={"refreshToken": "ada-session-refresh"})

    def found(text: str) -> list[str]:
        entries = steer("GET", f"/requests?text={quote(text)}")[1]["requests"]
        assert steer("POST", "/requests/count", {"text": text}) == (200, {"count": len(entries)})
        return [entry["operation"] for entry in entries]

    assert found("session_token_expired") == ["listReferrals"]
    assert found("n\u00c9e BYRON") == ["updateProfile"]
    assert found("/auth/REFRESH") == ["refreshSession"]
    assert found("ada-session-refresh") == [], "nobody finds a secret by guessing it"
    assert found("nowhere") == []


def test_a_search_that_would_hold_up_everybody_is_refused(
    client: FlaskClient, steer: Steer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_server.journal.filters.MOST_HIDDEN", 100)
    for _ in range(5):
        client.post("/v1/user/profile", json={"biography": "Nothing but numbers"}, headers=ADA)
    assert len(steer("GET", "/requests?text=numbers&limit=1")[1]["requests"]) == 1
    assert steer("POST", "/requests/count", {"text": "letters"}) == (200, {"count": 0}), (
        "what is nowhere costs nothing"
    )
    for status, answer in (
        steer("GET", "/requests?text=numbers"),
        steer("POST", "/requests/count", {"text": "numbers"}),
    ):
        assert (status, answer["details"][0]["name"].strip("/")) == (409, "text")
        assert "narrow it down" in answer["details"][0]["reason"]


def test_no_credentials_are_kept(client: FlaskClient, steer: Steer) -> None:
    secrets = {
        "Authorization": "Bearer hush-1",
        "Cookie": "id=hush-2",
        "Proxy-Authorization": "Basic hush-3",
        "X-Api-Key": "hush-4",
        "X-Mock-Control": "hush-5",
    }
    client.post(
        "/v1/user/profile",
        json={"password": "hush-6", "deep": {"accessToken": "hush-7"}},
        headers=secrets,
    )
    entry = whole(steer)
    assert entry["session"] is None
    assert "hush" not in json.dumps(entry)
    client.post("/v1/user/profile", json={"password": "hush" * 2000}, headers=ADA)
    assert "hush" not in json.dumps(whole(steer)), "a secret that was cut is a secret still"


def test_renewing_a_session_leaves_no_token_in_the_journal(
    client: FlaskClient, steer: Steer
) -> None:
    answer = client.post(
        "/v1/user/auth/refresh-session", json={"refreshToken": "ada-session-refresh"}
    )
    entry = whole(steer)
    assert json.loads(entry["asked"]["body"]) == {"refreshToken": "***"}
    assert json.loads(entry["answered"]["body"]) == {"sessionToken": "***"}
    assert answer.get_json()["sessionToken"] not in json.dumps(entry)


def test_a_session_is_known_again_as_long_as_it_exists(client: FlaskClient, steer: Steer) -> None:
    client.get("/v1/user/referrals", headers={"Authorization": "Bearer ada-session-expired"})
    assert whole(steer)["session"] == "ada-session-expired"
    steer("DELETE", "/sessions/ada-session-expired")
    assert whole(steer)["session"] is None


def test_a_request_that_is_not_kept_is_not_found(client: FlaskClient, steer: Steer) -> None:
    client.get("/v1/user/referrals", headers=ADA)
    assert steer("GET", "/requests/by-id/1")[0] == 200
    assert steer("GET", "/requests/by-id/2")[0] == 404
    assert steer("GET", "/requests/by-id/1", sandbox="elsewhere")[0] == 404


def test_requests_are_found_and_counted(client: FlaskClient, steer: Steer) -> None:
    client.post("/v1/user/notifications/read", headers=ADA)
    client.get("/v1/user/profile", headers=ADA)
    client.get("/v1/user/referrals", headers={"Authorization": "Bearer grace-session"})
    client.get("/nope")
    for wanted, count in [
        ({"operation": "markNotificationsRead", "status": 201}, 1),
        ({"user": "ada"}, 2),
        ({"user": "grace", "method": "GET"}, 1),
        ({"user": "grace", "method": "get"}, 1),
        ({"user": "alan"}, 0),
        ({"only": "violations"}, 1),
        ({"only": "unmatched"}, 1),
        ({"only": "changes"}, 1),
        ({"path": "/nope"}, 1),
        ({"status": 404, "user": "ada"}, 0),
        ({}, 4),
        (None, 4),
    ]:
        assert steer("POST", "/requests/count", wanted) == (200, {"count": count}), wanted
    found = steer("GET", "/requests?user=ada&only=violations")[1]["requests"]
    assert [entry["operation"] for entry in found] == ["getProfile"]
    assert [entry["path"] for entry in steer("GET", "/requests?limit=2")[1]["requests"]] == [
        "/nope",
        "/v1/user/referrals",
    ]


@pytest.mark.parametrize(
    "wanted",
    [
        {"user": "Ada"},
        {"path": "v1/user/profile"},
        {"path": "/v1/user/profile?fields=handle"},
        {"path": "http://127.0.0.1/nope"},
    ],
    ids=str,
)
def test_what_can_never_be_found_is_refused_and_not_counted_as_never_called(
    steer: Steer, wanted: dict[str, str]
) -> None:
    status, answer = steer("POST", "/requests/count", wanted)
    assert (status, answer["details"][0]["name"]) == (409, f"/{next(iter(wanted))}")


def test_each_sandbox_has_its_own_journal(client: FlaskClient, steer: Steer) -> None:
    client.get("/v1/user/referrals", headers={**ADA, "X-Mock-Sandbox": "a"})
    assert steer("POST", "/requests/count", sandbox="a")[1] == {"count": 1}
    assert steer("POST", "/requests/count")[1] == {"count": 0}
    assert steer("DELETE", "/requests", sandbox="a") == (204, None)
    assert steer("POST", "/requests/count", sandbox="a")[1] == {"count": 0}


def test_the_journal_is_bounded_in_number(build: Build) -> None:
    client = build(max_requests=3).test_client()
    for n in range(5):
        client.get(f"/{n}" + "x" * 5000)
    kept = client.get("/__mock/requests").get_json()["requests"]
    assert [entry["path"][1] for entry in kept] == ["4", "3", "2"]
    assert all(len(entry["path"]) <= 2000 for entry in kept)


def test_the_journal_is_bounded_in_bytes_and_the_busiest_sandbox_pays(build: Build) -> None:
    client = build(max_journal=100_000).test_client()
    client.get("/modest", headers={"X-Mock-Sandbox": "modest"})
    for n in range(500):
        client.get(f"/{n}/" + "x" * 1000)
    kept = client.get("/__mock/requests").get_json()["requests"]
    assert 20 < len(kept) < 100
    assert kept[0]["path"].startswith("/499/")
    assert (
        len(
            client.get("/__mock/requests", headers={"X-Mock-Sandbox": "modest"}).get_json()[
                "requests"
            ]
        )
        == 1
    )


def test_an_empty_journal_may_be_asked_for() -> None:
    journal = Journal(0, 0)
    assert list(journal.newest_first("default")) == []


def test_the_bound_is_kept_by_what_is_held_whatever_is_long_and_however_many_ask() -> None:
    bound = 1_000_000
    journal = Journal(1000, bound)
    tracemalloc.start()
    for n in range(500):
        raw = [(f"x-{n}-{m}-{'n' * 1000}".encode(), b"v") for m in range(8)]
        size = sum(HEADER + len(name) + len(value) for name, value in raw)
        wire = keep(raw, size, b"", [], b"")
        violations = [Violation("query", "x" * 50, f"must be {n} " + "y" * 300)]
        rest = "GET", f"/{n}", f"a={n}", "", None, 400, 0.1, violations, (), "", "", "", wire
        name = f"sandbox-{n}" if n % 2 else "busy"
        journal.add(Entry(0, name, datetime.now(UTC), *rest))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 1.5 * bound
    assert journal.newest_first("sandbox-499")[0].path == "/499", "the newest are kept"
    assert journal.newest_first("busy")[0].path == "/498"


def test_of_sandboxes_with_as_much_the_longest_unused_pay_first() -> None:
    journal = Journal(10, 100_000)
    for n in range(200):
        journal.add(Entry(0, f"s{n}", datetime.now(UTC), "GET", "/", "", "", None, 404, 0.1))
    known = [n for n in range(200) if list(journal.newest_first(f"s{n}"))]
    assert len(known) > 20
    assert known == list(range(known[0], 200))


UNKNOWN = {"operation": "markNotificationRead"}


def test_an_operation_that_does_not_exist_is_refused_lest_it_passes_for_never_called(
    steer: Steer,
) -> None:
    for status, answer in (
        steer("POST", "/requests/count", UNKNOWN),
        steer("GET", "/requests?operation=markNotificationRead"),
    ):
        reason = answer["details"][0]["reason"]
        assert (status, answer["details"][0]["name"].strip("/")) == (400, "operation")
        assert {"markNotificationsRead", "refreshSession"} <= set(re.findall(r"\w+", reason))


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"handle": "ada_2"}, 1),
        ({"biography": "x"}, 2),
        ({"dateOfBirth": {"year": 1815}}, 1),
        ({"dateOfBirth": {"year": True}}, 0),
        ({"biography": ["x"]}, 0),
        ({}, 2),
        ("text", 0),
    ],
)
def test_requests_are_counted_and_found_by_their_body(
    client: FlaskClient, steer: Steer, wanted: object, count: int
) -> None:
    born = {"year": 1815, "month": 12, "day": 10}
    for body in ({"biography": "x", "handle": "ada_2"}, {"biography": "x", "dateOfBirth": born}):
        client.post("/v1/user/profile", json=body, headers=ADA)
    client.get("/v1/user/referrals", headers=ADA)
    assert steer("POST", "/requests/count", {"body": wanted}) == (200, {"count": count})
    found = steer("GET", f"/requests?operation=updateProfile&body={quote(json.dumps(wanted))}")[1][
        "requests"
    ]
    assert len(found) == count


def test_a_body_that_cannot_be_compared_is_refused(client: FlaskClient, steer: Steer) -> None:
    deep = "[" * 90 + "]" * 90
    assert steer("POST", "/requests/count", {"body": json.loads(deep)}) == (200, {"count": 0})
    status, answer = steer("POST", "/requests/count", {"body": {"refreshToken": "abcdefgh"}})
    assert (status, "secret" in answer["details"][0]["reason"]) == (409, True)
    assert steer("GET", "/requests?body=nonsense")[0] == 409
    client.post("/v1/user/profile", json={"biography": "x" * 70_000}, headers=ADA)
    status, answer = steer("POST", "/requests/count", {"body": {"biography": "x"}})
    assert (status, "65536" in answer["details"][0]["reason"]) == (409, True)


@pytest.mark.parametrize("digits", ["9" * 4301, "0" * 5000 + "1", "1" * 19, "\u0661"])
def test_a_number_of_any_length_breaks_nothing(client: FlaskClient, digits: str) -> None:
    for path in (
        f"by-id/{quote(digits)}",
        f"stream?after={quote(digits)}",
        f"?limit={quote(digits)}",
        f"?status={quote(digits)}",
    ):
        assert client.get(f"/__mock/requests/{path}".replace("/?", "?")).status_code < 500, path
    environ = {"HTTP_LAST_EVENT_ID": digits.encode().decode("latin-1")}
    assert client.get("/__mock/requests/stream", environ_overrides=environ).status_code == 200


def test_the_rule_that_answered_is_named(client: FlaskClient, steer: Steer) -> None:
    steer("POST", "/rules", {"operation": "listReferrals", "code": 500})
    rule = {
        "operation": "getProfile",
        "code": 401,
        "example": "SESSION_TOKEN_EXPIRED",
        "delay": 1500,
        "times": 1,
    }
    identity = steer("POST", "/rules", rule)[1]["id"]
    client.get("/v1/user/profile?fields=handle", headers=ADA)
    entry = newest(steer)
    named = {
        "by": "rule",
        "name": identity,
        "position": 2,
        "code": 401,
        "example": "SESSION_TOKEN_EXPIRED",
        "delay": 1500,
    }
    assert entry["override"] == named
    assert 1500 < entry["duration"] < 2500, "the client waits for the delay too"
    client.get("/v1/user/profile?fields=handle", headers=ADA)
    assert newest(steer)["override"] is None
    assert newest(steer)["duration"] < 1000


def test_the_wish_that_answered_is_named(client: FlaskClient, steer: Steer) -> None:
    client.get("/v1/user/profile?fields=handle", headers={**ADA, "Prefer": "code=401"})
    assert newest(steer)["override"] == {"by": "wish", "name": "Prefer", "code": 401}
    client.get("/v1/user/profile?fields=handle&__code=500&__delay=20", headers=ADA)
    assert newest(steer)["override"] == {
        "by": "wish",
        "name": "__code, __delay",
        "code": 500,
        "delay": 20,
    }
    client.get("/v1/user/profile?fields=handle&__code=299", headers=ADA)
    assert newest(steer)["override"] is None, "what is impossible is not done"


@pytest.mark.parametrize(
    ("fault", "length", "names"),
    [
        ("EMPTY_RESPONSE", 0, []),
        ("CONNECTION_RESET_BY_PEER", 0, []),
        ("RANDOM_DATA_THEN_CLOSE", 64, []),
        ("MALFORMED_RESPONSE_CHUNK", 64, ["Content-Type", "Transfer-Encoding"]),
    ],
)
def test_of_a_broken_connection_is_shown_what_was_really_sent(
    client: FlaskClient, steer: Steer, fault: str, length: int, names: list[str]
) -> None:
    steer("POST", "/rules", {"fault": fault})
    client.get("/v1/user/profile?fields=handle", headers=ADA)
    entry = whole(steer)
    assert (entry["status"], entry["fault"], entry["override"]["fault"]) == (0, fault, fault)
    assert (
        entry["answered"]["length"],
        [each["name"] for each in entry["answered"]["headers"]],
    ) == (length, names)
    assert "handle" not in entry["answered"]["body"]


def test_nothing_was_sent_as_the_body_of_a_head(client: FlaskClient, steer: Steer) -> None:
    client.head("/v1/user/profile?fields=handle", headers=ADA)
    assert (whole(steer)["answered"]["body"], whole(steer)["answered"]["length"]) == ("", 0)


def test_the_journal_knows_what_web_pages_were_allowed(client: FlaskClient, steer: Steer) -> None:
    client.get("/v1/user/profile?fields=handle", headers={**ADA, "Origin": "http://localhost:3000"})
    assert (
        headers(whole(steer)["answered"])["access-control-allow-origin"] == "http://localhost:3000"
    )


def test_a_token_that_the_sandbox_knows_is_in_no_path(client: FlaskClient, steer: Steer) -> None:
    for path in (
        "/v1/user/by-id/ada-session/public?containerId=main",
        "/nope/ada-session-refresh",
        "/x/sessions/anything",
    ):
        client.get(path, headers=ADA)
    text = json.dumps(steer("GET", "/requests")[1])
    assert "ada-session" not in text
    assert "anything" not in text


def record(journal: Journal, path: str) -> None:
    journal.add(Entry(0, "default", datetime.now(UTC), "GET", path, "", "", None, 404, 0.1))


async def heard(
    journal: Journal, after: int | None, act: Callable[[], None], count: int
) -> list[str]:
    """Act when the stream has begun, and answer what it says so many times: paths, and names of changes."""
    told: list[str] = []
    async with aclosing(cast("AsyncGenerator[bytes]", journal.follow("default", after))) as said:
        await anext(said)
        act()
        while len(told) < count:
            lines = (await asyncio.wait_for(anext(said), 5)).decode().splitlines()
            data = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
            told += [each["path"] if "path" in each else each["operation"] for each in data]
    return told


def test_a_slow_reader_of_the_stream_loses_nothing_that_is_kept() -> None:
    journal = Journal(5000, 10**9)

    def act() -> None:
        for n in range(3000):
            record(journal, str(n))

    assert asyncio.run(heard(journal, None, act, 3000)) == [str(n) for n in range(3000)]


def test_a_stream_begins_behind_what_was_seen_and_tells_of_changes() -> None:
    journal = Journal(10, 10**9)
    for n in range(5):
        record(journal, f"before-{n}")

    def act() -> None:
        record(journal, "after")
        journal.add(
            Entry(0, "elsewhere", datetime.now(UTC), "GET", "/not-ours", "", "", None, 404, 0.1)
        )
        journal.changed("elsewhere", "reset")
        journal.changed("default", "setClock")

    assert asyncio.run(heard(journal, 3, act, 4)) == ["before-3", "before-4", "after", "setClock"]
    assert asyncio.run(
        heard(journal, None, lambda: journal.changed("elsewhere", "forkSandbox"), 1)
    ) == ["forkSandbox"]


def test_a_stream_goes_on_for_who_comes_back_from_an_earlier_process() -> None:
    journal = Journal(10, 10**9)
    record(journal, "before")
    assert asyncio.run(heard(journal, 500, lambda: record(journal, "after"), 1)) == ["after"]
