"""Flags that the mock and the proxy have in common."""

import json
import logging
import math
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from itertools import chain
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
        # Backwards, as decorators are applied: the last one is the first flag of the help text.
        for flag in reversed(list(chain.from_iterable(groups))):
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
    """Return the options of a server on `address`, which `host` names.

    Raises `UsageProblem` where other machines could call its control API.
    """
    is_reachable = not is_loopback(address)
    if control_token is None and is_reachable:
        raise UsageProblem(
            f"{host} can be reached from other machines: protect the control API with "
            "--control-token, best by its environment variable"
        )
    names = set(allowed_hosts)
    if host != address:
        names.add(host.lower())
    return Options(
        max_journal_bytes=max_journal,
        control_token=control_token,
        allowed_hosts=frozenset(names),
        any_host=is_reachable,
        **rest,
    )


COMPACT = (",", ":")
"""Separators of JSON without blanks."""


class JsonFormatter(logging.Formatter):
    """Writes what is logged as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = {
            "event": "log",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        # In ASCII: the name of a file may hold what UTF-8 cannot.
        return json.dumps(fields, separators=COMPACT)


LAST_WORDS = 2.0
"""Seconds for the last messages: a terminal that was stopped takes none, and must delay nothing."""


class Voice:
    """Output of a server: its log, its banner, and its lines about requests."""

    def __init__(self, log_level: str, log_format: str, *, quiet: bool) -> None:
        self.json = log_format == "json"
        self._quiet = quiet
        self._printer: Printer | None = None
        handler = logging.StreamHandler(sys.stderr)
        text = logging.Formatter("%(levelname)s %(message)s")
        handler.setFormatter(JsonFormatter() if self.json else text)
        logging.basicConfig(level=log_level.upper(), handlers=[handler])

    def listen(self, to: Store | Journal) -> None:
        """Print a line for each request that is answered."""
        line_of = form(quiet=self._quiet, json_lines=self.json, out=sys.stdout)
        if line_of is not None:
            self._printer = Printer(line_of, sys.stdout)
            to.listen(self._printer)

    def greet(self, greeting: str, **facts: object) -> None:
        """Print that the server listens."""
        line = greeting
        if self.json:
            line = json.dumps({"event": "listening", **facts}, separators=COMPACT)
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def end(self, words: str = "", *, is_error: bool = False) -> None:
        """Print what still waits, and a last message."""
        printing = threading.Thread(target=self._end, args=(words, is_error), daemon=True)
        printing.start()
        printing.join(LAST_WORDS)

    def _end(self, words: str, is_error: bool) -> None:  # noqa: FBT001 - called by a thread
        if self._printer is not None:
            self._printer.close()
        if words:
            stream = sys.stderr if is_error else sys.stdout
            stream.write(f"{self._last_line(words, is_error=is_error)}\n")
        sys.stdout.flush()
        sys.stderr.flush()

    def _last_line(self, words: str, *, is_error: bool) -> str:
        if self.json:
            level = "error" if is_error else "info"
            fields = {"event": "log", "level": level, "logger": "mock_server", "message": words}
            return json.dumps(fields, separators=COMPACT)
        return f"Error: {words}" if is_error else words
