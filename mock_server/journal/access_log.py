"""Access log: one line for each request, as text at a terminal or as JSON for a program."""

import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Full, Queue
from typing import TextIO

import orjson

from .entries import Entry, presentable

WAITING = 10_000
"""How many lines may wait for a slow terminal; more are left out, since no server waits for it."""
PLAIN = "\x1b[0m"
BOLD = "\x1b[1m"
DIM = "\x1b[2m"
COLOURS = {
    2: "\x1b[32m",
    3: "\x1b[36m",
    4: "\x1b[33m",
    5: "\x1b[31m",
    0: "\x1b[35m",
}
"""By the first digit of the status; 0 is a connection that was broken on purpose."""
Form = Callable[[Entry], str]

log = logging.getLogger("mock_server")


def text(entry: Entry, *, colours: bool) -> str:
    """Return method, status, target, duration in milliseconds and the first violation."""
    entry = presentable(entry)
    status = f"{entry.status:03d}" if entry.status else entry.fault
    target = f"{entry.path}?{entry.query}" if entry.query else entry.path
    duration = f"{entry.duration:.1f} ms"
    note = shown(_note(entry))
    if colours:
        colour = COLOURS.get(entry.status // 100, PLAIN)
        status = f"{colour}{status}{PLAIN}"
        duration = f"{DIM}{duration}{PLAIN}"
    line = f"{entry.method:4} {status} {shown(target)} {duration}"
    if note:
        line += f"{BOLD}  {note}{PLAIN}" if colours else f"  {note}"
    return line


def json(entry: Entry) -> str:
    """Return the entry as the journal shows it, without headers, bodies and changes."""
    fields = presentable(entry).as_json()
    line = {"event": "request"} | {name: fields[name] for name in JSON_FIELDS}
    return orjson.dumps(line).decode()


JSON_FIELDS = (
    "id",
    "sandbox",
    "at",
    "method",
    "path",
    "query",
    "operation",
    "user",
    "status",
    "duration",
    "violations",
    "fault",
    "override",
)


def shown(words: str) -> str:
    """Return text without control characters, which could steer a terminal or break the line."""
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in words)


def _note(entry: Entry) -> str:
    if not entry.violations:
        return entry.nearest
    first, *more = (violation.as_json() for violation in entry.violations)
    words = (first.get("in"), first.get("name"), first.get("reason"))
    rest = f" (and {len(more)} more)" if more else ""
    return " ".join(word for word in words if word) + rest


def form(
    *,
    quiet: bool,
    json_lines: bool,
    out: TextIO,
) -> Form | None:
    """Return how requests are shown, `None` where they are not.

    JSON is written wherever it goes, if it is wanted; text is only for a person at a terminal.
    """
    if json_lines:
        return json
    if quiet or not out.isatty():
        return None
    # NO_COLOR counts with any value, also an empty one (no-color.org).
    colours = "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return lambda entry: text(entry, colours=colours)


class Printer:
    """Writes lines from a thread of its own, in the order in which requests were answered."""

    def __init__(self, line_of: Form, out: TextIO) -> None:
        self._line_of = line_of
        self._out = out
        self._waiting: Queue[Entry | None] = Queue(WAITING)
        self._thread: threading.Thread | None = None

    def __call__(self, entry: Entry) -> None:
        """Show an entry, unless too many wait."""
        # Not in `__init__`: workers are forked after that, and a fork takes no threads along.
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, daemon=True)
            self._thread.start()
        with suppress(Full):
            self._waiting.put_nowait(entry)

    def close(self) -> None:
        """Write what waits, for a second at most."""
        if self._thread is not None:
            with suppress(Full):
                self._waiting.put_nowait(None)
            self._thread.join(1)

    def _write(self) -> None:
        """Write lines until the end; one that cannot be written does not stop the others."""
        while (entry := self._waiting.get()) is not None:
            try:
                self._out.write(self._line_of(entry) + "\n")
                # Not for every line: under load that would take longer than writing it.
                if self._waiting.empty():
                    self._out.flush()
            except Exception:
                log.exception("the line of a request could not be written")
        self._out.flush()
