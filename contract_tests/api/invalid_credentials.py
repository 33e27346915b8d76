"""The ways of being without a valid session, and of naming another user than the session's."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract_tests.redaction.secret_table import (
    TOKEN_COOKIES,
    TOKEN_HEADERS,
    TOKEN_PARAMETERS,
    USER_HEADERS,
    USER_PARAMETERS,
)

if TYPE_CHECKING:
    from contract_tests.api.context import Context
    from contract_tests.api.request_templates import RequestTemplate
    from contract_tests.redaction.placeholders import Pairs

GENERIC = "GENERIC_UNAUTHORIZED"
EXPIRED = {"session_expired": "SESSION_TOKEN_EXPIRED", "refresh_expired": "REFRESH_TOKEN_EXPIRED"}

# The characters of a token (RFC 6750, 2.1).
WELL_FORMED = re.compile(r"[Bb]earer [A-Za-z0-9._~+/-]+=*")


@dataclass(frozen=True)
class InvalidCredential:
    """One way of being unauthenticated: the header to send, None for none.

    `applies` is the name of the error. `plain` marks the ways that every depth repeats on every
    operation; `valid_inside` those that hold a valid token in a form that only we do not take.
    """

    name: str
    header: str | None
    applies: str = GENERIC
    plain: bool = False
    valid_inside: bool = False

    @property
    def malformed(self) -> bool:
        """Whether the header is none that the scheme knows (RFC 6750, 2.1).

        What a server says of it is a decision of ours.
        """
        return self.header is not None and not WELL_FORMED.fullmatch(self.header)


def invalid_credentials(context: Context) -> list[InvalidCredential]:
    """Return every way of being without a valid session that this target's sessions allow."""
    sessions = context.target.sessions
    token = sessions["primary"]
    # A valid token where another scheme has a name.
    basic = b64encode(f"{token}:".encode()).decode()
    encoded = "".join(f"%{ord(letter):02X}" for letter in token)
    unknown = f"unknown-{context.random('unknown').getrandbits(64):016x}"
    half = token[: len(token) // 2]
    plain = [
        ("no header", None),
        ("an unknown token", f"Bearer {unknown}"),
        ("a malformed header", "Bearer"),
    ]
    wrong = [
        ("an empty header", ""),
        ("a longer token", f"Bearer {token}x"),
        ("a shorter token", f"Bearer {token[:-1]}"),
        ("a token with something before it", f"Bearer x{token}"),
        ("a token without its beginning", f"Bearer {token[1:]}"),
        ("a token with another end", f"Bearer {half}{unknown}"[: len(token) + 7]),
        ("null", "Bearer null"),
    ]
    names = filter(_fits, context.target.usernames[:1])
    wrong += [("a username as token", f"Bearer {name}") for name in names]
    odd = [
        ("the token without a scheme", token),
        ("another scheme", f"Basic {basic}"),
        ("a token under another scheme", f"Token {token}"),
        ("no space after the scheme", f"Bearer{token}"),
        ("a percent-encoded token", f"Bearer {encoded}"),
        ("a token and more", f"Bearer {token} {token}"),
        ("a quoted token", f'Bearer "{token}"'),
        ("the token in another case", f"Bearer {token.upper()}"),
        ("the token in another case", f"Bearer {token.swapcase()}"),
    ]
    found = [
        *(InvalidCredential(*pair, plain=True) for pair in plain),
        *(InvalidCredential(*pair) for pair in wrong),
        *(InvalidCredential(*pair, valid_inside=True) for pair in odd),
    ]
    # A token that is the other one in capitals, say, is valid after all.
    valid = [f"Bearer {value}" for value in sessions.values()]
    found = [credential for credential in found if credential.header not in valid]
    for role, name in EXPIRED.items():
        if role in sessions:
            words = role.replace("_", " ")
            found.append(InvalidCredential(words, f"Bearer {sessions[role]}", name, plain=True))
    return found


def _fits(name: str) -> bool:
    """Whether a name can stand in a header."""
    return name.isascii() and name.isprintable()


@dataclass(frozen=True)
class Carried:
    """Something said in a part of a request that the contract gives no such meaning."""

    name: str
    query: Pairs = ()
    headers: Pairs = ()

    def on(self, template: RequestTemplate) -> RequestTemplate:
        """Return the request with it."""
        return template.but(
            query=(*template.query, *self.query),
            headers=(*template.headers, *self.headers),
        )


def elsewhere(context: Context) -> list[Carried]:
    """Return the places other than `Authorization` that could carry the session.

    Its token is put into URLs on this machine only: others log them.
    """
    token = context.target.sessions["primary"]
    found = [_header(name, token) for name in TOKEN_HEADERS]
    found += [_cookie(f"the cookie {name}", f"{name}={token}") for name in TOKEN_COOKIES]
    if context.target.is_local:
        found += [_parameter(name, token) for name in TOKEN_PARAMETERS]
    return found


def claims(username: str) -> list[Carried]:
    """Return the ways to claim to be the user of this name."""
    found = [_parameter(name, username) for name in USER_PARAMETERS]
    if _fits(username):
        found += [_header(name, username) for name in USER_HEADERS]
        cookie = f"username={username}; user={username}; user_id={username}"
        found.append(_cookie("a cookie", cookie))
    return found


def _header(name: str, value: str) -> Carried:
    return Carried(f"the header {name}", headers=((name, value),))


def _parameter(name: str, value: str) -> Carried:
    return Carried(f"{name} in the query", query=((name, value),))


def _cookie(name: str, value: str) -> Carried:
    return Carried(name, headers=(("Cookie", value),))
