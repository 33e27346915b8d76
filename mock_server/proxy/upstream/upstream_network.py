"""The way to the upstream: through which other proxy, trusting whom, and with which certificate of one's own."""

import ssl
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

Trust: TypeAlias = ssl.SSLContext | bool
"""What a certificate is verified by: these authorities, the machine's (`True`), or nothing (`False`)."""


def trust(verify: str) -> Trust:
    """Read `--tls-verify`: `true`, `false`, or a file of certificates; raises `OSError` where that cannot be used."""
    if verify.lower() in {"true", "1", "yes", "on"}:
        return True
    if verify.lower() in {"false", "0", "no", "off"}:
        return False
    return ssl.create_default_context(cafile=verify)


def with_certificate(verify: Trust, certificate: Path, key: Path | None) -> ssl.SSLContext:
    """Return what also shows a certificate to the upstream; raises `OSError` where the files cannot be used."""
    context = ssl.create_default_context() if isinstance(verify, bool) else verify
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(
        certificate, key, password=""
    )  # an encrypted key is refused, where Python would ask for its password
    return context


def next_proxy(url: str, given: str | None) -> str | None:
    """Return the proxy before the upstream: the one that is given, else what the environment says, as curl reads it.

    Raises `ValueError` where that is no HTTP proxy; nothing of it is repeated, since it may hold a password.
    """
    found, said = given, "--proxy"
    if found is None:
        parts, known = urlsplit(url), getproxies_environment()
        found, said = (
            known.get(parts.scheme) or known.get("all"),
            f"the proxy for {parts.scheme} that the environment names",
        )
        if found is None or proxy_bypass(parts.netloc, known):
            return None
    found = found if "://" in found else f"http://{found}"
    try:
        parts = urlsplit(found)
        is_usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ValueError(
            f"{said} must be the URL of an HTTP proxy, such as http://proxy.example:3128"
        )
    return found


def origin(url: str) -> str:
    """Return scheme, host and port of a URL: which server it is, and no more."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
