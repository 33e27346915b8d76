"""Cross-origin access for pages that the developer serves locally, and for no others.

A page from anywhere else, which the developer happens to visit, gets no permission: its browser withholds the answers, and
refuses to send `Authorization` or JSON in the first place.
"""

import re
from collections.abc import Collection

from flask import Request, Response

from .answers import Reply

LOCAL = re.compile(r"https?://(localhost|[a-z0-9.-]+\.localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]+)?")

EXPOSED = ("Allow", "WWW-Authenticate")
"""What a page may read beside the headers that a rule adds."""


def is_preflight(asked: Request) -> bool:
    """Tell a preflight (Fetch Standard, 3.2.2) from another OPTIONS request."""
    return asked.method == "OPTIONS" and "Access-Control-Request-Method" in asked.headers


def allow(asked: Request, response: Response, origins: Collection[str] | None) -> Response:
    """Add what lets a page of these origins, of any local one where `None`, read the answer and send what the API takes."""
    origin = asked.environ.get("HTTP_ORIGIN")
    if origin is None:
        return response
    response.headers.add("Vary", "Origin")
    if not (LOCAL.fullmatch(origin) if origins is None else origin in origins):
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    own = [name for name, _ in response.plan.headers] if isinstance(response, Reply) else []
    response.headers["Access-Control-Expose-Headers"] = ", ".join([*EXPOSED, *own])
    if is_preflight(asked):
        response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "GET, HEAD, POST, OPTIONS")
        response.headers["Access-Control-Allow-Headers"] = asked.headers.get("Access-Control-Request-Headers", "*")
        response.headers["Access-Control-Max-Age"] = "600"
    return response
