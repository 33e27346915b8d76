"""The application as a proxy: the upstream answers what is not under `/__mock/`."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import quote

from mock_server.api import cors, guard
from mock_server.api.app import Core
from mock_server.api.routing import FOR_CLIENTS
from mock_server.contract.route_hints import canonical
from mock_server.control.control_context import BODY
from mock_server.errors import ApiError, ClientError, InternalError, NotFound, Violation
from mock_server.http.broken_connections import break_off
from mock_server.http.message_framing import broken_body
from mock_server.http.replies import Reply
from mock_server.journal import masking
from mock_server.journal.entries import Entry, Journal
from mock_server.journal.secret_names import is_secret
from mock_server.proxy.judging.exchange_verdict import Verdict
from mock_server.proxy.judging.judge import Judge, Match
from mock_server.proxy.messages.end_to_end_headers import OWN_VIA
from mock_server.proxy.messages.link_rewriting import Rewriting
from mock_server.proxy.recording.recorder import ObservedExchange, Recorder
from mock_server.proxy.upstream.upstream_client import Upstream
from mock_server.scenarios.loading import build_world
from mock_server.server.asgi_app import AsgiApp, read_request
from mock_server.server.delivery import body_message, start
from mock_server.server.lifecycle import load_documents
from mock_server.stores.memory import MemoryStore
from mock_server.stores.store import DEFAULT
from mock_server.world.sandbox import Sandbox

from .exchange import BrokenOffError, ClientLeftError, Exchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mock_server.api.incoming_request import Request
    from mock_server.config import Settings
    from mock_server.server.delivery import Message, Receive, Send

log = logging.getLogger("mock_server.requests")

FLUSHED = 0.05
"""Seconds in which the server writes what it was given: an answer begins before it breaks off."""
NOTHING_ELSE = Violation(
    "path",
    "",
    "the proxy keeps no state: "
    "it has health, requests, requests/count, requests/stream, openapi.json, ui and docs",
)
NO_PATH = Violation("path", "", "must be a path: this is no tunnel")


def load_proxy(settings: Settings) -> ProxyApp:
    """Build the proxy of these settings; raises `FileError` where the contract cannot be used."""
    proxy = settings.proxy
    assert proxy is not None, "these are the settings of a mock"
    contract, control, scenarios = load_documents(settings)
    journal = Journal(settings.max_requests, settings.max_journal)
    # The control API wants a sandbox, and a proxy has nothing to put into it.
    store = MemoryStore(Sandbox.of(build_world({"users": []})), journal=journal)
    core = Core(contract, control, store, scenarios, settings)
    upstream = Upstream(proxy.url, proxy.timeout, proxy.verify, proxy.next_proxy)
    recorder = None if proxy.record is None else Recorder(proxy.record, control)
    return ProxyApp(core, journal, Judge(contract), upstream, recorder)


class ProxyApp(AsgiApp):
    """Forwards what the core does not answer, judges it, and notes it in the journal."""

    def __init__(
        self,
        core: Core,
        journal: Journal,
        judge: Judge,
        upstream: Upstream,
        recorder: Recorder | None,
    ) -> None:
        super().__init__(core, BODY)
        proxy = core.settings.proxy
        assert proxy is not None, "this is the core of a mock"
        self.recorder = recorder
        self.journal = journal
        self.judge = judge
        self.upstream = upstream
        self._rewriting = Rewriting(proxy.url) if proxy.rewrite else None

    def warm(self) -> object:
        """Load what explains refusals."""
        return self.judge.warm(), self.core.pipeline.control.explain

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Keep connections to the upstream, and write the recording, while requests are served."""
        async with self.upstream:
            if self.recorder is None:
                yield
                return
            writing = asyncio.ensure_future(self.recorder.keep_writing())
            try:
                yield
            finally:
                writing.cancel()
                with suppress(asyncio.CancelledError):
                    await writing

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        request = read_request(self.core, _percent_encoded(scope))
        if request.fault is not None or request.route.kind not in FOR_CLIENTS:
            await self.serve(request, scope, receive, _with_via(send))
        # By the canonical path: `//__mock/reset` is refused here, and never reaches the upstream.
        elif canonical(request.path).startswith(guard.PREFIX):
            await self._refuse(request, NotFound([NOTHING_ELSE]), scope, receive, send)
        elif (request.method, request.path) == ("OPTIONS", "*"):
            # This is about the server as a whole (RFC 9110, 9.3.7), which is the proxy.
            await _with_via(send)(start(Reply(204, {"Allow": cors.METHODS})))
            await send(body_message(b""))
        elif not request.path.startswith("/"):
            await self._refuse(request, ClientError([NO_PATH]), scope, receive, send)
        else:
            await self._forward(request, scope, receive, send)

    async def _refuse(
        self,
        request: Request,
        fault: ApiError,
        scope: Message,
        receive: Receive,
        send: Send,
    ) -> None:
        refused = request._replace(fault=fault)
        await self.serve(refused, scope, receive, _with_via(send))

    async def _forward(
        self,
        request: Request,
        scope: Message,
        receive: Receive,
        send: Send,
    ) -> None:
        verdict = Verdict(self.judge, self._match(request), request)
        exchange = Exchange(
            request,
            scope["http_version"],
            verdict,
            self.upstream,
            self.core.settings,
            self._rewriting,
            self._note,
        )
        try:
            if not await _run_unless_left(exchange, receive, send):
                exchange.fault = "CLIENT_LEFT"
        except ClientLeftError:
            exchange.fault = "CLIENT_LEFT"
            await exchange.fail(send, broken_body())
        # What was sent has to arrive before the connection breaks.
        except BrokenOffError:
            await asyncio.sleep(FLUSHED)
            break_off("", scope["client"])
        except Exception:
            log.exception(
                "%s %s could not be forwarded; please report this",
                request.method,
                masking.path(request.path),
            )
            # A client that has a part of an answer must not take it for the whole.
            if not await exchange.fail(send, InternalError()):
                break_off("", scope["client"])
        finally:
            exchange.note()

    def _match(self, request: Request) -> Match | None:
        """Return the operation that a request is for, if any."""
        if request.route.rule is None:
            return None
        return Match(self.core.contract.operations[request.endpoint], request.route.names)

    def _note(self, exchange: Exchange) -> None:
        """Write an exchange into the journal and the recording."""
        request = exchange.request
        verdict = exchange.verdict
        duration = (perf_counter() - request.started) * 1000
        # A client may send its token in the query too, under a name that nobody knows as secret.
        hidden = partial(masking.without, secrets=_secrets(request))
        violations = tuple(each._replace(reason=hidden(each.reason)) for each in verdict.violations)
        operation = ""
        hint = ""
        if verdict.match is None:
            hint = self.core.pipeline.nearest(request.method, request.path)
        else:
            operation = verdict.match.operation.id
        entry = Entry(
            id=0,
            sandbox=DEFAULT,
            at=datetime.now(UTC),
            method=request.method,
            path=hidden(request.path),
            query=hidden(request.query),
            operation=operation,
            user=None,
            status=exchange.status,
            duration=duration,
            violations=violations,
            nearest=hidden(hint),
            fault=exchange.fault,
            unjudged=verdict.unjudged,
            upstream=exchange.upstream_did,
        )
        self.journal.add(entry)
        self._observe(exchange)
        path = masking.path(hidden(request.path))
        log.debug("%s %s %d %.1f ms", request.method, path, exchange.status, duration)

    def _observe(self, exchange: Exchange) -> None:
        """Hand an exchange to the recording, if there is one; its faults must not stop traffic."""
        request = exchange.request
        match = exchange.verdict.match
        if self.recorder is None or match is None or exchange.fault:
            return
        observed = ObservedExchange(
            match, request.query, request.headers, exchange.status, exchange.verdict.value
        )
        try:
            self.recorder.observe(observed)
        except Exception:
            log.exception(
                "%s %s could not be recorded; please report this",
                request.method,
                masking.path(request.path),
            )


async def _run_unless_left(exchange: Exchange, receive: Receive, send: Send) -> bool:
    """Run an exchange; return whether the client stayed.

    Where it left, the exchange ends too, so that the upstream does not work for nobody.
    """
    running = asyncio.ensure_future(exchange.run(receive, send))
    leaving = asyncio.ensure_future(exchange.client_leaves(receive))
    try:
        await asyncio.wait((running, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            return False
        await running
    finally:
        for each in (running, leaving):
            each.cancel()
        await asyncio.gather(running, leaving, return_exceptions=True)
    return True


def _with_via(send: Send) -> Send:
    """Return what sends an answer of the proxy itself, by which clients can tell it."""

    async def send_own(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"].append(OWN_VIA)
        await send(message)

    return send_own


def _percent_encoded(scope: Message) -> Message:
    """Return a scope in which bytes that no target may hold are percent-encoded.

    Upstream and journal get a target that is one (RFC 9112, 3.2).
    """
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    if path.isascii() and query.isascii():
        return scope
    return {**scope, "raw_path": _visible(path), "query_string": _visible(query)}


def _visible(raw: bytes) -> bytes:
    return quote(raw, safe=bytes(range(0x21, 0x7F))).encode()


def _secrets(request: Request) -> list[str]:
    """Return the values of secret headers, to be hidden wherever else they stand."""
    return [masking.credential(value) for name, value in request.headers.items() if is_secret(name)]
