"""Cross-origin access where the upstream grants none: for the same pages as in `api.cors`."""

from collections.abc import Collection

from mock_server.api import cors
from mock_server.proxy.messages.end_to_end_headers import Headers
from mock_server.proxy.messages.proxy_request import ProxyRequest

EXPOSED = (*cors.EXPOSED, "X-Contract-Violations", "Location", "Retry-After", "Proxy-Status")


def may_read(request: ProxyRequest, origins: Collection[str]) -> bool:
    """Tell whether the page that sent a request may call the API."""
    origin = request.by_name.get("origin")
    return origin is not None and cors.may_call(origin, origins)


def permissions(request: ProxyRequest, *, may: bool) -> Headers:
    """Return the headers that let a page read an answer, and send its request, if it `may`."""
    origin = request.by_name.get("origin")
    if origin is None:
        return []
    # Also for a page that may not: a cache must not give its answer to one that may.
    granted = {"Vary": "Origin"}
    if may:
        granted |= cors.grant(origin, EXPOSED)
        if request.is_preflight:
            announced = request.by_name.get("access-control-request-headers")
            private = request.by_name.get("access-control-request-private-network")
            granted |= cors.grant_sending(announced, cors.METHODS, private)
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in granted.items()]
