"""Who may steer the mock: a web page that the developer happens to visit may not."""

import hmac
import ipaddress
import re
from collections.abc import Collection, Mapping
from typing import Any

from .errors import ApiError

PREFIX = "/__mock/"
VISIBLE = re.compile("[!-~]+")


class MisdirectedError(ApiError):
    """The request names another host, as that of a web page does whose name was made to point here (DNS rebinding)."""

    status, code, message = 421, "GENERIC_CLIENT_ERROR", "The control API answers only to localhost and to IP addresses."


class ForbiddenError(ApiError):
    """The header that no web page from elsewhere can send is missing, or what it says is wrong."""

    status, code = 403, "GENERIC_FORBIDDEN"
    message = "Send the header X-Mock-Control with any value, such as 1, to change something."


class WrongTokenError(ForbiddenError):
    """The mock was started with a token, and this is not it."""

    message = "Send the header X-Mock-Control with the value that --control-token was given."


class ForeignPageError(ForbiddenError):
    """A page of another origin asks."""

    message = "The control API is closed to web pages of other origins; --control-origin opens it to one."


def check(environ: Mapping[str, Any], token: str | None, origins: Collection[str], *, changes: bool) -> None:
    """Let a request to the control API pass, or raise; `changes` tells whether it would change something."""
    host, origin = environ.get("HTTP_HOST", ""), environ.get("HTTP_ORIGIN")
    given = environ.get("HTTP_X_MOCK_CONTROL", "")
    if token is None and not is_local_name(host):
        raise MisdirectedError
    if origin is not None and origin not in origins and origin.partition("://")[2] != host:
        raise ForeignPageError
    if token is not None and not hmac.compare_digest(given.encode(), token.encode()):
        raise WrongTokenError
    if changes and not VISIBLE.fullmatch(given):
        raise ForbiddenError


def is_local_name(host: str) -> bool:
    """Tell whether a Host header names this machine in a way that no web page can claim for itself."""
    name = host if host.endswith("]") or ":" not in host else host.rpartition(":")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
