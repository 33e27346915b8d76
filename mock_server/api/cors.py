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


def with_permissions(request: Request, reply: Reply, *, may: bool) -> Reply:
    """Return the answer that lets the page which asks read it, and send what the API takes, where it `may`."""
    present = {name.lower(): value for name, value in reply.headers.items()}
    vary = f"{present['vary']}, Origin" if "vary" in present else "Origin"
    granted = {"Vary": vary}
    if may:
        own = [name for name, _ in reply.about.plan.headers]
        late = ["Retry-After"] if "retry-after" in present else []
        granted.update(grant(request.headers["origin"], (*EXPOSED, *own, *late)))
        if is_preflight(request.method, request.headers):
            wanted = request.headers.get("access-control-request-headers")
            private = request.headers.get("access-control-request-private-network")
            granted.update(grant_sending(wanted, present.get("allow", METHODS), private))
    return reply._replace(headers=overlay(reply.headers, granted))
