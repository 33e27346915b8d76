"""The Redis server that holds what is shared: scripts called within a deadline, failures told in words."""

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

from mock_server.stores.timeouts import patiently

from .pipelining import Call, Calls
from .store_errors import StoreError, StoreUrlError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence

log = logging.getLogger("mock_server")

SCRIPTS = Path(__file__).with_name("scripts")
FORMAT = "1"
"""Goes up with every change of what is written that other processes would misread."""
PREFIX = f"user-profile-mock:{FORMAT}:"
KEEPING = "noeviction"
"""The only policy by which a server that is full refuses new things rather than forget old ones."""
URL = "--store is memory, or the URL of a Redis server: redis://[[USER]:PASSWORD@]HOST:PORT/NUMBER, or rediss:// for TLS"
DEADLINE = 1.0
"""Seconds in which a command has to be answered."""


class Server:
    """Calls scripts; `name` is the URL without its password. Raises `StoreUrlError`, and from every call `StoreError`."""

    def __init__(self, url: str) -> None:
        try:
            self.name = without_password(url)
            # Nothing is sent twice by itself: a change that was lost on its way back may have been made.
            self._redis: Redis = Redis.from_url(
                url,
                retry=Retry(NoBackoff(), 0),
                socket_connect_timeout=DEADLINE,
                max_connections=10_000,
            )
        except (ValueError, TypeError):  # whose text may hold the password
            raise StoreUrlError(URL) from None
        common = (SCRIPTS / "common.lua").read_text(encoding="utf-8")
        self._scripts = {
            path.stem: self._redis.register_script(common + path.read_text(encoding="utf-8"))
            for path in SCRIPTS.glob("*.lua")
            if path.stem != "common"
        }
        self._calls = Calls(self._together)

    async def call(self, script: str, *arguments: str | bytes | float) -> list[Any]:
        """Run a script and answer what it says."""
        with _in_words():
            found: list[Any] = await self._calls.answer(script, *arguments)
        return found

    async def check(self) -> None:
        """Raise `StoreError` where the server may forget what was acknowledged, to make room for more."""
        with _in_words():
            known = await patiently(asyncio.ensure_future(self._memory()), DEADLINE)
        if (policy := known.get("maxmemory_policy", KEEPING)) != KEEPING:
            raise StoreError(
                f"may forget what was acknowledged: its maxmemory-policy is {policy}, and must be {KEEPING}"
            )

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
        found: bytes | None = await self._told(self._redis.get(f"{PREFIX}world:{digest}"))
        return found

    async def keep_world(self, digest: str, raw: bytes, milliseconds: int) -> None:
        """Keep a whole world for a while; what refers to it keeps it for longer."""
        await self._told(self._redis.set(f"{PREFIX}world:{digest}", raw, px=milliseconds))

    async def tell(self, news: Mapping[str, object]) -> None:
        """Tell whoever follows a journal what changed."""
        await self._told(self._redis.publish(f"{PREFIX}news", orjson.dumps(news)))

    async def follow(self, sandbox: str) -> AsyncGenerator[bytes | None, None]:
        """Yield `None` once listening, then newest ids of a sandbox's journal and all news, `None` after a silent second."""
        channels = f"{PREFIX}journal:{sandbox}", f"{PREFIX}news"
        async with self._redis.pubsub() as heard:
            await self._told(heard.subscribe(*channels))
            while True:
                message = await self._told(
                    heard.get_message(ignore_subscribe_messages=True, timeout=1.0), 3.0
                )
                yield None if message is None else message["data"]

    async def close(self) -> None:
        """Hang up."""
        await self._redis.aclose()

    async def _together(self, calls: Sequence[Call]) -> Sequence[Any]:
        return await patiently(asyncio.ensure_future(self._run(calls)), DEADLINE)

    async def _run(self, calls: Sequence[Call]) -> Sequence[Any]:
        """Run scripts; a server that was started again is told them first."""
        said = await self._sent(calls)
        if unknown := [
            place for place, answer in enumerate(said) if isinstance(answer, NoScriptError)
        ]:
            await self.check()
            for script in self._scripts.values():
                await self._redis.script_load(script.script)
            again = await self._sent([calls[place] for place in unknown])
            for place, answer in zip(unknown, again, strict=True):
                said[place] = answer
        return said

    async def _sent(self, calls: Sequence[Call]) -> list[Any]:
        line = self._redis.pipeline(transaction=False)
        for script, *arguments in calls:
            line.evalsha(self._scripts[script].sha, 1, PREFIX, *arguments)
        return list(await line.execute(raise_on_error=False))

    async def _told(self, answer: Any, deadline: float = DEADLINE) -> Any:
        with _in_words():
            return await patiently(asyncio.ensure_future(answer), deadline)


@contextmanager
def _in_words() -> Iterator[None]:
    """Say what is wrong with the server, and no more."""
    try:
        yield
    except TimeoutError:
        raise StoreError("does not answer in time") from None
    except OutOfMemoryError:
        raise StoreError("is out of memory") from None
    except (AuthenticationError, AuthorizationError):
        raise StoreError("does not accept the user name and password") from None
    except ResponseError as error:
        raise StoreError(_said(error)) from None
    except (RedisError, OSError):
        raise StoreError("cannot be reached") from None


def _said(error: ResponseError) -> str:
    text = str(error)
    return "is out of memory" if "OOM" in text else f"refuses to work: {text.splitlines()[0][:200]}"


def without_password(url: str) -> str:
    """Return a URL that may be shown; raises `ValueError` where it is none of a Redis server."""
    parts = urlsplit(url)
    number = parts.path.strip("/")
    if parts.port is not None and not parts.hostname:
        raise ValueError(url)
    if parts.scheme != "unix" and number and not (number.isascii() and number.isdigit()):
        raise ValueError(url)
    user, at, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    return urlunsplit(
        parts._replace(netloc=f"{name}{':***' if ':' in user else ''}{at}{host}", query="")
    )
