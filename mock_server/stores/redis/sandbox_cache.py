"""The newest value known here of every shared sandbox, and how it is kept in step with the store."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple

from mock_server.stores.memory import BUSY
from mock_server.stores.store import DEFAULT, SandboxesFullError

from .connection import FORMAT
from .entry_codec import pack_entry, unpack_entry
from .sandbox_codec import digests_of, pack, unpack
from .store_errors import StoreError
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


class Outcome(Enum):
    """What came of an exchange: it is done; others changed the sandbox first; it is the turn of another process."""

    DONE, LOST, BUSY = auto(), auto(), auto()


class Limits(NamedTuple):
    """What may be kept: sandboxes, seconds one lives unused, entries of each journal, bytes of all journals."""

    sandboxes: int = 10_000
    idle: float = 3600.0
    entries: int = 1000
    journal: int = 64 * 1024 * 1024


class CachedSandbox(NamedTuple):
    """A sandbox as it was at a version; the tag is random and makes the version the only one of its number."""

    version: int
    tag: str
    sandbox: Sandbox


class SandboxCache:
    """Sandboxes that `server` keeps; a new one is `start`. Every method that waits raises `StoreError`."""

    def __init__(self, server: Server, start: Sandbox, limits: Limits) -> None:
        self.server, self._start, self._limits = server, start, limits
        self._idle = round(limits.idle * 1000)
        self.nothing = CachedSandbox(NOWHERE, "", start)
        self._cached: OrderedDict[str, CachedSandbox] = OrderedDict()
        self._worlds = WorldCache()
        self._process = secrets.token_hex(4)
        self._compacting: set[asyncio.Task[None]] = set()

    def known(self, name: str) -> CachedSandbox | None:
        """Return what is known here of a sandbox; somebody may have changed it meanwhile."""
        return self._cached.get(name)

    async def fetch(self, name: str) -> CachedSandbox:
        """Return a sandbox as it is now, made on first use; raises `SandboxesFullError`."""
        cached = self._cached.get(name)
        if cached is None or await self.exchange(name, cached, cached.sandbox) is not Outcome.DONE:
            cached = self._cached.get(name) or await self._create(name)
        return cached

    async def peek(self, name: str) -> CachedSandbox | None:
        """Return a sandbox as it is now; `None`, and none is made, where there is none."""
        cached = self._cached.get(name) or self.nothing
        outcome = await self.exchange(name, cached, cached.sandbox)
        return cached if outcome is Outcome.DONE else self._cached.get(name)

    async def exchange(  # noqa: PLR0913 - one call for all
        self,
        name: str,
        cached: CachedSandbox,
        sandbox: Sandbox,
        entries: Iterable[Entry] = (),
        lost: int = 0,
        *,
        clears: bool = False,
    ) -> Outcome:
        """Replace a sandbox and add to its journal, or know what others did who were faster, which they are not for ever."""
        change, digests = (
            (b"", []) if sandbox is cached.sandbox else pack(cached.sandbox, sandbox, self._worlds)
        )
        tag = secrets.token_hex(4) if change else ""
        before = (
            FORMAT,
            cached.version,
            cached.tag,
            tag,
            change,
            int(clears),
            self._limits.entries,
            self._limits.journal,
        )
        turn = self._process, TURN if change and lost >= OFTEN else 0
        packed = [pack_entry(entry) for entry in entries]
        said = await self._call_with_worlds(
            "exchange", name, *before, *turn, len(digests), *digests, *packed
        )
        match said[0]:
            case b"done":
                if change:
                    self._keep(name, CachedSandbox(cached.version + 1, tag, sandbox))
                    self._compact_now_and_then(name)
                return Outcome.DONE
            case b"busy":
                return Outcome.BUSY
            case b"newer":
                await self._update(name, cached, said)
            case _:
                self._cached.pop(name, None)
        return Outcome.LOST

    async def copy(self, source: str, name: str) -> None:
        """Copy a sandbox within the store; raises `SandboxesFullError`."""
        limits = self._limits.sandboxes, round(BUSY * 1000)
        self._cached.pop(name, None) if source != name else None
        said = await self._call("copy", name, source, *limits)
        if said[0] == b"absent":
            await self._create(source)
            said = await self._call("copy", name, source, *limits)
        if said[0] == b"full":
            raise SandboxesFullError

    async def drop(self, name: str) -> bool:
        """Forget a sandbox and its journal; return whether there was one. The default one starts anew."""
        self._cached.pop(name, None)
        return (await self._call("drop", name))[0] == b"done" or name == DEFAULT

    async def names(self) -> list[tuple[str, float]]:
        """Return every name with how many seconds it was not used, the default one first, then the longest unused."""
        said = await self._call("names", "")
        return [
            (DEFAULT, 0.0),
            *(
                (name.decode(), idle / 1000)
                for name, idle in zip(said[::2], said[1::2], strict=True)
            ),
        ]

    async def entries(self, name: str) -> list[Entry]:
        """Return the journal of a sandbox, the newest entry last."""
        return [unpack_entry(raw) for raw in (await self._call("entries", name, 0, ALL))[1:]]

    async def clear(self, name: str) -> None:
        """Empty the journal of a sandbox."""
        await self._call("clear", name)

    async def _create(self, name: str) -> CachedSandbox:
        packed, digests = pack(None, self._start, self._worlds)
        limits = self._limits.sandboxes, round(BUSY * 1000)
        rest = FORMAT, secrets.token_hex(4), packed, *limits, *digests
        said = await self._call_with_worlds("create", name, *rest)
        if said[0] == b"full":
            raise SandboxesFullError
        return await self._update(name, None, said)

    async def _update(
        self, name: str, cached: CachedSandbox | None, said: Sequence[Any]
    ) -> CachedSandbox:
        """Take over what others made of a sandbox: the changes, or the whole and the changes since."""
        _, whole, version, tag, *changes = said
        sandbox = None if whole or cached is None else cached.sandbox
        for raw in changes:
            try:
                sandbox = unpack(sandbox, raw, self._worlds)
            except UnknownWorldError:
                for digest in digests_of(raw):
                    await self._have(digest)
                sandbox = unpack(sandbox, raw, self._worlds)
        assert sandbox is not None, "a sandbox has a base"
        return self._keep(name, CachedSandbox(int(version), tag.decode(), sandbox))

    async def _have(self, digest: str) -> None:
        try:
            self._worlds.find(digest)
        except UnknownWorldError:
            raw = await self.server.world(digest)
            if raw is None:
                raise StoreError(
                    f"has lost the world {digest}: DELETE /__mock/sandboxes/NAME begins a sandbox anew"
                ) from None
            self._worlds.keep(await asyncio.to_thread(unpack_world, raw), digest)

    async def _call_with_worlds(self, *call: Any) -> list[Any]:
        """Call a script; what it says that it needs of whole worlds is sent, which each of them needs once."""
        said = await self._call(*call)
        if said[0] == b"needs":
            for raw in said[1:]:
                world = self._worlds.find(raw.decode())
                await self.server.keep_world(
                    raw.decode(), await asyncio.to_thread(pack_world, world), self._idle + 60_000
                )
            said = await self._call(*call)
        return said

    async def _call(self, script: str, name: str, *arguments: Any) -> list[Any]:
        said = await self.server.call(script, name, self._idle, *arguments)
        if said and said[0] == b"format":
            raise StoreError(
                f"holds {name!r} in format {said[1].decode(errors='replace')}, and this mock reads {FORMAT}"
            )
        if said and said[0] == b"damaged":
            lost = said[1].decode()
            called = "a default sandbox" if lost == DEFAULT else f"a sandbox {lost!r}"
            why = "a part of it was deleted or evicted"
            raise StoreError(
                f"holds {called} that cannot be used: {why}; DELETE /__mock/sandboxes/{lost} begins it anew"
            )
        return said

    def _keep(self, name: str, cached: CachedSandbox) -> CachedSandbox:
        self._cached[name] = cached
        self._cached.move_to_end(name)
        if len(self._cached) > KNOWN:
            self._cached.popitem(last=False)
        return cached

    def _compact_now_and_then(self, name: str) -> None:
        cached = self._cached[name]
        if cached.version % LONGEST_LOG == 0:
            task = asyncio.create_task(self._compact(name, cached))
            self._compacting.add(task)
            task.add_done_callback(self._compacting.discard)

    async def _compact(self, name: str, cached: CachedSandbox) -> None:
        """Write a whole sandbox beside the requests; where that fails, the changes stay as they are."""
        try:
            packed, digests = await asyncio.to_thread(pack, None, cached.sandbox, self._worlds)
            await self._call("compact", name, cached.version, cached.tag, packed, *digests)
        except StoreError as error:
            log.info("the sandbox %s was not written whole: the store %s", name, error)
