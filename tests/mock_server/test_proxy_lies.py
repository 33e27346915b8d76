"""An upstream that lies: whatever it sends, the client gets valid HTTP in time, and the journal says what happened."""

import asyncio
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import requests

from tests.live import LiveMock, live_proxy
from tests.mock_server.raw_upstream import (
    OK,
    Answer,
    RawUpstream,
    entry,
    exchange,
    raw_upstream,
    whole,
)

PATIENCE = 0.6
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
HANDLE = "/v1/user/profile?fields=handle"


def answer(*headers: bytes, status: bytes = b"200 OK", body: bytes = b"{}") -> bytes:
    return b"HTTP/1.1 %s\r\n%s\r\n\r\n%s" % (status, b"\r\n".join(headers), body)


def again(start: bytes, piece: bytes, pause: float) -> Answer:
    """Begin an answer and go on for ever."""

    async def send(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return send


@pytest.fixture(scope="module")
def raw() -> Iterator[RawUpstream]:
    with raw_upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def proxy(raw: RawUpstream) -> Iterator[LiveMock]:
    with live_proxy(raw.url, "--timeout", str(PATIENCE), "--max-requests", "5000") as running:
        yield running


def told(
    raw: RawUpstream, proxy: LiveMock, path: str, sent: bytes | Answer
) -> tuple[int, dict[str, Any]]:
    """What a client gets, and what the journal says of it."""
    raw.answers[path] = sent
    status, headers, body = exchange(proxy.url, "GET", path)
    assert status != 500, (path, body)
    if status in {502, 504}:
        assert b'"code":"INTERNAL_SERVER_ERROR"' in body, (path, body)
        assert dict(headers)["proxy-status"].startswith("mock-server; error="), path
    return status, entry(proxy, path)


@pytest.mark.parametrize("status", [*range(0, 100, 9), 100, 101, 103, 199])
def test_a_status_that_ends_no_exchange_is_a_bad_gateway(
    raw: RawUpstream, proxy: LiveMock, status: int
) -> None:
    sent = answer(b"Content-Length: 2", status=b"%03d X" % status)
    given, noted = told(raw, proxy, f"/status/{status:03d}", sent)
    assert given == noted["status"] == 502 or (given == noted["status"] == 504 and status >= 102)
    assert noted["fault"] in {"UPSTREAM_BROKE_OFF", "UPSTREAM_TIMEOUT"}
    if status < 100:
        assert noted["upstream"] == f"answered with the status {status:03d}, which ends no exchange"


@pytest.mark.parametrize("status", [200, 201, 208, 226, 299, 418, 451, 499, 599, 600, 777, 999])
def test_every_other_status_passes(raw: RawUpstream, proxy: LiveMock, status: int) -> None:
    given, noted = told(
        raw, proxy, f"/status/{status}", answer(b"Content-Length: 2", status=b"%d X" % status)
    )
    assert (given, noted["status"], noted["fault"]) == (status, status, "")
    assert "upstream" not in noted


@pytest.mark.parametrize(
    "status", [b"", b"2", b"20", b"2000", b"-20", b"0x2", b"2e2", b"abc", b"\xb2\xb0\xb0", b" 200"]
)
def test_what_is_no_status_is_a_bad_gateway(
    raw: RawUpstream, proxy: LiveMock, status: bytes
) -> None:
    given, noted = told(
        raw, proxy, f"/word/{status.hex()}", answer(b"Content-Length: 2", status=status + b" X")
    )
    assert (given, noted["status"], noted["fault"]) == (502, 502, "UPSTREAM_BROKE_OFF")
    assert (
        noted["upstream"] == "did not answer with valid HTTP (Bad status line: Invalid status code)"
        or status == b"2000"
    )


def test_control_characters_in_headers_are_a_bad_gateway_and_other_bytes_pass(
    raw: RawUpstream, proxy: LiveMock
) -> None:
    for byte in range(256):
        path = f"/value/{byte:02x}"
        given, noted = told(raw, proxy, path, answer(b"X-Odd: a%cb" % byte, b"Content-Length: 2"))
        is_fine = byte == 0x09 or 0x20 <= byte != 0x7F
        assert (given, noted["fault"]) == ((200, "") if is_fine else (502, "UPSTREAM_BROKE_OFF")), (
            path
        )
    assert (
        entry(proxy, "/value/7f")["upstream"] == "sent a header that holds what HTTP forbids: X-Odd"
    )


@pytest.mark.parametrize(
    "byte", [0, 1, 9, 10, 11, 13, 31, 32, 127, 128, 255, ord("("), ord("@"), ord("é")]
)
def test_what_is_no_name_of_a_header_is_a_bad_gateway(
    raw: RawUpstream, proxy: LiveMock, byte: int
) -> None:
    given, noted = told(
        raw, proxy, f"/name/{byte:02x}", answer(b"X%cOdd: a" % byte, b"Content-Length: 2")
    )
    assert (given, noted["fault"]) == (502, "UPSTREAM_BROKE_OFF")


LIES = {
    "two-lengths": answer(b"Content-Length: 2", b"Content-Length: 3"),
    "length-and-chunks": answer(
        b"Content-Length: 2", b"Transfer-Encoding: chunked", body=b"2\r\n{}\r\n0\r\n\r\n"
    ),
    "negative-length": answer(b"Content-Length: -1"),
    "signed-length": answer(b"Content-Length: +2"),
    "hexadecimal-length": answer(b"Content-Length: 0x2"),
    "a-list-of-lengths": answer(b"Content-Length: 2, 2"),
    "huge-length": answer(b"Content-Length: 1" + b"0" * 30),
    "gzip-as-transfer-coding": answer(
        b"Transfer-Encoding: gzip, chunked", body=b"2\r\n{}\r\n0\r\n\r\n"
    ),
    "unknown-transfer-coding": answer(b"Transfer-Encoding: xchunked", body=b"2\r\n{}\r\n0\r\n\r\n"),
    "no-chunk-size": answer(b"Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n"),
    "huge-chunk-size": answer(b"Transfer-Encoding: chunked", body=b"f" * 40 + b"\r\n{}"),
    "no-colon": answer(b"X-Odd", b"Content-Length: 2"),
    "too-many-headers": answer(*[b"X-Many: 1"] * 1100, b"Content-Length: 2"),
    "a-long-header": answer(b"X-Long: " + b"x" * 100_000, b"Content-Length: 2"),
    "long-headers": answer(*[b"X-Long: " + b"x" * 60_000] * 20, b"Content-Length: 2"),
    "switched": answer(
        b"Connection: Upgrade", b"Upgrade: websocket", status=b"101 Switching Protocols", body=b""
    ),
    "no-http": b"220 mail.example ESMTP\r\n\r\n",
    "another-version": b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("name", LIES)
def test_what_is_no_http_is_a_bad_gateway(raw: RawUpstream, proxy: LiveMock, name: str) -> None:
    given, noted = told(raw, proxy, f"/lie/{name}", LIES[name])
    assert (given, noted["status"], noted["fault"]) == (502, 502, "UPSTREAM_BROKE_OFF")
    assert noted["upstream"]
    assert exchange(proxy.url, "GET", "/quick")[0] == 200, "the next request of another connection"


@pytest.mark.parametrize(
    "sent",
    [
        answer(b"X-Fold: a\r\n b", b"Content-Length: 2"),
        answer("X-Text: é…".encode(), b"Content-Length: 2"),
        answer(b"Content-Length: 2", status="200 très bien".encode()),
        answer(b"Content-Length: 2", status=b"200"),
        answer(b"Content-Length: " + b"0" * 5000 + b"2", b"Content-Type: application/json"),
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
        + answer(b"Content-Length: 2"),
        answer(b"Transfer-Encoding: Chunked", body=b"2;x=y\r\n{}\r\n0\r\nX-Trailer: \x7f\r\n\r\n"),
        answer(*[b"X-Many: 1"] * 900, b"Content-Length: 2"),
    ],
    ids=[
        "folded",
        "utf-8",
        "reason",
        "no-reason",
        "zeros",
        "early-hints",
        "trailer",
        "900-headers",
    ],
)
def test_what_is_only_strange_passes(raw: RawUpstream, proxy: LiveMock, sent: bytes) -> None:
    raw.answers["/v1/user/profile"] = sent
    with socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2])), 5) as client:
        client.sendall(
            f"GET {HANDLE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        given = b"".join(iter(lambda: client.recv(65536), b""))
    assert given.startswith(b"HTTP/1.1 200 ")
    assert b"{}" in given.partition(b"\r\n\r\n")[2]


def test_what_follows_an_answer_is_not_taken_for_the_next_one(
    raw: RawUpstream, proxy: LiveMock
) -> None:
    raw.answers["/smuggled"] = whole(b"{}") + whole(b'{"smuggled": true}')
    for _ in range(3):
        assert exchange(proxy.url, "GET", "/smuggled")[2] == b"{}"
        assert exchange(proxy.url, "GET", "/quick")[2] == b"{}"


BEGUN = CHUNKED + b"2\r\n{}\r\n"
WAYS = {
    "status-line": (b"HTTP/1.1 200 ", b"a"),
    "header-name": (b"HTTP/1.1 200 OK\r\nX", b"a"),
    "header-value": (b"HTTP/1.1 200 OK\r\nX: ", b"a"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: a\r\n"),
    "blank-lines": (b"", b"\r\n"),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "early-hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "chunk-size": (CHUNKED, b"0"),
    "chunk-extension": (CHUNKED + b"2;", b"a"),
    "second-chunk-extension": (BEGUN + b"2;", b"a"),
    "trailer": (BEGUN + b"0\r\nX: ", b"a"),
    "trailers": (BEGUN + b"0\r\n", b"X: a\r\n"),
}


@pytest.mark.parametrize("pause", [0.1, 0.001], ids=["slowly", "quickly"])
def test_nothing_that_never_ends_outlasts_the_timeout(
    raw: RawUpstream, proxy: LiveMock, pause: float
) -> None:
    def ask(name: str) -> tuple[bytes, float]:
        raw.answers[f"/{name}/{pause}"] = again(*WAYS[name], pause)
        started, given = time.monotonic(), b""
        with socket.create_connection(
            ("127.0.0.1", int(proxy.url.rpartition(":")[2])), 20
        ) as client:
            client.sendall(
                f"GET /{name}/{pause} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            )
            while piece := client.recv(65536):
                given += piece
        return given, time.monotonic() - started

    with ThreadPoolExecutor(len(WAYS)) as pool:
        for name, (given, took) in zip(WAYS, pool.map(ask, WAYS), strict=True):
            noted = entry(proxy, f"/{name}/{pause}")
            assert noted["fault"] in {"UPSTREAM_TIMEOUT", "UPSTREAM_BROKE_OFF"}, name
            assert given.startswith(b"HTTP/1.1 %d " % noted["status"]), (
                name,
                noted["status"],
                given[:80],
            )
            assert not given.endswith(b"0\r\n\r\n"), f"{name}: the client takes it for whole"
            assert took < 10, name


def test_with_errors_an_answer_is_not_held_for_ever(raw: RawUpstream) -> None:
    with live_proxy(raw.url, "--timeout", str(PATIENCE), "--errors") as proxy:
        given, noted = told(
            raw, proxy, "/v1/user/profile", again(OK + b"Content-Length: 9999\r\n\r\n{", b" ", 0.05)
        )
        assert given == noted["status"] == 504 or given == 400
        raw.answers["/v1/user/profile"] = again(OK + b"Content-Length: 9999\r\n\r\n{", b" ", 0.05)
        status, _, body = exchange(proxy.url, "GET", HANDLE, {"Authorization": "Bearer t"})
        assert (status, b"--timeout" in body) == (504, True)


def test_an_upstream_that_takes_no_request_is_a_gateway_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with live_proxy(url, "--timeout", str(PATIENCE)) as proxy:
            with suppress(requests.ConnectionError):  # answered in the middle of what it sends
                requests.post(f"{proxy.url}/upload", b"x" * (16 << 20), timeout=20)
            noted = entry(proxy, "/upload")
    assert (noted["status"], noted["fault"]) == (504, "UPSTREAM_TIMEOUT")


def test_an_answer_that_breaks_off_at_once_is_a_bad_gateway_where_it_is_judged(
    raw: RawUpstream, proxy: LiveMock
) -> None:
    async def breaks_off(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b'Content-Length: 100\r\n\r\n{"handle":')
        await writer.drain()
        writer.close()

    raw.answers["/v1/user/referrals"] = breaks_off
    status, _, body = exchange(proxy.url, "GET", "/v1/user/referrals")
    assert (status, b"broke off the connection" in body) == (502, True)
    noted = entry(proxy, "/v1/user/referrals")
    assert (noted["status"], noted["fault"], noted["upstream"]) == (
        502,
        "UPSTREAM_BROKE_OFF",
        "broke off the connection",
    )
