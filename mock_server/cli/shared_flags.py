"""Flags that the mock and the proxy have in common, and the settings that they make."""

import math
import os
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import click

from mock_server.api.guard import VISIBLE
from mock_server.config import DEFAULT_CONTRACT, Settings
from mock_server.http.origins import read_name, read_origin
from mock_server.server.lifecycle import find_address, free_port, is_loopback

from .usage_errors import LEVELS, UsageProblem, address_problem

option = partial(click.option, show_envvar=True)
"""An option that can be set by the environment, too, and says so."""
MOST = 2**53
"""The largest number of a flag: Redis and JSON keep all whole numbers up to it exact."""
LONGEST = 10.0**9
"""Seconds: over thirty years."""


class Seconds(click.FloatRange):
    """A number of seconds, never `nan`: that is neither under nor over the bounds of a range."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is not a number of seconds.", param, ctx)
        return number


def _each(
    read: Callable[[str], str],
) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], tuple[str, ...]]:
    """Return a callback that applies `read` to each value of a flag; it may raise `ValueError`."""

    def check(
        _context: click.Context, _param: click.Parameter, values: tuple[str, ...]
    ) -> tuple[str, ...]:
        found = []
        for value in values:
            try:
                found.append(read(value))
            except ValueError as error:
                # There may be a password before the @.
                shown = "it" if "@" in value else repr(value[:80])
                raise click.BadParameter(f"{shown} {error}") from None
        return tuple(found)

    return check


def _token(context: click.Context, param: click.Parameter, token: str | None) -> str | None:
    """Return a token; raise `BadParameter` where it protects nothing, or can never be sent.

    The message does not repeat it.
    """
    variable = f"{context.auto_envvar_prefix}_{str(param.name).upper()}"
    # click takes an empty variable for one that is not set. It is empty where a secret is missing.
    if token is None and os.environ.get(variable) == "":
        raise click.BadParameter(
            f"{variable} is set to nothing, and would protect nothing: give a token, or unset it"
        )
    if token == "":
        raise click.BadParameter(
            "it is empty, and would protect nothing: give a token, or leave the flag out"
        )
    if token is not None and not VISIBLE.fullmatch(token):
        raise click.BadParameter(
            "it can never be sent: "
            "a header carries letters, digits and signs of ASCII, without blanks"
        )
    return token


LISTENING = (
    option(
        "--host",
        default="127.0.0.1",
        show_default=True,
        help="Address to listen on, or a name of one.",
    ),
    option(
        "--port",
        "-p",
        type=click.IntRange(0, 65535),
        default=4010,
        show_default=True,
        help="Port to listen on; 0 picks a free one.",
    ),
    option(
        "--openapi",
        type=click.Path(path_type=Path),
        default=DEFAULT_CONTRACT,
        show_default="the packaged one",
        metavar="FILE",
        help="The contract by which requests and answers are judged.",
    ),
)
CONTROL = (
    option(
        "--max-requests",
        type=click.IntRange(0, MOST),
        default=1000,
        show_default=True,
        metavar="N",
        help="How many requests the journal keeps of each sandbox (GET /__mock/requests).",
    ),
    option(
        "--max-journal",
        type=click.IntRange(0, MOST),
        default=64 * 1024 * 1024,
        show_default=True,
        metavar="BYTES",
        help="How much all journals together may take.",
    ),
    option(
        "--control-token",
        callback=_token,
        metavar="TOKEN",
        help="What X-Mock-Control must say for every call under /__mock/; required beyond "
        "loopback. Better given by the environment: everybody on this machine can read arguments.",
    ),
    option(
        "--control-origin",
        "control_origins",
        callback=_each(read_origin),
        multiple=True,
        metavar="ORIGIN",
        help="A web page of this origin may call /__mock/, such as http://localhost:3000; may be "
        "repeated.",
    ),
    option(
        "--cors-origin",
        "cors_origins",
        callback=_each(read_origin),
        multiple=True,
        metavar="ORIGIN",
        help="A web page of this origin may call the API, as pages of localhost may anyway: "
        "http://192.168.1.5:3000, https://myapp.test or capacitor://localhost, say; may be "
        "repeated.",
    ),
    option(
        "--allowed-host",
        "allowed_hosts",
        callback=_each(read_name),
        multiple=True,
        metavar="NAME",
        help="A name of this machine that requests may be sent to, beside localhost and IP "
        "addresses, such as myapp.test; may be repeated. Beyond loopback every name is right.",
    ),
)
OUTPUT = (
    option(
        "--quiet",
        "-q",
        is_flag=True,
        help="No line for each request; without it a terminal shows one, a file or pipe does not.",
    ),
    option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="json: one JSON object a line, for each request too, wherever the output goes.",
    ),
    option(
        "--log-level",
        type=click.Choice(LEVELS),
        default="info",
        show_default=True,
        help="How much to say; debug has a line for each request.",
    ),
)


def flags(
    *groups: tuple[Callable[..., Callable[..., None]], ...],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add groups of flags to a command, in their order."""

    def add(command: Callable[..., None]) -> Callable[..., None]:
        # Backwards, as decorators are applied: the last one is the first flag of the help text.
        for flag in reversed(list(chain.from_iterable(groups))):
            command = flag(command)
        return command

    return add


def settings_of(host: str, port: int, *, allowed_hosts: Iterable[str], **rest: Any) -> Settings:
    """Return the settings that these flags make, with an IP address and a port that is free.

    Raises `UsageProblem` where nothing can listen there, or other machines could call the control
    API.
    """
    try:
        address = find_address(host)
        port = free_port(address, port)
    except (OSError, OverflowError) as error:
        raise UsageProblem(address_problem(host, port, error)) from None
    names = set(allowed_hosts)
    # Who has the server listen on a name of this machine sends requests to that name.
    if host != address:
        names.add(host.lower())
    is_reachable = not is_loopback(address)
    settings = Settings(
        host=address,
        port=port,
        allowed_hosts=frozenset(names),
        any_host=is_reachable,
        **rest,
    )
    if is_reachable and settings.control_token is None:
        raise UsageProblem(
            f"{host} can be reached from other machines: protect the control API with "
            "--control-token, best by its environment variable"
        )
    return settings
