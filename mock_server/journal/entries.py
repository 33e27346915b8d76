"""Entries of the journal: the latest requests, what was wrong with them, and what they changed.

No credentials are in them.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from operator import itemgetter
from sys import getsizeof
from typing import NamedTuple, Protocol, Self

import orjson

from mock_server.world.clock import written
from mock_server.world.records import Change

from . import masking
from .capture import Capture

LONGEST = 2000
"""How many characters of a path or a query are kept."""
LONGEST_CHANGE = 200
"""How many characters of a changed text are shown."""
AT_ONCE = 100
"""How many entries go into one piece of the stream."""
MOST_WAITING = 1000
"""How many other events may wait for a slow reader of the stream before it loses the oldest."""
HEARTBEAT = 15.0
"""Seconds of silence after which a stream sends a comment: proxies close connections that idle."""
LISTED = frozenset({"forkSandbox", "dropSandbox"})
"""Operations of the control API that make or end a sandbox."""
EACH = 1000
"""About how many bytes an entry takes beside its texts, and a sandbox beside its entries."""
ROOM = 8
"""Where there is too much, one part in so many is freed at once: not a little for every request."""
MOST_DIGITS = 18
"""An id has fewer."""


class Shown(Protocol):
    """What was wrong with a request, or with an answer that came through the proxy."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def reason(self) -> str: ...  # noqa: D102

    def as_json(self) -> dict[str, str]:
        """Return what the journal shows of it."""
        ...

    def _replace(self, *, reason: str) -> Self: ...


class Entry(NamedTuple):
    """One request."""

    id: int
    sandbox: str
    at: datetime
    """By the clock of the sandbox."""
    method: str
    path: str
    query: str
    operation: str
    """Empty where none matched."""
    user: str | None
    status: int
    """0 where the connection was broken on purpose, which `fault` tells."""
    duration: float
    """Milliseconds."""
    violations: Sequence[Shown] = ()
    changes: Sequence[Change] = ()
    nearest: str = ""
    """A hint which operation an unmatched request came close to."""
    fault: str = ""
    unjudged: str = ""
    """Why the proxy did not judge a body."""
    wire: Capture | None = None
    """Headers and bodies, which the list does not show."""
    upstream: str = ""
    """What the server behind the proxy did where the client got something else."""
    override: Mapping[str, object] | None = None
    """The rule or the `Prefer` header that decided the reply, `None` where none did."""

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        size = EACH + len(self.path) + len(self.query) + len(self.nearest)
        if self.wire:
            size += self.wire.size
        for violation in self.violations:
            size += 300 + len(violation.name) + len(violation.reason)
        for path, old, new in self.changes:
            size += 200 + getsizeof(path) + getsizeof(old) + getsizeof(new)
        return size

    def as_json(self) -> dict[str, object]:
        """Return the `Request` of `control.yaml`."""
        fields = self._asdict()
        fields["at"] = written(self.at)
        fields["violations"] = [violation.as_json() for violation in self.violations]
        fields["changes"] = [
            {
                "path": path,
                "before": _short(before),
                "after": _short(after),
            }
            for path, before, after in self.changes
        ]
        del fields["wire"]
        # Only the proxy has these two.
        for name in ("unjudged", "upstream"):
            if not fields[name]:
                del fields[name]
        return fields


class Reader(NamedTuple):
    """A stream that follows a sandbox: the events that wait for it, and how to wake it."""

    sandbox: str
    waiting: deque[tuple[int, bytes]]
    woken: asyncio.Event
    loop: asyncio.AbstractEventLoop

    def add(self, after: int, event: bytes) -> None:
        """Add an event that comes after an entry; call it in the reader's own event loop."""
        self.waiting.append((after, event))
        self.woken.set()


@dataclass(slots=True)
class SandboxEntries:
    """The entries of a sandbox, the newest last, with their sizes in bytes."""

    entries: deque[Entry] = field(default_factory=deque)
    sizes: deque[int] = field(default_factory=deque)
    size: int = EACH

    def add(self, entry: Entry) -> int:
        """Keep an entry and return its size."""
        size = entry.size
        self.entries.append(entry)
        self.sizes.append(size)
        self.size += size
        return size

    def forget(self) -> int:
        """Forget the oldest entry and return its size."""
        self.entries.popleft()
        size = self.sizes.popleft()
        self.size -= size
        return size


class Journal:
    """The newest requests of each sandbox, at most `most` of each and about `most_bytes` of all."""

    def __init__(self, most: int = 1000, most_bytes: int = 64 * 1024 * 1024) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._sandboxes: dict[str, SandboxEntries] = {}
        self._newest = 0
        self._listener: Callable[[Entry], None] | None = None
        self._readers: list[Reader] = []

    def add(self, entry: Entry) -> None:
        """Keep an entry, which gets the next id; the oldest goes where there are too many."""
        self._newest += 1
        entry = presentable(entry._replace(id=self._newest))
        sandbox = self._sandboxes.get(entry.sandbox)
        if sandbox is None:
            sandbox = self._sandboxes[entry.sandbox] = SandboxEntries()
            self._bytes += sandbox.size
        self._bytes += sandbox.add(entry)
        if len(sandbox.entries) > self._most:
            self._bytes -= sandbox.forget()
        if self._bytes > self._most_bytes:
            self._shrink()
        for reader in self._readers:
            if reader.sandbox == entry.sandbox:
                reader.woken.set()
        if self._listener is not None:
            self._listener(entry)

    def listen(self, listener: Callable[[Entry], None]) -> None:
        """Have `listener` called with each entry that is added."""
        self._listener = listener

    def newest_first(self, sandbox: str) -> list[Entry]:
        """Return the entries of a sandbox."""
        found = self._sandboxes.get(sandbox)
        return list(reversed(found.entries)) if found else []

    def changed(self, sandbox: str | None, operation: str) -> None:
        """Send an event: a control call changed a sandbox, or any of them where it is `None`.

        Streams of other sandboxes get it only where it concerns the list of sandboxes. May be
        called from any thread.
        """
        facts = orjson.dumps({"operation": operation, "sandbox": sandbox})
        event = b"event: changed\ndata: %s\n\n" % facts
        # An event of asyncio may be set in its own loop only, which this thread may not be.
        for reader in tuple(self._readers):
            if sandbox in {None, reader.sandbox} or operation in LISTED:
                reader.loop.call_soon_threadsafe(reader.add, self._newest, event)

    def clear(self, sandbox: str) -> None:
        """Forget the entries of a sandbox."""
        gone = self._sandboxes.pop(sandbox, None)
        if gone is not None:
            self._bytes -= gone.size

    async def follow(self, sandbox: str, after: int | None) -> AsyncIterator[bytes]:
        """Yield server-sent events (HTML Standard, 9.2) of the entries with an id over `after`.

        A slow reader loses nothing that is still kept when it is ready for more: entries are read
        from the journal then, and only other events wait in a queue.
        """
        waiting: deque[tuple[int, bytes]] = deque(maxlen=MOST_WAITING)
        reader = Reader(sandbox, waiting, asyncio.Event(), asyncio.get_running_loop())
        reader.woken.set()
        self._readers.append(reader)
        # An id over all there are is one of an earlier process.
        seen = self._newest if after is None or after > self._newest else after
        try:
            yield b": the journal of this sandbox\n\n"
            while True:
                if not await _is_woken(reader):
                    yield b": still here\n\n"
                    continue
                seen, events = self._take(reader, seen)
                if events:
                    yield events
        finally:
            self._readers.remove(reader)

    def _take(self, reader: Reader, seen: int) -> tuple[int, bytes]:
        """Return the id of the last entry that is sent to a reader now, and all events for it."""
        entries = self.newest_first(reader.sandbox)
        fresh = list(takewhile(lambda entry: entry.id > seen, entries))
        if len(fresh) <= AT_ONCE:
            reader.woken.clear()
        fresh.reverse()
        sent = fresh[:AT_ONCE]
        events = [(entry.id, event(entry)) for entry in sent]
        events += reader.waiting
        reader.waiting.clear()
        # The sort is stable: what came after an entry stays behind it.
        events.sort(key=itemgetter(0))
        last = sent[-1].id if sent else seen
        return last, b"".join(raw for _, raw in events)

    def _shrink(self) -> None:
        """Forget the oldest entries of the largest journals, until there is room again.

        They are cut down to one size, so that a sandbox with many requests costs no other one its
        entries.
        """
        limit = self._most_bytes * (ROOM - 1) // ROOM
        share = _share(sorted(each.size for each in self._sandboxes.values()), limit)
        largest_first = sorted(
            self._sandboxes.items(), key=lambda item: (-item[1].size, item[1].entries[-1].id)
        )
        for name, sandbox in largest_first:
            while self._bytes > limit and sandbox.size > share and sandbox.entries:
                self._bytes -= sandbox.forget()
            if not sandbox.entries:
                self.clear(name)
            if self._bytes <= limit:
                break


async def _is_woken(reader: Reader) -> bool:
    """Wait for news; return `False` where there were none for as long as a stream may be silent."""
    try:
        await asyncio.wait_for(reader.woken.wait(), HEARTBEAT)
    except TimeoutError:
        return False
    return True


def last_seen(header: str, after: int | None) -> int | None:
    """Return the id in a `Last-Event-ID` header, however long, or else `after`."""
    if not (header.isascii() and header.isdigit()):
        return after
    return int(header.lstrip("0")[:MOST_DIGITS] or "0")


def presentable(entry: Entry) -> Entry:
    """Return an entry as it may be kept: without secrets, and with a target of bounded length."""
    raw_query = entry.query[:LONGEST]
    path, query = masking.target(entry.path[:LONGEST], raw_query)
    if path != entry.path or query != entry.query:
        entry = entry._replace(path=path, query=query)
    has_texts = entry.violations or entry.changes or entry.nearest or entry.upstream
    if has_texts or query != raw_query:
        return _without_secrets(entry, raw_query)
    # Most requests come here, so that only what is needed is looked at. A query without secret
    # names may still hold the token of the header.
    authorization = entry.wire.authorization if query and entry.wire else None
    if not authorization:
        return entry
    masked = masking.without(query, [masking.credential(authorization)])
    return entry if masked is query else entry._replace(query=masked)


def _without_secrets(entry: Entry, raw_query: str) -> Entry:
    """Return an entry without the secrets of its query and headers in any of its texts."""
    secrets = masking.secrets_in(raw_query) if entry.query != raw_query else []
    if entry.wire:
        secrets += entry.wire.secrets

    def hidden(text: str) -> str:
        return masking.without(masking.plain(text), secrets)

    def hidden_value(name: str, value: object) -> object:
        masked = masking.value(name, value)
        return masking.without(masked, secrets) if isinstance(masked, str) else masked

    violations = [each._replace(reason=hidden(each.reason)) for each in entry.violations]
    changes = []
    for place, old, new in entry.changes:
        name = place.rpartition("/")[2]
        changes.append((place, hidden_value(name, old), hidden_value(name, new)))
    return entry._replace(
        query=masking.without(entry.query, secrets),
        violations=tuple(violations),
        changes=tuple(changes),
        nearest=hidden(entry.nearest),
        upstream=hidden(entry.upstream),
    )


def _share(sizes: Sequence[int], limit: int) -> float:
    """Return the size to which the largest must be cut so that all fit; `sizes` ascend."""
    for place, size in enumerate(sizes):
        share = limit / (len(sizes) - place)
        if size > share:
            return share
        limit -= size
    return limit


def event(entry: Entry) -> bytes:
    """Return an entry as a server-sent event."""
    return b"id: %d\nevent: request\ndata: %s\n\n" % (entry.id, orjson.dumps(entry.as_json()))


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > LONGEST_CHANGE:
        return value[:LONGEST_CHANGE] + "…"
    return value
