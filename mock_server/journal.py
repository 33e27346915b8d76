"""What was asked lately, what the contract said of it and what it changed. Credentials are never in it."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime
from itertools import takewhile
from operator import itemgetter
from typing import NamedTuple, Protocol

import orjson

from .clock import written
from .wire import Wire

LONGEST = 2000
"""How many characters of a path or a query are kept."""
AT_ONCE = 100
"""How many entries go into one piece of the stream."""
NEWS = 1000
"""How many changes may wait for a slow reader of the stream before it loses the oldest."""
HEARTBEAT = 15.0
"""Seconds of silence after which a stream shows that it lives."""
LISTED = frozenset({"forkSandbox", "dropSandbox"})
"""Operations of the control API that make or end a sandbox."""
SECRET = re.compile(r"(?i)([^&=]*(?:token|secret|password|authorization|session)[^&=]*=)[^&]*")

Change = tuple[str, object, object]
"""A JSON pointer into the state, what stood there before, and what stands there now."""


class Shown(Protocol):
    """What was wrong with a request, or with an answer that came through the proxy."""

    def as_json(self) -> dict[str, str]:
        """Answer what the journal shows of it."""
        ...


class Entry(NamedTuple):
    """One request: `at` by the sandbox's clock, `duration` in milliseconds, `operation` empty where none matched.

    `status` is 0 where the connection was broken on purpose (`fault`); `nearest` says of an unmatched request what came close;
    `unjudged` says why the proxy did not judge a body, `upstream` what the server behind it did where a client got something
    else; `wire` has headers and bodies, which the list does not show.
    """

    id: int
    sandbox: str
    at: datetime
    method: str
    path: str
    query: str
    operation: str
    user: str | None
    status: int
    duration: float
    violations: Sequence[Shown] = ()
    changes: Sequence[Change] = ()
    nearest: str = ""
    fault: str = ""
    unjudged: str = ""
    wire: Wire | None = None
    upstream: str = ""

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        more = 200 * len(self.violations) + 1000 * len(self.changes) if self.violations or self.changes else 0
        sent = self.wire.size if self.wire else 0
        return 500 + len(self.path) + len(self.query) + more + sent

    def as_json(self) -> dict[str, object]:
        """Answer the `Request` of `control.yaml`."""
        changes = [{"path": path, "before": _short(before), "after": _short(after)} for path, before, after in self.changes]
        violations = [violation.as_json() for violation in self.violations]
        query = SECRET.sub(r"\1***", self.query)
        said = {**self._asdict(), "at": written(self.at), "query": query, "violations": violations, "changes": changes}
        del said["wire"]
        for name in ("unjudged", "upstream"):
            if not said[name]:
                del said[name]
        return said


class Records(Protocol):
    """What the core knows of a journal; the methods are those of `Journal`."""

    def record(self, sandbox: str, *values: object, **more: object) -> None: ...  # noqa: D102

    def newest_first(self, sandbox: str) -> Iterator[Entry]: ...  # noqa: D102

    def find(self, sandbox: str, identity: int) -> Entry | None: ...  # noqa: D102

    def changed(self, sandbox: str | None, operation: str) -> None: ...  # noqa: D102

    def clear(self, sandbox: str) -> None: ...  # noqa: D102

    def follow(self, sandbox: str, after: int | None) -> AsyncIterator[bytes]: ...  # noqa: D102


class Reader(NamedTuple):
    """Who follows a sandbox: what it has to be told after which entries, and how to wake it."""

    sandbox: str
    news: deque[tuple[int, bytes]]
    woken: asyncio.Event
    loop: asyncio.AbstractEventLoop

    def tell(self, after: int, news: bytes) -> None:
        """Tell it of something that came after an entry; from its own event loop."""
        self.news.append((after, news))
        self.woken.set()


class Journal:
    """The newest requests of each sandbox, at most `most` of each and about `most_bytes` of all."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most, self._most_bytes, self._bytes = most, most_bytes, 0
        self._entries: dict[str, deque[Entry]] = {}
        self._newest = 0
        self.heard: Callable[[Entry], None] | None = None
        self._readers: list[Reader] = []

    def record(self, sandbox: str, *values: object, **more: object) -> None:
        """Keep an entry, given without id and sandbox; the oldest goes where there are too many."""
        self._newest += 1
        entry = cut(Entry(self._newest, sandbox, *values, **more))  # type: ignore[arg-type]
        kept = self._entries.setdefault(sandbox, deque())
        kept.append(entry)
        self._bytes += entry.size
        if len(kept) > self._most:
            self._bytes -= kept.popleft().size
        if self._bytes > self._most_bytes:
            self._shrink()
        for reader in self._readers:
            if reader.sandbox == sandbox:
                reader.woken.set()
        if self.heard is not None:
            self.heard(entry)

    def newest_first(self, sandbox: str) -> Iterator[Entry]:
        """Answer the entries of a sandbox."""
        return reversed(tuple(self._entries.get(sandbox, ())))

    def find(self, sandbox: str, identity: int) -> Entry | None:
        """Answer one entry of a sandbox, `None` where it is not kept."""
        return next((entry for entry in self.newest_first(sandbox) if entry.id == identity), None)

    def changed(self, sandbox: str | None, operation: str) -> None:
        """Tell that something else than a request changed a sandbox, any of them where `None`; from any thread.

        Who follows another one hears only of those that concern the list of sandboxes.
        """
        event = b"event: changed\ndata: %s\n\n" % orjson.dumps({"operation": operation, "sandbox": sandbox})
        for reader in tuple(self._readers):
            if sandbox in {None, reader.sandbox} or operation in LISTED:
                reader.loop.call_soon_threadsafe(reader.tell, self._newest, event)

    def clear(self, sandbox: str) -> None:
        """Forget the entries of a sandbox."""
        self._bytes -= sum(entry.size for entry in self._entries.pop(sandbox, ()))

    async def follow(self, sandbox: str, after: int | None) -> AsyncIterator[bytes]:
        """Answer server-sent events (HTML Standard, 9.2): the kept entries with an id over `after`, then whatever happens.

        A slow reader loses nothing that is still kept when it is ready for more.
        """
        reader = Reader(sandbox, deque(maxlen=NEWS), asyncio.Event(), asyncio.get_running_loop())
        reader.woken.set()
        self._readers.append(reader)
        seen = self._newest if after is None or after > self._newest else after  # more than all: seen of an earlier process
        try:
            yield b": the journal of this sandbox\n\n"
            while True:
                try:
                    await asyncio.wait_for(reader.woken.wait(), HEARTBEAT)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                fresh = self._since(sandbox, seen)
                if len(fresh) <= AT_ONCE:
                    reader.woken.clear()
                told = fresh[:AT_ONCE]
                seen = told[-1].id if told else seen
                news = sorted([*((entry.id, event(entry)) for entry in told), *reader.news], key=itemgetter(0))
                reader.news.clear()
                if news:
                    yield b"".join(said for _, said in news)
        finally:
            self._readers.remove(reader)

    def _since(self, sandbox: str, seen: int) -> list[Entry]:
        """Answer the entries of a sandbox with an id over `seen`, oldest first."""
        kept = self._entries.get(sandbox, deque())
        return [*takewhile(lambda entry: entry.id > seen, reversed(kept))][::-1]

    def _shrink(self) -> None:
        """Halve the largest journal: who asked most pays."""
        largest = max(self._entries.values(), key=len)
        for _ in range(len(largest) // 2 + 1):
            self._bytes -= largest.popleft().size


def criteria(wanted: dict[str, object]) -> Callable[[Entry], bool]:
    """Answer a test for entries: each key is a field of theirs, `only` one of `violations`, `unmatched`, `changes`."""
    fields = [(name, value) for name, value in wanted.items() if name != "only" and value is not None]
    only = {
        "violations": lambda e: bool(e.violations),
        "unmatched": lambda e: not e.operation,
        "changes": lambda e: bool(e.changes),
    }
    extra: Callable[[Entry], bool] = only.get(str(wanted.get("only")), lambda _: True)
    return lambda entry: extra(entry) and all(getattr(entry, name) == value for name, value in fields)


def cut(entry: Entry) -> Entry:
    """Answer an entry whose path and query are not too long to keep."""
    if len(entry.path) + len(entry.query) > LONGEST:
        return entry._replace(path=entry.path[:LONGEST], query=entry.query[:LONGEST])
    return entry


def event(entry: Entry) -> bytes:
    """Write an entry as a server-sent event."""
    return b"id: %d\nevent: request\ndata: %s\n\n" % (entry.id, orjson.dumps(entry.as_json()))


def _short(value: object) -> object:
    return value if not isinstance(value, str) or len(value) <= 200 else value[:200] + "…"  # noqa: PLR2004
