"""What goes through the proxy goes through unchanged: bytes, headers, order, speed; and what does not is said clearly."""

import asyncio
import gzip
import json
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.live import ADA, LiveMock, live_mock, live_proxy
from tests.mock_server.raw_upstream import OK, RawUpstream, entry, exchange, raw_upstream, whole

TRANSCRIPTS = sorted(Path(__file__).with_name("transcripts").glob("*.yaml"))
PREFLIGHT = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
HANDLE = b'{"handle":"ada"}'
PROFILE = "/v1/user/profile?fields=handle"


async def dribble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b"Content-Length: 20\r\n\r\n")
    for letter in b'{"handle": "dribble"':
        writer.write(bytes([letter]))
        await writer.drain()
        await asyncio.sleep(0.1)


async def chunks(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
    for piece in (b'{"han', b'dle":', b'"ada"}'):
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        await writer.drain()
    writer.write(b"0\r\nX-Sum: 1\r\n\r\n")


def megabytes(count: int, kind: bytes = b"application/json") -> Callable[..., Any]:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
            % (kind, count << 20)
        )
        for n in range(count):
            writer.write(bytes([n % 256]) * (1 << 20))
            await writer.drain()

    return answer


ANSWERS: dict[str, Any] = {
    "gzip": whole(gzip.compress(HANDLE), b"Content-Encoding: gzip"),
    "deflate": whole(zlib.compress(HANDLE), b"Content-Encoding: deflate"),
    "brotli": whole(b"\x0b\x02\x80{}\x03", b"Content-Encoding: br"),
    "chunks": chunks,
    "dribble": dribble,
    "large": megabytes(50),
    "cookies": whole(
        b"{}",
        b"Set-Cookie: a=1; Path=/",
        b"Set-Cookie: b=2; Expires=Wed, 21 Oct 2099 07:28:00 GMT",
        b"Connection: X-Hop, keep-alive",
        b"Keep-Alive: timeout=5",
        b"X-Hop: gone",
        b"X-Latin: caf\xe9",
        b"Via: 1.0 other",
    ),
    "teapot": whole(b"short and stout", status=b"418 I'm a teapot", kind=b"text/plain"),
    "moved": whole(b"", b"Location: http://elsewhere.example/", status=b"302 Found"),
}


@pytest.fixture(scope="module")
def raw() -> Iterator[RawUpstream]:
    with raw_upstream(**ANSWERS) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def proxy(raw: RawUpstream) -> Iterator[LiveMock]:
    with live_proxy(raw.url) as running:
        yield running


def end_to_end(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    ours = {"via", "x-contract-violations", "date"}
    return sorted((name.lower(), value) for name, value in headers if name.lower() not in ours)


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_every_golden_transcript_passes_unchanged(path: Path) -> None:
    with live_mock() as direct, live_mock() as behind, live_proxy(behind.url) as proxy:
        for step in yaml.safe_load(path.read_text()):
            method, target = step["request"].split(" ", 1)
            body = step["body"].encode() if step.get("body") is not None else None
            headers = {name: str(value) for name, value in (step.get("headers") or {}).items()}
            host = {"Host": "localhost", **headers}
            expected = exchange(direct.url, method, target, host, body)
            given = exchange(proxy.url, method, target, host, body)
            where = f"{path.stem}: {step['name']}: {step['request']}"
            assert (given[0], given[2]) == (expected[0], expected[2]), where
            if "Origin" not in headers:
                assert end_to_end(given[1]) == end_to_end(expected[1]), where


@pytest.mark.parametrize("name", ["gzip", "deflate", "brotli"])
def test_coded_bodies_pass_byte_by_byte(raw: RawUpstream, proxy: LiveMock, name: str) -> None:
    sent = ANSWERS[name].partition(b"\r\n\r\n")[2]
    status, headers, body = exchange(proxy.url, "GET", f"/{name}")
    assert (status, body) == (200, sent)
    assert dict(headers)["content-length"] == str(len(sent))
    assert raw.requests[-1].target == f"/{name}"


def test_chunks_arrive_as_the_whole(proxy: LiveMock) -> None:
    status, headers, body = exchange(proxy.url, "GET", "/chunks")
    assert (status, body) == (200, HANDLE)
    assert "trailer" not in {name.lower() for name, _ in headers}


def test_a_slow_answer_comes_as_it_is_sent(proxy: LiveMock) -> None:
    started = time.monotonic()
    with requests.get(f"{proxy.url}/dribble", timeout=10, stream=True) as answer:
        pieces = [(time.monotonic() - started, piece) for piece in answer.iter_content(1)]
    assert b"".join(piece for _, piece in pieces) == b'{"handle": "dribble"'
    assert pieces[-1][0] - pieces[0][0] > 1, "all of it came together"


def resident(process: subprocess.Popen[str]) -> int:
    """Memory of a process in KiB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


@pytest.mark.parametrize("pause", [0.0, 0.1], ids=["a quick client", "a slow client"])
def test_large_answers_pass_in_flat_memory(proxy: LiveMock, pause: float) -> None:
    exchange(proxy.url, "GET", "/v1/user/profile")  # loads what explains refusals
    before, most, size = resident(proxy.process), 0, 0
    with requests.get(f"{proxy.url}/large", timeout=20, stream=True) as answer:
        for n, piece in enumerate(answer.iter_content(1 << 20)):
            assert piece == bytes([n % 256]) * len(piece)
            size += len(piece)
            most = max(most, resident(proxy.process))
            time.sleep(pause if n < 20 else 0)
    assert size == 50 << 20
    assert most - before < 20_000, f"{most - before} KiB more"


def test_large_requests_are_streamed(raw: RawUpstream, proxy: LiveMock) -> None:
    exchange(proxy.url, "GET", "/v1/user/profile")
    before, most = resident(proxy.process), 0

    def pieces() -> Iterator[bytes]:
        nonlocal most
        for n in range(30):
            yield bytes([n]) * (1 << 20)
            most = max(most, resident(proxy.process))

    assert requests.post(f"{proxy.url}/upload", data=pieces(), timeout=20).status_code == 200
    assert len(raw.requests[-1].body) == 30 << 20
    assert raw.requests[-1].values("transfer-encoding") == ["chunked"]
    assert most - before < 20_000, f"{most - before} KiB more"
    raw.requests.clear()


def test_requests_keep_their_headers_but_for_those_of_one_connection(
    raw: RawUpstream, proxy: LiveMock
) -> None:
    sent = {
        "X-Own": "1",
        "Connection": "X-Mine",
        "X-Mine": "2",
        "TE": "trailers",
        "Authorization": "Bearer t",
    }
    exchange(
        proxy.url,
        "POST",
        "/v1/x%2Fy//z/../w?a=%20&b=+",
        {**sent, "Accept-Encoding": "gzip, br"},
        b"abc",
    )
    request = raw.requests[-1]
    assert request.target == "/v1/x%2Fy//z/../w?a=%20&b=+"
    assert request.body == b"abc"
    assert request.values("content-length") == ["3"]
    assert request.values("host") == [raw.url.removeprefix("http://")]
    assert request.values("authorization") == ["Bearer t"]
    assert request.values("x-own") == ["1"]
    assert [
        request.values(name)
        for name in ("connection", "x-mine", "te", "user-agent", "content-type")
    ] == [[]] * 5
    assert request.values("accept-encoding") == ["gzip"]
    assert request.values("via") == ["1.1 mock-server"]


def test_answers_keep_duplicate_headers_and_lose_those_of_one_connection(proxy: LiveMock) -> None:
    _, headers, _ = exchange(proxy.url, "GET", "/cookies")
    names = [name.lower() for name, _ in headers]
    assert [value for name, value in headers if name.lower() == "set-cookie"] == [
        "a=1; Path=/",
        "b=2; Expires=Wed, 21 Oct 2099 07:28:00 GMT",
    ]
    assert ("x-latin", "caf\xe9") in [(name.lower(), value) for name, value in headers]
    assert not {"x-hop", "keep-alive"} & set(names)
    assert [value for name, value in headers if name.lower() == "via"] == [
        "1.0 other",
        "1.1 mock-server",
    ]


def test_every_answer_says_that_it_came_through_a_proxy(proxy: LiveMock) -> None:
    paths = (
        "/gzip",
        "/__mock/health",
        "/__mock/nothing",
        "/__mock/requests",
        "/v1/user/referrals?page=x",
    )
    asked: list[tuple[str, str, dict[str, str]]] = [("GET", path, {}) for path in paths]
    asked += [
        ("GET", "/gzip", {"Host": "evil.example"}),
        ("OPTIONS", "/gzip", PREFLIGHT),
        ("OPTIONS", "/__mock/health", PREFLIGHT),
    ]
    for method, path, headers in asked:
        given = dict(exchange(proxy.url, method, path, headers)[1])
        assert given["via"] == "1.1 mock-server", (method, path, given)


def test_health_names_the_server_behind_and_nothing_else_of_its_url(raw: RawUpstream) -> None:
    with live_proxy(f"{raw.url}/secret/prefix") as proxy:
        assert requests.get(f"{proxy.url}/__mock/health", timeout=5).json()["upstream"] == raw.url


@pytest.mark.parametrize(
    ("path", "status", "body"), [("/teapot", 418, b"short and stout"), ("/moved", 302, b"")]
)
def test_statuses_pass_whatever_they_are(
    proxy: LiveMock, path: str, status: int, body: bytes
) -> None:
    assert exchange(proxy.url, "GET", path)[::2] == (status, body)


def test_a_prefix_of_the_upstream_is_put_before_the_path(raw: RawUpstream) -> None:
    with live_proxy(f"{raw.url}/api/v9/") as proxy:
        exchange(proxy.url, "GET", "/v1/user/referrals?x=1")
        assert raw.requests[-1].target == "/api/v9/v1/user/referrals?x=1"
        assert entry(proxy, "/v1/user/referrals")["operation"] == "listReferrals"


def test_pages_on_local_origins_may_read_where_the_upstream_says_nothing(proxy: LiveMock) -> None:
    local = {"Origin": "http://localhost:3000"}
    answer = requests.get(f"{proxy.url}/gzip", headers=local, timeout=5)
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert "X-Contract-Violations" in answer.headers["Access-Control-Expose-Headers"]
    asking = {
        **local,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    preflight = requests.options(f"{proxy.url}/gzip", headers=asking, timeout=5)
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Headers"]) == (
        204,
        "authorization",
    )
    for foreign in ("https://evil.example", "null"):
        answer = requests.get(f"{proxy.url}/gzip", headers={"Origin": foreign}, timeout=5)
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_an_upstream_that_answers_cors_itself_is_left_to_it(
    raw: RawUpstream, proxy: LiveMock
) -> None:
    raw.answers["/cors"] = whole(b"{}", b"Access-Control-Allow-Origin: https://app.example")
    answer = requests.get(
        f"{proxy.url}/cors", headers={"Origin": "http://localhost:3000"}, timeout=5
    )
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Vary" not in answer.headers


def test_a_page_of_a_name_that_was_made_to_point_here_gets_nothing(
    raw: RawUpstream, proxy: LiveMock
) -> None:
    raw.requests.clear()
    for path in ("/gzip", "/__mock/requests"):
        assert exchange(proxy.url, "GET", path, {"Host": "evil.example"})[0] == 421
    assert b"--allowed-host" in exchange(proxy.url, "GET", "/gzip", {"Host": "evil.example"})[2]
    assert raw.requests == []


def test_the_mock_behind_the_proxy_keeps_its_state() -> None:
    with live_mock() as mock, live_proxy(mock.url) as proxy:
        headers = {**ADA, "Content-Type": "application/json"}
        body = json.dumps({"biography": "through"}).encode()
        assert (
            requests.post(
                f"{proxy.url}/v1/user/profile", data=body, headers=headers, timeout=5
            ).status_code
            == 200
        )
        url = f"{mock.url}/v1/user/profile?fields=biography"
        assert requests.get(url, headers=ADA, timeout=5).json() == {"biography": "through"}
