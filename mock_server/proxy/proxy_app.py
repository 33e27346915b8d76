"""The proxy as an ASGI application: what is under `/__mock/` is answered here, everything else by the upstream."""

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
from mock_server.proxy.messages.proxy_request import Incoming
from mock_server.proxy.recording.recorder import Seen
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

    from .proxy_control import Control, Told

log = logging.getLogger("mock_server.requests")

LARGEST_CONTROL_BODY = 64 * 1024
FLUSHED = 0.05
"""Seconds in which the server has written what it was given, so that a client sees an answer begin before it breaks off."""
USUAL = Options()


class Proxy:
    """An ASGI application (asgi.readthedocs.io); once `stopping` is set, event streams end.

    `errors` answers violations of the documented view by an error.
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
        self.judge, self.upstream, self.journal, self.control = judge, upstream, journal, control
        self.recorder, self.options, self.errors, self.rewriting = (
            recorder,
            options,
            errors,
            rewriting,
        )
        self.stopping = asyncio.Event()

    def warm(self) -> object:
        """Load what explains refusals."""
        return self.judge.warm(), self.control.warm()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        asked = Incoming.of(scope)
        headers = asked.by_name
        if fault := fault_of(
            asked.path, asked.version, headers.get("host"), headers.get("transfer-encoding")
        ):
            await self._refuse(asked, receive, send, fault)
        elif canonical(asked.path).startswith(
            guard.PREFIX
        ):  # one that is misspelt is refused there, and never forwarded
            await self._steer(asked, receive, send)
        elif not self._is_own(headers.get("host", "")):
            await self._refuse(
                asked, receive, send, guard.misdirected(asked.by_name, guard.StrangeHostError)
            )
        elif asked.is_ping:
            await _send(send, 204, [(b"allow", cors.METHODS.encode()), OWN_VIA], b"")
        elif not asked.path.startswith("/"):
            await self._refuse(
                asked,
                receive,
                send,
                ClientError([Violation("path", "", "must be a path: this is no tunnel")]),
            )
        else:
            await self._forward(asked, scope, receive, send)

    def _is_own(self, host: str) -> bool:
        """Tell whether this machine is named; a token protects the control API, and not what is behind the proxy."""
        return self.options.any_host or is_own_host(host, self.options.allowed_hosts)

    async def _refuse(self, asked: Incoming, receive: Receive, send: Send, error: ApiError) -> None:
        """Refuse to forward a request, and say so in the journal."""
        is_over = not asked.has_body or await request_bodies.discard(
            receive, expects="expect" in asked.by_name
        )
        body = to_json(error_body(error))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            OWN_VIA,
        ]
        headers += permissions(asked, may=may_read(asked, self.options.cors_origins))
        if not is_over or isinstance(error, BadRequestError):
            headers.append((b"connection", b"close"))
        self.journal.add(
            Entry(
                id=0,
                sandbox=DEFAULT,
                at=datetime.now(UTC),
                method=asked.method,
                path=asked.path,
                query=asked.query,
                operation="",
                user=None,
                status=error.status,
                duration=0.0,
                violations=error.details,
            )
        )
        await _send(send, error.status, headers, b"" if asked.method == "HEAD" else body)

    async def _steer(self, asked: Incoming, receive: Receive, send: Send) -> None:
        granted = [
            *permissions(asked, may=asked.by_name.get("origin") in self.options.control_origins),
            OWN_VIA,
        ]
        if asked.is_preflight:
            await _send(send, 204, granted, b"")
            return
        told = await self._told(asked, receive)
        if told.events is None:
            await _send(send, told.status, [*told.headers, *granted], told.body)
        else:
            await send(
                {
                    "type": "http.response.start",
                    "status": told.status,
                    "headers": [*told.headers, *granted],
                }
            )
            await stream(told.events, receive, send, self.stopping)

    async def _told(self, asked: Incoming, receive: Receive) -> Told:
        """Check who asks for what first, and read only then; what is refused anyway is thrown away unread."""
        try:
            operation = self.control.admit(asked)
        except ApiError as error:
            if asked.has_body:
                await request_bodies.discard(receive, expects="expect" in asked.by_name)
            return refused(error)
        try:
            length = request_bodies.declared(asked.by_name.get("content-length", ""))
            body = (
                await request_bodies.read(receive, LARGEST_CONTROL_BODY, length)
                if asked.has_body
                else b""
            )
        except request_bodies.TooLargeError:
            await request_bodies.discard(receive, expects="expect" in asked.by_name)
            return refused(
                ClientError(
                    [Violation("body", "", f"must be at most {LARGEST_CONTROL_BODY} bytes")]
                )
            )
        except ApiError as error:
            return refused(error)
        return self.control.answer(operation, asked, body)

    async def _forward(self, asked: Incoming, scope: Message, receive: Receive, send: Send) -> None:
        exchange = Exchange(
            self.judge,
            self.upstream,
            asked,
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
                asked.method,
                masking.path(asked.path),
            )
            if not await exchange.fail(send, InternalError()):
                break_off("", scope["client"])
        finally:
            exchange.note()

    async def _unless_left(self, exchange: Exchange, receive: Receive, send: Send) -> bool:
        """Run an exchange and return whether the client stayed; where it left, the upstream is not kept busy."""
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
        asked, match = exchange.asked, exchange.match
        duration = (perf_counter() - exchange.started) * 1000
        hidden = partial(masking.without, secrets=asked.secrets)
        hint = "" if match else self.judge.nearest(asked.method, masking.path(asked.path))
        self.journal.add(
            Entry(
                id=0,
                sandbox=DEFAULT,
                at=datetime.now(UTC),
                method=asked.method,
                path=hidden(asked.path),
                query=hidden(asked.query),
                operation=match.operation.id if match else "",
                user=None,
                status=exchange.status,
                duration=duration,
                violations=tuple(
                    each._replace(reason=hidden(each.reason)) for each in exchange.findings
                ),
                nearest=hidden(hint),
                fault=exchange.fault,
                unjudged=exchange.unjudged,
                upstream=exchange.done,
            )
        )
        if self.recorder is not None and match is not None and not exchange.fault:
            try:
                self.recorder.saw(
                    Seen(match, asked.query, asked.by_name, exchange.status, exchange.value)
                )
            except Exception:
                log.exception(
                    "%s %s could not be recorded; please report this",
                    asked.method,
                    masking.path(asked.path),
                )
        log.debug(
            "%s %s %d %.1f ms",
            asked.method,
            masking.path(hidden(asked.path)),
            exchange.status,
            duration,
        )


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
