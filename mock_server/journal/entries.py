"""What was asked lately, what the contract said of it and what it changed. Credentials are never in it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from operator import itemgetter
from sys import getsizeof
from typing import NamedTuple, Protocol, Self

import orjson

from mock_server.world.clock import written

from . import masking
from .capture import Wire

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
EACH = 1000
"""About how many bytes an entry takes beside what came from outside, and a sandbox beside its entries."""
ROOM = 8
"""Where there is too much, one part in so many is freed at once, so that it has not to be done for every request."""
MOST_DIGITS = 18
"""An id has fewer."""

Change = tuple[str, object, object]
"""A JSON pointer into the state, what stood there before, and what stands there now."""


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
    """One request: `at` by the sandbox's clock, `duration` in milliseconds, `operation` empty where none matched.

    `status` is 0 where the connection was broken on purpose (`fault`); `nearest` says of an unmatched request what came close;
    `unjudged` says why the proxy did not judge a body, `upstream` what the server behind it did where a client got something
    else; `wire` has headers and bodies, which the list does not show; `override` is the rule or the wish that decided how the
    request was answered, `None` where nothing did but the request itself.
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
    override: Mapping[str, object] | None = None

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        held = (
            EACH
            + len(self.path)
            + len(self.query)
            + len(self.nearest)
            + (self.wire.size if self.wire else 0)
        )
        if self.violations:
            held += sum(300 + len(each.name) + len(each.reason) for each in self.violations)
        if self.changes:
            held += sum(
                200 + getsizeof(path) + getsizeof(old) + getsizeof(new)
                for path, old, new in self.changes
            )
        return held

    def as_json(self) -> dict[str, object]:
        """Return the `Request` of `control.yaml`."""
        changes = [
            {"path": path, "before": _short(before), "after": _short(after)}
            for path, before, after in self.changes
        ]
        violations = [violation.as_json() for violation in self.violations]
        said = {
            **self._asdict(),
            "at": written(self.at),
            "violations": violations,
            "changes": changes,
        }
        del said["wire"]
        for name in ("unjudged", "upstream"):
            if not said[name]:
                del said[name]
        return said


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


@dataclass(slots=True)
class Kept:
    """The entries of a sandbox, the newest last, and about how many bytes each of them and all together take."""

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
        self._most, self._most_bytes, self._bytes = most, most_bytes, 0
        self._kept: dict[str, Kept] = {}
        self._newest = 0
        self._heard: Callable[[Entry], None] | None = None
        self._readers: list[Reader] = []

    def add(self, entry: Entry) -> None:
        """Keep an entry, which gets the next id; the oldest goes where there are too many."""
        self._newest += 1
        sandbox, entry = entry.sandbox, presentable(entry._replace(id=self._newest))
        kept = self._kept.get(sandbox)
        if kept is None:
            kept = self._kept[sandbox] = Kept()
            self._bytes += kept.size
        self._bytes += kept.add(entry)
        if len(kept.entries) > self._most:
            self._bytes -= kept.forget()
        if self._bytes > self._most_bytes:
            self._shrink()
        for reader in self._readers:
            if reader.sandbox == sandbox:
                reader.woken.set()
        if self._heard is not None:
            self._heard(entry)

    def listen(self, heard: Callable[[Entry], None]) -> None:
        """Have `heard` called with each entry that is added."""
        self._heard = heard

    def newest_first(self, sandbox: str) -> Iterator[Entry]:
        """Return the entries of a sandbox."""
        kept = self._kept.get(sandbox)
        return reversed(tuple(kept.entries) if kept else ())

    def changed(self, sandbox: str | None, operation: str) -> None:
        """Tell that something else than a request changed a sandbox, any of them where `None`; from any thread.

        Who follows another one hears only of those that concern the list of sandboxes.
        """
        event = b"event: changed\ndata: %s\n\n" % orjson.dumps(
            {"operation": operation, "sandbox": sandbox}
        )
        for reader in tuple(self._readers):
            if sandbox in {None, reader.sandbox} or operation in LISTED:
                reader.loop.call_soon_threadsafe(reader.tell, self._newest, event)

    def clear(self, sandbox: str) -> None:
        """Forget the entries of a sandbox."""
        kept = self._kept.pop(sandbox, None)
        self._bytes -= kept.size if kept else 0

    async def follow(self, sandbox: str, after: int | None) -> AsyncIterator[bytes]:
        """Yield server-sent events (HTML Standard, 9.2): the kept entries with an id over `after`, then whatever happens.

        A slow reader loses nothing that is still kept when it is ready for more.
        """
        reader = Reader(sandbox, deque(maxlen=NEWS), asyncio.Event(), asyncio.get_running_loop())
        reader.woken.set()
        self._readers.append(reader)
        seen = (
            self._newest if after is None or after > self._newest else after
        )  # more than all: seen of an earlier process
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
                news = sorted(
                    [*((entry.id, event(entry)) for entry in told), *reader.news], key=itemgetter(0)
                )
                reader.news.clear()
                if news:
                    yield b"".join(said for _, said in news)
        finally:
            self._readers.remove(reader)

    def _since(self, sandbox: str, seen: int) -> list[Entry]:
        """Return the entries of a sandbox with an id over `seen`, oldest first."""
        kept = self._kept.get(sandbox, Kept())
        return [*takewhile(lambda entry: entry.id > seen, reversed(kept.entries))][::-1]

    def _shrink(self) -> None:
        """Cut the largest journals down to one size, that at which there is room again: who asked most pays."""
        wanted = self._most_bytes * (ROOM - 1) // ROOM
        share = _share(sorted(kept.size for kept in self._kept.values()), wanted)
        largest_first = sorted(
            self._kept.items(), key=lambda each: (-each[1].size, each[1].entries[-1].id)
        )
        for name, kept in largest_first:
            while self._bytes > wanted and kept.size > share and kept.entries:
                self._bytes -= kept.forget()
            if not kept.entries:
                self._bytes -= self._kept.pop(name).size
            if self._bytes <= wanted:
                break


def last_seen(header: str, after: int | None) -> int | None:
    """Return the id that `Last-Event-ID` names, however long, or else `after`."""
    if not (header.isascii() and header.isdigit()):
        return after
    return int(header.lstrip("0")[:MOST_DIGITS] or "0")


def presentable(entry: Entry) -> Entry:
    """Return an entry as it may be kept and shown: path and query not too long, and no secret in what the list shows."""
    raw_path, raw_query = entry.path, entry.query
    if len(raw_path) + len(raw_query) > LONGEST:
        raw_path, raw_query = raw_path[:LONGEST], raw_query[:LONGEST]
    path, query = masking.target(raw_path, raw_query)
    if path != entry.path or query != entry.query:
        entry = entry._replace(path=path, query=query)
    if not (
        entry.violations or entry.changes or entry.nearest or entry.upstream or query != raw_query
    ):
        authorization = entry.wire.authorization if query and entry.wire else None
        shown = (
            masking.without(query, [masking.credential(authorization)]) if authorization else query
        )
        return entry if shown is query else entry._replace(query=shown)
    secrets = [
        *(masking.secrets_in(raw_query) if query != raw_query else ()),
        *(entry.wire.secrets if entry.wire else ()),
    ]

    def hidden(text: str) -> str:
        return masking.without(masking.plain(text), secrets)

    violations = tuple(each._replace(reason=hidden(each.reason)) for each in entry.violations)
    changes = tuple(
        (place, _masked(place, old, secrets), _masked(place, new, secrets))
        for place, old, new in entry.changes
    )
    query = masking.without(query, secrets)
    entry = entry._replace(nearest=hidden(entry.nearest), upstream=hidden(entry.upstream))
    return entry._replace(query=query, violations=violations, changes=changes)


def _masked(place: str, found: object, secrets: Sequence[str]) -> object:
    shown = masking.value(place.rpartition("/")[2], found)
    return masking.without(shown, secrets) if isinstance(shown, str) else shown


def _share(sizes: Sequence[int], wanted: int) -> float:
    """Return how large the largest may be so that all together are no larger than wanted; `sizes` ascend."""
    for place, size in enumerate(sizes):
        share = wanted / (len(sizes) - place)
        if size > share:
            return share
        wanted -= size
    return wanted


def event(entry: Entry) -> bytes:
    """Write an entry as a server-sent event."""
    return b"id: %d\nevent: request\ndata: %s\n\n" % (entry.id, orjson.dumps(entry.as_json()))


def _short(value: object) -> object:
    return value if not isinstance(value, str) or len(value) <= 200 else value[:200] + "…"  # noqa: PLR2004
