"""The command, as a user runs it."""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
import yaml

from mock_server.cli.serve_command import main
from mock_server.cli.usage_errors import address_problem
from mock_server.config import DEFAULT_CONTRACT, DEFAULT_FIXTURES
from tests.live import live_mock

GOOD = (DEFAULT_FIXTURES / "default.yaml").read_text()
CONTRACT = DEFAULT_CONTRACT.read_text()


def run(*flags: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mock_server", *flags]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=30, env={**os.environ, **env}, check=False
    )


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr, done.stderr
    assert [word for word in words if word not in done.stderr] == [], done.stderr


def test_the_greeting_has_a_curl_line_that_works_when_pasted() -> None:
    with live_mock() as mock:
        line = next(line for line in mock.greeting.splitlines() if "curl" in line)
        answer = subprocess.run(
            ["bash", "-c", f"{line} -s"], capture_output=True, text=True, timeout=10, check=True
        )
    assert answer.stdout == '{"displayName":"Ada Lovelace","handle":"ada"}'


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_at_once_and_quietly(signum: int) -> None:
    with live_mock() as mock:
        requests.get(mock.url, timeout=5)
        started = time.monotonic()
        assert mock.stop(signum) == (0, "")
        assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "flag", [option.name for option in main.params if option.name not in {"version", "help"}]
)
def test_every_flag_has_an_environment_variable(flag: str) -> None:
    assert f"MOCK_SERVER_{flag.upper()}" in run("--help", COLUMNS="200").stdout


def test_the_environment_is_heard() -> None:
    with live_mock(env={"MOCK_SERVER_SCENARIO": "empty"}) as mock:
        assert "scenario empty" in mock.greeting


def test_version() -> None:
    assert run("--version").stdout.startswith("mock-server, version ")


def test_a_taken_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert_refused(run("--port", port), f"port {port} of 127.0.0.1 is taken", "--port")


def test_two_mocks_do_not_share_a_port() -> None:
    with live_mock() as mock:
        assert_refused(run("--port", mock.url.rpartition(":")[2]), "is taken")


def test_a_host_that_is_not_here() -> None:
    assert_refused(run("--host", "192.0.2.1"), "cannot listen on 192.0.2.1")


BROKEN_FIXTURES = {
    "no file": (None, ["there is no such file"]),
    "not YAML": ("users: [1\n", ["not valid YAML", "mine.yaml:2:"]),
    "not a mapping": ("- 1", ["object"]),
    "too long a name": (GOOD.replace("Ada Lovelace", "x" * 51), [":", "users/0/displayName"]),
    "an unknown key": (GOOD.replace("    displayName: ", "    fullName: ", 1), ["fullName"]),
    "a stranger in a container": (
        GOOD.replace("[ada, grace, newcomer, alan, ", "[ada, grace, newcomer, stranger, ", 1),
        ["there is no user 'stranger'"],
    ),
    "a session of nobody": (
        GOOD + "  - {token: x, username: nobody}\n",
        ["there is no user 'nobody'"],
    ),
    "a token twice": (
        GOOD + "  - {token: ada-session, username: ada}\n",
        ["'ada-session' is there 2 times"],
    ),
    "a token that no header can carry": (
        GOOD + "  - {token: 'a b', username: ada}\n",
        ["sessions/"],
    ),
    "a wrong time": (
        GOOD + "  - {token: x, username: ada, expiresAt: '2026-13-01T00:00:00Z'}\n",
        ["expiresAt"],
    ),
    "a key that JSON cannot hold": ("users: [{username: ada, 1: 2}]", ["holds what JSON cannot"]),
    "a lone surrogate": ('users: [{username: "\\ud800"}]', ["mine.yaml"]),
}


@pytest.mark.parametrize(("text", "words"), BROKEN_FIXTURES.values(), ids=BROKEN_FIXTURES)
def test_a_broken_fixture_is_named_with_line_field_and_reason(
    text: str | None, words: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    if text is not None:
        path.write_text(text)
    assert_refused(run("--port", "0", "--fixtures", str(path)), "mine.yaml", *words)


def test_the_line_of_a_wrong_value(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "# a comment\nusers:\n  - username: ada\n    handle: ada\n  - username: grace\n    handle: NO!\n"
    )
    assert_refused(run("--fixtures", str(path), "--port", "0"), "mine.yaml:6: users/1/handle")


def test_an_unknown_scenario_lists_those_there_are() -> None:
    assert_refused(run("--scenario", "nope", "--port", "0"), "busy, default, edge, empty")


RENAMED = CONTRACT.replace("operationId: getProfile", "operationId: readProfile")
PIPES = CONTRACT.replace("style: form", "style: pipeDelimited").replace(
    "explode: true", "explode: false"
)
BROKEN_CONTRACTS = {
    "not YAML": ("openapi: [", ["not valid YAML"]),
    "another version": ("openapi: 3.0.3", ["is not an OpenAPI 3.1 document"]),
    "not OpenAPI": (CONTRACT.replace("in: query", "in: nowhere", 1), ["contract.yaml:"]),
    "an operation too many": (RENAMED, ["'readProfile'", "'getProfile'"]),
    "a pattern that is none": (CONTRACT.replace("{3,20}$", "{3,20}$["), ["pattern"]),
    "a style that cannot be decoded": (PIPES, ["'fields'"]),
}


@pytest.mark.parametrize(("text", "words"), BROKEN_CONTRACTS.values(), ids=BROKEN_CONTRACTS)
def test_a_broken_contract_is_named(text: str, words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(text)
    assert_refused(run("--port", "0", "--openapi", str(path)), "contract.yaml", *words)


@pytest.mark.parametrize("scenario", ["default", "empty", "busy", "edge"])
def test_every_scenario_has_the_sessions_of_everyday(scenario: str) -> None:
    fixture = yaml.safe_load((DEFAULT_FIXTURES / f"{scenario}.yaml").read_text())
    tokens = {session["token"] for session in fixture["sessions"]}
    everyday = {
        "ada-session",
        "grace-session",
        "newcomer-session",
        "ada-session-expired",
        "ada-refresh-expired",
    }
    assert everyday <= tokens


def test_debug_has_a_line_for_each_request() -> None:
    with live_mock("--log-level", "debug") as mock:
        requests.get(f"{mock.url}/v1/user/referrals?x=1", timeout=5)
        _, errors = mock.stop()
    assert "GET /v1/user/referrals 401" in errors


def test_a_port_that_needs_privileges_is_named() -> None:
    assert "above 1023" in address_problem("127.0.0.1", 80, PermissionError(errno.EACCES, "no"))


def test_a_folder_is_no_contract() -> None:
    assert_refused(
        run("--port", "0", "--openapi", str(DEFAULT_FIXTURES)), "cannot be read: Is a directory"
    )
