"""One line for each request: for who looks at the terminal, or as JSON for a program."""

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
"""How many lines may wait for a slow terminal before more are left out; the server never waits for it."""
PLAIN, BOLD, DIM = "\x1b[0m", "\x1b[1m", "\x1b[2m"
COLOURS = {2: "\x1b[32m", 3: "\x1b[36m", 4: "\x1b[33m", 5: "\x1b[31m", 0: "\x1b[35m"}
"""By the first digit of the status; 0 is a connection that was broken on purpose."""
Form = Callable[[Entry], str]

log = logging.getLogger("mock_server")


def text(entry: Entry, *, colours: bool) -> str:
    """Return method, path, status, duration in milliseconds and the first violation, without what a terminal would obey."""
    paint: Callable[[str, str], str] = (
        (lambda code, word: f"{code}{word}{PLAIN}") if colours else (lambda _, word: word)
    )
    entry = presentable(entry)
    query = f"?{entry.query}" if entry.query else ""
    status = paint(
        COLOURS.get(entry.status // 100, PLAIN),
        f"{entry.status:03d}" if entry.status else entry.fault,
    )
    said = f"{entry.method:4} {status} {shown(entry.path + query)} {paint(DIM, f'{entry.duration:.1f} ms')}"
    return said + (paint(BOLD, f"  {note}") if (note := shown(_note(entry))) else "")


def json(entry: Entry) -> str:
    """Return the entry as the journal shows it, with what it was about and not what was sent."""
    said = presentable(entry).as_json()
    return orjson.dumps({"event": "request", **{name: said[name] for name in SAID}}).decode()


SAID = (
    *(
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
    ),
    "override",
)


def shown(words: str) -> str:
    """Return text in which nothing is left that a terminal would obey, or that would break the line."""
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in words)


def _note(entry: Entry) -> str:
    if not entry.violations:
        return entry.nearest
    first, *more = (violation.as_json() for violation in entry.violations)
    place = " ".join(part for part in (first.get("in", ""), first.get("name", "")) if part)
    rest = f" (and {len(more)} more)" if more else ""
    return f"{place} {first.get('reason', '')}".strip() + rest


def form(*, quiet: bool, json_lines: bool, out: TextIO) -> Form | None:
    """Return how requests are shown: as JSON where that is asked for, as text where a person looks on, else not at all."""
    if json_lines:
        return json
    if quiet or not out.isatty():
        return None
    colours = "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return lambda entry: text(entry, colours=colours)


class Printer:
    """Writes lines from a thread of its own, in the order in which requests were answered."""

    def __init__(self, made: Form, out: TextIO) -> None:
        self._form, self._out = made, out
        self._waiting: Queue[Entry | None] = Queue(WAITING)
        self._thread: threading.Thread | None = None

    def __call__(self, entry: Entry) -> None:
        """Show an entry, unless too many wait; the thread begins with the first, since workers are forked before."""
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
        """Write lines until the end; one that cannot be written keeps no other from it."""
        while (entry := self._waiting.get()) is not None:
            try:
                self._out.write(self._form(entry) + "\n")
                if self._waiting.empty():
                    self._out.flush()
            except Exception:
                log.exception("the line of a request could not be written")
        self._out.flush()
