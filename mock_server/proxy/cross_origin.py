"""Cross-origin access where the upstream grants none itself: for the same pages as `mock_server.api.cors`."""

from collections.abc import Collection

from mock_server.api import cors
from mock_server.proxy.messages.end_to_end_headers import Headers
from mock_server.proxy.messages.proxy_request import Incoming

EXPOSED = (*cors.EXPOSED, "X-Contract-Violations", "Location", "Retry-After", "Proxy-Status")


def may_read(asked: Incoming, origins: Collection[str]) -> bool:
    """Tell whether the page that asks may call the API."""
    origin = asked.by_name.get("origin")
    return origin is not None and cors.may_call(origin, origins)


def permissions(asked: Incoming, *, may: bool) -> Headers:
    """Return the headers that let a page read an answer, and send what it asks to send, where it `may`."""
    origin = asked.by_name.get("origin")
    if origin is None:
        return []
    granted = {"Vary": "Origin"}
    if may:
        granted |= cors.grant(origin, EXPOSED)
        if asked.is_preflight:
            wanted = asked.by_name.get("access-control-request-headers")
            private = asked.by_name.get("access-control-request-private-network")
            granted |= cors.grant_sending(wanted, cors.METHODS, private)
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in granted.items()]
