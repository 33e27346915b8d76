"""The Redis server that holds what is shared.

Scripts are called within a deadline, and failures are told in words.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import orjson
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    RedisError,
    ResponseError,
)

from mock_server.stores.store_errors import StoreError, StoreUrlError
from mock_server.stores.timeouts import patiently

from .pipelining import Calls, ScriptCall

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence

log = logging.getLogger("mock_server")

SCRIPTS = Path(__file__).with_name("scripts")
FORMAT = "1"
"""Goes up with every change of what is written that other processes would misread."""
PREFIX = f"user-profile-mock:{FORMAT}:"
KEEPING = "noeviction"
"""The only policy by which a server that is full refuses new things rather than forget old ones."""
URL = (
    "--store is memory, or the URL of a Redis server: "
    "redis://[[USER]:PASSWORD@]HOST:PORT/NUMBER, or rediss:// for TLS"
)
DEADLINE = 1.0
"""Seconds in which a command has to be answered."""


class Server:
    """Calls scripts; `name` is the URL without its password.

    Raises `StoreUrlError`, and from every call `StoreError`.
    """

    def __init__(self, url: str) -> None:
        try:
            self.name = without_password(url)
            # Nothing is sent twice by itself: a change whose reply was lost may have been made.
            self._redis: Redis = Redis.from_url(
                url,
                retry=Retry(NoBackoff(), 0),
                socket_connect_timeout=DEADLINE,
                # Each stream that follows a journal holds one.
                max_connections=10_000,
            )
        except (ValueError, TypeError):
            # Their texts may hold the password.
            raise StoreUrlError(URL) from None
        common = (SCRIPTS / "common.lua").read_text(encoding="utf-8")
        self._scripts = {
            path.stem: self._redis.register_script(common + path.read_text(encoding="utf-8"))
            for path in SCRIPTS.glob("*.lua")
            if path.stem != "common"
        }
        self._calls = Calls(self._together)

    async def call(self, script: str, *arguments: str | bytes | float) -> list[Any]:
        """Run a script and return its reply."""
        with _in_words():
            reply: list[Any] = await self._calls.reply(script, *arguments)
        return reply

    async def check(self) -> None:
        """Raise `StoreError` where the server may forget what it acknowledged, to make room."""
        memory = await self._within_deadline(self._memory())
        policy = memory.get("maxmemory_policy", KEEPING)
        if policy != KEEPING:
            problem = f"its maxmemory-policy is {policy}, and must be {KEEPING}"
            raise StoreError(f"may forget what was acknowledged: {problem}")

    async def _memory(self) -> dict[str, Any]:
        try:
            known: dict[str, Any] = await self._redis.info("memory")
        except NoPermissionError:
            log.warning(
                "the store %s does not say its maxmemory-policy, which must be %s",
                self.name,
                KEEPING,
            )
            return {}
        return known

    async def world(self, digest: str) -> bytes | None:
        """Return a whole world as it is written."""
        key = f"{PREFIX}world:{digest}"
        found: bytes | None = await self._within_deadline(self._redis.get(key))
        return found

    async def keep_world(
        self,
        digest: str,
        raw: bytes,
        milliseconds: int,
    ) -> None:
        """Keep a whole world for a while; what refers to it keeps it for longer."""
        key = f"{PREFIX}world:{digest}"
        await self._within_deadline(self._redis.set(key, raw, px=milliseconds))

    async def publish(self, news: Mapping[str, object]) -> None:
        """Send to all who follow a journal what changed."""
        await self._within_deadline(self._redis.publish(f"{PREFIX}news", orjson.dumps(news)))

    async def follow(self, sandbox: str) -> AsyncGenerator[bytes | None, None]:
        """Yield newest ids of a sandbox's journal, and all news.

        `None` comes first, when none is missed any more, and after each silent second.
        """
        channels = f"{PREFIX}journal:{sandbox}", f"{PREFIX}news"
        async with self._redis.pubsub() as subscription:
            await self._within_deadline(subscription.subscribe(*channels))
            while True:
                waiting = subscription.get_message(ignore_subscribe_messages=True, timeout=1.0)
                message = await self._within_deadline(waiting, 3.0)
                yield None if message is None else message["data"]

    async def close(self) -> None:
        """Hang up."""
        await self._redis.aclose()

    async def _together(self, calls: Sequence[ScriptCall]) -> Sequence[Any]:
        return await patiently(asyncio.ensure_future(self._run(calls)), DEADLINE)

    async def _run(self, calls: Sequence[ScriptCall]) -> Sequence[Any]:
        """Run scripts; a server that was started again gets them first."""
        replies = await self._send(calls)
        unknown = []
        for place, reply in enumerate(replies):
            if isinstance(reply, NoScriptError):
                unknown.append(place)
        if not unknown:
            return replies
        await self.check()
        for script in self._scripts.values():
            await self._redis.script_load(script.script)
        again = await self._send([calls[place] for place in unknown])
        for place, reply in zip(unknown, again, strict=True):
            replies[place] = reply
        return replies

    async def _send(self, calls: Sequence[ScriptCall]) -> list[Any]:
        pipeline = self._redis.pipeline(transaction=False)
        for script, *arguments in calls:
            pipeline.evalsha(self._scripts[script].sha, 1, PREFIX, *arguments)
        return list(await pipeline.execute(raise_on_error=False))

    async def _within_deadline(self, reply: Any, deadline: float = DEADLINE) -> Any:
        with _in_words():
            return await patiently(asyncio.ensure_future(reply), deadline)


@contextmanager
def _in_words() -> Iterator[None]:
    """Raise `StoreError` that says what is wrong with the server, and no more."""
    try:
        yield
    except TimeoutError:
        raise StoreError("does not answer in time") from None
    except OutOfMemoryError:
        raise StoreError("is out of memory") from None
    except (AuthenticationError, AuthorizationError):
        raise StoreError("does not accept the user name and password") from None
    except ResponseError as error:
        text = str(error)
        if "OOM" in text:
            raise StoreError("is out of memory") from None
        raise StoreError(f"refuses to work: {text.splitlines()[0][:200]}") from None
    except (RedisError, OSError):
        raise StoreError("cannot be reached") from None


def without_password(url: str) -> str:
    """Return a URL that may be shown; raises `ValueError` where it is none of a Redis server."""
    parts = urlsplit(url)
    number = parts.path.strip("/")
    if parts.port is not None and not parts.hostname:
        raise ValueError(url)
    if parts.scheme != "unix" and number and not (number.isascii() and number.isdigit()):
        raise ValueError(url)
    user, at, host = parts.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    if colon:
        user = f"{name}:***"
    shown = parts._replace(netloc=f"{user}{at}{host}", query="")
    return urlunsplit(shown)
