"""A pytest plugin: the mock in this process, and a sandbox of its own for every test.

pytest loads this in every project where the mock is installed, so the server is imported by the fixture that needs it.
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
    """One sandbox of a mock that serves at `server`: what an app under test needs as its base URL is `url`."""

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
        from urllib.request import Request  # noqa: PLC0415 - brings mail and archives with it

        raw = None if body is None else json.dumps(body).encode()
        headers = {"X-Mock-Control": "1", "Content-Type": "application/json"}
        content = _ask(Request(f"{self.url}/__mock{path}", raw, headers, method=method))  # noqa: S310 - our own server
        return json.loads(content) if content else None

    def session(self, username: str, **options: Any) -> str:
        """Sign a user in and return the token; options are those of `POST /__mock/sessions`, such as `expiresIn=5`."""
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
        self.control(
            "PUT",
            "/clock",
            {"action": "freeze"} if time is None else {"action": "freeze", "time": time},
        )

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self.control("PUT", "/clock", {"action": "advance", "seconds": seconds})

    def rule(self, **rule: Any) -> str:
        """Override answers, as `POST /__mock/rules` does (`code=500, times=1`), and return the rule's id."""
        identity: str = self.control("POST", "/rules", rule)["id"]
        return identity

    def requests(self, **criteria: Any) -> list[dict[str, Any]]:
        """Return what was asked in this sandbox, newest first, such as `operation="getProfile"`."""
        found: list[dict[str, Any]] = self.control("GET", f"/requests?{urlencode(criteria)}")[
            "requests"
        ]
        return found

    def count(self, **criteria: Any) -> int:
        """Count what was asked in this sandbox, such as `operation="markNotificationsRead", status=201`."""
        count: int = self.control("POST", "/requests/count", criteria)["count"]
        return count


@cache
def _opener() -> OpenerDirector:
    from urllib.request import ProxyHandler, build_opener  # noqa: PLC0415 - likewise

    return build_opener(
        ProxyHandler({})
    )  # the mock is on this machine, whatever proxy the environment names


def _ask(asked: Request) -> bytes:
    try:
        with _opener().open(asked, timeout=SECONDS) as answer:
            content: bytes = answer.read()
            return content
    except HTTPError as refusal:
        body = refusal.read()
        reason = f"{refusal.msg}: {body.decode()}"
        raise HTTPError(
            asked.full_url, refusal.code, reason, refusal.headers, io.BytesIO(body)
        ) from None


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
    with warnings.catch_warnings(action="ignore"):  # of modules that are not the tests' own
        from mock_server.contract.files import FileError  # noqa: PLC0415 - slow, and needed by those who ask only
        from mock_server.server.lifecycle import DEFAULT_FIXTURES, Settings, running  # noqa: PLC0415 - likewise

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
    """A sandbox for this test alone, dropped at its end; a worker of pytest-xdist has a server, thus sandboxes, of its own."""
    mock = Mock(user_profile_mock_server, _sandbox_name(request.node))
    mock.reset()
    yield mock
    with suppress(HTTPError):  # the test may have dropped it itself
        mock.control("DELETE", f"/sandboxes/{mock.sandbox}")


def _sandbox_name(test: pytest.Item) -> str:
    """Return a name that tells which test it is, the same in every run; at most 64 characters."""
    said = re.sub(r"[^A-Za-z0-9_.]+", "-", test.name)[:40]
    return f"test-{hashlib.sha256(test.nodeid.encode()).hexdigest()[:16]}-{said}"
