"""Cross-origin access for pages that the developer serves locally or names, and for no others.

A page from anywhere else, which the developer happens to visit, gets no permission: its browser withholds the answers, and
refuses to send `Authorization` or JSON in the first place.
"""

from collections.abc import Collection, Iterable, Mapping

from mock_server.http.origins import is_local
from mock_server.http.planned_replies import overlay
from mock_server.http.replies import Reply

from .incoming_request import Request

EXPOSED = ("Allow", "WWW-Authenticate")
"""Headers that a page may read, beside those that it always may, `Retry-After` and those that a rule adds."""
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
MAX_AGE = "600"


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Tell a preflight (Fetch Standard, 3.2.2) from another OPTIONS request."""
    return method == "OPTIONS" and "access-control-request-method" in headers


def may_call(origin: str, origins: Collection[str]) -> bool:
    """Tell whether a page may call the API: a local one, or one of these origins."""
    return is_local(origin) or origin in origins


def grant(origin: str, exposed: Iterable[str]) -> dict[str, str]:
    """Return the headers that let a page read an answer, also where it sends cookies; those forbid a `*` in any of them."""
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": ", ".join(dict.fromkeys(exposed)),
    }


def grant_sending(wanted: str | None, methods: str, private: str | None) -> dict[str, str]:
    """Return what a preflight is told on top: the methods, and the headers and the private network that it asks for."""
    granted = {"Access-Control-Allow-Methods": methods, "Access-Control-Max-Age": MAX_AGE}
    if wanted:
        granted["Access-Control-Allow-Headers"] = wanted
    if (
        private == "true"
    ):  # of Private Network Access, where a page from the network calls this machine
        granted["Access-Control-Allow-Private-Network"] = private
    return granted


def permissions(
    request: Request, exposed: Iterable[str], methods: str = METHODS, *, may: bool
) -> dict[str, str]:
    """Return the headers that let a page read an answer, and send what the API takes, if it `may`.

    The page is the one that sent the request, which has an `Origin`.
    """
    # Also for a page that may not: a cache must not give its answer to one that may.
    granted = {"Vary": "Origin"}
    if may:
        headers = request.headers
        granted |= grant(headers["origin"], exposed)
        if is_preflight(request.method, headers):
            wanted = headers.get("access-control-request-headers")
            private = headers.get("access-control-request-private-network")
            granted |= grant_sending(wanted, methods, private)
    return granted


def with_permissions(request: Request, reply: Reply, *, may: bool) -> Reply:
    """Return a reply with the headers that let the page which sent the request read it."""
    present = {name.lower(): value for name, value in reply.headers.items()}
    exposed = [*EXPOSED, *(name for name, _ in reply.about.plan.headers)]
    if "retry-after" in present:
        exposed.append("Retry-After")
    granted = permissions(request, exposed, present.get("allow", METHODS), may=may)
    if "vary" in present:
        granted["Vary"] = f"{present['vary']}, Origin"
    return reply._replace(headers=overlay(reply.headers, granted))
