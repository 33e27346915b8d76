"""ASGI application of the proxy: answers what is under `/__mock/`, forwards everything else."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from mock_server.api import cors, guard
from mock_server.config import Options
from mock_server.contract.route_hints import canonical
from mock_server.errors import ApiError, ClientError, InternalError, Violation, error_body
from mock_server.http.broken_connections import break_off
from mock_server.http.message_framing import BadRequestError, broken_body, fault_of
from mock_server.http.origins import is_own_host
from mock_server.http.replies import to_json
from mock_server.journal import masking
from mock_server.journal.entries import Entry
from mock_server.proxy.messages.end_to_end_headers import OWN_VIA
from mock_server.proxy.messages.proxy_request import ProxyRequest
from mock_server.proxy.recording.recorder import ObservedExchange
from mock_server.server import request_bodies
from mock_server.server.delivery import stream
from mock_server.stores.store import DEFAULT

from .cross_origin import may_read, permissions
from .exchange import BrokenOffError, ClientLeftError, Exchange
from .proxy_control import refused

if TYPE_CHECKING:
    from mock_server.journal.entries import Journal
    from mock_server.proxy.judging.judge import Judge
    from mock_server.proxy.messages.link_rewriting import Rewriting
    from mock_server.proxy.recording.recorder import Recorder
    from mock_server.proxy.upstream.upstream_client import Upstream
    from mock_server.server.delivery import Message, Receive, Send

    from .proxy_control import Control, ControlResponse

log = logging.getLogger("mock_server.requests")

LARGEST_CONTROL_BODY = 64 * 1024
FLUSHED = 0.05
"""Seconds in which the server writes what it was given: an answer begins before it breaks off."""
USUAL = Options()


class Proxy:
    """An ASGI application (asgi.readthedocs.io); once `stopping` is set, event streams end.

    With `errors`, violations of the documented view become an error instead of an answer.
    """

    def __init__(  # noqa: PLR0913 - where everything is put together
        self,
        judge: Judge,
        upstream: Upstream,
        journal: Journal,
        control: Control,
        recorder: Recorder | None,
        *,
        options: Options = USUAL,
        errors: bool = False,
        rewriting: Rewriting | None = None,
    ) -> None:
        self.judge = judge
        self.upstream = upstream
        self.journal = journal
        self.control = control
        self.recorder = recorder
        self.options = options
        self.errors = errors
        self.rewriting = rewriting
        self.stopping = asyncio.Event()

    def warm(self) -> object:
        """Load what explains refusals."""
        return self.judge.warm(), self.control.warm()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        request = ProxyRequest.of(scope)
        headers = request.by_name
        fault = fault_of(
            request.path, request.version, headers.get("host"), headers.get("transfer-encoding")
        )
        if fault:
            await self._refuse(request, receive, send, fault)
        # By the canonical path: `//__mock/reset` is refused there, and never reaches the upstream.
        elif canonical(request.path).startswith(guard.PREFIX):
            await self._serve_control(request, receive, send)
        elif not self._is_own(headers.get("host", "")):
            misdirected = guard.misdirected(headers, guard.StrangeHostError)
            await self._refuse(request, receive, send, misdirected)
        elif request.is_ping:
            await _send(send, 204, [(b"allow", cors.METHODS.encode()), OWN_VIA], b"")
        elif not request.path.startswith("/"):
            no_path = Violation("path", "", "must be a path: this is no tunnel")
            await self._refuse(request, receive, send, ClientError([no_path]))
        else:
            await self._forward(request, scope, receive, send)

    def _is_own(self, host: str) -> bool:
        """Tell whether a host is this machine."""
        # Also where there is a control token, which protects /__mock/ and not the upstream: a page
        # could read that by DNS rebinding, from the developer's place in the network.
        return self.options.any_host or is_own_host(host, self.options.allowed_hosts)

    async def _refuse(
        self, request: ProxyRequest, receive: Receive, send: Send, error: ApiError
    ) -> None:
        """Refuse to forward a request, and note that in the journal."""
        is_over = not request.has_body or await request_bodies.discard(
            receive, expects="expect" in request.by_name
        )
        body = to_json(error_body(error))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            OWN_VIA,
        ]
        headers += permissions(request, may=may_read(request, self.options.cors_origins))
        # Where the body did not end, what follows on this connection is no request.
        if not is_over or isinstance(error, BadRequestError):
            headers.append((b"connection", b"close"))
        self.journal.add(
            Entry(
                id=0,
                sandbox=DEFAULT,
                at=datetime.now(UTC),
                method=request.method,
                path=request.path,
                query=request.query,
                operation="",
                user=None,
                status=error.status,
                duration=0.0,
                violations=error.details,
            )
        )
        await _send(send, error.status, headers, b"" if request.method == "HEAD" else body)

    async def _serve_control(self, request: ProxyRequest, receive: Receive, send: Send) -> None:
        may = request.by_name.get("origin") in self.options.control_origins
        granted = [*permissions(request, may=may), OWN_VIA]
        if request.is_preflight:
            await _send(send, 204, granted, b"")
            return
        reply = await self._control_response(request, receive)
        headers = [*reply.headers, *granted]
        if reply.events is None:
            await _send(send, reply.status, headers, reply.body)
        else:
            start = {"type": "http.response.start", "status": reply.status, "headers": headers}
            await send(start)
            await stream(reply.events, receive, send, self.stopping)

    async def _control_response(self, request: ProxyRequest, receive: Receive) -> ControlResponse:
        """Return the reply to a control call; one that is not allowed is refused unread."""
        expects = "expect" in request.by_name
        try:
            operation = self.control.admit(request)
        except ApiError as error:
            if request.has_body:
                await request_bodies.discard(receive, expects=expects)
            return refused(error)
        body = b""
        try:
            length = request_bodies.declared(request.by_name.get("content-length", ""))
            if request.has_body:
                body = await request_bodies.read(receive, LARGEST_CONTROL_BODY, length)
        except request_bodies.TooLargeError:
            await request_bodies.discard(receive, expects=expects)
            too_large = Violation("body", "", f"must be at most {LARGEST_CONTROL_BODY} bytes")
            return refused(ClientError([too_large]))
        except ApiError as error:
            return refused(error)
        return self.control.answer(operation, request, body)

    async def _forward(
        self, request: ProxyRequest, scope: Message, receive: Receive, send: Send
    ) -> None:
        exchange = Exchange(
            self.judge,
            self.upstream,
            request,
            self._note,
            errors=self.errors,
            origins=self.options.cors_origins,
            rewriting=self.rewriting,
        )
        try:
            if not await self._unless_left(exchange, receive, send):
                exchange.fault = "CLIENT_LEFT"
        except ClientLeftError:
            exchange.fault = "CLIENT_LEFT"
            await exchange.fail(send, broken_body())
        except BrokenOffError:
            await asyncio.sleep(FLUSHED)
            break_off("", scope["client"])
        except Exception:
            log.exception(
                "%s %s could not be forwarded; please report this",
                request.method,
                masking.path(request.path),
            )
            if not await exchange.fail(send, InternalError()):
                break_off("", scope["client"])
        finally:
            exchange.note()

    async def _unless_left(self, exchange: Exchange, receive: Receive, send: Send) -> bool:
        """Run an exchange; return whether the client stayed.

        Where it left, the exchange ends too, so that the upstream does not work for nobody.
        """
        running = asyncio.ensure_future(exchange.run(receive, send))
        leaving = asyncio.ensure_future(exchange.gone(receive))
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

    def _note(self, exchange: Exchange) -> None:
        """Write an exchange into the journal and the recording."""
        request = exchange.request
        match = exchange.match
        duration = (perf_counter() - exchange.started) * 1000
        # A client may send its token in the query too, under a name that nobody knows as secret.
        hidden = partial(masking.without, secrets=request.secrets)
        violations = tuple(each._replace(reason=hidden(each.reason)) for each in exchange.findings)
        hint = "" if match else self.judge.nearest(request.method, masking.path(request.path))
        self.journal.add(
            Entry(
                id=0,
                sandbox=DEFAULT,
                at=datetime.now(UTC),
                method=request.method,
                path=hidden(request.path),
                query=hidden(request.query),
                operation=match.operation.id if match else "",
                user=None,
                status=exchange.status,
                duration=duration,
                violations=violations,
                nearest=hidden(hint),
                fault=exchange.fault,
                unjudged=exchange.unjudged,
                upstream=exchange.done,
            )
        )
        self._observe(exchange)
        log.debug(
            "%s %s %d %.1f ms",
            request.method,
            masking.path(hidden(request.path)),
            exchange.status,
            duration,
        )

    def _observe(self, exchange: Exchange) -> None:
        """Hand an exchange to the recording, if there is one; its faults must not stop traffic."""
        request = exchange.request
        match = exchange.match
        if self.recorder is None or match is None or exchange.fault:
            return
        observed = ObservedExchange(
            match, request.query, request.by_name, exchange.status, exchange.value
        )
        try:
            self.recorder.observe(observed)
        except Exception:
            log.exception(
                "%s %s could not be recorded; please report this",
                request.method,
                masking.path(request.path),
            )


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
