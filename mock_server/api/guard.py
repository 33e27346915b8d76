"""Who may call: a web page that the developer happens to visit may not call the control API."""

import hmac
import re
from collections.abc import Collection, Mapping

from mock_server.config import Settings
from mock_server.errors import ApiError, NotFound, Violation
from mock_server.http.origins import is_local, is_own_host

from .routing import FOR_CLIENTS, Route, RouteKind

PREFIX = "/__mock/"
"""What documented paths of the control API begin with.

Which request calls it, its route decides, and never this.
"""
VISIBLE = re.compile("[!-~]+")

Headers = Mapping[str, str]
"""The headers of a request by their names in lower case."""


class MisdirectedError(ApiError):
    """The request names another host.

    That of a web page does whose name was made to point here (DNS rebinding).
    """

    status = 421
    code = "GENERIC_CLIENT_ERROR"
    message = (
        "The control API answers only to localhost, to IP addresses and to names given by "
        "--allowed-host, unless there is a --control-token."
    )


class StrangeHostError(MisdirectedError):
    """The same for the API, which a token does not protect."""

    message = (
        "On a loopback address only localhost, IP addresses and names given by --allowed-host "
        "are answered."
    )


class ForbiddenError(ApiError):
    """The header that no web page from elsewhere can send is missing, or what it says is wrong."""

    status = 403
    code = "GENERIC_FORBIDDEN"
    message = "Send the header X-Mock-Control with any value, such as 1, to change something."


class WrongTokenError(ForbiddenError):
    """The mock was started with a token, and this is not it."""

    message = "Send the header X-Mock-Control with the value that --control-token was given."


class ForeignPageError(ForbiddenError):
    """The request comes from a page of another origin."""

    message = (
        "The control API is closed to web pages of other origins; --control-origin opens it to one."
    )


def misdirected(headers: Headers, kind: type[MisdirectedError]) -> MisdirectedError:
    """Return the refusal of a request to another host, and how to make that one known."""
    host = headers.get("host", "")[:80]
    before, _, port = host.rpartition(":")
    name = before if port.isdigit() else host
    reason = "must name this machine"
    if name:
        reason = f"is not known here; if it is yours, start with --allowed-host {name}"
    return kind([Violation("header", "Host", reason)])


def is_own(headers: Headers, names: frozenset[str]) -> bool:
    """Tell whether a request names this machine in a way that no web page can claim for itself."""
    return is_own_host(headers.get("host", ""), names)


def refusal(
    route: Route,
    method: str,
    headers: Headers,
    settings: Settings,
) -> ApiError | None:
    """Return why a request is refused, `None` where it is not.

    It is refused whatever its body holds and its sandbox knows.
    """
    try:
        _admit(route, method, headers, settings)
    except ApiError as error:
        return error
    return None


def _admit(
    route: Route,
    method: str,
    headers: Headers,
    settings: Settings,
) -> None:
    is_known = settings.any_host or is_own(headers, settings.allowed_hosts)
    if route.kind in FOR_CLIENTS:
        # A control token protects the control API, and not this.
        if not is_known:
            raise misdirected(headers, StrangeHostError)
        return
    if not is_known and settings.control_token is None:
        raise misdirected(headers, MisdirectedError)
    if route.kind is RouteKind.CONTROL and route.rule is not None:
        # The control API's document has a GET for everything that changes nothing.
        changes = method not in {"GET", "HEAD"}
        check(headers, settings.control_token, settings.control_origins, changes=changes)


def check(
    headers: Headers,
    token: str | None,
    origins: Collection[str],
    *,
    changes: bool,
) -> None:
    """Let a call of the control API pass, or raise.

    `changes` tells whether the call would change something.
    """
    given = headers.get("x-mock-control", "")
    if is_foreign_page(headers, origins, local=False) and not _is_visit(headers):
        raise ForeignPageError
    if token is not None and not _is_same(given, token):
        raise WrongTokenError
    if changes and not VISIBLE.fullmatch(given):
        raise ForbiddenError


def _is_same(given: str, token: str) -> bool:
    """Compare in a time that does not tell how much of it is right; an empty token is none."""
    return given != "" and hmac.compare_digest(given.encode(), token.encode())


def is_foreign_page(headers: Headers, origins: Collection[str], *, local: bool = True) -> bool:
    """Tell whether a request comes from a web page that may not send it.

    A page may that is ours, or of these origins, or, where `local` ones may, of this machine.
    """
    origin = headers.get("origin")
    if origin is None:
        # Browsers tell no origin of what only loads, such as an image, but whether it is of
        # another site (Fetch Metadata).
        return headers.get("sec-fetch-site") == "cross-site"
    is_ours = origin.partition("://")[2] == headers.get("host", "")
    return not (is_ours or origin in origins or (local and is_local(origin)))


def _is_visit(headers: Headers) -> bool:
    """Tell whether somebody followed a link, and is now shown what that leads to.

    The page before it learns nothing.
    """
    is_navigation = headers.get("sec-fetch-mode") == "navigate"
    is_document = headers.get("sec-fetch-dest") == "document"
    return is_navigation and is_document and "origin" not in headers


def no_sandbox() -> NotFound:
    """Return the refusal of a page from elsewhere: one sandbox more may cost somebody else's."""
    reason = (
        "names no sandbox that is there, and a web page of another origin makes none; "
        "--cors-origin opens the API to one"
    )
    return NotFound([Violation("header", "X-Mock-Sandbox", reason)])
