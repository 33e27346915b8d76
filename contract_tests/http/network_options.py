"""How a run treats the machines between it and its target: pace, patience, proxies, certificates, and its own name."""

from __future__ import annotations

import re
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from contract_tests.config import addresses, header_values
from contract_tests.exceptions import UsageError
from contract_tests.interrupts import STOP

if TYPE_CHECKING:
    from contract_tests.redaction.secret_names import Pairs

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
RATE = re.compile(r"(\d+(?:\.\d+)?)/(s|m|h)")
NO_CERTIFICATE = "a certificate and the key that belongs to it are expected in one PEM file"
LONGEST_WAIT = 60.0
"""Seconds that a run waits for a target that answers 429; where more are asked for, it leaves the target alone."""


@dataclass(frozen=True)
class NetworkOptions:
    """`interval` is the least number of seconds between two requests, `headers` go with each of them.

    `secrets` are values that are never shown, each with what stands in its place; `certificate` is a PEM file with its key.
    """

    interval: float = 0.0
    timeout: float = 10.0
    proxy: str = ""
    verify: bool = True
    certificate: str = ""
    headers: Pairs = ()
    secrets: Pairs = ()

    def context(self) -> ssl.SSLContext:
        """Return how TLS is spoken; raises `OSError` where the certificate cannot be used."""
        context = ssl.create_default_context()
        if not self.verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self.certificate:
            context.load_cert_chain(self.certificate, password=_no_password)
        return context


def read_network_options(  # noqa: PLR0913 - one argument for each option
    rate: str = "",
    timeout: float = 10.0,
    *,
    proxy: str = "",
    verify: bool = True,
    certificate: str = "",
    headers: tuple[str, ...] = (),
) -> NetworkOptions:
    """Read the options; raises `UsageError` with a sentence about what is wrong with one."""
    if rate and not (RATE.fullmatch(rate) and float(rate.partition("/")[0])):
        raise UsageError(
            f"--rate-limit {rate}: a number of requests and a unit is expected, such as 5/s, 100/m or 1000/h"
        )
    try:
        through = addresses.proxy_url(proxy) if proxy.strip() else ""
    except UsageError as error:
        raise UsageError(f"--proxy: {error}") from None
    pairs, secrets = header_values.headers(headers)
    number, _, unit = rate.partition("/")
    made = NetworkOptions(
        UNITS[unit] / float(number) if rate else 0.0,
        timeout,
        through,
        verify,
        certificate,
        pairs,
        secrets,
    )
    try:
        if certificate:
            made.context()
    except ssl.SSLError as error:
        raise UsageError(f"--client-cert {certificate}: {NO_CERTIFICATE}") from error
    except OSError as error:
        raise UsageError(f"--client-cert {certificate}: {error.strerror or error}") from error
    return made


def _no_password() -> str:
    """Keep OpenSSL from asking for one on the terminal, where nobody may be."""
    raise UsageError(
        "--client-cert: its key has a password, which cannot be given: `openssl rsa -in FILE` takes it away"
    )


@dataclass
class Pace:
    """Keeps a distance between requests, also between those of several threads.

    Not `pyrate-limiter`: it lets the requests of a whole second go at once, takes no rate such as 0.5/s, and its sleep is
    not ended by Ctrl-C.
    """

    interval: float
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        """Wait for one's turn."""
        if not self.interval:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now)
            self._next = turn + self.interval
        STOP.sleep(turn - now)


def patience(retry_after: str | None) -> float:
    """Return the seconds to wait after a 429, which are told as such or as a date (RFC 9110, 10.2.3); else it is one."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    with suppress(ValueError, OverflowError):
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    return 1.0
