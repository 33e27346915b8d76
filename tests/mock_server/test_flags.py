"""Flags that guard the mock and the proxy: what cannot work is refused with the reason."""

from dataclasses import replace
from typing import Any

import click
import pytest
from click.testing import CliRunner

from mock_server.cli import shared_flags
from mock_server.cli.serve_command import main
from mock_server.server.lifecycle import find_address

MISTAKES = {
    "a token that is empty": ["--control-token", ""],
    "a token with a blank": ["--control-token", "correct horse"],
    "a token that is no ASCII": ["--control-token", "clé"],
    "a token with a line break": ["--control-token", "a\nb"],
    "sandboxed frames": ["--control-origin", "null"],
    "all origins": ["--control-origin", "*"],
    "an origin with a path": ["--control-origin", "http://localhost:3000/app"],
    "an origin without a scheme": ["--cors-origin", "localhost:3000"],
    "an origin of a file": ["--cors-origin", "file:///index.html"],
    "all pages": ["--cors-origin", "*"],
    "a name with a port": ["--allowed-host", "myapp.test:3000"],
    "all names": ["--allowed-host", "*"],
    "no host": ["--host", ""],
    "an unknown host": ["--host", "unknown.invalid"],
    "a host that is too long": ["--host", "a" * 300],
}


@pytest.mark.parametrize("command", [[], ["proxy", "http://127.0.0.1:1"]], ids=["mock", "proxy"])
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named(command: list[str], mistake: list[str]) -> None:
    done = CliRunner().invoke(main, [*command, "--port", "0", *mistake])
    assert done.exit_code == 2, done.output
    assert "correct horse" not in done.output
    assert done.output.strip().splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize(
    ("command", "variable"),
    [
        ([], "MOCK_SERVER_CONTROL_TOKEN"),
        (["proxy", "http://127.0.0.1:1"], "MOCK_SERVER_PROXY_CONTROL_TOKEN"),
    ],
)
@pytest.mark.parametrize("value", ["", "a b", "é"])
def test_a_variable_that_protects_nothing_is_refused(
    command: list[str], variable: str, value: str
) -> None:
    done = CliRunner().invoke(main, [*command, "--port", "0"], env={variable: value})
    assert (done.exit_code, "--control-token" in done.output) == (2, True), done.output


def read(*arguments: str, **env: str) -> Any:
    found: dict[str, Any] = {}

    @click.command(context_settings={"auto_envvar_prefix": "MOCK_SERVER"})
    @shared_flags.flags(shared_flags.CONTROL)
    def command(**given: Any) -> None:
        found.update(given)

    done = CliRunner().invoke(command, arguments, env=env)
    assert done.exit_code == 0, done.output
    return shared_flags.settings_of("127.0.0.1", 0, **found)


def test_flags_are_repeated_and_variables_hold_several() -> None:
    by_flags = read(
        "--cors-origin",
        "http://A.test/",
        "--cors-origin",
        "ionic://localhost",
        "--allowed-host",
        "A.test",
    )
    by_variables = read(
        MOCK_SERVER_CORS_ORIGINS="http://A.test/ ionic://localhost",
        MOCK_SERVER_ALLOWED_HOSTS="A.test",
    )
    assert replace(by_flags, port=0) == replace(by_variables, port=0)
    assert (by_flags.cors_origins, by_flags.allowed_hosts) == (
        ("http://a.test", "ionic://localhost"),
        frozenset({"a.test"}),
    )


@pytest.mark.parametrize(
    ("host", "address"),
    {
        "localhost": "127.0.0.1",
        "127.1": "127.0.0.1",
        "[::1]": "::1",
        "::1": "::1",
        "0.0.0.0": "0.0.0.0",
    }.items(),
)
def test_a_host_is_looked_up(host: str, address: str) -> None:
    assert find_address(host) == address


def test_the_name_that_is_listened_on_is_an_own_one() -> None:
    settings = shared_flags.settings_of("LocalHost", 0, allowed_hosts=())
    assert (settings.host, settings.allowed_hosts) == ("127.0.0.1", frozenset({"localhost"}))
    settings = shared_flags.settings_of("127.0.0.1", 0, allowed_hosts=())
    assert (settings.port > 0, settings.allowed_hosts) == (True, frozenset())
    assert shared_flags.settings_of("0.0.0.0", 0, allowed_hosts=(), control_token="t").any_host
