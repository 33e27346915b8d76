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

WELL_FORMED = re.compile(r"[Bb]earer [A-Za-z0-9._~+/-]+=*")


@dataclass(frozen=True)
class InvalidCredential:
    """One way of being unauthenticated: the header to send (None for none) and the name that applies.

    `plain` marks the ways that every depth repeats on every operation; `valid_inside` those that hold a valid token in a
    form that only we do not take.
    """

    name: str
    header: str | None
    applies: str
    plain: bool = False
    valid_inside: bool = False

    @property
    def malformed(self) -> bool:
        """Whether the header is none that the scheme knows (RFC 6750, 2.1): what a server says of it is a decision of ours."""
        return self.header is not None and not WELL_FORMED.fullmatch(self.header)


def invalid_credentials(context: Context) -> list[InvalidCredential]:
    """Return every way of being without a valid session that this target's sessions allow."""
    token = context.target.sessions["primary"]
    basic = b64encode(f"{token}:".encode()).decode()
    unknown = f"unknown-{context.random('unknown').getrandbits(64):016x}"
    found = [
        InvalidCredential("no header", None, GENERIC, plain=True),
        InvalidCredential("an unknown token", f"Bearer {unknown}", GENERIC, plain=True),
        InvalidCredential("a malformed header", "Bearer", GENERIC, plain=True),
        InvalidCredential("an empty header", "", GENERIC),
        InvalidCredential("the token without a scheme", token, GENERIC, valid_inside=True),
        InvalidCredential("another scheme", f"Basic {basic}", GENERIC, valid_inside=True),
        InvalidCredential(
            "a token under another scheme", f"Token {token}", GENERIC, valid_inside=True
        ),
        InvalidCredential(
            "no space after the scheme", f"Bearer{token}", GENERIC, valid_inside=True
        ),
        InvalidCredential("a longer token", f"Bearer {token}x", GENERIC),
        InvalidCredential("a shorter token", f"Bearer {token[:-1]}", GENERIC),
        InvalidCredential("a token with something before it", f"Bearer x{token}", GENERIC),
        InvalidCredential("a token without its beginning", f"Bearer {token[1:]}", GENERIC),
        InvalidCredential(
            "a token with another end",
            f"Bearer {token[: len(token) // 2]}{unknown}"[: len(token) + 7],
            GENERIC,
        ),
        InvalidCredential(
            "a percent-encoded token", f"Bearer {_percent(token)}", GENERIC, valid_inside=True
        ),
        InvalidCredential(
            "a token and more", f"Bearer {token} {token}", GENERIC, valid_inside=True
        ),
        InvalidCredential("a quoted token", f'Bearer "{token}"', GENERIC, valid_inside=True),
        InvalidCredential("null", "Bearer null", GENERIC),
        *(
            InvalidCredential("a username as token", f"Bearer {name}", GENERIC)
            for name in context.target.usernames[:1]
            if _fits(name)
        ),
        *(
            InvalidCredential(
                "the token in another case", f"Bearer {other}", GENERIC, valid_inside=True
            )
            for other in _other_case(token)
        ),
    ]
    known = {f"Bearer {value}" for value in context.target.sessions.values()}
    found = [kind for kind in found if kind.header not in known]
    for role, name in EXPIRED.items():
        if role in context.target.sessions:
            found.append(
                InvalidCredential(
                    role.replace("_", " "),
                    f"Bearer {context.target.sessions[role]}",
                    name,
                    plain=True,
                )
            )
    return found


def _fits(name: str) -> bool:
    """Whether a name can stand in a header."""
    return name.isascii() and name.isprintable()


def _percent(token: str) -> str:
    return "".join(f"%{ord(letter):02X}" for letter in token)


def _other_case(token: str) -> set[str]:
    return {token.upper(), token.swapcase()} - {token}


@dataclass(frozen=True)
class Carried:
    """Something said in a part of a request that the contract gives no such meaning."""

    name: str
    query: Pairs = ()
    headers: Pairs = ()

    def on(self, template: RequestTemplate) -> RequestTemplate:
        """Return the request with it."""
        return template.but(
            query=(*template.query, *self.query), headers=(*template.headers, *self.headers)
        )


def elsewhere(context: Context) -> list[Carried]:
    """Return the places other than `Authorization` that could carry the session; its token is in URLs on this machine only."""
    token = context.target.sessions["primary"]
    found = [Carried(f"the header {name}", headers=((name, token),)) for name in TOKEN_HEADERS]
    found += [
        Carried(f"the cookie {name}", headers=(("Cookie", f"{name}={token}"),))
        for name in TOKEN_COOKIES
    ]
    if context.target.is_local:
        found += [
            Carried(f"{name} in the query", query=((name, token),)) for name in TOKEN_PARAMETERS
        ]
    return found


def claims(username: str) -> list[Carried]:
    """Return the ways to claim to be the user of this name."""
    found = [Carried(f"{name} in the query", query=((name, username),)) for name in USER_PARAMETERS]
    if _fits(username):
        found += [
            Carried(f"the header {name}", headers=((name, username),)) for name in USER_HEADERS
        ]
        found.append(
            Carried(
                "a cookie",
                headers=(("Cookie", f"username={username}; user={username}; user_id={username}"),),
            )
        )
    return found
