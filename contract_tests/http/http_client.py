"""A thin HTTP client that sends exactly what it is given, as the network options say."""

from __future__ import annotations

import http.client
import math
import socket
import ssl
import time
import weakref
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
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
    from contract_tests.redaction.placeholders import Pairs

# How a connection shows that was closed while nobody used it.
REUSED_AND_GONE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
# Their text is what stands where a status line should, which may be the rest of a body.
QUOTING = (http.client.BadStatusLine, http.client.UnknownProtocol)
TIMED_OUT = 408
TOO_MANY = 429
HTTP_PORT = 80
HTTPS_PORT = 443
TRIES = 3
# Seconds after which a connection that failed is tried again.
BETWEEN_TRIES = 0.5
# Seconds that are given in any case.
A_MOMENT = 0.05

Send = Callable[[HttpRequest], Exchange]


# Its fields may hold secrets.
@dataclass(repr=False)
class Client:
    """Speaks HTTP/1.1 with one target.

    `permit` may raise before a request leaves, `seen` is called with every exchange. `sent` counts
    requests by operation and method; `until` is when the time for waiting is over. `doubt` is
    called where something in front of the target may have answered in its place, and raises where
    the target has ended; without it nothing is sent a second time for that. `passing` are such
    answers that did not come a second time.
    """

    base_url: str
    seen: Callable[[Exchange], None]
    permit: Callable[[HttpRequest], None]
    network: NetworkOptions = field(default_factory=NetworkOptions)
    run_id: str = ""
    redactor: Redactor = field(default_factory=Redactor)
    until: float = math.inf
    longest_wait: float = LONGEST_WAIT
    doubt: Callable[[Exchange], None] | None = None

    def __post_init__(self) -> None:
        self.sent: Counter[tuple[str, str]] = Counter()
        self.passing: list[Exchange] = []
        self._lasting: set[tuple[object, ...]] = set()
        self._connections = weakref.WeakSet[http.client.HTTPConnection]()
        self._connection: http.client.HTTPConnection | None = None
        self._quiet_until = 0.0
        self._pace = Pace(self.network.interval)
        self._context = self.network.context() if is_secure(self.base_url) else None
        self._agent = f"contract-tests/{gate_version()} (run {self.run_id})"

    def send(self, request: HttpRequest) -> Exchange:
        """Send over the kept connection; a connection that died while idle is renewed once."""
        self.permit(request)
        exchange = self._patiently(request, self._over_kept)
        ends = (exchange.header("Connection") or "").lower() == "close"
        if ends or exchange.trouble:
            self.close()
        self.seen(exchange)
        return exchange

    def send_alone(self, request: HttpRequest) -> Exchange:
        """Send over a connection of its own.

        For threads, and for servers that serve one connection at a time.
        """
        self.permit(request)
        return self._patiently(request, self._over_fresh)

    def send_raw(self, request: HttpRequest) -> Exchange:
        """Send over a fresh connection and take for the body all that comes until it closes."""
        self.permit(request)
        if self.network.proxy:
            raise NotJudgedError("raw bytes do not go through a proxy")
        # A server may serve one connection at a time.
        self.close()
        return self._patiently(request, self._raw)

    def probe(self, request: HttpRequest) -> Exchange:
        """Send once, over a connection of its own, whatever is answered."""
        return self._once(self._complete(request), self._over_fresh)

    @property
    def is_to_rest(self) -> bool:
        """Whether the target wants to be left alone."""
        return time.monotonic() < self._quiet_until

    def be_urgent(self) -> None:
        """Send once more, although the target wants to be left alone.

        What was changed has to be put back.
        """
        self.until = math.inf
        self._quiet_until = 0.0
        self.longest_wait = min(LONGEST_WAIT, self.network.timeout)

    def let_go(self) -> None:
        """Break off what any thread waits for."""
        for connection in list(self._connections):
            with suppress(OSError, AttributeError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def is_there(self) -> bool:
        """Tell whether a connection can be made, at the last of some tries."""
        self.close()
        with closing(self._open()) as connection:
            try:
                self._connect(connection)
            except OSError:
                return False
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

    @property
    def patience(self) -> float:
        """Seconds that an answer may take now."""
        return max(A_MOMENT, min(self.network.timeout, self.until - time.monotonic()))

    def _complete(self, request: HttpRequest) -> HttpRequest:
        """Return a request with the headers of all requests, and what must not be shown of it."""
        self.redactor.sent(request)
        return replace(
            request,
            headers=beside(request.headers, self.network.headers),
            secrets=(*request.secrets, *self.network.secrets),
            redactor=self.redactor,
        )

    def _patiently(self, request: HttpRequest, send: Send) -> Exchange:
        """Send again what the target had no time for (429, RFC 6585) after as long as it says.

        Also what something in front of the target answered in its place; every request of the gate
        may be sent twice.
        """
        if self.is_to_rest:
            raise BusyError
        request = self._complete(request)
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

    def _once(self, request: HttpRequest, send: Send) -> Exchange:
        """Send at the rate of the run, and only while there is time."""
        self._pace.wait()
        if time.monotonic() > self.until:
            raise OutOfTimeError
        self.sent[request.operation, request.method] += 1
        exchange = send(request)
        if exchange.trouble:
            # It may be ours: the run was asked to end, or its time is over.
            STOP.check()
            if time.monotonic() > self.until - A_MOMENT:
                raise OutOfTimeError
        self.redactor.read(exchange.body, exchange.headers)
        return exchange

    def _may_pass(self, exchange: Exchange) -> bool:
        """Tell whether an answer may not come again; one that did is not doubted once more."""
        return _is_of_gateway(exchange) and _likeness(exchange) not in self._lasting

    def _compare(self, first: Exchange | None, second: Exchange) -> None:
        """Note what became of an answer that might pass."""
        if first is None:
            return
        if _is_of_gateway(second):
            self._lasting.add(_likeness(second))
        else:
            self.passing.append(first)

    def _rest(self, seconds: float) -> None:
        """Wait as long as the target asks for; if that is too long, send nothing until then."""
        now = time.monotonic()
        if seconds > min(self.longest_wait, self.until - now):
            self._quiet_until = now + seconds
            raise BusyError
        STOP.sleep(seconds)

    def _over_kept(self, request: HttpRequest) -> Exchange:
        was_open = self._connection is not None
        exchange = self._try_kept(request)
        # 408 on a connection that was kept is often older than the request: what a server says
        # when it closes an idle one.
        if was_open and (exchange.dropped or exchange.status == TIMED_OUT):
            self.close()
            self._pace.wait()
            exchange = self._try_kept(request)
        return exchange

    def _try_kept(self, request: HttpRequest) -> Exchange:
        self._connection = self._connection or self._open()
        try:
            return self._exchange(self._connection, request)
        except BaseException:
            # It may have begun a request that never ends.
            self.close()
            raise

    def _over_fresh(self, request: HttpRequest) -> Exchange:
        with closing(self._open()) as connection:
            headers = (*request.headers, ("Connection", "close"))
            return self._exchange(connection, replace(request, headers=headers))

    def _raw(self, request: HttpRequest) -> Exchange:
        host = urlsplit(self.base_url).netloc
        headers = (("Host", host), *self._headers(request), ("Connection", "close"))
        line = (request.method, self._request_target(request))
        written = response_reader.request(*line, headers, request.body or b"")
        raw = b""
        why = "nothing came"
        timed_out = False
        try:
            with STOP.waiting(), closing(self._open()) as connection:
                self._connect(connection)
                connection.sock.sendall(written)
                raw = response_reader.until_closed(connection.sock, self.patience)
        except OSError as error:
            why = f"{type(error).__name__}: {error}"
            timed_out = isinstance(error, TimeoutError)
        status, received, body = response_reader.answer(raw)
        trouble = "" if status else f"no complete HTTP answer ({why})"
        return Exchange(request, status, received, body, trouble, timed_out=timed_out)

    def _open(self) -> http.client.HTTPConnection:
        """Return a connection that is not made yet, to the target or to the proxy before it."""
        target = urlsplit(self.base_url)
        proxy = urlsplit(self.network.proxy)
        host, port = target.hostname or "", target.port
        if proxy.hostname:
            host, port = proxy.hostname, proxy.port or HTTP_PORT
        timeout = self.network.timeout
        if self._context is None:
            connection = http.client.HTTPConnection(host, port, timeout=timeout)
        else:
            connection = http.client.HTTPSConnection(
                host, port, timeout=timeout, context=self._context
            )
            if proxy.hostname:
                connection.set_tunnel(target.hostname or "", target.port or HTTPS_PORT)
        self._connections.add(connection)
        return connection

    def _exchange(self, connection: http.client.HTTPConnection, request: HttpRequest) -> Exchange:
        start = time.perf_counter()
        is_read = request.method.upper() in SAFE
        seconds = self.patience if is_read else max(A_MOMENT, self.network.timeout)
        try:
            with STOP.waiting():
                self._connect(connection)
            if not is_read:
                # It is done although nobody waits for it, perhaps only when the profiles are put
                # back: see how it ends.
                self._connections.discard(connection)
            with STOP.waiting() if is_read else STOP.finishing():
                response = self._sent(connection, request, seconds)
                body = response.body()
            if response.surplus:
                # The rest of it would be taken for the next answer.
                connection.close()
        except (OSError, http.client.HTTPException, zlib.error, EOFError) as error:
            return Exchange(
                request,
                status=0,
                trouble=f"no complete HTTP answer ({type(error).__name__}: {self._why(error)})",
                dropped=isinstance(error, REUSED_AND_GONE),
                timed_out=isinstance(error, TimeoutError),
            )
        finally:
            self._connections.add(connection)
        took = time.perf_counter() - start
        headers = tuple(response.getheaders())
        return Exchange(request, response.status, headers, body, seconds=took)

    def _sent(
        self, connection: http.client.HTTPConnection, request: HttpRequest, seconds: float
    ) -> response_reader.Answer:
        """Send a request and return the beginning of its answer."""
        connection.sock.settimeout(seconds)
        answer = partial(response_reader.Answer, seconds=seconds)
        connection.response_class = answer  # type: ignore[assignment]
        connection.putrequest(
            request.method, self._request_target(request), skip_accept_encoding=True
        )
        for name, value in self._headers(request):
            connection.putheader(name, value.encode("utf-8"))
        connection.endheaders(request.body)
        response = connection.getresponse()
        assert isinstance(response, response_reader.Answer)
        return response

    def _why(self, error: Exception) -> str:
        """Return what an error says, without what was received."""
        text = " ".join(str(error).split())
        return self.redactor.body(text) if type(error) in QUOTING else text

    def _connect(self, connection: http.client.HTTPConnection) -> None:
        """Connect, again if that fails: nothing was sent yet, so nothing is sent twice."""
        if connection.sock is not None:
            return
        until = time.monotonic() + self.patience
        for left in reversed(range(TRIES)):
            try:
                connection.timeout = max(A_MOMENT, until - time.monotonic())
                connection.connect()
            except ssl.SSLError:
                # What does not fit now will not fit at the next try.
                raise
            except OSError:
                connection.close()
                if not left or time.monotonic() + BETWEEN_TRIES > until:
                    raise
                STOP.sleep(BETWEEN_TRIES)
            else:
                return

    def _request_target(self, request: HttpRequest) -> str:
        """Return what stands in the request line: for a proxy the whole URL (RFC 9112, 3.2.2)."""
        if self.network.proxy and self._context is None:
            return self.base_url + request.path
        return self.prefix + request.path

    def _headers(self, request: HttpRequest) -> Pairs:
        """Return the headers of a request, with the gate's own name and the length of its body."""
        headers = []
        is_named = False
        for name, value in request.headers:
            if name.lower() == "user-agent":
                is_named = True
                headers.append((name, f"{value} {self._agent}"))
            else:
                headers.append((name, value))
        if not is_named:
            headers.insert(0, ("User-Agent", self._agent))
        if request.says_length:
            headers.append(("Content-Length", str(len(request.body or b""))))
        return tuple(headers)


def _is_of_gateway(exchange: Exchange) -> bool:
    """Tell whether something in front of the target may have answered or closed in its place."""
    return exchange.dropped or exchange.status in GATEWAY


def _likeness(exchange: Exchange) -> tuple[object, ...]:
    """Return what two exchanges have in common of which the second tells nothing new."""
    request = exchange.request
    return request.operation, request.extreme, request.method, exchange.status
