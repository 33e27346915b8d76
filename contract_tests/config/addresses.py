"""Addresses: parsed first and then judged, so that the spelling makes no difference."""

from __future__ import annotations

import re
import socket
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from contract_tests.exceptions import UsageError

SCHEMES = ("http", "https")
NAME = re.compile(r"[A-Za-z0-9._-]+")
PROXY_EXAMPLE = "such as http://proxy.example:3128"
EXAMPLE = "such as http://127.0.0.1:4010"


def base_url(text: str) -> str:
    """Return a base URL in one spelling: in lower case, no slash at the end. Raise `UsageError`."""
    parts = _split(text, SCHEMES, "a base URL", EXAMPLE)
    if "@" in parts.netloc:
        raise UsageError(
            "a user name or a password in the base URL would be shown and never sent: "
            "give it by --header"
        )
    if parts.query or parts.fragment or text.rstrip().endswith(("?", "#")):
        raise UsageError("a base URL has no `?` and no `#`: paths of the API are put after it")
    return f"{parts.scheme}://{_authority(parts)}{parts.path.rstrip('/')}"


def proxy_url(text: str) -> str:
    """Return the address of an HTTP proxy in one spelling. Raise `UsageError`."""
    parts = _split(text, ("http",), "a proxy URL", PROXY_EXAMPLE)
    if "@" in parts.netloc:
        raise UsageError("a user name and a password would not be sent: leave them out")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise UsageError(f"a proxy is a scheme, a host and a port, {PROXY_EXAMPLE}")
    return f"http://{_authority(parts)}"


def is_secure(url: str) -> bool:
    """Tell whether what is sent there is encrypted."""
    return urlsplit(url).scheme == "https"


def _split(text: str, schemes: tuple[str, ...], kind: str, example: str) -> SplitResult:
    """Split a URL; the message of an error shows no more of it than scheme and host."""
    text = text.strip()
    if not text.isprintable() or " " in text:
        raise UsageError("there is a blank or a control character in the address")
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
        authority = _authority(parts) if host else ""
    except ValueError as error:
        raise UsageError(f"this is not an address {example}: {_why(error)}") from None
    if parts.scheme not in schemes or not host or port == 0:
        raise UsageError(f"{_named(text)} is not {kind} {example}")
    if not parts.path.isascii():
        raise UsageError(f"the path after {authority} has to be percent-encoded")
    return parts


def _named(text: str) -> str:
    # What stands before `@` or after `?` may be a secret.
    if "@" in text or "?" in text:
        return "what was given"
    return text or "nothing"


def _why(error: ValueError) -> str:
    """Say what is wrong where that repeats nothing of the address."""
    return "its port is no number up to 65535" if "ort" in str(error) else "its host is none"


def _authority(parts: SplitResult) -> str:
    """Return host and port as they go into `Host`: names in ASCII, a port only if one is given."""
    host = parts.hostname or ""
    if ":" in host:
        # An address with a zone has no other spelling.
        name = f"[{host}]" if "%" in host else f"[{ip_address(host)}]"
    else:
        name = host if host.isascii() else host.encode("idna").decode("ascii")
        if not NAME.fullmatch(name):
            raise ValueError("no host")
    return name if parts.port is None else f"{name}:{parts.port}"


@lru_cache
def is_loopback(url: str) -> bool:
    """Tell whether an address is one of this machine, however it is spelt.

    Of names only `localhost` and what ends in it are (RFC 6761, 6.3), if nothing makes them another
    machine. Who gives a loopback address any other name often stands at the mouth of a tunnel.
    """
    host = urlsplit(url).hostname or ""
    # This sends no query, and knows every spelling of an address, such as 127.1.
    found = _addresses(host, socket.AI_NUMERICHOST)
    if found or not _is_localhost(host):
        return bool(found) and all(map(_loops, found))
    # Where nobody knows the name, nothing makes it another machine.
    return all(map(_loops, _addresses(host)))


def _addresses(host: str, flags: int = 0) -> set[str]:
    """Look a host up; return none where nobody knows it."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError):
        return set()
    return {str(address[0]) for *_, address in found}


def _is_localhost(host: str) -> bool:
    name = host.rstrip(".")
    return name == "localhost" or name.endswith(".localhost")


def _loops(text: str) -> bool:
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
