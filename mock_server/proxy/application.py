"""The proxy as an ASGI application: what is under `/__mock/` is answered here, everything else by the upstream."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING

from mock_server import guard, masking
from mock_server.answers import to_json
from mock_server.connections import break_off
from mock_server.delivery import stream
from mock_server.errors import ClientError, Violation, error_body
from mock_server.store import DEFAULT

from .exchange import BrokenOffError, ClientLeftError, Exchange
from .headers import OWN_VIA
from .incoming import Incoming
from .pages import METHODS, permissions
from .recording import Seen

if TYPE_CHECKING:
    from mock_server.delivery import Message, Receive, Send
    from mock_server.journal import Journal

    from .control import Control, Told
    from .judging import Judge
    from .recording import Recorder
    from .rewriting import Rewriting
    from .upstream import Upstream

log = logging.getLogger("mock_server.requests")

LARGEST_CONTROL_BODY = 64 * 1024
FLUSHED = 0.05
"""Seconds in which the server has written what it was given, so that a client sees an answer begin before it breaks off."""


class StrangeHostError(guard.MisdirectedError):
    """The same for what would be forwarded."""

    message = "Only requests to localhost and to IP addresses are forwarded, unless there is a --control-token."


class Proxy:
    """An ASGI application (asgi.readthedocs.io); once `stopping` is set, event streams end.

    `errors` answers violations of the documented view by an error; `open_to` is true where names other than those of this
    machine may be asked for, because a token protects the control API.
    """

    def __init__(  # noqa: PLR0913 - where everything is put together
        self,
        judge: Judge,
        upstream: Upstream,
        journal: Journal,
        control: Control,
        recorder: Recorder | None,
        *,
        errors: bool = False,
        any_host: bool = False,
        rewriting: Rewriting | None = None,
    ) -> None:
        self.judge, self.upstream, self.journal, self.control = judge, upstream, journal, control
        self.recorder, self.errors, self.any_host, self.rewriting = recorder, errors, any_host, rewriting
        self.stopping = asyncio.Event()

    def warm(self) -> object:
        """Load what explains refusals."""
        return self.judge.warm(), self.control.warm()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        asked = Incoming.of(scope)
        if asked.path.startswith(guard.PREFIX):
            await self._steer(asked, receive, send)
        elif not self.any_host and not guard.is_local_name(asked.by_name.get("host", "")):
            error = StrangeHostError()
            await _send(send, error.status, [(b"content-type", b"application/json"), OWN_VIA], to_json(error_body(error)))
        elif asked.is_ping:
            await _send(send, 204, [(b"allow", METHODS), OWN_VIA], b"")
        elif asked.method == "CONNECT" or not asked.path.startswith("/"):
            body = to_json(error_body(ClientError([Violation("path", "", "must be a path: this is no tunnel")])))
            await _send(send, ClientError.status, [(b"content-type", b"application/json"), OWN_VIA], body)
        else:
            await self._forward(asked, scope, receive, send)

    async def _steer(self, asked: Incoming, receive: Receive, send: Send) -> None:
        body = await _read(receive) if asked.has_body else b""
        told: Told = self.control.answer(asked, body)
        granted = [*permissions(asked, self.control.origins), OWN_VIA]
        if asked.is_preflight:
            await _send(send, 204, granted, b"")
        elif told.events is None:
            await _send(send, told.status, [*told.headers, *granted], told.body)
        else:
            await send({"type": "http.response.start", "status": told.status, "headers": [*told.headers, *granted]})
            await stream(told.events, receive, send, self.stopping)

    async def _forward(self, asked: Incoming, scope: Message, receive: Receive, send: Send) -> None:
        exchange = Exchange(self.judge, self.upstream, asked, self._note, errors=self.errors, rewriting=self.rewriting)
        try:
            if not await self._unless_left(exchange, receive, send):
                exchange.fault = "CLIENT_LEFT"
        except ClientLeftError:
            exchange.fault = "CLIENT_LEFT"
        except BrokenOffError:
            await asyncio.sleep(FLUSHED)
            break_off("", scope["client"])
        except Exception:
            log.exception("%s %s could not be forwarded; please report this", asked.method, masking.path(asked.path))
            if not await exchange.fail(send):
                break_off("", scope["client"])
        finally:
            exchange.note()

    async def _unless_left(self, exchange: Exchange, receive: Receive, send: Send) -> bool:
        """Run an exchange and answer whether the client stayed; where it left, the upstream is not kept busy."""
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
        self.journal.record(
            DEFAULT,
            datetime.now(UTC),
            asked.method,
            asked.path,
            asked.query,
            match.operation.id if match else "",
            None,
            exchange.status,
            duration,
            tuple(exchange.findings),
            (),
            "" if match else self.judge.nearest(asked.method, masking.path(asked.path)),
            exchange.fault,
            exchange.unjudged,
            upstream=exchange.done,
        )
        if self.recorder is not None and match is not None and not exchange.fault:
            try:
                self.recorder.saw(Seen(match, asked.query, asked.by_name, exchange.status, exchange.value))
            except Exception:
                log.exception("%s %s could not be recorded; please report this", asked.method, masking.path(asked.path))
        log.debug("%s %s %d %.1f ms", asked.method, masking.path(asked.path), exchange.status, duration)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _read(receive: Receive) -> bytes:
    body = b""
    with suppress(KeyError):
        while True:
            message = await receive()
            body = (body + message["body"])[: LARGEST_CONTROL_BODY + 1]
            if not message.get("more_body"):
                break
    return body
