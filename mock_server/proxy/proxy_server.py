"""Start of the proxy: its settings, its parts, and how it listens."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mock_server import __version__
from mock_server.config import Options
from mock_server.journal.entries import Journal
from mock_server.proxy.judging.judge import Judge
from mock_server.proxy.messages.link_rewriting import Rewriting
from mock_server.proxy.recording.recorder import Recorder
from mock_server.proxy.upstream.upstream_client import Upstream
from mock_server.proxy.upstream.upstream_network import origin
from mock_server.server.asgi_server import listen
from mock_server.server.lifecycle import DEFAULT_CONTRACT, load_contract, load_control

from .proxy_app import Proxy
from .proxy_control import Control

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mock_server.proxy.upstream.upstream_network import Trust
    from mock_server.server.stop_signals import Ending


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line decides.

    `patience` is how many seconds the upstream may take, `verify` what TLS trusts, `proxy` another
    proxy on the way.
    """

    url: str
    host: str = "127.0.0.1"
    port: int = 4010
    openapi: Path = DEFAULT_CONTRACT
    patience: float = 30.0
    verify: Trust = True
    errors: bool = False
    rewrite: bool = True
    proxy: str | None = None
    record: Path | None = None
    options: Options = field(default_factory=Options)


class Parts:
    """What a proxy is made of; raises `FileError` where the contract cannot be used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        options = settings.options
        contract = load_contract(settings.openapi)
        self.judge = Judge(contract)
        self.journal = Journal(options.max_requests, options.max_journal_bytes)
        document = load_control(settings.openapi, contract)
        self.control = Control(document, contract, self.journal, self.health, options)
        self.recorder = None if settings.record is None else Recorder(settings.record, document)

    def health(self) -> dict[str, object]:
        """Return what `/__mock/health` shows: which server stands behind this proxy."""
        record = self.settings.record
        return {
            "status": "ok",
            "version": __version__,
            # Only its origin: the path of an internal server is nobody's business.
            "upstream": origin(self.settings.url),
            "errors": self.settings.errors,
            "record": None if record is None else str(record),
        }

    def application(self, upstream: Upstream) -> Proxy:
        """Return the proxy before an upstream."""
        return Proxy(
            self.judge,
            upstream,
            self.journal,
            self.control,
            self.recorder,
            options=self.settings.options,
            errors=self.settings.errors,
            rewriting=Rewriting(self.settings.url) if self.settings.rewrite else None,
        )


async def serve(parts: Parts, ending: Ending, ready: Callable[[], None]) -> None:
    """Serve until the process is asked to end; `ready` is called when connections are accepted."""
    settings = parts.settings

    def begin(stop: Callable[[], None]) -> None:
        if not ending.asked:
            ready()
        ending.then_in_loop(stop)

    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(
            Upstream(settings.url, settings.patience, settings.verify, settings.proxy)
        )
        if parts.recorder is not None:
            writing = asyncio.ensure_future(parts.recorder.keep_writing())
            stack.push_async_callback(_end, writing)
        await listen(parts.application(upstream), settings.host, settings.port, begin, alone=True)


async def _end(task: asyncio.Future[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
