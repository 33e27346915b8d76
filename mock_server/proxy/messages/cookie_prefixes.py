"""Cookie names that need a certificate (RFC 6265bis, 4.1.3), made usable by a proxy without one."""

import re

SAFE = re.compile(r"__(?:host|secure)-", re.IGNORECASE)
RENAMED = "mock-server-"
"""Put before such a name on its way to the client, and taken away on its way back."""


def renamed(pair: str) -> str:
    """Return name and value of a cookie of an answer as a client can keep it."""
    return f"{RENAMED}{pair.strip()}" if SAFE.match(pair.strip()) else pair


def returned(cookies: str) -> str:
    """Return the cookies of a request by the names that the upstream gave them."""
    if RENAMED not in cookies:
        return cookies
    pairs = []
    for pair in cookies.split(";"):
        given = pair.strip()
        original = given.removeprefix(RENAMED)
        # A cookie of the upstream may begin with `mock-server-` by itself.
        pairs.append(original if SAFE.match(original) else given)
    return "; ".join(pairs)
