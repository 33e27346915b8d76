"""A thin HTTP client that sends exactly what it is given, in the way that the options of the network say."""

from __future__ import annotations

import http.client
import math
import socket
import ssl
import time
import weakref
import zlib
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from contract_tests.config.addresses import is_secure
from contract_tests.config.header_values import beside
from contract_tests.config.network_options import NetworkOptions
from contract_tests.config.version import gate_version
from contract_tests.exceptions import BusyError, NotJudgedError, OutOfTimeError
from contract_tests.http import response_reader
from contract_tests.http.messages import GATEWAY, Exchange, HttpRequest
from contract_tests.http.pace import LONGEST_WAIT, Pace, wanted_pause
from contract_tests.http.write_policy import SAFE
from contract_tests.interrupts import STOP
from contract_tests.redaction.redactor import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract_tests.redaction.placeholders import Pairs

REUSED_AND_GONE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
TIMED_OUT, TOO_MANY = 408, 429
TRIES = 3
BETWEEN_TRIES = 0.5
"""Seconds after which a connection that failed is tried again."""
A_MOMENT = 0.05
"""Seconds that are given in any case."""


@dataclass
class Client:
    """Speaks HTTP/1.1 with one target; `permit` may raise before a call leaves, `seen` is called with every exchange.

    `sent` counts requests by operation and method; `until` is when the time for waiting is over. `doubt` is called where
    something in front of the target may have answered in its place, and raises where the target has ended; without it nothing
    is sent a second time for that. `passing` are such answers that did not come a second time.
    """

    base_url: str
    seen: Callable[[Exchange], None]
    permit: Callable[[HttpRequest], None]
    network: NetworkOptions = field(default_factory=NetworkOptions)
    run_id: str = ""
    redactor: Redactor = field(default_factory=Redactor)
    sent: Counter[tuple[str, str]] = field(default_factory=Counter, repr=False)
    until: float = math.inf
    doubt: Callable[[Exchange], None] | None = field(default=None, repr=False)
    passing: list[Exchange] = field(default_factory=list, repr=False)
    longest_wait: float = LONGEST_WAIT
    _lasting: set[tuple[object, ...]] = field(default_factory=set, repr=False)
    _connections: weakref.WeakSet[http.client.HTTPConnection] = field(
        default_factory=weakref.WeakSet, repr=False
    )
    _quiet_until: float = field(default=0.0, repr=False)
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._pace = Pace(self.network.interval)
        self._context = self.network.context() if is_secure(self.base_url) else None

    def send(self, request: HttpRequest) -> Exchange:
        """Send over the kept connection; a connection that died while idle is renewed once."""
        self.permit(request)
        exchange = self._patiently(self._complete(request), self._kept)
        if exchange.trouble or (exchange.header("Connection") or "").lower() == "close":
            self.close()
        self.seen(exchange)
        return exchange

    def send_alone(self, request: HttpRequest) -> Exchange:
        """Send over a connection of its own: for threads, and for servers that serve one connection at a time."""
        self.permit(request)
        return self._patiently(
            self._complete(replace(request, headers=(*request.headers, ("Connection", "close")))),
            self._alone,
        )

    def send_raw(self, request: HttpRequest) -> Exchange:
        """Send over a fresh connection and take for the body all that comes until it closes."""
        self.permit(request)
        if self.network.proxy:
            raise NotJudgedError("raw bytes do not go through a proxy")
        self.close()
        return self._patiently(self._complete(request), self._raw)

    def probe(self, request: HttpRequest) -> Exchange:
        """Send once, over a connection of its own, whatever is answered."""
        return self._once(
            self._complete(replace(request, headers=(*request.headers, ("Connection", "close")))),
            self._alone,
        )

    @property
    def is_to_rest(self) -> bool:
        """Whether the target wants to be left alone."""
        return time.monotonic() < self._quiet_until

    def be_urgent(self) -> None:
        """Ask once more, although the target wants to be left alone: what was changed has to be put back."""
        self.until, self._quiet_until, self.longest_wait = (
            math.inf,
            0.0,
            min(LONGEST_WAIT, self.network.timeout),
        )

    def let_go(self) -> None:
        """Break off what any thread waits for."""
        for connection in list(self._connections):
            with suppress(OSError, AttributeError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def is_there(self) -> bool:
        """Whether a connection can be made, at the last of some tries."""
        self.close()
        connection = self._open()
        try:
            self._connect(connection)
        except OSError:
            return False
        connection.close()
        return True

    def close(self) -> None:
        """Give up the kept connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def prefix(self) -> str:
        """The path of the base URL, without a slash at its end."""
        return urlsplit(self.base_url).path.rstrip("/")

    def _complete(self, request: HttpRequest) -> HttpRequest:
        self.redactor.sent(request)
        headers, secrets = (
            beside(request.headers, self.network.headers),
            (*request.secrets, *self.network.secrets),
        )
        return replace(request, headers=headers, secrets=secrets, redactor=self.redactor)

    def _patiently(self, request: HttpRequest, send: Callable[[HttpRequest], Exchange]) -> Exchange:
        """Send again what the target had no time for (429, RFC 6585) after as long as it says.

        Also what something in front of the target answered in its place; every call of the gate may be sent twice.
        """
        if self.is_to_rest:
            raise BusyError
        first: Exchange | None = None
        for _ in range(TRIES):
            exchange = self._once(request, send)
            if exchange.status == TOO_MANY:
                self._rest(wanted_pause(exchange.header("Retry-After")))
            elif first is None and self.doubt is not None and self._may_pass(exchange):
                first = exchange
                STOP.sleep(BETWEEN_TRIES)
                self.doubt(exchange)
            else:
                self._compare(first, exchange)
                return exchange
        raise BusyError

    def _once(self, request: HttpRequest, send: Callable[[HttpRequest], Exchange]) -> Exchange:
        self._pace.wait()
        if time.monotonic() > self.until:
            raise OutOfTimeError
        self.sent[request.operation, request.method] += 1
        exchange = send(request)
        if exchange.trouble:
            STOP.check()
            if time.monotonic() > self.until - A_MOMENT:
                raise OutOfTimeError
        self.redactor.read(exchange.body, exchange.headers)
        return exchange

    def _may_pass(self, exchange: Exchange) -> bool:
        """Whether an answer may not come a second time; of what did, the next is not asked again."""
        return (exchange.dropped or exchange.status in GATEWAY) and self._key(
            exchange
        ) not in self._lasting

    def _compare(self, first: Exchange | None, second: Exchange) -> None:
        """Note what became of an answer that might pass."""
        if first is not None and (second.dropped or second.status in GATEWAY):
            self._lasting.add(self._key(second))
        elif first is not None:
            self.passing.append(first)

    def _key(self, exchange: Exchange) -> tuple[object, ...]:
        request = exchange.request
        return request.operation, request.extreme, request.method, exchange.status

    @property
    def patience(self) -> float:
        """Seconds that an answer may take now."""
        return max(A_MOMENT, min(self.network.timeout, self.until - time.monotonic()))

    def _rest(self, seconds: float) -> None:
        """Wait as long as the target asks for; where that is too long, nothing is sent to it until then."""
        now = time.monotonic()
        if seconds > min(self.longest_wait, self.until - now):
            self._quiet_until = now + seconds
            raise BusyError
        STOP.sleep(seconds)

    def _kept(self, request: HttpRequest) -> Exchange:
        reused = self._connection is not None
        self._connection = self._connection or self._open()
        try:
            exchange, again = self._exchange(self._connection, request)
        except BaseException:
            self.close()  # it may have begun a request that never ends
            raise
        # 408 on a connection that was kept is often older than the request: what a server says when it closes an idle one.
        if reused and (again or exchange.status == TIMED_OUT):
            self.close()
            self._connection = self._open()
            self._pace.wait()
            exchange, _ = self._exchange(self._connection, request)
        return exchange

    def _alone(self, request: HttpRequest) -> Exchange:
        connection = self._open()
        exchange, _ = self._exchange(connection, request)
        connection.close()
        return exchange

    def _raw(self, request: HttpRequest) -> Exchange:
        connection, raw, why, timed_out = self._open(), b"", "nothing came", False
        host, end = ("Host", urlsplit(self.base_url).netloc), ("Connection", "close")
        try:
            with STOP.waiting():
                self._connect(connection)
                connection.sock.sendall(
                    response_reader.request(
                        request.method,
                        self._target(request),
                        (host, *self._own(request), end),
                        request.body or b"",
                    )
                )
                raw = response_reader.until_closed(connection.sock, self.patience)
        except OSError as error:
            why = f"{type(error).__name__}: {error}"
            timed_out = isinstance(error, TimeoutError)
        connection.close()
        status, headers, body = response_reader.answer(raw)
        trouble = "" if status else f"no complete HTTP answer ({why})"
        return Exchange(request, status, headers, body, trouble, timed_out=timed_out)

    def _open(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.base_url)
        proxy = urlsplit(self.network.proxy)
        host, port = (
            (proxy.hostname, proxy.port or 80) if proxy.hostname else (parts.hostname, parts.port)
        )
        if self._context is None:
            connection = http.client.HTTPConnection(host or "", port, timeout=self.network.timeout)
        else:
            connection = http.client.HTTPSConnection(
                host or "", port, timeout=self.network.timeout, context=self._context
            )
            if proxy.hostname:
                connection.set_tunnel(parts.hostname or "", parts.port or 443)
        self._connections.add(connection)
        return connection

    def _exchange(
        self, connection: http.client.HTTPConnection, request: HttpRequest
    ) -> tuple[Exchange, bool]:
        start = time.perf_counter()
        is_read = request.method.upper() in SAFE
        patience = self.patience if is_read else max(A_MOMENT, self.network.timeout)
        try:
            with STOP.waiting():
                self._connect(connection)
            if not is_read:
                # It is done although nobody waits for it, perhaps only when the profiles are put back: see how it ends.
                self._connections.discard(connection)
            with STOP.waiting() if is_read else STOP.held():
                answer = self._sent(connection, request, patience)
                headers, body = tuple(answer.getheaders()), answer.body()
                if answer.surplus:  # the rest of it would be taken for the next answer
                    connection.close()
        except (OSError, http.client.HTTPException, zlib.error, EOFError) as error:
            trouble = f"no complete HTTP answer ({type(error).__name__}: {self._why(error)})"
            dropped = isinstance(error, REUSED_AND_GONE)
            timed_out = isinstance(error, TimeoutError)
            failed = Exchange(request, 0, trouble=trouble, dropped=dropped, timed_out=timed_out)
            return failed, dropped
        finally:
            self._connections.add(connection)
        return Exchange(
            request, answer.status, headers, body, seconds=time.perf_counter() - start
        ), False

    def _sent(
        self, connection: http.client.HTTPConnection, request: HttpRequest, patience: float
    ) -> response_reader.Answer:
        """Send a request and return the beginning of its answer."""
        connection.sock.settimeout(patience)
        connection.response_class = partial(response_reader.Answer, seconds=patience)  # type: ignore[assignment]
        connection.putrequest(request.method, self._target(request), skip_accept_encoding=True)
        for name, value in self._own(request):
            connection.putheader(name, value.encode("utf-8"))
        connection.endheaders(request.body)
        answer = connection.getresponse()
        assert isinstance(answer, response_reader.Answer)
        return answer

    def _why(self, error: Exception) -> str:
        """Say what an error says, but not what stands where a status line should: that may be the rest of a body."""
        told = type(error) in (http.client.BadStatusLine, http.client.UnknownProtocol)
        said = " ".join(str(error).split())
        return self.redactor.body(said) if told else said

    def _connect(self, connection: http.client.HTTPConnection) -> None:
        """Connect, again if that fails: nothing was sent yet, so nothing is sent twice."""
        until = time.monotonic() + self.patience
        for left in reversed(range(TRIES if connection.sock is None else 0)):
            try:
                connection.timeout = max(A_MOMENT, until - time.monotonic())
                connection.connect()
            except ssl.SSLError:
                raise
            except OSError:
                connection.close()
                if not left or time.monotonic() + BETWEEN_TRIES > until:
                    raise
                STOP.sleep(BETWEEN_TRIES)
            else:
                return

    def _target(self, request: HttpRequest) -> str:
        through = self.network.proxy and self._context is None
        return f"{self.base_url}{request.path}" if through else self.prefix + request.path

    def _own(self, request: HttpRequest) -> Pairs:
        agent = f"contract-tests/{gate_version()} (run {self.run_id})"
        given = [
            (name, f"{value} {agent}" if name.lower() == "user-agent" else value)
            for name, value in request.headers
        ]
        own = (
            []
            if any(name.lower() == "user-agent" for name, _ in given)
            else [("User-Agent", agent)]
        )
        length = [("Content-Length", str(len(request.body or b"")))] if request.says_length else []
        return (*own, *given, *length)
