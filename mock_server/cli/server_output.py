"""Output of a server: its log, its banner, and a line for each request."""

import json
import logging
import sys
import threading

from mock_server.config import Settings
from mock_server.journal.access_log import Printer, form
from mock_server.stores.store import Store

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
"""Seconds for the last messages, which must delay nothing."""


class ServerOutput:
    """Writes as text, or as one JSON object a line."""

    def __init__(self, settings: Settings) -> None:
        self.json = settings.log_format == "json"
        self._quiet = settings.quiet
        self._printer: Printer | None = None
        handler = logging.StreamHandler(sys.stderr)
        text = logging.Formatter("%(levelname)s %(message)s")
        handler.setFormatter(JsonFormatter() if self.json else text)
        logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])

    def log_requests(self, store: Store) -> None:
        """Print a line for each entry of the journal."""
        line_of = form(quiet=self._quiet, json_lines=self.json, out=sys.stdout)
        if line_of is not None:
            self._printer = Printer(line_of, sys.stdout)
            store.listen(self._printer)

    def announce(self, banner: str, facts: dict[str, object]) -> None:
        """Print that the server listens; `facts` is what JSON says of it."""
        line = banner
        if self.json:
            line = json.dumps({"event": "listening", **facts}, separators=COMPACT)
        sys.stdout.write(f"{line}\n")
        # A program that started the server may wait for this line.
        sys.stdout.flush()

    def end(self, words: str = "", *, is_error: bool = False) -> None:
        """Print what still waits, and a last message."""
        # In a thread, since writing to a terminal that was stopped (Ctrl-S) would wait for ever.
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
