"""Cross-origin access for pages that the developer serves locally or names, and for no others.

A page from anywhere else, which the developer happens to visit, gets no permission: its browser withholds the answers, and
refuses to send `Authorization` or JSON in the first place.
"""

from collections.abc import Collection, Iterable

from flask import Request, Response

from mock_server.http.origins import is_local
from mock_server.http.replies import Reply

EXPOSED = ("Allow", "WWW-Authenticate")
"""Headers that a page may read, beside those that it always may, `Retry-After` and those that a rule adds."""
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
MAX_AGE = "600"


def is_preflight(asked: Request) -> bool:
    """Tell a preflight (Fetch Standard, 3.2.2) from another OPTIONS request."""
    environ = asked.environ
    return (
        environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    )


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


def allow(asked: Request, response: Response, *, may: bool) -> Response:
    """Let the page that asks read the answer and send what the API takes, where it `may`."""
    environ = asked.environ
    response.headers.add("Vary", "Origin")
    if may:
        own = [name for name, _ in response.plan.headers] if isinstance(response, Reply) else []
        late = ["Retry-After"] if "Retry-After" in response.headers else []
        response.headers.update(grant(environ["HTTP_ORIGIN"], (*EXPOSED, *own, *late)))
        if is_preflight(asked):
            wanted = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS")
            private = environ.get("HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK")
            response.headers.update(
                grant_sending(wanted, response.headers.get("Allow", METHODS), private)
            )
    return response
