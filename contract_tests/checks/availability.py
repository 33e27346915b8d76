"""What stands at the target's address: the API, something in front of it, or nothing.

It is told from single answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from contract_tests.checks.response_checks import SERVER_ERROR, UNAUTHORIZED, error_name
from contract_tests.http.messages import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract_tests.http.messages import Exchange

FORBIDDEN, PROXY_AUTHENTICATION = 403, 407
NOT_A_SESSION = (UNAUTHORIZED, FORBIDDEN, PROXY_AUTHENTICATION)
PAGES = ("text/html", "application/xhtml+xml")
OK, REDIRECTION, CLIENT_ERROR = 200, 300, 400
# What may have been meant by an answer to every call.
HINTS = {
    403: "; is something in front of the API in the way?",
    404: "; is the path of the base URL right?",
}


def is_api(exchange: Exchange) -> bool:
    """Whether this is a success that the API may have answered.

    It is neither empty nor a page for people.
    """
    return exchange.ok and not is_page(exchange) and bool(exchange.body.strip())


def are_alike(one: Exchange, other: Exchange) -> bool:
    """Whether two answers to one call may be of one server.

    Their bodies are of the same kind, and objects have the same names in them.
    """
    return _outline(one) == _outline(other)


def is_page(exchange: Exchange) -> bool:
    """Whether this is a page for people, such as one to sign in."""
    beginning = exchange.body[:64].lstrip().lower()
    # A gateway may send its page under any type.
    return exchange.media_type in PAGES or beginning.startswith((b"<!doctype html", b"<html"))


def is_redirect(exchange: Exchange) -> bool:
    """Whether this sends the client elsewhere."""
    return REDIRECTION <= exchange.status < CLIENT_ERROR


def is_doubtful(exchange: Exchange, *, with_session: bool) -> bool:
    """Whether the target, or the session that was sent, may have ended.

    The answer is not one of the API's own.
    """
    if not exchange.status or exchange.status >= SERVER_ERROR:
        return True
    return is_no_session(exchange) and (with_session or exchange.status not in NOT_A_SESSION)


def is_no_session(exchange: Exchange) -> bool:
    """Whether the answer is what a client without a valid session gets."""
    is_login = is_redirect(exchange) or (exchange.ok and is_page(exchange))
    return is_login or exchange.status in NOT_A_SESSION


def out_of_order(exchanges: Iterable[Exchange]) -> str:
    """Return why nothing can be judged by a target with these first answers; empty for the API."""
    answered = [exchange for exchange in exchanges if exchange.status]
    if not answered or any(map(is_api, answered)):
        return ""
    kinds = {kind(exchange): exchange.status for exchange in answered}
    if len(kinds) == 1:
        text, status = kinds.popitem()
        return f"every call {text}{HINTS.get(status, '')}"
    if all(map(is_redirect, answered)):
        origins = {_place(exchange.header("Location"), whole=False) for exchange in answered}
        return f"every call is redirected to {' or '.join(sorted(origins))}"
    return f"no call of a session succeeds: one {', another '.join(kinds)}"


def kind(exchange: Exchange) -> str:
    """Return what is answered instead of the API, without what belongs to a single call."""
    status = exchange.status
    if is_redirect(exchange):
        return f"is redirected ({status}) to {_place(exchange.header('Location'))}"
    if exchange.ok:
        return f"is answered with {status} and {_content(exchange)}"
    name = error_name(exchange) if status == UNAUTHORIZED else None
    return f"is answered with {status} {name or ''}".rstrip()


def _content(exchange: Exchange) -> str:
    if is_page(exchange):
        return "a page for people (HTML)"
    return "a body of another kind than before" if exchange.body.strip() else "nothing"


def _outline(exchange: Exchange) -> object:
    try:
        body = exchange.json()
    except UnreadableError:
        return None
    return sorted(body) if isinstance(body, dict) else type(body)


def _place(location: str | None, *, whole: bool = True) -> str:
    """Return where a redirection leads, as a `whole` with its path.

    Its query is left out, which may hold anything.
    """
    if not location:
        return "nowhere" if whole else "another path"
    try:
        parts = urlsplit(location)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "somewhere else"
    host = f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else ""
    return (f"{host}{parts.path}" if whole else host) or "another path"
