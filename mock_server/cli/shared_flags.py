"""Flags that the mock and the proxy have in common."""

import json
import logging
import math
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import click

from mock_server.api.guard import VISIBLE
from mock_server.config import Options
from mock_server.http.origins import read_name, read_origin
from mock_server.journal.access_log import Printer, form
from mock_server.journal.entries import Journal
from mock_server.server.lifecycle import is_loopback
from mock_server.stores.store import Store

from .usage_errors import LEVELS, UsageProblem

option = partial(click.option, show_envvar=True)
"""An option that can be set by the environment, too, and says so."""
MOST = 2**53
"""The largest number of a flag: Redis and JSON know all whole numbers up to it."""
LONGEST = 10.0**9
"""Seconds: over thirty years."""


class Seconds(click.FloatRange):
    """A number of seconds; what is no number compares with nothing, and so gets past every range."""

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
    """Return what reads each value of a flag by a function that raises `ValueError` where one cannot be used."""

    def check(
        _context: click.Context, _param: click.Parameter, values: tuple[str, ...]
    ) -> tuple[str, ...]:
        found = []
        for value in values:
            try:
                found.append(read(value))
            except ValueError as error:
                shown = (
                    "it" if "@" in value else repr(value[:80])
                )  # there may be a password before the @
                raise click.BadParameter(f"{shown} {error}") from None
        return tuple(found)

    return check


def _token(context: click.Context, param: click.Parameter, token: str | None) -> str | None:
    """Refuse a token that protects nothing or can never be sent; none is repeated.

    A variable that is set to nothing, as one is whose secret is missing, click takes for one that is not set.
    """
    variable = f"{context.auto_envvar_prefix}_{str(param.name).upper()}"
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
            "it can never be sent: a header carries letters, digits and signs of ASCII, without blanks"
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
)
STEERING = (
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
        help="What X-Mock-Control must say for every call under /__mock/; required beyond loopback. Better given by the "
        "environment: everybody on this machine can read arguments.",
    ),
    option(
        "--control-origin",
        "control_origins",
        callback=_each(read_origin),
        multiple=True,
        metavar="ORIGIN",
        help="A web page of this origin may call /__mock/, such as http://localhost:3000; may be repeated.",
    ),
    option(
        "--cors-origin",
        "cors_origins",
        callback=_each(read_origin),
        multiple=True,
        metavar="ORIGIN",
        help="A web page of this origin may call the API, as pages of localhost may anyway: http://192.168.1.5:3000, "
        "https://myapp.test or capacitor://localhost, say; may be repeated.",
    ),
    option(
        "--allowed-host",
        "allowed_hosts",
        callback=_each(read_name),
        multiple=True,
        metavar="NAME",
        help="A name of this machine that requests may be sent to, beside localhost and IP addresses, such as myapp.test; "
        "may be repeated. Beyond loopback every name is right.",
    ),
)
SAYING = (
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
        for flag in reversed([flag for group in groups for flag in group]):
            command = flag(command)
        return command

    return add


def options(
    address: str,
    host: str,
    max_journal: int,
    control_token: str | None,
    *,
    allowed_hosts: tuple[str, ...],
    **rest: Any,
) -> Options:
    """Return the options of the core that listens on `address`, which `host` names.

    Raises `UsageProblem` where other machines could steer it.
    """
    beyond = not is_loopback(address)
    if control_token is None and beyond:
        raise UsageProblem(
            f"{host} can be reached from other machines: protect the control API with --control-token, "
            "best by its environment variable"
        )
    names = (
        frozenset(allowed_hosts) if host == address else frozenset((*allowed_hosts, host.lower()))
    )
    return Options(
        max_journal_bytes=max_journal,
        control_token=control_token,
        allowed_hosts=names,
        any_host=beyond,
        **rest,
    )


COMPACT = ",", ":"


class JsonFormatter(logging.Formatter):
    """Writes what is logged as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said = {
            "event": "log",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(
            said, separators=COMPACT
        )  # in ASCII: the name of a file may hold what UTF-8 cannot


LAST_WORDS = 2.0
"""Seconds for what is said at the end; a terminal that was stopped may hear none of it, and holds up nobody."""


class Voice:
    """How a server speaks: what it logs, its greeting, and its lines about requests."""

    def __init__(self, log_level: str, log_format: str, *, quiet: bool) -> None:
        self.json, self._quiet = log_format == "json", quiet
        self._printer: Printer | None = None
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(
            JsonFormatter() if self.json else logging.Formatter("%(levelname)s %(message)s")
        )
        logging.basicConfig(level=log_level.upper(), handlers=[handler])

    def listen(self, to: Store | Journal) -> None:
        """Show each request that is answered."""
        if made := form(quiet=self._quiet, json_lines=self.json, out=sys.stdout):
            self._printer = Printer(made, sys.stdout)
            to.listen(self._printer)

    def greet(self, greeting: str, **facts: object) -> None:
        """Say that the server listens."""
        sys.stdout.write(
            f"{json.dumps({'event': 'listening', **facts}, separators=COMPACT) if self.json else greeting}\n"
        )
        sys.stdout.flush()

    def end(self, words: str = "", *, wrong: bool = False) -> None:
        """Say what is still to be said, and last these words."""
        saying = threading.Thread(target=self._end, args=(words, wrong), daemon=True)
        saying.start()
        saying.join(LAST_WORDS)

    def _end(self, words: str, wrong: bool) -> None:  # noqa: FBT001 - called by a thread
        if self._printer is not None:
            self._printer.close()
        if words and self.json:
            level = "error" if wrong else "info"
            words = json.dumps(
                {"event": "log", "level": level, "logger": "mock_server", "message": words},
                separators=COMPACT,
            )
        elif words and wrong:
            words = f"Error: {words}"
        if words:
            (sys.stderr if wrong else sys.stdout).write(f"{words}\n")
        sys.stdout.flush()
        sys.stderr.flush()
