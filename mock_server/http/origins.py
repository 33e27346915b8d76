"""Names of hosts, and origins of web pages (RFC 6454), read strictly."""

import re
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

LOCAL = re.compile(
    r"https?://(localhost|[a-z0-9.-]+\.localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]+)?"
)
"""Origins of pages that are served on this machine."""
LONGEST_HOST = 300
"""Longer than any name with a port; no browser sends more."""
NEVER_SENT = frozenset(("about", "blob", "data", "file", "ftp", "javascript", "ws", "wss"))
"""Schemes of pages whose origin browsers tell as `null`, or that have no pages."""

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{0,5})?")
_NAME = re.compile(r"[a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9_])?")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_USUAL_PORTS = {"http": 80, "https": 443}


def is_local(origin: str) -> bool:
    """Tell whether a page with this origin is served on this machine."""
    return LOCAL.fullmatch(origin) is not None


def is_own_host(host: str, names: frozenset[str]) -> bool:
    """Tell whether a Host header names this machine.

    It does by address, as localhost, or by one of `names`. No web page can claim the first two: its
    own name may be made to point here (DNS rebinding), but stays its name.
    """
    return len(host) <= LONGEST_HOST and _is_own_host(host, names)


# Each request asks this, and few names are asked for.
@lru_cache(256)
def _is_own_host(host: str, names: frozenset[str]) -> bool:
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found[1].lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return name in names or is_address(name.strip("[]"))


def is_address(text: str) -> bool:
    """Tell whether a text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL: which server it is, and no more."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def read_name(text: str) -> str:
    """Return the name of a host as it is compared; raise `ValueError` with what is wrong."""
    if "*" in text:
        raise ValueError("has a pattern: say each name")
    if "/" in text or ":" in text:
        raise ValueError("must be a name alone, without scheme and port, such as myapp.test")
    name = text.lower().removesuffix(".")
    if not name.isascii():
        name = name.encode("idna").decode()
    if not _NAME.fullmatch(name):
        raise ValueError("is not the name of a host, such as myapp.test")
    return name


def read_origin(text: str) -> str:
    """Return an origin as browsers write it; raise `ValueError` with what is wrong with it."""
    if text == "null":
        raise ValueError(
            "is what every sandboxed frame and every file is called: "
            "it would let in pages from anywhere"
        )
    if "*" in text:
        raise ValueError("has a pattern: say each origin")
    parts = urlsplit(text)
    if not _SCHEME.fullmatch(parts.scheme) or "://" not in text or parts.scheme in NEVER_SENT:
        raise ValueError("is not the origin of a page, such as http://localhost:3000")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError("must end after host and port: an origin has no path")
    if "@" in parts.netloc or not parts.hostname or parts.netloc.endswith(":"):
        raise ValueError(
            "must be a scheme, a host and perhaps a port, such as http://localhost:3000"
        )
    host = _written_host(parts.hostname)
    # A wrong port is a `ValueError`, too.
    port = parts.port
    if port in {None, _USUAL_PORTS.get(parts.scheme)}:
        return f"{parts.scheme}://{host}"
    return f"{parts.scheme}://{host}:{port}"


def _written_host(host: str) -> str:
    """Return a host as browsers write it in an origin; raise `ValueError`."""
    if ":" in host and is_address(host):
        return f"[{host}]"
    if host.isascii() and _NAME.fullmatch(host):
        return host
    return read_name(host)
