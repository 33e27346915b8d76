"""How a run treats what is between it and its target: pace, time limits, proxies, certificates."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract_tests.config import addresses, header_values
from contract_tests.exceptions import UsageError

if TYPE_CHECKING:
    from contract_tests.redaction.placeholders import Pairs

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
RATE = re.compile(r"(\d+(?:\.\d+)?)/(s|m|h)")
NO_CERTIFICATE = "a certificate and the key that belongs to it are expected in one PEM file"


@dataclass(frozen=True)
class NetworkOptions:
    """`interval` is the least number of seconds between two requests; `headers` go with each.

    `secrets` are values that are never shown, each with what stands in its place. `certificate` is
    a PEM file with its key.
    """

    interval: float = 0.0
    timeout: float = 10.0
    proxy: str = ""
    verify: bool = True
    certificate: str = ""
    headers: Pairs = ()
    secrets: Pairs = ()

    def context(self) -> ssl.SSLContext:
        """Return how TLS is spoken; raise `OSError` if the certificate cannot be used."""
        context = ssl.create_default_context()
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
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
    """Read the options; raise `UsageError` with a sentence about what is wrong with one."""
    pairs, secrets = header_values.headers(headers)
    options = NetworkOptions(
        _interval(rate), timeout, _proxy(proxy), verify, certificate, pairs, secrets
    )
    if certificate:
        try:
            options.context()
        except ssl.SSLError as error:
            raise UsageError(f"--client-cert {certificate}: {NO_CERTIFICATE}") from error
        except OSError as error:
            why = error.strerror or error
            raise UsageError(f"--client-cert {certificate}: {why}") from error
    return options


def _interval(rate: str) -> float:
    """Return the seconds between two requests at a rate such as `5/s`; none without a rate."""
    if not rate:
        return 0.0
    found = RATE.fullmatch(rate)
    if found is None or not float(found[1]):
        raise UsageError(
            f"--rate-limit {rate}: a number of requests and a unit is expected, "
            "such as 5/s, 100/m or 1000/h"
        )
    return UNITS[found[2]] / float(found[1])


def _proxy(url: str) -> str:
    if not url.strip():
        return ""
    try:
        return addresses.proxy_url(url)
    except UsageError as error:
        raise UsageError(f"--proxy: {error}") from None


def _no_password() -> str:
    """Keep OpenSSL from asking for one on the terminal, where nobody may be."""
    raise UsageError(
        "--client-cert: its key has a password, which cannot be given: "
        "`openssl rsa -in FILE` takes it away"
    )
