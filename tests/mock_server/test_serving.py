"""The mock over a real socket."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest
import requests

from tests.live import ADA, LiveMock, live_mock


@pytest.fixture(scope="module")
def own() -> Iterator[LiveMock]:
    with live_mock("--max-body", "2000") as running:
        yield running


def test_a_body_over_the_limit_is_refused_in_the_shape_of_an_error(own: LiveMock) -> None:
    headers = {**ADA, "Content-Type": "application/json"}
    for size in (2001, 5_000_000):
        answer = requests.post(
            f"{own.url}/v1/user/profile", data=b" " * size, headers=headers, timeout=10
        )
        assert answer.status_code == 400
        assert answer.json()["details"] == [
            {"in": "body", "name": "", "reason": "must be at most 2000 bytes"}
        ]
    at_the_limit = json.dumps({"biography": "x"}).ljust(2000).encode()
    assert (
        requests.post(
            f"{own.url}/v1/user/profile", data=at_the_limit, headers=headers, timeout=10
        ).status_code
        == 200
    )


def test_authentication_comes_before_the_size_of_the_body(own: LiveMock) -> None:
    assert (
        requests.post(f"{own.url}/v1/user/profile", data=b" " * 9999, timeout=10).status_code == 401
    )


def test_a_chunked_body_is_read(own: LiveMock) -> None:
    headers = {**ADA, "Content-Type": "application/json"}
    chunks = iter([b'{"biography":', b' "in pieces"}'])
    answer = requests.post(f"{own.url}/v1/user/profile", data=chunks, headers=headers, timeout=10)
    assert answer.json()["biography"] == "in pieces"


def test_a_body_that_never_came_whole_does_nothing(own: LiveMock) -> None:
    host, _, port = own.url.removeprefix("http://").partition(":")
    body = b'{"displayName": "Half a request"}'
    head = b"POST /v1/user/profile HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ada-session\r\nContent-Type: application/json\r\n"  # noqa: E501
    reset = b"POST /__mock/reset HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Mock-Control: 1\r\n"
    requests.post(
        f"{own.url}/v1/user/profile", json={"displayName": "kept"}, headers=ADA, timeout=10
    )
    for start, sent in ((head, body), (reset, b"")):
        with socket.create_connection((host, int(port)), timeout=5) as raw:
            raw.sendall(start + b"Content-Length: %d\r\n\r\n" % (len(body) + 1) + sent)
    time.sleep(0.2)
    answer = requests.get(f"{own.url}/v1/user/profile?fields=displayName", headers=ADA, timeout=10)
    assert answer.json() == {"displayName": "kept"}


def test_head_has_the_length_and_no_body(own: LiveMock) -> None:
    connection = http.client.HTTPConnection(own.url.removeprefix("http://"), timeout=5)
    for _ in range(2):
        connection.request("HEAD", "/v1/user/referrals", headers=ADA)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
        assert int(answer.headers["Content-Length"]) > 0
    connection.close()


@pytest.mark.parametrize(
    "line",
    [b"GET /v1/user/profile?fields=\xff HTTP/1.1", b"GET /v1/user/by-id/\xff/public HTTP/1.1"],
)
def test_raw_bytes_in_the_target_get_an_answer(own: LiveMock, line: bytes) -> None:
    host, _, port = own.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.sendall(
            line + b"\r\nHost: x\r\nAuthorization: Bearer ada-session\r\nConnection: close\r\n\r\n"
        )
        assert raw.recv(4096).startswith(b"HTTP/1.1 400")


def test_concurrent_updates_of_different_fields_lose_nothing() -> None:
    with live_mock() as mock:
        headers = {**ADA, "Content-Type": "application/json"}

        def update(field: str, value: str) -> int:
            body = json.dumps({field: value}).encode()
            return requests.post(
                f"{mock.url}/v1/user/profile", data=body, headers=headers, timeout=10
            ).status_code

        for turn in range(20):
            wanted = {
                "displayName": f"name {turn}",
                "handle": f"handle_{turn}",
                "biography": f"text {turn}",
            }
            with ThreadPoolExecutor(3) as pool:
                assert list(pool.map(update, wanted, wanted.values())) == [200, 200, 200]
            query = "&".join(f"fields={field}" for field in wanted)
            assert (
                requests.get(f"{mock.url}/v1/user/profile?{query}", headers=ADA, timeout=10).json()
                == wanted
            )


def test_many_clients_at_once_all_get_answers(mock: LiveMock) -> None:
    statuses: list[int] = []

    def read() -> None:
        with requests.Session() as session:
            for _ in range(20):
                answer = session.get(
                    f"{mock.url}/v1/user/notifications?containerId=main", headers=ADA, timeout=20
                )
                statuses.append(answer.status_code)

    threads = [threading.Thread(target=read) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 400


def test_every_one_of_many_open_connections_is_answered(mock: LiveMock) -> None:
    host = mock.url.removeprefix("http://")
    with ExitStack() as stack:
        clients = [
            stack.enter_context(closing(http.client.HTTPConnection(host, timeout=10)))
            for _ in range(400)
        ]
        for client in clients:
            client.request("GET", "/v1/user/referrals", headers=ADA)
        assert {client.getresponse().read() for client in clients} == {
            requests.get(f"{mock.url}/v1/user/referrals", headers=ADA, timeout=10).content
        }


def test_a_delayed_answer_is_late_and_holds_up_nobody(mock: LiveMock) -> None:
    url, slow = f"{mock.url}/v1/user/referrals", {**ADA, "Prefer": "respond-async, delay=1500"}
    with ThreadPoolExecutor(50) as pool:
        late = [pool.submit(requests.get, url, headers=slow, timeout=10) for _ in range(50)]
        quick = [
            requests.get(url, headers=ADA, timeout=10).elapsed.total_seconds() for _ in range(10)
        ]
        assert max(quick) < 1.4
        assert min(future.result().elapsed.total_seconds() for future in late) >= 1.5
