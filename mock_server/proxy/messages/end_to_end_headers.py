"""Headers that go through: end-to-end ones do, hop-by-hop ones do not (RFC 9110, 7.6.1)."""

from collections.abc import Iterable, Mapping

from .cookie_prefixes import returned

Headers = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"proxy-connection",
        b"keep-alive",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-authentication-info",
    )
)
OURS = frozenset((b"x-contract-violations", b"x-mock-control"))
"""What only this proxy may send, and what only it may receive, since it can be a secret."""
PSEUDONYM = "mock-server"
"""The name of this proxy in `Via` (RFC 9110, 7.6.3)."""
OWN_VIA = (b"via", f"1.1 {PSEUDONYM}".encode())
"""Sent also with the proxy's own replies, so that clients can tell it from the server behind it."""
READABLE = frozenset(("gzip", "x-gzip", "deflate", "identity", "*", ""))
"""The content codings that can be judged (RFC 9110, 8.4.1)."""


def forwarded(headers: Iterable[tuple[bytes, bytes]], version: str) -> Headers:
    """Return the end-to-end headers in their order, and `Via`; `version` is that of HTTP."""
    given = [(name.lower(), value) for name, value in headers]
    # `Connection` names further headers that are for this connection only.
    dropped = set(HOP_BY_HOP | OURS)
    for name, value in given:
        if name == b"connection":
            dropped.update(token.strip().lower() for token in value.split(b","))
    through = [(name, value) for name, value in given if name not in dropped and not is_ours(name)]
    return [*through, (b"via", f"{version} {PSEUDONYM}".encode())]


def is_ours(name: bytes) -> bool:
    """Tell whether a header is the proxy's own; some servers take `_` for `-`."""
    return name.replace(b"_", b"-") in OURS


def to_upstream(headers: Iterable[tuple[bytes, bytes]], version: str) -> list[tuple[str, str]]:
    """Return the headers of a request for the upstream."""
    sent = []
    for name, value in forwarded(headers, version):
        text = _text(value)
        # The client library sets `Host`; the server has answered `Expect` already.
        if name in {b"host", b"expect"}:
            continue
        if name == b"accept-encoding":
            text = _readable(text)
        elif name == b"cookie":
            text = returned(text)
        sent.append((name.decode("latin-1"), text))
    return sent


def joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the headers by name in lower case, those of one name joined (RFC 9110, 5.3)."""
    # Lists first: joining text piece by piece takes quadratic time for a name that comes often.
    values: dict[str, list[str]] = {}
    for raw_name, raw_value in headers:
        name = raw_name.decode("latin-1").lower()
        values.setdefault(name, []).append(raw_value.decode("latin-1"))
    return {name: ", ".join(given) for name, given in values.items()}


def media_type(headers: Mapping[str, str]) -> str:
    """Return the media type without its parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _readable(wanted: str) -> str:
    """Return `Accept-Encoding` without codings that cannot be judged.

    A client that accepts others accepts none as well (RFC 9110, 12.5.3).
    """
    members = [member.strip() for member in wanted.split(",")]
    readable = []
    for member in members:
        coding = member.partition(";")[0].strip()
        if coding.lower() in READABLE:
            readable.append(member)
    if len(readable) == len(members):
        return wanted
    return ", ".join(readable) or "identity"


def _text(value: bytes) -> str:
    """Decode a value so that UTF-8, which the client library writes, gives the same bytes again."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
