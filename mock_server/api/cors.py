"""Cross-origin access for pages that the developer serves locally or names, and for no others.

A page from anywhere else, which the developer happens to visit, gets no permission: its browser
withholds the answers, and refuses to send `Authorization` or JSON in the first place.
"""

from collections.abc import Collection, Iterable, Mapping

from mock_server.http.origins import is_local
from mock_server.http.planned_replies import overlay
from mock_server.http.replies import Reply

from .incoming_request import Request

EXPOSED = ("Allow", "WWW-Authenticate")
"""Headers that a page may read, beside those that it always may, and those that a rule adds."""
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
MAX_AGE = "600"


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Tell a preflight (Fetch Standard, 3.2.2) from another OPTIONS request."""
    return method == "OPTIONS" and "access-control-request-method" in headers


def may_call(origin: str, origins: Collection[str]) -> bool:
    """Tell whether a page may call the API: a local one, or one of these origins."""
    return is_local(origin) or origin in origins


def permissions(
    request: Request,
    exposed: Iterable[str],
    methods: str = METHODS,
    *,
    may: bool,
) -> dict[str, str]:
    """Return the headers that let a page read an answer, and send what the API takes, if it `may`.

    The page is the one that sent the request, which has an `Origin`.
    """
    # Also for a page that may not: a cache must not give its answer to one that may.
    granted = {"Vary": "Origin"}
    if not may:
        return granted
    headers = request.headers
    # The page may send cookies, which forbids a `*` in any of these.
    granted["Access-Control-Allow-Origin"] = headers["origin"]
    granted["Access-Control-Allow-Credentials"] = "true"
    granted["Access-Control-Expose-Headers"] = ", ".join(dict.fromkeys(exposed))
    if not is_preflight(request.method, headers):
        return granted
    granted["Access-Control-Allow-Methods"] = methods
    granted["Access-Control-Max-Age"] = MAX_AGE
    wanted = headers.get("access-control-request-headers")
    if wanted:
        granted["Access-Control-Allow-Headers"] = wanted
    # Of Private Network Access, where a page from the network calls this machine.
    if headers.get("access-control-request-private-network") == "true":
        granted["Access-Control-Allow-Private-Network"] = "true"
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
