"""What the server prints of each request: a line where a person looks on, JSON where a program does."""

import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from mock_server.errors import Violation
from mock_server.journal.access_log import json as as_json
from mock_server.journal.access_log import text
from mock_server.journal.entries import Entry
from tests.npm import free_port

ESCAPE = "\x1b"
ASKS = (
    b"GET /v1/user/profile?fields=handle HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ada-session\r\n\r\n",
    b"GET /v1/user/profile?fields=nonsense HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ada-session\r\n\r\n",
    b"GET /v1/user/red?access_token=ada-session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
)


def entry(**changes: Any) -> Entry:
    at = datetime(2026, 3, 10, 9, tzinfo=UTC)
    return Entry(
        1, "default", at, "GET", "/v1/user/profile", "fields=handle", "getProfile", "ada", 200, 0.42
    )._replace(**changes)


def ask(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        for request in ASKS:
            client.sendall(request)
        while client.recv(65536):
            pass


def until(read: Any, wanted: str) -> str:
    """Read on until the wanted text has come."""
    said, deadline = "", time.monotonic() + 30
    while wanted not in said:
        assert time.monotonic() < deadline, f"{wanted!r} did not come: {said!r}"
        said += read()
    return said


@contextmanager
def on_a_terminal(*flags: str, **environment: str) -> Iterator[tuple[int, Any]]:
    """Start the mock on a terminal of its own; answers its port and what reads the terminal."""
    port = free_port()
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "mock_server", "--port", str(port), *flags]
    known = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env={**known, **environment}
    )
    os.close(theirs)

    def read() -> str:
        return os.read(ours, 65536).decode() if select.select([ours], [], [], 0.2)[0] else ""

    try:
        until(read, "Ctrl-C")
        yield port, read
    finally:
        process.terminate()
        process.wait(20)
        os.close(ours)


def plain(said: str) -> list[str]:
    return re.sub(r"\x1b\[[0-9;]*m", "", said).split("\r\n")


def test_a_terminal_shows_each_request() -> None:
    with on_a_terminal() as (port, read):
        ask(port)
        said = until(read, "red")
    assert ESCAPE in said, "colours"
    first, second, third = (
        re.sub(r"[0-9.]+ ms", "… ms", line) for line in plain(said) if line.startswith("GET")
    )
    assert first == "GET  200 /v1/user/profile?fields=handle … ms"
    assert second.startswith("GET  400 /v1/user/profile?fields=nonsense … ms  query fields")
    assert third.startswith("GET  404 /v1/user/red?access_token=*** … ms")
    assert "ada-session" not in said


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_colours_can_be_unwanted(environment: dict[str, str]) -> None:
    with on_a_terminal(**environment) as (port, read):
        ask(port)
        assert ESCAPE not in until(read, "red")


def test_quiet_is_quiet() -> None:
    with on_a_terminal("--quiet") as (port, read):
        ask(port)
        assert read() == ""


def piped(*flags: str) -> tuple[list[str], str]:
    """Answer the lines on stdout and what stands on stderr, of a mock that was asked three times and stopped."""
    port = free_port()
    command = [sys.executable, "-m", "mock_server", "--port", str(port), *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = process.stdout.readline()
    until_open(port)
    ask(port)
    process.send_signal(signal.SIGTERM)
    rest, errors = process.communicate(timeout=30)
    return [first, *rest.splitlines()], errors


def until_open(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return


def test_json_lines_are_for_programs() -> None:
    lines, errors = piped("--log-format", "json")
    listening, *asked = [json.loads(line) for line in lines]
    assert listening["event"] == "listening"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", listening["url"])
    assert [(line["event"], line["status"], line["operation"]) for line in asked] == [
        ("request", 200, "getProfile"),
        ("request", 400, "getProfile"),
        ("request", 404, ""),
    ]
    assert asked[1]["violations"][0]["name"] == "fields"
    assert "ada-session" not in "".join(lines)
    assert not errors


@pytest.mark.parametrize("flags", [(), ("--log-format", "text")], ids=str)
def test_a_pipe_hears_the_greeting_only(flags: Sequence[str]) -> None:
    lines, _ = piped(*flags)
    assert not [line for line in lines if line.startswith("GET")]


def test_who_does_not_listen_any_more_stops_nobody() -> None:
    command = [
        sys.executable,
        "-m",
        "mock_server",
        "--port",
        str(port := free_port()),
        "--log-format",
        "json",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    ask(port)
    ask(port)
    process.terminate()
    with process.stderr as stream:
        errors = stream.read()
    assert process.wait(20) == 0
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "GET  200 /v1/user/profile?fields=handle 0.4 ms"),
        (
            {"status": 0, "fault": "EMPTY_RESPONSE"},
            "GET  EMPTY_RESPONSE /v1/user/profile?fields=handle 0.4 ms",
        ),
        (
            {"status": 404, "nearest": "GET /v1/x"},
            "GET  404 /v1/user/profile?fields=handle 0.4 ms  GET /v1/x",
        ),
        (
            {
                "status": 400,
                "violations": [
                    Violation("body", "/a\n\x1b[2J", "is wrong"),
                    Violation("query", "b", "too"),
                ],
            },
            "GET  400 /v1/user/profile?fields=handle 0.4 ms  body /a\\u000a\\u001b[2J is wrong (and 1 more)",
        ),
        ({"path": "/\x9b31mred"}, "GET  200 /\\u009b31mred?fields=handle 0.4 ms"),
        ({"query": "token=abc&x=1"}, "GET  200 /v1/user/profile?token=***&x=1 0.4 ms"),
    ],
)
def test_a_line(changes: dict[str, Any], line: str) -> None:
    assert text(entry(**changes), colours=False) == line
    assert "\n" not in as_json(entry(**changes))
