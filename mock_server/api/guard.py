"""Who may steer the mock: a web page that the developer happens to visit may not."""

import hmac
import re
from collections.abc import Collection, Mapping

from mock_server.config import Settings
from mock_server.errors import ApiError, NotFound, Violation
from mock_server.http.origins import is_local, is_own_host

from .routing import FOR_CLIENTS, Kind, Route

PREFIX = "/__mock/"
"""What documented paths of the control API begin with. Which request calls it, its route decides, and never this."""
VISIBLE = re.compile("[!-~]+")

Headers = Mapping[str, str]
"""The headers of a request by their names in lower case."""


class MisdirectedError(ApiError):
    """The request names another host, as that of a web page does whose name was made to point here (DNS rebinding)."""

    status, code = 421, "GENERIC_CLIENT_ERROR"
    message = (
        "The control API answers only to localhost, to IP addresses and to names given by --allowed-host, "
        "unless there is a --control-token."
    )


class StrangeHostError(MisdirectedError):
    """The same for the API, which a token does not protect."""

    message = "On a loopback address only localhost, IP addresses and names given by --allowed-host are answered."


class ForbiddenError(ApiError):
    """The header that no web page from elsewhere can send is missing, or what it says is wrong."""

    status, code = 403, "GENERIC_FORBIDDEN"
    message = "Send the header X-Mock-Control with any value, such as 1, to change something."


class WrongTokenError(ForbiddenError):
    """The mock was started with a token, and this is not it."""

    message = "Send the header X-Mock-Control with the value that --control-token was given."


class ForeignPageError(ForbiddenError):
    """A page of another origin asks."""

    message = (
        "The control API is closed to web pages of other origins; --control-origin opens it to one."
    )


def misdirected(headers: Headers, kind: type[MisdirectedError]) -> MisdirectedError:
    """Return the refusal of a request to another host, and how to make that one known."""
    host = headers.get("host", "")[:80]
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    reason = (
        f"is not known here; if it is yours, start with --allowed-host {name}"
        if name
        else "must name this machine"
    )
    return kind([Violation("header", "Host", reason)])


def is_own(headers: Headers, names: frozenset[str]) -> bool:
    """Tell whether a request names this machine in a way that no web page can claim for itself."""
    return is_own_host(headers.get("host", ""), names)


def refusal(route: Route, method: str, headers: Headers, settings: Settings) -> ApiError | None:
    """Return why a request is refused, whatever its body holds and its sandbox knows; `None` where it is not."""
    try:
        _admit(route, method, headers, settings)
    except ApiError as error:
        return error
    return None


def _admit(route: Route, method: str, headers: Headers, settings: Settings) -> None:
    is_known = settings.any_host or is_own(headers, settings.allowed_hosts)
    if route.kind in FOR_CLIENTS:
        if not is_known:
            raise misdirected(headers, StrangeHostError)
        return
    if not is_known and settings.control_token is None:
        raise misdirected(headers, MisdirectedError)
    if route.kind is Kind.CONTROL and route.rule is not None:
        # The control API's document has a GET for everything that changes nothing.
        changes = method not in {"GET", "HEAD"}
        check(headers, settings.control_token, settings.control_origins, changes=changes)


def check(headers: Headers, token: str | None, origins: Collection[str], *, changes: bool) -> None:
    """Let a call of the control API pass, or raise; `changes` tells whether it would change something."""
    given = headers.get("x-mock-control", "")
    if is_foreign_page(headers, origins, local=False) and not _is_visit(headers):
        raise ForeignPageError
    if token is not None and not (given and hmac.compare_digest(given.encode(), token.encode())):
        raise WrongTokenError
    if changes and not VISIBLE.fullmatch(given):
        raise ForbiddenError


def is_foreign_page(headers: Headers, origins: Collection[str], *, local: bool = True) -> bool:
    """Tell whether a web page asks that is neither ours nor of these origins nor, where `local` ones may, of this machine.

    Browsers tell no origin of what only loads, such as an image, but whether it is of another site (Fetch Metadata).
    """
    origin = headers.get("origin")
    if origin is None:
        return bool(headers.get("sec-fetch-site") == "cross-site")
    is_ours = origin.partition("://")[2] == headers.get("host", "")
    return not (is_ours or origin in origins or (local and is_local(origin)))


def _is_visit(headers: Headers) -> bool:
    """Tell whether somebody followed a link, and is now shown what that leads to: the page before it learns nothing."""
    way = (
        headers.get("sec-fetch-mode"),
        headers.get("sec-fetch-dest"),
        headers.get("origin"),
    )
    return way == ("navigate", "document", None)


def no_sandbox() -> NotFound:
    """Return that a page from elsewhere makes no sandbox: each one more may cost somebody else's."""
    reason = "names no sandbox that is there, and a web page of another origin makes none; --cors-origin opens the API to one"
    return NotFound([Violation("header", "X-Mock-Sandbox", reason)])
