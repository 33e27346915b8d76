"""Which sandbox a request is for.

`X-Mock-Sandbox: NAME` says it, or a base URL that ends in `/__sandbox/NAME`.
"""

import re
from collections.abc import Mapping

from mock_server.errors import ClientError, Violation
from mock_server.stores.store import DEFAULT

PREFIX = "/__sandbox/"
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


def address(path: str, headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the name of the sandbox as it was given, and the path without it.

    The base URL wins over the header.
    """
    # Some apps can be given a base URL only, and no header.
    if path.startswith(PREFIX):
        name, _, rest = path.removeprefix(PREFIX).partition("/")
        return name, f"/{rest}"
    return headers.get("x-mock-sandbox", DEFAULT), path


def no_address(path: str, _headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the only sandbox that a proxy has, and the path as it is.

    A sandbox that the request names is one of a mock behind the proxy.
    """
    return DEFAULT, path


def wrong_name() -> ClientError:
    """Return the refusal of a request whose sandbox has an impossible name."""
    reason = "must have 1 to 64 letters, digits, dots, dashes or underscores"
    return ClientError([Violation("header", "X-Mock-Sandbox", reason)])
