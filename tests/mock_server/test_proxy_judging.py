"""What the proxy says of requests and answers, by which view of the contract, and what `--errors` makes of it."""

import asyncio
import gzip
import json
import time
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from mock_server.config import DEFAULT_CONTRACT, ProxySettings, Settings
from mock_server.proxy.judging.contract_views import documented
from mock_server.proxy.judging.contract_violations import (
    DOCUMENTED,
    INFERRED,
    ContractViolation,
    header_value,
)
from mock_server.proxy.judging.judge import Judge
from mock_server.proxy.proxy_app import ProxyApp, load_proxy
from mock_server.proxy.upstream.upstream_client import Upstream
from mock_server.server.lifecycle import load_contract
from tests.live import ADA, LiveMock, live_proxy
from tests.mock_server.raw_upstream import OK, RawUpstream, raw_upstream, whole

PROFILE, PATH = "/v1/user/profile", "v1/user/profile"
REFERRALS, READ = "/v1/user/referrals", "/v1/user/notifications/read"
PLANTED = "Zebulon Q. Planted"


async def late_and_wrong(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b'Content-Length: 14\r\n\r\n{"items"')
    await writer.drain()
    await asyncio.sleep(1.5)
    writer.write(b": 5}  ")


@pytest.fixture(scope="module")
def raw() -> Iterator[RawUpstream]:
    with raw_upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def proxy(raw: RawUpstream) -> Iterator[LiveMock]:
    with live_proxy(raw.url) as running:
        yield running


@pytest.fixture(scope="module")
def strict(raw: RawUpstream) -> Iterator[LiveMock]:
    with live_proxy(raw.url, "--errors") as running:
        yield running


def violations(proxy: LiveMock) -> list[dict[str, str]]:
    found: list[dict[str, str]] = requests.get(
        f"{proxy.url}/__mock/requests?limit=1", timeout=5
    ).json()["requests"][0]["violations"]
    return found


def short(proxy: LiveMock) -> list[tuple[str, str, str, str]]:
    return [(each["view"], each["side"], each["in"], each["name"]) for each in violations(proxy)]


ANSWERS: dict[str, tuple[str, bytes, list[tuple[str, str, str, str]]]] = {
    "right": (PROFILE, whole(b'{"handle":"ada"}'), []),
    "of another shape": (
        PROFILE,
        whole(b'{"handle":"A"}'),
        [(INFERRED, "answer", "body", "/handle")],
    ),
    "with a key too many": (PROFILE, whole(b'{"age":1}'), [(INFERRED, "answer", "body", "")]),
    "not JSON": (PROFILE, whole(b"{handle}"), [(DOCUMENTED, "answer", "body", "")]),
    "not of the type": (
        PROFILE,
        whole(b"hi", kind=b"text/html"),
        [(DOCUMENTED, "answer", "header", "Content-Type")],
    ),
    "cached": (
        PROFILE,
        whole(b'{"handle":"ada"}').replace(b"no-store", b"public"),
        [(INFERRED, "answer", "header", "Cache-Control")],
    ),
    "with more directives": (
        PROFILE,
        whole(b'{"handle":"ada"}').replace(b"no-store", b"private, No-Store"),
        [],
    ),
    "an undocumented failure": (
        PROFILE,
        whole(b"{}", status=b"503 No"),
        [(DOCUMENTED, "answer", "status", "")],
    ),
    "an unlisted refusal": (
        PROFILE,
        whole(b"{}", status=b"403 No"),
        [(INFERRED, "answer", "status", "")],
    ),
    "another success": (
        PROFILE,
        whole(b"{}", status=b"202 Yes"),
        [(INFERRED, "answer", "status", "")],
    ),
    "a status where no default is": (
        READ,
        whole(b"{}", status=b"200 OK"),
        [(DOCUMENTED, "answer", "status", "")],
    ),
    "a body where none is": (
        READ,
        whole(b"{}", status=b"201 Created"),
        [(INFERRED, "answer", "header", "Content-Type"), (INFERRED, "answer", "body", "")],
    ),
    "a list that is none": (
        REFERRALS,
        whole(b'{"items":5,"total":-1}'),
        [(INFERRED, "answer", "body", "/items"), (INFERRED, "answer", "body", "/total")],
    ),
    "in gzip": (
        REFERRALS,
        whole(gzip.compress(b'{"items":5,"total":1}'), b"Content-Encoding: gzip"),
        [(INFERRED, "answer", "body", "/items")],
    ),
    "a 401 of another name": (
        REFERRALS,
        whole(b'{"code":"NO","message":""}', b"WWW-Authenticate: Bearer realm=x", status=b"401 No"),
        [(INFERRED, "answer", "body", "/code")],
    ),
}


@pytest.mark.parametrize(("path", "answer", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_answers_are_judged_by_both_views(
    raw: RawUpstream,
    proxy: LiveMock,
    path: str,
    answer: bytes,
    expected: list[tuple[str, str, str, str]],
) -> None:
    raw.answers[path] = answer
    method = "POST" if path == READ else "GET"
    query = "?fields=handle" if path == PROFILE else ""
    given = requests.request(method, f"{proxy.url}{path}{query}", headers=ADA, timeout=5)
    status = int(answer.split(b" ")[1])
    assert given.status_code == status
    assert given.raw.headers["Content-Type"] in {"application/json", "text/html"}
    found = short(proxy)
    assert [each for each in dict.fromkeys(found) if each in expected] == expected
    assert {view for view, *_ in found} <= {view for view, *_ in expected}
    if expected:
        told = json.loads(given.headers["X-Contract-Violations"])
        assert told["documented"] == sum(view == DOCUMENTED for view, *_ in found)
        assert told["inferred"] == sum(view == INFERRED for view, *_ in found)
        assert told["first"].startswith(f"answer: {expected[0][2]}")
    else:
        assert "X-Contract-Violations" not in given.headers


REQUESTS: dict[str, tuple[str, str, bytes | None, list[tuple[str, str, str]]]] = {
    "nothing asked": ("GET", PROFILE, None, [(DOCUMENTED, "query", "fields")]),
    "no such field": ("GET", f"{PROFILE}?fields=age", None, [(INFERRED, "query", "fields")]),
    "a page that is no number": (
        "GET",
        "/v1/user/notifications?page=x&limit=0&containerId=a",
        None,
        [(DOCUMENTED, "query", "page"), (INFERRED, "query", "limit")],
    ),
    "twice": (
        "GET",
        "/v1/user/notifications?page=1&page=2&containerId=a",
        None,
        [(INFERRED, "query", "page")],
    ),
    "broken text": (
        "GET",
        "/v1/user/notifications?containerId=%FF",
        None,
        [(INFERRED, "query", "containerId")],
    ),
    "a wrong type": ("POST", PROFILE, b'{"displayName":5}', [(DOCUMENTED, "body", "/displayName")]),
    "too long": (
        "POST",
        PROFILE,
        b'{"displayName":"%s"}' % (b"x" * 51),
        [(INFERRED, "body", "/displayName")],
    ),
    "no object": ("POST", PROFILE, b'{"dateOfBirth":"x"}', [(DOCUMENTED, "body", "/dateOfBirth")]),
    "no day": (
        "POST",
        PROFILE,
        b'{"dateOfBirth":{"year":2000,"month":1}}',
        [(INFERRED, "body", "/dateOfBirth/day")],
    ),
    "no JSON": ("POST", PROFILE, b"{", [(DOCUMENTED, "body", "")]),
    "right": ("POST", PROFILE, b"{}", []),
}


@pytest.mark.parametrize(("method", "target", "body", "expected"), REQUESTS.values(), ids=REQUESTS)
def test_requests_are_judged_by_both_views(  # noqa: PLR0913, PLR0917 - a table
    raw: RawUpstream,
    proxy: LiveMock,
    method: str,
    target: str,
    body: bytes | None,
    expected: list[tuple[str, str, str]],
) -> None:
    raw.answers.clear()
    seen = len(raw.requests)
    headers = {**ADA, "Content-Type": "application/json"} if body is not None else ADA
    given = requests.request(method, proxy.url + target, data=body, headers=headers, timeout=5)
    assert given.status_code == 200
    assert len(raw.requests) == seen + 1
    assert [
        (v["view"], v["in"], v["name"]) for v in violations(proxy) if v["side"] == "request"
    ] == expected


OWN: dict[str, tuple[dict[str, str], bytes, bool]] = {
    "429": (
        {},
        whole(b"slow down", b"Retry-After: 7", status=b"429 Many", kind=b"text/html"),
        True,
    ),
    "503 with a time": (
        {},
        whole(b"<p>", b"Retry-After: 7", status=b"503 Later", kind=b"text/html"),
        True,
    ),
    "503 without": ({}, whole(b"{}", status=b"503 No"), False),
    "502": ({}, whole(b"<p>", status=b"502 Bad", kind=b"text/html"), True),
    "504": ({}, whole(b"<p>", status=b"504 Late", kind=b"text/html"), True),
    "408": ({}, whole(b"", status=b"408 Late"), True),
    "413": ({}, whole(b"", status=b"413 Large"), True),
    "414": ({}, whole(b"", status=b"414 Long"), True),
    "431": ({}, whole(b"", status=b"431 Large"), True),
    "511": ({}, whole(b"<p>", status=b"511 Sign in", kind=b"text/html"), True),
    "a redirect": ({}, whole(b"", b"Location: /v2", status=b"308 Moved"), True),
    "304 as asked": ({"If-None-Match": '"x"'}, b"HTTP/1.1 304 Same\r\nETag: x\r\n\r\n", True),
    "304 unasked": ({}, b"HTTP/1.1 304 Same\r\nETag: x\r\n\r\n", False),
    "412 as asked": ({"If-Match": '"x"'}, whole(b"", status=b"412 Failed"), True),
    "412 unasked": ({}, whole(b"", status=b"412 Failed"), False),
    "206 as asked": (
        {"Range": "bytes=0-1"},
        whole(b'{"', b"Content-Range: bytes 0-1/9", status=b"206 Part"),
        True,
    ),
    "206 unasked": ({}, whole(b'{"', status=b"206 Part"), False),
    "416 as asked": ({"Range": "bytes=9-"}, whole(b"", status=b"416 Range"), True),
    "406 as asked": ({"Accept": "text/csv"}, whole(b"", status=b"406 No"), True),
    "406 unasked": ({}, whole(b"", status=b"406 No"), False),
    "418": ({}, whole(b"", status=b"418 Teapot"), False),
}


@pytest.mark.parametrize(("asked", "answer", "is_own"), OWN.values(), ids=OWN)
def test_what_http_itself_answers_breaks_no_contract(
    raw: RawUpstream, strict: LiveMock, asked: dict[str, str], answer: bytes, *, is_own: bool
) -> None:
    raw.answers[PROFILE] = answer
    given = requests.get(
        f"{strict.url}{PROFILE}?fields=handle",
        headers={**ADA, **asked},
        timeout=5,
        allow_redirects=False,
    )
    assert (short(strict) == []) is is_own
    if is_own:
        assert given.status_code == int(answer.split(b" ")[1])
        assert ("Retry-After" in given.headers) == (b"Retry-After" in answer)


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_server_need_not_know_head(raw: RawUpstream, proxy: LiveMock, method: str) -> None:
    raw.answers[REFERRALS] = (
        whole(b"", status=b"405 No")
        if method == "GET"
        else OK.replace(b"200 OK", b"405 No") + b"\r\n"
    )
    requests.request(method, f"{proxy.url}{REFERRALS}", headers=ADA, timeout=5)
    assert (short(proxy) == []) is (method == "HEAD")


HANDLE = b'{"handle":"ada"}'
CODED: dict[str, tuple[bytes, bytes]] = {
    "two members of gzip": (b"gzip", gzip.compress(HANDLE[:5]) + gzip.compress(HANDLE[5:])),
    "a filled up block": (b"gzip", gzip.compress(HANDLE) + bytes(9)),
    "its old name": (b"X-GZip", gzip.compress(HANDLE)),
    "deflate": (b"deflate", zlib.compress(HANDLE)),
    "bare deflate": (b"deflate", zlib.compress(HANDLE, wbits=-15)),
    "nothing": (b"identity", HANDLE),
    "one after another": (b"deflate, identity, gzip", gzip.compress(zlib.compress(HANDLE))),
}


@pytest.mark.parametrize(("coding", "body"), CODED.values(), ids=CODED)
def test_bodies_are_judged_in_every_coding_that_http_knows(
    raw: RawUpstream, proxy: LiveMock, coding: bytes, body: bytes
) -> None:
    raw.answers[PROFILE] = whole(body, b"Content-Encoding: " + coding)
    requests.get(
        f"{proxy.url}{PROFILE}?fields=handle", headers=ADA, timeout=5, stream=True
    ).raw.read()
    said = requests.get(f"{proxy.url}/__mock/requests?limit=1", timeout=5).json()["requests"][0]
    assert (said["violations"], said.get("unjudged")) == ([], None)


ODD_JSON: dict[str, tuple[bytes, list[str]]] = {
    "half a character": (rb'{"displayName":"a\ud800b"}', []),
    "half a character in a key": (rb'{"\udc00":1}', ["must not have the key �"]),
    "an escaped backslash": (rb'{"biography":"\\ud800"}', []),
    "a number past doubles": (
        b'{"dateOfBirth":{"year":1e400,"month":1,"day":1}}',
        ["must be at most 2100 or must be null"],
    ),
    "a number of 5,000 digits": (
        b'{"dateOfBirth":{"year":-1%s,"month":1,"day":1}}' % (b"0" * 5000),
        ["must be at least 1900 or must be null"],
    ),
    "no number": (b'{"biography":NaN}', ["must be valid JSON"]),
    "no number of JSON": (b'{"biography":-Infinity}', ["must be valid JSON"]),
    "no text": (b'{"biography":"\xff"}', ["must be valid JSON"]),
    "half a character and no number": (
        rb'{"biography":"\ud800","handle":NaN}',
        ["must be valid JSON"],
    ),
}


@pytest.mark.parametrize(("body", "reasons"), ODD_JSON.values(), ids=ODD_JSON)
def test_json_is_what_its_standard_says(
    raw: RawUpstream, proxy: LiveMock, body: bytes, reasons: list[str]
) -> None:
    raw.answers[PROFILE] = whole(body)
    url, headers = f"{proxy.url}{PROFILE}", {**ADA, "Content-Type": "application/json"}
    requests.get(f"{url}?fields=handle", headers=headers, timeout=5)
    assert [each["reason"] for each in violations(proxy)] == reasons
    raw.answers[PROFILE] = whole(b"{}")
    requests.post(url, data=body, headers=headers, timeout=5)
    said = [each["reason"] for each in violations(proxy) if each["side"] == "request"]
    assert ("must be valid JSON" in said) is ("must be valid JSON" in reasons)


def test_json_that_is_nested_too_deep_is_not_called_invalid(
    raw: RawUpstream, proxy: LiveMock
) -> None:
    for levels in (300, 1000, 1100, 100_000):
        raw.answers[PROFILE] = whole(b'{"handle":%s%s}' % (b"[" * levels, b"]" * levels))
        requests.get(f"{proxy.url}{PROFILE}?fields=handle", headers=ADA, timeout=5)
        said = requests.get(f"{proxy.url}/__mock/requests?limit=1", timeout=5).json()["requests"][0]
        assert (said["violations"], said["unjudged"]) == (
            [],
            "answer: the body is nested too deep",
        ), levels


def test_a_request_without_a_session_breaks_only_what_was_inferred(proxy: LiveMock) -> None:
    requests.get(f"{proxy.url}{REFERRALS}", timeout=5)
    assert (INFERRED, "request", "header", "Authorization") in short(proxy)


def test_what_is_not_in_the_contract_is_not_judged(raw: RawUpstream, proxy: LiveMock) -> None:
    raw.answers["/v1/user/referral"] = whole(b"<p>", kind=b"text/html")
    given = requests.get(f"{proxy.url}/v1/user/referral", timeout=5)
    assert (given.content, "X-Contract-Violations" in given.headers) == (b"<p>", False)
    entry = requests.get(f"{proxy.url}/__mock/requests?only=unmatched", timeout=5).json()[
        "requests"
    ][0]
    assert "listReferrals" in entry["nearest"]


def test_what_must_not_be_there_is_named(raw: RawUpstream, proxy: LiveMock) -> None:
    path = "/v1/user/by-id/ada/public"
    public = (
        b'{"username":"ada","displayName":"A","handle":"ada","biography":null,"dateOfBirth":{}}'
    )
    raw.answers = {path: whole(public)}
    requests.get(f"{proxy.url}{path}?containerId=main", headers=ADA, timeout=5)
    assert [each["reason"] for each in violations(proxy)] == ["must not have the key dateOfBirth"]


def test_reasons_hold_nothing_of_what_was_sent(raw: RawUpstream, proxy: LiveMock) -> None:
    raw.answers[PROFILE] = whole(
        json.dumps({"displayName": PLANTED * 9, "handle": PLANTED, "biography": 5}).encode()
    )
    given = requests.post(
        f"{proxy.url}{PROFILE}",
        json={"displayName": PLANTED * 9, "handle": PLANTED},
        headers={"Authorization": PLANTED},
        timeout=5,
    )
    assert len(violations(proxy)) >= 5
    assert "Zebulon" not in given.headers["X-Contract-Violations"]
    assert "Zebulon" not in requests.get(f"{proxy.url}/__mock/requests", timeout=5).text


def test_the_journal_hides_credentials(raw: RawUpstream, proxy: LiveMock) -> None:
    raw.answers.clear()
    headers = {"Authorization": "Bearer planted-token", "Cookie": "session=planted-token"}
    requests.get(
        f"{proxy.url}{REFERRALS}?access_token=planted-token&x=1", headers=headers, timeout=5
    )
    text = requests.get(f"{proxy.url}/__mock/requests", timeout=5).text
    assert "access_token=***&x=1" in text
    requests.get(
        f"{proxy.url}/planted-token?fields=planted-token&x=planted-token",
        headers=headers,
        timeout=5,
    )
    requests.get(f"{proxy.url}/v1/user/profile?fields=planted-token", headers=headers, timeout=5)
    text += requests.get(f"{proxy.url}/__mock/requests", timeout=5).text
    assert "fields=***&x=***" in text, "what is a secret in a header is one everywhere"
    assert "planted-token" not in text


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (whole(b"x", b"Content-Encoding: br"), "content coding is 'br'"),
        (whole(b"x", b"Content-Encoding: gzip"), "content coding is broken"),
        (whole(gzip.compress(b" " * (2 << 20)), b"Content-Encoding: gzip"), "over 1048576 bytes"),
        (whole(b" " * (2 << 20)), "over 1048576 bytes"),
    ],
    ids=["an unknown coding", "a broken coding", "a bomb", "a large body"],
)
def test_what_cannot_be_judged_passes_and_is_said(
    raw: RawUpstream, proxy: LiveMock, answer: bytes, reason: str
) -> None:
    raw.answers[REFERRALS] = answer
    given = requests.get(f"{proxy.url}{REFERRALS}", headers=ADA, timeout=5, stream=True)
    assert given.raw.read(decode_content=False) == answer.partition(b"\r\n\r\n")[2]
    entry = requests.get(f"{proxy.url}/__mock/requests?limit=1", timeout=5).json()["requests"][0]
    assert reason in entry["unjudged"]
    assert entry["violations"] == []


def test_a_late_answer_is_judged_in_the_journal_only(raw: RawUpstream, proxy: LiveMock) -> None:
    raw.answers[REFERRALS] = late_and_wrong
    started = time.monotonic()
    with requests.get(f"{proxy.url}{REFERRALS}", headers=ADA, timeout=5, stream=True) as given:
        assert time.monotonic() - started < 1.4
        assert "X-Contract-Violations" not in given.headers
        assert given.content == b'{"items": 5}  '
    assert (INFERRED, "answer", "body", "/items") in short(proxy)


class TestErrors:
    def test_a_request_that_the_documentation_forbids_is_not_forwarded(
        self, raw: RawUpstream, strict: LiveMock
    ) -> None:
        raw.requests.clear()
        given = requests.post(
            f"{strict.url}{PROFILE}", json={"displayName": 5}, headers=ADA, timeout=5
        )
        said = {"in": "body", "name": "/displayName", "reason": "must be a string"}
        message = "The request breaks the documented contract in 1 place."
        assert given.status_code == 400
        assert given.json() == {
            "code": "GENERIC_CLIENT_ERROR",
            "message": message,
            "details": [said],
        }
        assert raw.requests == []

    def test_an_answer_that_breaks_the_documentation_is_a_bad_gateway(
        self, raw: RawUpstream, strict: LiveMock
    ) -> None:
        raw.answers[REFERRALS] = whole(b"{", b"Set-Cookie: a=1")
        given = requests.get(f"{strict.url}{REFERRALS}", headers=ADA, timeout=5)
        assert (given.status_code, given.json()["code"]) == (502, "INTERNAL_SERVER_ERROR")
        assert given.json()["details"] == [
            {"in": "body", "name": "", "reason": "must be valid JSON"}
        ]
        assert raw.url in given.json()["message"]
        assert "Set-Cookie" not in given.headers
        raw.answers[REFERRALS] = whole(b"{}", status=b"503 No")
        given = requests.get(f"{strict.url}{REFERRALS}", headers=ADA, timeout=5)
        assert given.json()["details"] == [
            {"in": "header", "name": ":status", "reason": "503 is not documented"}
        ]

    @pytest.mark.parametrize("body", [b'{"handle":"A"}', b'{"items": 5}'])
    def test_what_breaks_only_the_inferred_view_passes(
        self, raw: RawUpstream, strict: LiveMock, body: bytes
    ) -> None:
        raw.answers[REFERRALS] = whole(body)
        given = requests.get(f"{strict.url}{REFERRALS}?x", headers=ADA, timeout=5)
        assert (given.status_code, given.content) == (200, body)
        assert json.loads(given.headers["X-Contract-Violations"])["inferred"] > 0

    def test_a_request_in_pieces_is_judged_before_it_goes_on(
        self, raw: RawUpstream, strict: LiveMock
    ) -> None:
        raw.answers.clear()
        headers = {**ADA, "Content-Type": "application/json"}
        pieces = [b'{"biography":', b'"x"}']
        assert (
            requests.post(
                f"{strict.url}{PROFILE}", data=iter(pieces), headers=headers, timeout=5
            ).status_code
            == 200
        )
        assert raw.requests[-1].body == b"".join(pieces)
        large = b'{"biography":"' + b"x" * (2 << 20) + b'"}'
        assert (
            requests.post(
                f"{strict.url}{PROFILE}", data=large, headers=headers, timeout=5
            ).status_code
            == 200
        )
        assert raw.requests[-1].body == large

    def test_a_late_answer_is_waited_for(self, raw: RawUpstream, strict: LiveMock) -> None:
        raw.answers[REFERRALS] = late_and_wrong
        given = requests.get(f"{strict.url}{REFERRALS}", headers=ADA, timeout=5)
        assert json.loads(given.headers["X-Contract-Violations"])["inferred"] > 0

    def test_an_answer_that_breaks_off_is_a_bad_gateway(
        self, raw: RawUpstream, strict: LiveMock
    ) -> None:
        async def breaks(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(OK + b"Content-Length: 9\r\n\r\n{")
            await writer.drain()
            writer.close()

        raw.answers[REFERRALS] = breaks
        given = requests.get(f"{strict.url}{REFERRALS}", headers=ADA, timeout=5)
        assert (given.status_code, given.json()["code"]) == (502, "INTERNAL_SERVER_ERROR")


@pytest.mark.parametrize(
    "odd", ["\r\nSet-Cookie: a=1", "\0\x7f\x1b", "ünïcödé 😀", "x" * 100_000, '"\\']
)
def test_the_header_never_breaks_http(odd: str) -> None:
    value = header_value([ContractViolation(INFERRED, "answer", "body", odd, odd)])
    assert value.isascii()
    assert all(" " <= each < "\x7f" for each in value)
    assert len(value) < 2000
    assert json.loads(value)["inferred"] == 1


def test_the_first_reason_is_one_that_the_documentation_gives() -> None:
    found = [
        ContractViolation(INFERRED, "answer", "body", "", "a"),
        ContractViolation(DOCUMENTED, "answer", "status", "", "b"),
    ]
    assert json.loads(header_value(found))["first"] == "answer: status b"


def test_odd_keys_of_an_answer_do_not_break_the_header(raw: RawUpstream, proxy: LiveMock) -> None:
    raw.answers[PROFILE] = whole(
        json.dumps({"\r\nSet-Cookie: evil=1": 1, "\ud83d\ude00": 2, "x" * 5000: 3}).encode()
    )
    given = requests.get(f"{proxy.url}{PROFILE}?fields=handle", headers=ADA, timeout=5)
    assert "Set-Cookie" not in given.headers
    assert json.loads(given.headers["X-Contract-Violations"])["inferred"] == 1


def test_the_documented_view_has_no_mark_left_and_keeps_every_operation() -> None:
    contract = load_contract(DEFAULT_CONTRACT)
    view: Any = documented(contract.document)
    assert "x-inferred" not in json.dumps(view)
    assert list(view["paths"]) == list(contract.document["paths"])
    assert "security" not in view


ASKED: dict[str, Any] = {
    "method": "GET",
    "path": REFERRALS,
    "query_string": b"",
    "headers": [(b"host", b"localhost")],
    "http_version": "1.1",
    "client": ("127.0.0.1", 1),
}


def proxy_of(url: str) -> ProxyApp:
    return load_proxy(Settings(proxy=ProxySettings(url), refresh_session=False))


class _Broken:
    """A judge, and a recorder, that fail at everything."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def wants_body(self, *evidence: Any) -> bool:
        return self._judge.wants_body(*evidence)

    def request(self, *_: object) -> Any:
        raise ZeroDivisionError

    head = body = saw = request


def test_a_failure_of_the_judge_keeps_nothing_from_passing(
    raw: RawUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    raw.answers[REFERRALS] = whole(b"{}")
    app = proxy_of(raw.url)
    broken: Any = _Broken(app.judge)
    app.judge = app.recorder = broken
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def main() -> None:
        async with app.upstream:
            await app(ASKED, receive, send)

    asyncio.run(main())
    assert [message.get("status", message.get("body")) for message in sent] == [200, b"{}"]
    assert [entry.unjudged for entry in app.journal.newest_first("default")] == [
        "the judge failed; the log says why"
    ]
    assert "could not be judged" in caplog.text
    assert "could not be recorded" in caplog.text


class _Failing(Upstream):
    async def send(self, *_: object, **__: object) -> Any:
        raise ZeroDivisionError


def test_a_failure_of_the_proxy_is_said_as_any_other_error_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = proxy_of("http://x")
    app.upstream = _Failing("http://x", 5, verify=True)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        await asyncio.sleep(60)

    asyncio.run(app(ASKED, receive, send))
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["code"] == "INTERNAL_SERVER_ERROR"
    assert [entry.status for entry in app.journal.newest_first("default")] == [500]
    assert "could not be forwarded" in caplog.text
