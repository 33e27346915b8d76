"""What the proxy says where there is no answer, or only a part of one, and whom it keeps waiting: nobody."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.live import LiveMock, live_proxy
from tests.mock_server.raw_upstream import OK, RawUpstream, entry, exchange, raw_upstream


async def dribble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b"Content-Length: 20\r\n\r\n")
    for letter in b'{"handle": "dribble"':
        writer.write(bytes([letter]))
        await writer.drain()
        await asyncio.sleep(0.1)


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read(1)


async def drips(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: 1\r\n")
        await writer.drain()
        await asyncio.sleep(0.1)


async def stalls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b'Content-Length: 100\r\n\r\n{"handle":')
    await reader.read(1)


async def hangs_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def breaks_off(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b'Content-Length: 100\r\n\r\n{"handle":')
    await writer.drain()
    writer.close()


async def breaks_off_later(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    await writer.drain()
    await asyncio.sleep(0.5)
    writer.close()


async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"3\r\nabc\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


ANSWERS: dict[str, Any] = {
    "dribble": dribble,
    "silent": silent,
    "drips": drips,
    "stalls": stalls,
    "hangs_up": hangs_up,
    "breaks_off": breaks_off,
    "breaks_off_later": breaks_off_later,
    "nonsense": b"this is no HTTP\r\n\r\n",
    "endless": endless,
}


@pytest.fixture(scope="module")
def raw() -> Iterator[RawUpstream]:
    with raw_upstream(**ANSWERS) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def proxy(raw: RawUpstream) -> Iterator[LiveMock]:
    with live_proxy(raw.url, "--timeout", "1.5") as running:
        yield running


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/silent"), ("GET", "/drips"), ("POST", "/drips")]
)
def test_a_silent_upstream_is_a_gateway_timeout(
    raw: RawUpstream, proxy: LiveMock, method: str, path: str
) -> None:
    started = time.monotonic()
    answer = requests.request(
        method, proxy.url + path, data=b"{}" if method == "POST" else None, timeout=10
    )
    assert 1.4 < time.monotonic() - started < 4
    said = f"The upstream {raw.url} did not answer within 1.5 s (--timeout)."
    assert (answer.status_code, answer.json()) == (
        504,
        {"code": "INTERNAL_SERVER_ERROR", "message": said},
    )
    assert answer.headers["Proxy-Status"] == "mock-server; error=connection_timeout"
    assert entry(proxy, path)["fault"] == "UPSTREAM_TIMEOUT"


@pytest.mark.parametrize("path", ["/hangs_up", "/nonsense"])
def test_an_upstream_that_does_not_answer_is_a_bad_gateway(
    raw: RawUpstream, proxy: LiveMock, path: str
) -> None:
    answer = requests.get(proxy.url + path, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (502, "INTERNAL_SERVER_ERROR")
    assert raw.url in answer.json()["message"]
    assert entry(proxy, path)["fault"] == "UPSTREAM_BROKE_OFF"


def test_an_upstream_that_is_not_there_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with live_proxy(url) as proxy:
            answer = requests.get(
                f"{proxy.url}/v1/user/referrals",
                headers={"Origin": "http://localhost:3000"},
                timeout=10,
            )
    assert answer.status_code == 502
    assert answer.json()["message"] == f"The upstream {url} cannot be reached: Connection refused."
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"


def read_whole(url: str) -> None:
    with requests.get(url, timeout=10, stream=True) as answer:
        assert answer.status_code == 200
        list(answer.iter_content(1))


@pytest.mark.parametrize("path", ["/breaks_off", "/breaks_off_later", "/stalls"])
def test_an_answer_that_breaks_off_breaks_off_for_the_client_too(
    proxy: LiveMock, path: str
) -> None:
    # Before or after the head has come: that depends on how soon the upstream's break is seen.
    with pytest.raises(requests.RequestException):
        read_whole(proxy.url + path)
    assert entry(proxy, path)["fault"] in {"UPSTREAM_BROKE_OFF", "UPSTREAM_TIMEOUT"}
    assert exchange(proxy.url, "GET", "/quick")[0] == 200


def test_a_client_that_leaves_frees_the_upstream(raw: RawUpstream, proxy: LiveMock) -> None:
    raw.closed.clear()
    with requests.get(f"{proxy.url}/endless", timeout=10, stream=True) as answer:
        assert next(answer.iter_content(3)) == b"abc"
    assert raw.closed.wait(5)
    assert entry(proxy, "/endless")["fault"] == "CLIENT_LEFT"


def test_a_client_that_leaves_before_the_answer_frees_the_upstream(raw: RawUpstream) -> None:
    with live_proxy(raw.url) as proxy:
        raw.closed.clear()
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{proxy.url}/silent", timeout=0.5)
        assert raw.closed.wait(5)
        assert (entry(proxy, "/silent")["fault"], entry(proxy, "/silent")["status"]) == (
            "CLIENT_LEFT",
            0,
        )


def test_slow_answers_hold_up_nobody(proxy: LiveMock) -> None:
    with ThreadPoolExecutor(20) as pool:
        slow = [pool.submit(exchange, proxy.url, "GET", "/dribble") for _ in range(20)]
        time.sleep(0.2)
        for _ in range(10):
            exchange(proxy.url, "GET", "/quick")
        assert not any(future.done() for future in slow)
        assert {future.result()[2] for future in slow} == {b'{"handle": "dribble"'}


def test_it_stops_at_once_and_quietly_in_the_middle_of_everything(raw: RawUpstream) -> None:
    with live_proxy(raw.url) as proxy:
        threads = [
            threading.Thread(target=lambda path=path: _swallow(proxy.url + path))
            for path in ("/endless", "/silent", "/__mock/requests/stream", "/breaks_off_later")
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.4)
        started = time.monotonic()
        assert proxy.stop() == (0, "")
        assert time.monotonic() - started < 5
        for thread in threads:
            thread.join(5)


def _swallow(url: str) -> None:
    try:
        with requests.get(url, timeout=10, stream=True) as answer:
            list(answer.iter_content(100))
    except requests.RequestException:
        pass
