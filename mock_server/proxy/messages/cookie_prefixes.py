"""Names of cookies that a browser keeps only from a server with a certificate (RFC 6265bis, 4.1.3), which this one has not."""

import re

SAFE = re.compile(r"__(?:host|secure)-", re.IGNORECASE)
RENAMED = "mock-server-"
"""Stands before such a name on its way to the client, and is taken away on its way back."""


def renamed(pair: str) -> str:
    """Return name and value of a cookie of an answer as a client can keep it."""
    return f"{RENAMED}{pair.strip()}" if SAFE.match(pair.strip()) else pair


def returned(cookies: str) -> str:
    """Return the cookies of a request by the names that the upstream gave them."""
    if RENAMED not in cookies:
        return cookies
    pairs = [pair.strip() for pair in cookies.split(";")]
    return "; ".join(
        name if SAFE.match(name := pair.removeprefix(RENAMED)) else pair for pair in pairs
    )
