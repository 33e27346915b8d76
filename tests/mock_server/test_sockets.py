"""What only a real socket shows: broken connections, slow answers, and the stream of the journal."""

import http.client
import json
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.live import ADA, LiveMock, live_mock

REFERRALS = "/v1/user/referrals"
CONTROL = {"X-Mock-Control": "1"}


@pytest.fixture(scope="module")
def own() -> Iterator[LiveMock]:
    with live_mock() as running:
        yield running


@pytest.fixture
def base(own: LiveMock, request: pytest.FixtureRequest) -> str:
    """The base URL of a sandbox for this test alone."""
    return f"{own.url}/__sandbox/{abs(hash(request.node.name)) % 10**12}"


def rule(base: str, **made: Any) -> None:
    assert (
        requests.post(f"{base}/__mock/rules", json=made, headers=CONTROL, timeout=10).status_code
        == 201
    )


def raw(base: str, fault: str) -> bytes | type[Exception]:
    """Send one request and answer the bytes that came back, or how the connection ended."""
    rule(base, fault=fault, times=1)
    host, _, rest = base.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), timeout=5) as client:
        client.sendall(
            f"GET /{rest}{REFERRALS} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer ada-session\r\n\r\n".encode()
        )
        answer = b""
        try:
            while chunk := client.recv(65536):
                answer += chunk
        except ConnectionResetError:
            return ConnectionResetError
    return answer


def test_an_empty_response_is_no_byte_at_all(base: str) -> None:
    assert raw(base, "EMPTY_RESPONSE") == b""


def test_a_reset_is_a_reset(base: str) -> None:
    assert raw(base, "CONNECTION_RESET_BY_PEER") is ConnectionResetError


def test_random_data_is_no_http(base: str) -> None:
    answer = raw(base, "RANDOM_DATA_THEN_CLOSE")
    assert isinstance(answer, bytes)
    assert len(answer) == 64
    assert not answer.startswith(b"HTTP")


def test_a_malformed_chunk_starts_as_an_answer(base: str) -> None:
    answer = raw(base, "MALFORMED_RESPONSE_CHUNK")
    assert isinstance(answer, bytes)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    rule(base, fault="MALFORMED_RESPONSE_CHUNK", times=1)
    with pytest.raises(requests.RequestException):
        requests.get(base + REFERRALS, headers=ADA, timeout=5)


@pytest.mark.parametrize(
    "fault",
    [
        "EMPTY_RESPONSE",
        "MALFORMED_RESPONSE_CHUNK",
        "RANDOM_DATA_THEN_CLOSE",
        "CONNECTION_RESET_BY_PEER",
    ],
)
def test_a_client_meets_an_error_and_then_the_truth_again(base: str, fault: str) -> None:
    rule(base, operation="listReferrals", fault=fault, times=1)
    with requests.Session() as session:
        session.get(f"{base}/v1/user/profile?fields=handle", headers=ADA, timeout=5)
        with pytest.raises(requests.RequestException):
            session.get(base + REFERRALS, headers=ADA, timeout=5)
        assert session.get(base + REFERRALS, headers=ADA, timeout=5).status_code == 200
    entries = requests.get(f"{base}/__mock/requests?operation=listReferrals", timeout=5).json()[
        "requests"
    ]
    assert [(entry["status"], entry["fault"]) for entry in entries] == [(200, ""), (0, fault)]


def test_broken_connections_leave_nothing_behind_and_hit_nobody_else(
    own: LiveMock, base: str
) -> None:
    rule(base, operation="listReferrals", fault="CONNECTION_RESET_BY_PEER")
    others = f"{own.url}{REFERRALS}"

    def broken(_: int) -> bool:
        with pytest.raises(requests.RequestException):
            requests.get(base + REFERRALS, headers=ADA, timeout=10)
        return requests.get(others, headers=ADA, timeout=10).status_code == 200

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(broken, range(200)))
    open_files = len(list(Path(f"/proc/{own.process.pid}/fd").iterdir()))
    assert open_files < 60, f"{open_files} descriptors are open after 200 broken connections"


def test_a_delay_is_drawn_from_its_range(base: str) -> None:
    rule(base, delay={"min": 100, "max": 400})
    times = [
        requests.get(base + REFERRALS, headers=ADA, timeout=10).elapsed.total_seconds()
        for _ in range(5)
    ]
    assert min(times) >= 0.1
    assert len({round(each, 2) for each in times}) > 1


def test_a_slow_body_dribbles_and_holds_up_nobody(own: LiveMock, base: str) -> None:
    rule(base, operation="listReferrals", slowBody=1500)
    with ThreadPoolExecutor(50) as pool:
        slow = [
            pool.submit(requests.get, base + REFERRALS, headers=ADA, timeout=15) for _ in range(50)
        ]
        time.sleep(0.3)
        quick = [
            requests.get(own.url + REFERRALS, headers=ADA, timeout=10).elapsed.total_seconds()
            for _ in range(10)
        ]
        bodies = {future.result().text for future in slow}
    assert max(quick) < 1.2
    assert bodies == {requests.get(own.url + REFERRALS, headers=ADA, timeout=10).text}
    started = time.monotonic()
    with requests.get(base + REFERRALS, headers=ADA, timeout=10, stream=True) as answer:
        pieces = [(time.monotonic() - started, chunk) for chunk in answer.iter_content(20)]
    assert len(pieces) > 5
    assert pieces[-1][0] >= 1.4


def test_renewing_a_session_is_slow_or_breaks_like_any_other_call(base: str) -> None:
    def renew(prefer: str = "") -> requests.Response:
        sent = {"refreshToken": "ada-session-refresh"}
        return requests.post(
            f"{base}/v1/user/auth/refresh-session",
            json=sent,
            headers={"Prefer": prefer},
            timeout=10,
        )

    rule(base, operation="refreshSession", fault="CONNECTION_RESET_BY_PEER", times=1)
    rule(base, operation="refreshSession", slowBody=200, delay=100, times=1)
    rule(
        base,
        operation="refreshSession",
        code=503,
        undocumented=True,
        headers={"Retry-After": 2},
        body="Back soon.",
        times=1,
    )
    with pytest.raises(requests.ConnectionError):
        renew()
    started = time.monotonic()
    assert renew().status_code == 200
    assert time.monotonic() - started >= 0.3
    refused = renew()
    assert (refused.status_code, refused.text, refused.headers["Retry-After"]) == (
        503,
        "Back soon.",
        "2",
    )
    assert renew("delay=120").elapsed.total_seconds() >= 0.12
    entries = requests.get(f"{base}/__mock/requests", timeout=5).json()["requests"]
    assert [entry["status"] for entry in entries] == [200, 503, 200, 0]


def test_a_slow_body_that_is_empty_is_no_trouble(base: str) -> None:
    rule(base, slowBody=300)
    assert (
        requests.post(f"{base}/v1/user/notifications/read", headers=ADA, timeout=10).status_code
        == 201
    )
    assert requests.head(base + REFERRALS, headers=ADA, timeout=10).status_code == 200


def events(
    base: str, wanted: int, headers: dict[str, str] | None = None, query: str = ""
) -> tuple[threading.Thread, list[Any]]:
    """Follow the journal in a thread until so many requests have come; it listens when this returns."""
    found: list[Any] = []
    listening = threading.Event()

    def follow() -> None:
        with requests.get(
            f"{base}/__mock/requests/stream{query}", headers=headers, stream=True, timeout=10
        ) as stream:
            assert stream.headers["Content-Type"].startswith("text/event-stream")
            for line in stream.iter_lines(1, decode_unicode=True):
                listening.set()
                if line.startswith("data: "):
                    found.append(json.loads(line.removeprefix("data: ")))
                if len(found) == wanted:
                    return

    thread = threading.Thread(target=follow)
    thread.start()
    assert listening.wait(5)
    return thread, found


def test_the_stream_tells_of_every_request_of_its_sandbox(own: LiveMock, base: str) -> None:
    thread, found = events(base, 3)
    requests.get(own.url + "/of-another-sandbox", timeout=5)
    for path in ("/one", "/two", REFERRALS):
        requests.get(base + path, headers=ADA, timeout=5)
    thread.join(5)
    assert [entry["path"] for entry in found] == ["/one", "/two", REFERRALS]


def test_the_stream_resumes_after_what_was_seen(base: str) -> None:
    for path in ("/one", "/two", "/three"):
        requests.get(base + path, timeout=5)
    first = requests.get(f"{base}/__mock/requests", timeout=5).json()["requests"][-1]["id"]
    for headers, query in (({"Last-Event-ID": str(first)}, ""), ({}, f"?after={first}")):
        thread, found = events(base, 2, headers, query)
        thread.join(5)
        assert [entry["path"] for entry in found] == ["/two", "/three"]


def test_the_stream_tells_of_what_else_changed_the_sandbox_and_of_sandboxes_that_come_and_go(
    own: LiveMock, base: str
) -> None:
    name = base.rpartition("/")[2]
    thread, found = events(base, 4)
    some: dict[str, int] = {"delay": 1}
    for url, path, body in (
        (own.url, "/rules", some),
        (base, "/requests/count", {}),
        (base, "/undo", {}),
        (base, "/rules", some),
    ):
        requests.post(f"{url}/__mock{path}", json=body, headers=CONTROL, timeout=5)
    requests.put(f"{own.url}/__mock/sandboxes/{name}-copy", headers=CONTROL, timeout=5)
    requests.get(base + REFERRALS, headers=ADA, timeout=5)
    requests.delete(f"{base}/__mock/rules", headers=CONTROL, timeout=5)
    thread.join(5)
    told = [(each["operation"], each["sandbox"]) for each in found]
    here = [
        ("addRule", name),
        ("forkSandbox", f"{name}-copy"),
        ("listReferrals", name),
        ("clearRules", name),
    ]
    assert told == here, (
        "neither what another sandbox did, nor what only looked, nor what was refused"
    )
    requests.delete(f"{own.url}/__mock/rules", headers=CONTROL, timeout=5)


def test_the_server_stops_at_once_though_somebody_listens() -> None:
    with live_mock() as mock, ExitStack() as stack:
        for _ in range(5):
            listener = http.client.HTTPConnection(mock.url.removeprefix("http://"), timeout=5)
            stack.enter_context(closing(listener))
            listener.request("GET", "/__mock/requests/stream")
            assert stack.enter_context(listener.getresponse()).status == 200
        started = time.monotonic()
        code, errors = mock.stop()
        assert (code, errors) == (0, "")
        assert time.monotonic() - started < 5


def test_a_client_that_leaves_in_the_middle_harms_nobody(own: LiveMock, base: str) -> None:
    rule(base, slowBody=2000)
    host, port = own.url.removeprefix("http://").split(":")
    path = base.removeprefix(own.url)
    for _ in range(20):
        with socket.create_connection((host, int(port)), timeout=5) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            ask = f"GET {path}{random.choice([REFERRALS, '/__mock/requests/stream'])} HTTP/1.1\r\nHost: {host}\r\n\r\n"
            client.sendall(ask.encode())
            client.recv(10)
    assert requests.get(own.url + REFERRALS, headers=ADA, timeout=5).status_code == 200
