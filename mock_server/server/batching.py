"""Requests in turns: all that wait for a sandbox run on the newest one known here, and are answered once the store agrees."""

from __future__ import annotations

import asyncio
import io
import logging
from collections import deque
from dataclasses import dataclass, field
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from mock_server.api.sandbox_address import NAME, SANDBOX, address
from mock_server.stores.memory import DEFAULT, SandboxesFullError
from mock_server.stores.redis.connection import Server
from mock_server.stores.redis.journal_stream import follow
from mock_server.stores.redis.sandbox_cache import OFTEN, Limits, Outcome, Sandboxes
from mock_server.stores.redis.store_errors import StoreError
from mock_server.stores.redis.unit_of_work import Draft, NeededError
from mock_server.stores.timeouts import patiently

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.http.replies import Reply
    from mock_server.journal.entries import Entry
    from mock_server.stores.redis.sandbox_cache import Held
    from mock_server.stores.redis.unit_of_work import Question
    from mock_server.world.sandbox import Sandbox

    Environ = dict[str, Any]
    Core = Callable[[Environ], Reply]

__all__ = ["Limits", "Turns"]

log = logging.getLogger("mock_server")

PATIENCE = 1.5
"""Seconds after which a request is told that the store does not answer."""
AT_ONCE = 32
"""How many requests take one turn."""
WAIT = 0.001, 0.004
"""How many seconds a turn that others overtook waits at least and at most, out of step with theirs."""
QUESTIONS = 8
"""How many questions one request may have; the core never has so many."""


@dataclass(eq=False, slots=True)
class Job:
    """A request, with what it was told and the future of its answer."""

    core: Core
    environ: Environ
    answer: asyncio.Future[Reply]
    told: dict[Question, Any] = field(default_factory=dict)
    asks: Question = ()

    def run(self) -> Reply:
        """Run the core on a copy of the request, whose body can then be read again."""
        environ = self.environ.copy()
        environ["wsgi.input"] = io.BytesIO(self.environ["wsgi.input"].getvalue())
        return self.core(environ)


class Turns:
    """Answers requests to sandboxes that the server at `url` keeps; `start` is what a new one is. Raises `StoreUrlError`."""

    def __init__(self, url: str, start: Sandbox, limits: Limits) -> None:
        server = Server(url)
        self._url, self._start, self._limits = url, start, limits
        self.sandboxes = Sandboxes(server, start, limits)
        self.draft = Draft(lambda sandbox, after: follow(server, sandbox, after))
        self._waiting: dict[str, deque[Job]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._trouble: str | None = None
        self.heard: Callable[[Entry], None] | None = None
        self._dice = SystemRandom()  # workers that were forked are not to wait in step

    async def default(self) -> Sandbox:
        """Return the default sandbox as it is now, from another event loop than the requests'; raises `StoreError`."""
        server = Server(self._url)
        try:
            await server.check()
            return (await Sandboxes(server, self._start, self._limits).fetch(DEFAULT)).box
        except StoreError as error:
            raise StoreError(f"{server.name} {error}") from None
        except (LookupError, ValueError, TypeError, AttributeError):
            raise StoreError(f"{server.name} holds a default sandbox that cannot be used") from None
        finally:
            await server.close()

    async def answer(self, core: Core, environ: Environ) -> Reply:
        """Return the reply to a request, given as a WSGI environment whose body is in memory, within `PATIENCE`."""
        address(environ)
        name = environ[SANDBOX]
        if not NAME.fullmatch(name):
            return self._alone(core, environ, StoreError("was not asked"))
        job = Job(core, environ, asyncio.get_running_loop().create_future())
        if (queue := self._waiting.get(name)) is not None:
            queue.append(job)
        else:
            self._waiting[name] = deque([job])
            task = asyncio.create_task(self._work(name))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            return await patiently(job.answer, PATIENCE)
        except TimeoutError:
            return self._refused(core, environ, StoreError("does not answer in time"))
        except StoreError as error:
            return self._refused(core, environ, error)
        except Exception:
            log.exception("what the store holds of the sandbox %s cannot be used", name)
            return self._refused(core, environ, StoreError("holds what cannot be used"))

    def _refused(self, core: Core, environ: Environ, reason: StoreError) -> Reply:
        if self._trouble != str(reason):
            self._trouble = str(reason)
            log.error("the store %s %s", self.sandboxes.server.name, reason)
        return self._alone(core, environ, reason)

    def _alone(self, core: Core, environ: Environ, fault: StoreError) -> Reply:
        """Run the core without the store."""
        self.draft.begin("", None, fault)
        return core(environ)

    async def _work(self, name: str) -> None:
        """Take turns as long as requests wait for a sandbox."""
        queue = self._waiting[name]
        while queue:
            jobs = [queue.popleft() for _ in range(min(len(queue), AT_ONCE))]
            try:
                await self._turn(name, jobs)
            except Exception as error:  # noqa: BLE001 - told to everybody who waits for it
                jobs += queue
                queue.clear()
                for job in jobs:
                    if not job.answer.done():
                        job.answer.set_exception(error)
        del self._waiting[name]

    async def _turn(self, name: str, jobs: list[Job]) -> None:
        """Serve requests: those without a question together, then each of the others as soon as its question is answered."""
        for _ in range(QUESTIONS):
            asking = await self._together(name, [job for job in jobs if not job.answer.done()])
            if not asking:
                return
            for job in asking:
                if job.asks != ("load", name) or self.sandboxes.held(name) is None:
                    await self._reply(name, job)
            jobs = asking
        raise StoreError("was asked too much")

    async def _together(self, name: str, jobs: list[Job]) -> list[Job]:
        """Run requests until the store agrees with what they saw; answers those that have a question first."""
        overtaken = 0
        while jobs := [
            job for job in jobs if not job.answer.done()
        ]:  # none is left after `PATIENCE`
            held, draft = self.sandboxes.held(name), self.draft
            done, asking = self._run(name, held, jobs)
            box, entries, news, cleared = draft.box, draft.entries, draft.news, draft.cleared
            if not (draft.used or entries):
                outcome = Outcome.DONE
            elif held is None or box is None:  # of a request that makes no sandbox
                outcome = await self.sandboxes.exchange(
                    name, self.sandboxes.nothing, self.sandboxes.nothing.box, entries
                )
            else:
                outcome = await self.sandboxes.exchange(
                    name, held, box, entries, overtaken, cleared=cleared
                )
            if outcome is Outcome.DONE:
                await self._publish(entries, news)
                for job, reply in done:
                    if not job.answer.done():
                        job.answer.set_result(reply)
                return asking
            if (
                outcome is Outcome.BUSY or 0 < overtaken < OFTEN
            ):  # at first others were only faster since the last turn
                await asyncio.sleep(self._dice.uniform(*WAIT))
            overtaken += outcome is Outcome.OVERTAKEN
        return []

    async def _publish(self, entries: list[Entry], news: list[tuple[str | None, str]]) -> None:
        if self._trouble is not None:
            self._trouble = None
            log.warning("the store %s answers again", self.sandboxes.server.name)
        if (heard := self.heard) is not None:
            for entry in entries:
                heard(entry)
        for sandbox, operation in news:
            await self.sandboxes.server.tell({"operation": operation, "sandbox": sandbox})

    def _run(
        self, name: str, held: Held | None, jobs: list[Job]
    ) -> tuple[list[tuple[Job, Reply]], list[Job]]:
        """Run requests one after the other; answers those with a reply and those with a question."""
        self.draft.begin(name, None if held is None else held.box)
        done: list[tuple[Job, Reply]] = []
        asking: list[Job] = []
        for job in jobs:
            try:
                done.append((job, self.draft.attempt(job.run, job.told)))
            except NeededError as needed:
                job.asks = needed.args[0]
                asking.append(job)
        return done, asking

    async def _reply(self, name: str, job: Job) -> None:
        """Return the answer to the question of a request; what a refusal says is an answer too."""
        kept, question = self.sandboxes, job.asks
        try:
            match question:
                case ("load", other) if other == name:
                    await kept.fetch(name)
                case ("load", other):
                    job.told[question] = (await kept.fetch(other)).box
                case ("peek", other):
                    found = await kept.peek(other)
                    job.told[question] = None if found is None else found.box
                case ("copy", source, target):
                    await kept.copy(source, target)
                    job.told[question] = None
                case ("drop", other):
                    job.told[question] = await kept.drop(other)
                case ("names",):
                    job.told[question] = await kept.names()
                case ("entries", other):
                    job.told[question] = await kept.entries(other)
                case ("clear", other):
                    await kept.clear(other)
                    job.told[question] = None
        except SandboxesFullError as error:
            job.told[question] = error
