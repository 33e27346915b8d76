"""Network to the upstream: another proxy on the way, trusted authorities, client certificates."""

import ssl
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

Trust: TypeAlias = ssl.SSLContext | bool
"""What verifies a certificate: given authorities, those of the machine (`True`), or nothing."""


def trust(verify: str) -> Trust:
    """Read `--tls-verify`: `true`, `false`, or a file of certificates.

    Raises `OSError` where the file cannot be used.
    """
    if verify.lower() in {"true", "1", "yes", "on"}:
        return True
    if verify.lower() in {"false", "0", "no", "off"}:
        return False
    return ssl.create_default_context(cafile=verify)


def with_certificate(verify: Trust, certificate: Path, key: Path | None) -> ssl.SSLContext:
    """Return a context that also shows a certificate to the upstream.

    Raises `OSError` where the files cannot be used.
    """
    context = ssl.create_default_context() if isinstance(verify, bool) else verify
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # Without a password Python would ask for one at the terminal; an encrypted key is refused.
    context.load_cert_chain(certificate, key, password="")
    return context


def next_proxy(url: str, given: str | None) -> str | None:
    """Return the proxy before the upstream: a given one, else that of the environment, as in curl.

    Raises `ValueError` where that is no HTTP proxy; nothing of it is repeated, since it may hold a
    password.
    """
    found = given
    source = "--proxy"
    if found is None:
        parts = urlsplit(url)
        known = getproxies_environment()
        found = known.get(parts.scheme) or known.get("all")
        source = f"the proxy for {parts.scheme} that the environment names"
        if found is None or proxy_bypass(parts.netloc, known):
            return None
    found = found if "://" in found else f"http://{found}"
    try:
        parts = urlsplit(found)
        is_usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        example = "http://proxy.example:3128"
        raise ValueError(f"{source} must be the URL of an HTTP proxy, such as {example}")
    return found
