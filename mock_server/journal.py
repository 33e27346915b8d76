"""What was asked lately, and what the contract said of it. Credentials and bodies are never in it."""

from collections import deque
from typing import NamedTuple

from .errors import Violation

LONGEST = 2000
"""How many characters of a path or a query are kept."""


class Entry(NamedTuple):
    """One request: `at` in seconds since 1970, `duration` in milliseconds, `operation` empty where none matched."""

    at: float
    method: str
    path: str
    query: str
    operation: str
    status: int
    duration: float
    violations: tuple[Violation, ...]


class Journal:
    """The newest requests, at most `size`."""

    def __init__(self, size: int) -> None:
        self.entries: deque[Entry] = deque(maxlen=size)

    def record(self, entry: Entry) -> None:
        """Keep an entry; the oldest goes where there are too many."""
        if len(entry.path) + len(entry.query) > LONGEST:
            entry = entry._replace(path=entry.path[:LONGEST], query=entry.query[:LONGEST])
        self.entries.append(entry)

    def newest_first(self) -> list[dict[str, object]]:
        """Answer all entries as JSON holds them."""
        return [
            {**entry._asdict(), "violations": [violation.as_json() for violation in entry.violations]}
            for entry in reversed(tuple(self.entries))
        ]
