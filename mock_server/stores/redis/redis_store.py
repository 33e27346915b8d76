"""The store that processes share.

Requests that wait for a sandbox run together on the newest one known here. They are answered once
the server agrees that it was the newest; where it does not, they run again on what is.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from mock_server.journal.entries import presentable
from mock_server.stores.store import DEFAULT, SandboxesFullError, Transition
from mock_server.stores.store_errors import StoreError, UnavailableError
from mock_server.stores.timeouts import patiently

from .background_tasks import BackgroundTasks
from .connection import Server
from .journal_stream import follow
from .sandbox_cache import OFTEN, Exchange, Limits, SandboxCache

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from mock_server.journal.entries import Entry
    from mock_server.stores.store import Step
    from mock_server.world.sandbox import Sandbox

    from .sandbox_cache import CachedSandbox

log = logging.getLogger("mock_server")

T = TypeVar("T")

PATIENCE = 1.5
"""Seconds after which a request is told that the store does not answer."""
AT_ONCE = 32
"""How many requests run together."""
WAIT = 0.001, 0.004
"""Seconds that those wait at least and at most who lost a compare-and-swap."""


class Job(NamedTuple, Generic[T]):
    """A step that waits for its turn."""

    step: Step[T]
    makes: bool
    """Whether its sandbox is made on first use."""
    result: asyncio.Future[T]


@dataclass(slots=True)
class Batch:
    """What comes of jobs that ran together, one on what the other left."""

    sandbox: Sandbox
    clears: bool = False
    entries: list[Entry] = field(default_factory=list)
    news: list[tuple[str, str]] = field(default_factory=list)
    done: list[tuple[Job[Any], Any]] = field(default_factory=list)


class RedisStore:
    """Keep sandboxes in the server at `url`; `start` is what a new one is.

    Raises `StoreUrlError`.
    """

    def __init__(
        self,
        url: str,
        start: Sandbox,
        limits: Limits,
    ) -> None:
        self.start = start
        self._url = url
        self._limits = limits
        self.server = Server(url)
        self._cache = SandboxCache(self.server, start, limits)
        self._waiting: dict[str, deque[Job[Any]]] = {}
        self._tasks = BackgroundTasks()
        self._trouble: str | None = None
        self._listener: Callable[[Entry], None] | None = None
        # Workers are forked from one process, and a seed of that one would let them wait in step.
        self._dice = SystemRandom()

    def default(self) -> Sandbox:
        """Return the default sandbox as it is now, from no event loop; raises `StoreError`."""
        return asyncio.run(self._default())

    async def _default(self) -> Sandbox:
        # Not the client that serves: its connections belong to another event loop.
        server = Server(self._url)
        try:
            await server.check()
            found = await SandboxCache(server, self.start, self._limits).fetch(DEFAULT)
        except StoreError as error:
            raise StoreError(f"{server.name} {error}") from None
        except (LookupError, ValueError, TypeError, AttributeError):
            raise StoreError(f"{server.name} holds a default sandbox that cannot be used") from None
        finally:
            await server.close()
        return found.sandbox

    async def transact(
        self,
        name: str,
        step: Step[T],
        *,
        makes: bool,
    ) -> T:
        """Run a step on the newest sandbox, with others that wait for it."""
        job = Job(step, makes, asyncio.get_running_loop().create_future())
        if name not in self._waiting:
            self._waiting[name] = deque()
            self._tasks.start(self._work(name))
        self._waiting[name].append(job)
        return await self._within_patience(job.result, name)

    async def names(self) -> list[tuple[str, float]]:
        """Return every name, with how many seconds it was not used."""
        return await self._call(self._cache.names())

    async def copy(self, source: str, name: str) -> None:
        """Copy a sandbox within the server."""
        await self._call(self._cache.copy(source, name))

    async def drop(self, name: str) -> bool:
        """Forget a sandbox and its journal."""
        return await self._call(self._cache.drop(name))

    async def entries(self, name: str) -> list[Entry]:
        """Return the journal of a sandbox, the newest entry first."""
        found = await self._call(self._cache.entries(name))
        return found[::-1]

    async def clear(self, name: str) -> None:
        """Empty the journal of a sandbox."""
        await self._call(self._cache.clear(name))

    async def announce(self, sandbox: str | None, operation: str) -> None:
        """Send a change to all who follow a journal."""
        await self._call(self.server.publish({"operation": operation, "sandbox": sandbox}))

    def follow(self, name: str, after: int | None) -> AsyncIterator[bytes]:
        """Return server-sent events of a journal, whichever process served the requests."""
        return follow(self.server, name, after)

    def listen(self, listener: Callable[[Entry], None]) -> None:
        """Have `listener` called with each entry that this process adds."""
        self._listener = listener

    async def _call(self, call: Coroutine[Any, Any, T]) -> T:
        return await self._within_patience(asyncio.ensure_future(call), "")

    async def _within_patience(self, awaited: asyncio.Future[T], name: str) -> T:
        """Return what comes of a call.

        Raises `UnavailableError` where nothing does within `PATIENCE`, or where it fails.
        """
        try:
            found = await patiently(awaited, PATIENCE)
        except SandboxesFullError:
            raise
        except TimeoutError:
            raise self._away(StoreError("does not answer in time")) from None
        except StoreError as error:
            raise self._away(error) from None
        except Exception:
            log.exception("what the store holds of the sandbox %s cannot be used", name)
            raise self._away(StoreError("holds what cannot be used")) from None
        if self._trouble is not None:
            self._trouble = None
            log.warning("the store %s answers again", self.server.name)
        return found

    def _away(self, reason: StoreError) -> UnavailableError:
        """Return the refusal of a request, and log its reason unless that was the last one, too."""
        # While the store is away each request fails, and one line says it.
        if self._trouble != str(reason):
            self._trouble = str(reason)
            log.error("the store %s %s", self.server.name, reason)
        return UnavailableError(reason)

    async def _work(self, name: str) -> None:
        """Run jobs as long as some wait for a sandbox."""
        queue = self._waiting[name]
        while queue:
            jobs = [queue.popleft() for _ in range(min(len(queue), AT_ONCE))]
            try:
                await self._commit(name, jobs)
            except Exception as error:  # noqa: BLE001 - told to everybody who waits for it
                _fail([*jobs, *queue], error)
                queue.clear()
        del self._waiting[name]

    async def _commit(self, name: str, jobs: list[Job[Any]]) -> None:
        """Run jobs on the newest sandbox known here, until the server agrees that it was that."""
        lost = 0
        # After `PATIENCE` none of them waits any more.
        while jobs := _waiting(jobs):
            known = await self._load(name, jobs)
            batch = self._run(known, _waiting(jobs))
            outcome = await self._exchange(name, known, batch, lost)
            if outcome is Exchange.DONE:
                await self._finish(batch)
                return
            # At first others were only faster since the last time.
            if outcome is Exchange.BUSY or 0 < lost < OFTEN:
                await asyncio.sleep(self._dice.uniform(*WAIT))
            lost += outcome is Exchange.LOST

    async def _load(self, name: str, jobs: list[Job[Any]]) -> CachedSandbox | None:
        """Return the sandbox as it was last known here, or else as it is.

        It is `None` where there is none, or no room for one.
        """
        known = self._cache.known(name)
        if known is not None:
            return known
        makers = [job for job in jobs if job.makes]
        if not makers:
            return await self._cache.peek(name)
        try:
            return await self._cache.fetch(name)
        except SandboxesFullError as error:
            _fail(makers, error)
            return None

    def _run(self, known: CachedSandbox | None, jobs: list[Job[Any]]) -> Batch:
        """Run jobs one after the other; what they make of a sandbox that is not there is lost."""
        batch = Batch(self.start if known is None else known.sandbox)
        for job in jobs:
            change: Transition[Any] = job.step(batch.sandbox, known is not None)
            if change.clears:
                batch.clears = True
                batch.entries.clear()
            if change.entry is not None:
                batch.entries.append(presentable(change.entry))
            if change.news is not None:
                batch.news.append(change.news)
            if known is not None:
                batch.sandbox = change.sandbox
            batch.done.append((job, change.result))
        return batch

    async def _exchange(
        self,
        name: str,
        known: CachedSandbox | None,
        batch: Batch,
        lost: int,
    ) -> Exchange:
        if known is None and not batch.entries:
            return Exchange.DONE
        return await self._cache.exchange(
            name,
            known or self._cache.nothing,
            batch.sandbox,
            batch.entries,
            lost,
            clears=batch.clears,
        )

    async def _finish(self, batch: Batch) -> None:
        """Give jobs that are done their results."""
        # Who has a reply finds the line of the request in the log.
        if self._listener is not None:
            for entry in batch.entries:
                self._listener(entry)
        for sandbox, operation in batch.news:
            await self.server.publish({"operation": operation, "sandbox": sandbox})
        for job, result in batch.done:
            if not job.result.done():
                job.result.set_result(result)


def _waiting(jobs: list[Job[Any]]) -> list[Job[Any]]:
    """Return the jobs that still wait for their result."""
    return [job for job in jobs if not job.result.done()]


def _fail(jobs: list[Job[Any]], error: Exception) -> None:
    for job in _waiting(jobs):
        job.result.set_exception(error)
