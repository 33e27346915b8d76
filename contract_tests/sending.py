"""A thin HTTP client that sends exactly what it is told, with the manners that it is told."""

from __future__ import annotations

import http.client
import math
import ssl
import time
import zlib
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from contract_tests import wire
from contract_tests.address import is_secure
from contract_tests.client import Call, Exchange
from contract_tests.findings import BUSY, NotJudgedError
from contract_tests.given import beside
from contract_tests.manners import LONGEST_WAIT, Manners, Pace, patience
from contract_tests.veil import Veil
from contract_tests.version import gate_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract_tests.hiding import Pairs

REUSED_AND_GONE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
TOO_MANY = 429
TRIES = 3
BETWEEN_TRIES = 0.5
"""Seconds after which a connection that failed is tried again."""


@dataclass
class Client:
    """Speaks HTTP/1.1 with one target; `permit` may raise before a call leaves, `seen` is called with every exchange.

    `sent` counts requests by operation and method; `until` is when the time for waiting is over.
    """

    base_url: str
    seen: Callable[[Exchange], None]
    permit: Callable[[Call], None]
    manners: Manners = field(default_factory=Manners)
    run_id: str = ""
    veil: Veil = field(default_factory=Veil)
    sent: Counter[tuple[str, str]] = field(default_factory=Counter, repr=False)
    until: float = math.inf
    _quiet_until: float = field(default=0.0, repr=False)
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._pace = Pace(self.manners.interval)
        self._context = self.manners.context() if is_secure(self.base_url) else None

    def send(self, call: Call) -> Exchange:
        """Send over the kept connection; a connection that died while idle is renewed once."""
        self.permit(call)
        exchange = self._patiently(self._complete(call), self._kept)
        if exchange.trouble or (exchange.header("Connection") or "").lower() == "close":
            self.close()
        self.seen(exchange)
        return exchange

    def send_alone(self, call: Call) -> Exchange:
        """Send over a connection of its own: for threads, and for servers that serve one connection at a time."""
        self.permit(call)
        return self._patiently(self._complete(replace(call, headers=(*call.headers, ("Connection", "close")))), self._alone)

    def send_raw(self, call: Call) -> Exchange:
        """Send over a fresh connection and take for the body all that comes until it closes."""
        self.permit(call)
        if self.manners.proxy:
            raise NotJudgedError("raw bytes do not go through a proxy")
        self.close()
        return self._patiently(self._complete(call), self._raw)

    def be_urgent(self) -> None:
        """Ask once more, although the target wants to be left alone: what was changed has to be put back."""
        self.until, self._quiet_until = math.inf, 0.0

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

    def _complete(self, call: Call) -> Call:
        self.veil.sent(call)
        headers, secrets = beside(call.headers, self.manners.headers), (*call.secrets, *self.manners.secrets)
        return replace(call, headers=headers, secrets=secrets, veil=self.veil)

    def _patiently(self, call: Call, send: Callable[[Call], Exchange]) -> Exchange:
        """Send again what the target had no time for (429, RFC 6585) after as long as it says."""
        if time.monotonic() < self._quiet_until:
            raise NotJudgedError(BUSY)
        for _ in range(TRIES):
            self._pace.wait()
            self.sent[call.operation, call.method] += 1
            exchange = send(call)
            self.veil.read(exchange.body, exchange.headers)
            if exchange.status != TOO_MANY:
                return exchange
            self._rest(patience(exchange.header("Retry-After")))
        raise NotJudgedError(BUSY)

    def _rest(self, seconds: float) -> None:
        """Wait as long as the target asks for; where that is too long, nothing is sent to it until then."""
        now = time.monotonic()
        if seconds > min(LONGEST_WAIT, self.until - now):
            self._quiet_until = now + seconds
            raise NotJudgedError(BUSY)
        time.sleep(seconds)

    def _kept(self, call: Call) -> Exchange:
        reused = self._connection is not None
        self._connection = self._connection or self._open()
        try:
            exchange, again = self._exchange(self._connection, call)
        except BaseException:
            self.close()  # it may have begun a request that never ends
            raise
        if again and reused:
            self.close()
            self._connection = self._open()
            self._pace.wait()
            exchange, _ = self._exchange(self._connection, call)
        return exchange

    def _alone(self, call: Call) -> Exchange:
        connection = self._open()
        exchange, _ = self._exchange(connection, call)
        connection.close()
        return exchange

    def _raw(self, call: Call) -> Exchange:
        connection, raw, why = self._open(), b"", "nothing came"
        host, end = ("Host", urlsplit(self.base_url).netloc), ("Connection", "close")
        try:
            self._connect(connection)
            connection.sock.sendall(
                wire.request(call.method, self._target(call), (host, *self._own(call), end), call.body or b"")
            )
            raw = wire.until_closed(connection.sock, self.manners.timeout)
        except OSError as error:
            why = f"{type(error).__name__}: {error}"
        connection.close()
        status, headers, body = wire.answer(raw)
        return Exchange(call, status, headers, body, "" if status else f"no complete HTTP answer ({why})")

    def _open(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.base_url)
        proxy = urlsplit(self.manners.proxy)
        host, port = (proxy.hostname, proxy.port or 80) if proxy.hostname else (parts.hostname, parts.port)
        if self._context is None:
            connection = http.client.HTTPConnection(host or "", port, timeout=self.manners.timeout)
        else:
            connection = http.client.HTTPSConnection(host or "", port, timeout=self.manners.timeout, context=self._context)
            if proxy.hostname:
                connection.set_tunnel(parts.hostname or "", parts.port or 443)
        connection.response_class = partial(wire.Answer, seconds=self.manners.timeout)  # type: ignore[assignment]
        return connection

    def _exchange(self, connection: http.client.HTTPConnection, call: Call) -> tuple[Exchange, bool]:
        start = time.perf_counter()
        try:
            self._connect(connection)
            connection.sock.settimeout(self.manners.timeout)
            connection.putrequest(call.method, self._target(call), skip_accept_encoding=True)
            for name, value in self._own(call):
                connection.putheader(name, value.encode("utf-8"))
            connection.endheaders(call.body)
            answer = connection.getresponse()
            assert isinstance(answer, wire.Answer)
            headers, body = tuple(answer.getheaders()), answer.body()
        except (OSError, http.client.HTTPException, zlib.error, EOFError) as error:
            trouble = f"no complete HTTP answer ({type(error).__name__}: {self._why(error)})"
            return Exchange(call, 0, trouble=trouble), isinstance(error, REUSED_AND_GONE)
        return Exchange(call, answer.status, headers, body, seconds=time.perf_counter() - start), False

    def _why(self, error: Exception) -> str:
        """Say what an error says, but not what stands where a status line should: that may be the rest of a body."""
        told = type(error) in (http.client.BadStatusLine, http.client.UnknownProtocol)
        said = " ".join(str(error).split())
        return self.veil.body(said) if told else said

    def _connect(self, connection: http.client.HTTPConnection) -> None:
        """Connect, again if that fails: nothing was sent yet, so nothing is sent twice."""
        for left in reversed(range(TRIES if connection.sock is None else 0)):
            try:
                connection.connect()
            except ssl.SSLError:
                raise
            except OSError:
                connection.close()
                if not left:
                    raise
                time.sleep(BETWEEN_TRIES)
            else:
                return

    def _target(self, call: Call) -> str:
        through = self.manners.proxy and self._context is None
        return f"{self.base_url}{call.path}" if through else self.prefix + call.path

    def _own(self, call: Call) -> Pairs:
        agent = f"contract-tests/{gate_version()} (run {self.run_id})"
        given = [(name, f"{value} {agent}" if name.lower() == "user-agent" else value) for name, value in call.headers]
        own = [] if any(name.lower() == "user-agent" for name, _ in given) else [("User-Agent", agent)]
        length = [("Content-Length", str(len(call.body or b"")))] if call.says_length else []
        return (*own, *given, *length)
