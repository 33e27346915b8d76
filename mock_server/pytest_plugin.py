"""Plugin of pytest: the mock in the process of the tests, and a sandbox of its own for every test.

pytest loads this in every project where the mock is installed, so the server is imported by the
fixture that needs it.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.request import OpenerDirector, Request

SECONDS = 30.0


@dataclass(frozen=True)
class Mock:
    """One sandbox of the mock at `server`; `url` is the base URL for an app under test."""

    server: str
    sandbox: str

    @property
    def url(self) -> str:
        """The base URL of the sandbox."""
        return f"{self.server}/__sandbox/{self.sandbox}"

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Call the control API, such as `POST` `/reset`, and return its parsed body.

        Raises `urllib.error.HTTPError`, whose text says what was wrong with the call.
        """
        # Imports the modules for mail and archives too.
        from urllib.request import Request  # noqa: PLC0415

        raw = None if body is None else json.dumps(body).encode()
        headers = {"X-Mock-Control": "1", "Content-Type": "application/json"}
        request = Request(f"{self.url}/__mock{path}", raw, headers, method=method)  # noqa: S310 - our own server
        content = _send(request)
        return json.loads(content) if content else None

    def session(self, username: str, **options: Any) -> str:
        """Sign a user in and return the token.

        Options are those of `POST /__mock/sessions`, such as `expiresIn=5`.
        """
        token: str = self.control("POST", "/sessions", {"username": username, **options})["token"]
        return token

    def expire(self, token: str) -> None:
        """Let a session expire now; its refresh token stays valid."""
        self.control("PATCH", f"/sessions/{quote(token, safe='')}", {"expiresIn": 0})

    def reset(self, scenario: str | None = None) -> None:
        """Start again, from another scenario if one is named."""
        self.control("POST", "/reset", None if scenario is None else {"scenario": scenario})

    def freeze(self, time: str | None = None) -> None:
        """Stop the clock, now or at a time (RFC 3339)."""
        command = {"action": "freeze"}
        if time is not None:
            command["time"] = time
        self.control("PUT", "/clock", command)

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self.control("PUT", "/clock", {"action": "advance", "seconds": seconds})

    def rule(self, **rule: Any) -> str:
        """Override answers, such as by `code=500, times=1`, and return the id of the rule.

        Fields are those of `POST /__mock/rules`.
        """
        identity: str = self.control("POST", "/rules", rule)["id"]
        return identity

    def requests(self, **criteria: Any) -> list[dict[str, Any]]:
        """Return requests of this sandbox, newest first, such as `operation="getProfile"`."""
        listed = self.control("GET", f"/requests?{urlencode(criteria)}")
        found: list[dict[str, Any]] = listed["requests"]
        return found

    def count(self, **criteria: Any) -> int:
        """Count requests of this sandbox, such as `operation="getProfile", status=200`."""
        count: int = self.control("POST", "/requests/count", criteria)["count"]
        return count


@cache
def _opener() -> OpenerDirector:
    from urllib.request import ProxyHandler, build_opener  # noqa: PLC0415 - likewise

    # The mock is on this machine, whatever proxy the environment names.
    return build_opener(ProxyHandler({}))


def _send(request: Request) -> bytes:
    try:
        with _opener().open(request, timeout=SECONDS) as response:
            content: bytes = response.read()
            return content
    except HTTPError as error:
        # The message of `HTTPError` does not show the body, which tells what was wrong.
        body = error.read()
        reason = f"{error.msg}: {body.decode()}"
        copy = io.BytesIO(body)
        raise HTTPError(request.full_url, error.code, reason, error.headers, copy) from None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Define what the mock starts from."""
    group = parser.getgroup("user profile mock")
    group.addoption(
        "--user-profile-mock-scenario",
        default="default",
        help="the scenario to start from (default: default)",
    )
    group.addoption(
        "--user-profile-mock-fixtures",
        default=None,
        help="a scenario file, or a directory of scenarios",
    )


@pytest.fixture(scope="session")
def user_profile_mock_server(pytestconfig: pytest.Config) -> Iterator[str]:
    """The base URL of a mock that runs in this process, on a free port."""
    # A project's tests may turn warnings into errors, but those of our modules are not theirs.
    with warnings.catch_warnings(action="ignore"):
        from mock_server.config import DEFAULT_FIXTURES, Settings  # noqa: PLC0415 - slow
        from mock_server.contract.files import FileError  # noqa: PLC0415
        from mock_server.server.lifecycle import running  # noqa: PLC0415

    fixtures = pytestconfig.getoption("user_profile_mock_fixtures")
    scenario = pytestconfig.getoption("user_profile_mock_scenario")
    settings = Settings(
        port=0, fixtures=Path(fixtures) if fixtures else DEFAULT_FIXTURES, scenario=scenario
    )
    try:
        with running(settings) as url:
            yield url
    except FileError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture
def user_profile_mock(
    user_profile_mock_server: str, request: pytest.FixtureRequest
) -> Iterator[Mock]:
    """A sandbox for this test alone, dropped at its end.

    Each worker of pytest-xdist has a server of its own.
    """
    mock = Mock(user_profile_mock_server, _sandbox_name(request.node))
    mock.reset()
    yield mock
    # The test may have dropped it itself.
    with suppress(HTTPError):
        mock.control("DELETE", f"/sandboxes/{mock.sandbox}")


def _sandbox_name(test: pytest.Item) -> str:
    """Return a name for a test's sandbox, the same in every run; at most 64 characters."""
    readable = re.sub(r"[^A-Za-z0-9_.]+", "-", test.name)[:40]
    # Tests of two files may have the same name.
    digest = hashlib.sha256(test.nodeid.encode()).hexdigest()[:16]
    return f"test-{digest}-{readable}"
