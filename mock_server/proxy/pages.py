"""Cross-origin access where the upstream grants none itself: for pages that are served locally, as `mock_server.cors`."""

from collections.abc import Collection

from mock_server.cors import LOCAL

from .headers import Headers
from .incoming import Incoming

EXPOSED = b"Allow, WWW-Authenticate, X-Contract-Violations"
METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


def may_read(asked: Incoming, origins: Collection[str] | None = None) -> bool:
    """Tell whether the page that asks is of these origins, of any local one where `None`."""
    origin = asked.by_name.get("origin")
    return origin is not None and (bool(LOCAL.fullmatch(origin)) if origins is None else origin in origins)


def permissions(asked: Incoming, origins: Collection[str] | None = None) -> Headers:
    """Answer the headers that let a page read an answer, and send what it asks to send."""
    if "origin" not in asked.by_name:
        return []
    if not may_read(asked, origins):
        return [(b"vary", b"Origin")]
    granted = [
        (b"vary", b"Origin"),
        (b"access-control-allow-origin", asked.by_name["origin"].encode("latin-1")),
        (b"access-control-expose-headers", EXPOSED),
    ]
    if asked.is_preflight:
        wanted = asked.by_name.get("access-control-request-headers", "*").encode("latin-1")
        granted += [(b"access-control-allow-methods", METHODS), (b"access-control-allow-headers", wanted)]
        granted.append((b"access-control-max-age", b"600"))
    return granted
