"""However often and whenever the server is told to end: what is to be kept is written, whole, and it ends soon."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from mock_server.server.stop_signals import SIGNALS, Ending
from tests.live import ADA, LiveMock, live_mock, live_proxy

HALF = b"POST /v1/user/profile HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf of it"


def connected(server: LiveMock, sent: bytes) -> socket.socket:
    host, _, port = server.url.removeprefix("http://").partition(":")
    client = socket.create_connection((host, int(port)), 10)
    client.sendall(sent)
    return client


@pytest.mark.parametrize(
    ("signums", "pause", "sent"),
    [
        ((signal.SIGINT, signal.SIGINT), 0.0, b""),
        ((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), 0.05, HALF),
        (
            (signal.SIGHUP,),
            0.001,
            b"GET /__mock/requests/stream HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ),
    ],
    ids=["idle", "half a body", "a stream"],
)
def test_no_number_of_signals_keeps_the_state_from_being_written(
    signums: tuple[int, ...], pause: float, sent: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "state.json"
    with live_mock("--export-on-exit", str(path)) as mock, connected(mock, sent):
        requests.post(
            f"{mock.url}/v1/user/profile", json={"displayName": "Kept"}, headers=ADA, timeout=10
        )
        began = time.monotonic()
        assert mock.burst(*signums, pause=pause) == (0, f"State written to {path}\n", "")
        assert time.monotonic() - began < 10
    assert "Kept" in {user.get("displayName") for user in json.loads(path.read_text())["users"]}
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_number_of_signals_keeps_a_recording_from_being_written(
    mock: LiveMock, tmp_path: Path
) -> None:
    path = tmp_path / "recorded.json"
    with live_proxy(mock.url, "--record", str(path)) as proxy, connected(proxy, b"GET"):
        requests.get(f"{proxy.url}/v1/user/profile", headers=ADA, timeout=10)
        code, out, errors = proxy.burst(*SIGNALS, pause=0.002)
    assert (code, errors) == (0, "")
    assert f"Recorded to {path}" in out
    assert (len(json.loads(path.read_text())["users"]), path.stat().st_mode & 0o777) == (1, 0o600)


def test_a_signal_at_any_moment_of_the_start_ends_it_without_a_traceback(tmp_path: Path) -> None:
    started: list[tuple[Path, signal.Signals, subprocess.Popen[str]]] = []
    for n in range(4):
        path, signum = (
            tmp_path / f"{n}.json",
            (signal.SIGTERM, signal.SIGHUP)[n % 2],
        )  # SIGINT is Python's own at first
        command = [
            sys.executable,
            "-m",
            "mock_server",
            "--port",
            "0",
            "--export-on-exit",
            str(path),
        ]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append((path, signum, process))
        time.sleep(0.2)
    for path, signum, process in started:
        for _ in range(3):
            with suppress(ProcessLookupError):
                process.send_signal(signum)
        _, errors = process.communicate(timeout=20)
        assert not errors
        assert process.returncode in {0, -signum}
        assert path.exists() == (process.returncode == 0)


@pytest.fixture
def handlers() -> Iterator[None]:
    """Put back what this process does on signals."""
    before = [(signum, signal.getsignal(signum)) for signum in SIGNALS]
    yield
    for signum, handler in before:
        signal.signal(signum, handler)


@pytest.mark.usefixtures("handlers")
def test_who_hears_late_that_the_end_was_asked_for_hears_it_at_once_and_once() -> None:
    ending, stops = Ending(), list[int]()
    ending.listen()
    signal.raise_signal(signal.SIGTERM)
    assert ending.requested
    ending.then(lambda: stops.append(1))
    signal.raise_signal(signal.SIGTERM)
    assert stops == [1]


@pytest.mark.usefixtures("handlers")
def test_a_hang_up_that_is_ignored_stays_so_as_nohup_wants_it() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    ending = Ending()
    ending.listen()
    signal.raise_signal(signal.SIGHUP)
    assert not ending.requested
