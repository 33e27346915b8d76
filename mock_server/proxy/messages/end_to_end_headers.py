"""Which headers go through: end-to-end ones as they came, hop-by-hop ones not at all (RFC 9110, 7.6.1)."""

from collections.abc import Iterable

from .cookie_prefixes import returned

Headers = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    b"connection proxy-connection keep-alive te trailer transfer-encoding upgrade http2-settings"
    b" proxy-authenticate proxy-authorization proxy-authentication-info".split()
)
OURS = frozenset((b"x-contract-violations", b"x-mock-control"))
"""What only this proxy may say, and what only it may hear: a secret, perhaps."""
PSEUDONYM = "mock-server"
"""How this proxy calls itself in `Via` (RFC 9110, 7.6.3)."""
OWN_VIA = (b"via", f"1.1 {PSEUDONYM}".encode())
"""Stands also on what the proxy answers itself, so that whoever asks can tell it from the server behind it."""
READABLE = frozenset(("gzip", "x-gzip", "deflate", "identity", "*", ""))
"""The content codings that can be judged (RFC 9110, 8.4.1)."""


def forwarded(headers: Iterable[tuple[bytes, bytes]], version: str) -> Headers:
    """Return the end-to-end headers in their order, each as often as it came, and `Via`; `version` is that of HTTP."""
    given = [(name.lower(), value) for name, value in headers]
    named = {
        token.strip().lower()
        for name, value in given
        if name == b"connection"
        for token in value.split(b",")
    }
    kept = [(name, value) for name, value in given if name not in HOP_BY_HOP | OURS | named]
    return [*kept, (b"via", f"{version} {PSEUDONYM}".encode())]


def to_upstream(headers: Headers, version: str) -> list[tuple[str, str]]:
    """Return what the upstream is told: not the client's `Host`, and not `Expect`, which the server has answered."""
    changed = {b"accept-encoding": _readable, b"cookie": returned}
    told = [
        (name, _text(value))
        for name, value in forwarded(headers, version)
        if name not in {b"host", b"expect"}
    ]
    return [(name.decode("latin-1"), changed.get(name, str)(value)) for name, value in told]


def joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the headers by name in lower case; those that come twice are joined (RFC 9110, 5.3)."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return {name: ", ".join(given) for name, given in values.items()}


def media_type(headers: dict[str, str]) -> str:
    """Return the media type without its parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _readable(wanted: str) -> str:
    """Take away the codings that could not be judged; a client that takes others is content without (RFC 9110, 12.5.3)."""
    members = [member.strip() for member in wanted.split(",")]
    kept = [member for member in members if member.partition(";")[0].strip().lower() in READABLE]
    return wanted if len(kept) == len(members) else ", ".join(kept) or "identity"


def _text(value: bytes) -> str:
    """Decode a value so that encoding it as UTF-8, as the client library does, gives the same bytes wherever that can be."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
