"""HTTP as it is, byte by byte: what is no request is refused in the shape of an error, and stands in the journal."""

import json
import socket
from collections.abc import Iterator

import pytest
import requests

from mock_server.proxy.messages.end_to_end_headers import forwarded
from tests.live import LiveMock, live_mock, live_proxy

ADA = b"Authorization: Bearer ada-session\r\nContent-Type: application/json\r\n"
GET = b"GET /v1/user/referrals HTTP/1.1\r\n"
POST = b"POST /v1/user/profile HTTP/1.1\r\n"
HERE = b"Host: localhost\r\n"
NO_REQUESTS = {
    "no host": (GET + ADA + b"\r\n", "Host"),
    "an empty host": (GET + b"Host:\r\n" + ADA + b"\r\n", "Host"),
    "two hosts": (GET + HERE + HERE + ADA + b"\r\n", "Host"),
    "two hosts that differ": (GET + HERE + b"Host: evil.example\r\n" + ADA + b"\r\n", "Host"),
    "a transfer coding that nobody takes off": (
        POST + HERE + ADA + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding",
    ),
    "a host instead of a path": (b"GET localhost:80 HTTP/1.1\r\n" + HERE + b"\r\n", ""),
    "a tunnel": (b"CONNECT localhost:80 HTTP/1.1\r\n" + HERE + b"\r\n", ""),
    "a broken size of a chunk": (
        POST + HERE + ADA + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        "",
    ),
    "a chunk that is longer than it says": (
        POST + HERE + ADA + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
        "",
    ),
}


def raw(url: str, request: bytes) -> tuple[int, bytes]:
    """Send bytes; answer the status and the body."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as client:
        client.sendall(request)
        head, body = client.recv(65536), b""
        head, _, body = head.partition(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        while len(body) < length and (more := client.recv(65536)):
            body += more
    return int(head.split(b" ")[1]), body


@pytest.fixture(scope="module")
def own() -> Iterator[LiveMock]:
    with live_mock() as running:
        yield running


@pytest.fixture(scope="module")
def servers(own: LiveMock) -> Iterator[list[str]]:
    with live_proxy(own.url) as proxy:
        yield [own.url, proxy.url]


@pytest.mark.parametrize(("request_bytes", "name"), NO_REQUESTS.values(), ids=NO_REQUESTS)
def test_what_is_no_request_is_refused_in_the_shape_of_an_error(
    servers: list[str], request_bytes: bytes, name: str
) -> None:
    for url in servers:
        status, body = raw(url, request_bytes)
        error = json.loads(body)
        assert (status, error["code"], error["details"][0]["name"]) == (
            400,
            "GENERIC_CLIENT_ERROR",
            name,
        ), url
        newest = requests.get(f"{url}/__mock/requests?limit=1", timeout=5).json()["requests"][0]
        assert newest["status"] == 400, f"{url}: it stands in the journal"


def test_a_foreign_name_gets_nothing_and_an_own_one_everything(own: LiveMock) -> None:
    names = ("--allowed-host", "myapp.test", "--allowed-host", "Other.Test")
    with live_mock(*names) as mock, live_proxy(own.url, *names) as proxy:
        for url in (mock.url, proxy.url):
            for path in (b"/v1/user/referrals", b"/__mock/requests", b"/nothing"):
                foreign = (
                    b"GET " + path + b" HTTP/1.1\r\nHost: evil.example:4010\r\n" + ADA + b"\r\n"
                )
                status, body = raw(url, foreign)
                assert (status, "--allowed-host" in json.loads(body)["message"]) == (421, True), (
                    url,
                    path,
                )
                assert raw(url, foreign.replace(b"evil.example", b"MyApp.Test"))[0] in {200, 404}, (
                    url,
                    path,
                )
                assert raw(url, foreign.replace(b"evil.example", b"other.test"))[0] in {200, 404}, (
                    url,
                    path,
                )


def test_whatever_a_page_that_was_made_to_point_here_spells_it_learns_nothing(
    servers: list[str],
) -> None:
    for url in servers:
        for path in (
            b"//__mock/requests",
            b"/%5F_mock/requests",
            b"/__mock/%72equests",
            b"/__mock//requests",
            b"/__MOCK/requests",
        ):
            asked = b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + ADA + b"\r\n"
            assert raw(url, asked)[0] == 404, (url, path)
            assert raw(url, asked.replace(b"localhost", b"evil.example"))[0] in {404, 421}, (
                url,
                path,
            )


def test_a_refused_sender_need_not_send(servers: list[str]) -> None:
    for url in servers:
        head = b"POST /__mock/requests/count HTTP/1.1\r\nHost: localhost\r\nContent-Length: 67108864\r\n"
        assert raw(url, head + b"\r\n")[0] == 403, url
        assert raw(url, head + b"Expect: 100-continue\r\n\r\n")[0] == 403, url
        steering = b"X-Mock-Control: 1\r\nExpect: 100-continue\r\n\r\n"
        status, body = raw(url, head + steering)
        assert (status, "must be at most" in body.decode()) == (400, True), url


def test_a_sender_that_reads_nothing_before_its_end_hears_why_it_was_refused(
    servers: list[str],
) -> None:
    for url in servers:
        answer = requests.post(f"{url}/__mock/requests/count", data=b" " * 5_000_000, timeout=10)
        assert answer.status_code == 403, url


def test_a_compressed_body_is_refused_with_the_reason(own: LiveMock) -> None:
    for coding in ("gzip", "br", "deflate", "gzip, gzip"):
        headers = {
            "Authorization": "Bearer ada-session",
            "Content-Type": "application/json",
            "Content-Encoding": coding,
        }
        answer = requests.post(
            f"{own.url}/v1/user/profile", data=b"\x1f\x8b junk", headers=headers, timeout=5
        )
        details = answer.json()["details"]
        assert (answer.status_code, len(details)) == (400, 1), coding
        assert "Content-Encoding" in details[0]["reason"], coding
    headers["Content-Encoding"] = "identity"
    assert (
        requests.post(
            f"{own.url}/v1/user/profile", data=b"{}", headers=headers, timeout=5
        ).status_code
        == 200
    )


@pytest.mark.parametrize("name", [b"X_Mock_Control", b"x-mock_control", b"X-MOCK_CONTROL"])
def test_a_header_that_is_spelt_with_an_underscore_is_another_one(name: bytes) -> None:
    head = b"/__mock/reset HTTP/1.1\r\n" + HERE + name + b": 1\r\n\r\n"
    with live_mock() as mock, live_proxy(mock.url) as proxy:
        assert raw(mock.url, b"POST " + head)[0] == 403
        assert raw(proxy.url, b"POST /__sandbox/a" + head)[0] == 403
    assert forwarded([(name, b"1"), (b"x_contract-violations", b"{}")], "1.1") == [
        (b"via", b"1.1 mock-server")
    ]
