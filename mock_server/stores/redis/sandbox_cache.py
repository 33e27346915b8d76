"""The newest value known here of each shared sandbox, in step with the store."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple

from mock_server.stores.memory import BUSY
from mock_server.stores.store import DEFAULT, SandboxesFullError
from mock_server.stores.store_errors import StoreError

from .background_tasks import BackgroundTasks
from .connection import FORMAT
from .entry_codec import pack_entry, unpack_entry
from .sandbox_codec import digests_of, pack, unpack
from .world_codec import UnknownWorldError, WorldCache, pack_world, unpack_world

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mock_server.journal.entries import Entry
    from mock_server.world.sandbox import Sandbox

    from .connection import Server

log = logging.getLogger("mock_server")

LONGEST_LOG = 200
"""After how many changes the whole sandbox is written anew, for those who come later."""
KNOWN = 10_000
"""How many sandboxes a process remembers."""
ALL = 10**9
"""More entries than any journal has."""

NOWHERE = -1
"""A version that no sandbox has."""

OFTEN = 3
"""How often a change may be lost before the next turn is kept for it."""
TURN = 200
"""For how many milliseconds at most."""
MILLISECONDS_BUSY = round(BUSY * 1000)


class Exchange(Enum):
    """What came of an exchange."""

    DONE = auto()
    LOST = auto()
    """Others changed the sandbox first."""
    BUSY = auto()
    """It is the turn of another process."""


class Limits(NamedTuple):
    """What may be kept: sandboxes, seconds one lives unused, entries and bytes of journals."""

    sandboxes: int = 10_000
    idle: float = 3600.0
    entries: int = 1000
    journal: int = 64 * 1024 * 1024


class CachedSandbox(NamedTuple):
    """A sandbox as it was at a version; the random tag tells versions of one number apart."""

    version: int
    tag: str
    sandbox: Sandbox


class SandboxCache:
    """Sandboxes that `server` keeps; a new one is `start`.

    Every method that waits raises `StoreError`.
    """

    def __init__(
        self,
        server: Server,
        start: Sandbox,
        limits: Limits,
    ) -> None:
        self.server = server
        self._start = start
        self._limits = limits
        self._idle = round(limits.idle * 1000)
        self.nothing = CachedSandbox(NOWHERE, "", start)
        self._cached: OrderedDict[str, CachedSandbox] = OrderedDict()
        self._worlds = WorldCache()
        self._process = secrets.token_hex(4)
        self._tasks = BackgroundTasks()

    def known(self, name: str) -> CachedSandbox | None:
        """Return what is known here of a sandbox; somebody may have changed it meanwhile."""
        return self._cached.get(name)

    async def fetch(self, name: str) -> CachedSandbox:
        """Return a sandbox as it is now, made on first use; raises `SandboxesFullError`."""
        cached = await self.peek(name) if name in self._cached else None
        return cached or await self._create(name)

    async def peek(self, name: str) -> CachedSandbox | None:
        """Return a sandbox as it is now; `None`, and none is made, where there is none."""
        cached = self._cached.get(name) or self.nothing
        outcome = await self.exchange(name, cached, cached.sandbox)
        return cached if outcome is Exchange.DONE else self._cached.get(name)

    async def exchange(  # noqa: PLR0913 - one call for all
        self,
        name: str,
        cached: CachedSandbox,
        sandbox: Sandbox,
        entries: Iterable[Entry] = (),
        lost: int = 0,
        *,
        clears: bool = False,
    ) -> Exchange:
        """Replace a sandbox and add to its journal, unless others were quicker.

        Then what they did is known here. Who `lost` too often gets a turn, so that others are not
        quicker for ever.
        """
        change = b""
        tag = ""
        turn = 0
        digests: list[str] = []
        if sandbox is not cached.sandbox:
            change, digests = pack(cached.sandbox, sandbox, self._worlds)
            tag = secrets.token_hex(4)
            turn = TURN if lost >= OFTEN else 0
        reply = await self._call_with_worlds(
            "exchange",
            name,
            FORMAT,
            cached.version,
            cached.tag,
            tag,
            change,
            int(clears),
            self._limits.entries,
            self._limits.journal,
            self._process,
            turn,
            len(digests),
            *digests,
            *map(pack_entry, entries),
        )
        match reply[0]:
            case b"done" if change:
                after = self._remember(name, CachedSandbox(cached.version + 1, tag, sandbox))
                self._compact_now_and_then(name, after)
                return Exchange.DONE
            case b"done":
                return Exchange.DONE
            case b"busy":
                return Exchange.BUSY
            case b"newer":
                await self._update(name, cached, reply)
            case _:
                self._cached.pop(name, None)
        return Exchange.LOST

    async def copy(self, source: str, name: str) -> None:
        """Copy a sandbox within the store; raises `SandboxesFullError`."""
        # What is known of it holds no more, whatever comes of the copy.
        if source != name:
            self._cached.pop(name, None)
        arguments = "copy", name, source, self._limits.sandboxes, MILLISECONDS_BUSY
        reply = await self._call(*arguments)
        if reply[0] == b"absent":
            await self._create(source)
            reply = await self._call(*arguments)
        if reply[0] == b"full":
            raise SandboxesFullError

    async def drop(self, name: str) -> bool:
        """Forget a sandbox and its journal; return whether there was one.

        The default one starts anew.
        """
        self._cached.pop(name, None)
        reply = await self._call("drop", name)
        return reply[0] == b"done" or name == DEFAULT

    async def names(self) -> list[tuple[str, float]]:
        """Return every name with how many seconds it was not used.

        The default one comes first, then the longest unused.
        """
        reply = await self._call("names", "")
        names = [name.decode() for name in reply[::2]]
        seconds = [milliseconds / 1000 for milliseconds in reply[1::2]]
        return [(DEFAULT, 0.0), *zip(names, seconds, strict=True)]

    async def entries(self, name: str) -> list[Entry]:
        """Return the journal of a sandbox, the newest entry last."""
        _newest, *packed = await self._call("entries", name, 0, ALL)
        return list(map(unpack_entry, packed))

    async def clear(self, name: str) -> None:
        """Empty the journal of a sandbox."""
        await self._call("clear", name)

    async def _create(self, name: str) -> CachedSandbox:
        packed, digests = pack(None, self._start, self._worlds)
        reply = await self._call_with_worlds(
            "create",
            name,
            FORMAT,
            secrets.token_hex(4),
            packed,
            self._limits.sandboxes,
            MILLISECONDS_BUSY,
            *digests,
        )
        if reply[0] == b"full":
            raise SandboxesFullError
        return await self._update(name, None, reply)

    async def _update(
        self,
        name: str,
        cached: CachedSandbox | None,
        reply: Sequence[Any],
    ) -> CachedSandbox:
        """Take over what others made of a sandbox: changes, or the whole and what came then."""
        _, whole, version, tag, *changes = reply
        sandbox = None if whole or cached is None else cached.sandbox
        for change in changes:
            try:
                sandbox = unpack(sandbox, change, self._worlds)
            except UnknownWorldError:
                await self._fetch_worlds(digests_of(change))
                sandbox = unpack(sandbox, change, self._worlds)
        assert sandbox is not None, "a sandbox has a base"
        return self._remember(name, CachedSandbox(int(version), tag.decode(), sandbox))

    async def _fetch_worlds(self, digests: Iterable[str]) -> None:
        for digest in digests:
            if self._worlds.has(digest):
                continue
            raw = await self.server.world(digest)
            if raw is None:
                advice = "DELETE /__mock/sandboxes/NAME begins a sandbox anew"
                raise StoreError(f"has lost the world {digest}: {advice}")
            self._worlds.keep(await asyncio.to_thread(unpack_world, raw), digest)

    async def _call_with_worlds(self, *call: Any) -> list[Any]:
        """Call a script; whole worlds that it lacks are sent, which each of them needs once."""
        reply = await self._call(*call)
        if reply[0] != b"needs":
            return reply
        for raw in reply[1:]:
            digest = raw.decode()
            packed = await asyncio.to_thread(pack_world, self._worlds.find(digest))
            # A minute longer than the sandbox lives: the call that refers to it comes later.
            await self.server.keep_world(digest, packed, self._idle + 60_000)
        return await self._call(*call)

    async def _call(self, script: str, name: str, *arguments: Any) -> list[Any]:
        reply = await self.server.call(script, name, self._idle, *arguments)
        match reply:
            case [b"format", found]:
                other = found.decode(errors="replace")
                problem = f"holds {name!r} in format {other}, and this mock reads {FORMAT}"
                raise StoreError(problem)
            case [b"damaged", found]:
                raise StoreError(_damage(found.decode()))
        return reply

    def _remember(self, name: str, cached: CachedSandbox) -> CachedSandbox:
        self._cached[name] = cached
        self._cached.move_to_end(name)
        if len(self._cached) > KNOWN:
            self._cached.popitem(last=False)
        return cached

    def _compact_now_and_then(self, name: str, cached: CachedSandbox) -> None:
        if cached.version % LONGEST_LOG == 0:
            self._tasks.start(self._compact(name, cached))

    async def _compact(self, name: str, cached: CachedSandbox) -> None:
        """Write a whole sandbox beside the requests.

        Where that fails, the changes stay as they are.
        """
        try:
            # In a thread, since a whole sandbox may take long, and requests wait for the loop.
            packed, digests = await asyncio.to_thread(pack, None, cached.sandbox, self._worlds)
            await self._call("compact", name, cached.version, cached.tag, packed, *digests)
        except StoreError as error:
            log.info("the sandbox %s was not written whole: the store %s", name, error)


def _damage(name: str) -> str:
    which = "a default sandbox" if name == DEFAULT else f"a sandbox {name!r}"
    advice = f"DELETE /__mock/sandboxes/{name} begins it anew"
    return f"holds {which} that cannot be used: a part of it was deleted or evicted; {advice}"
