"""Tokens and headers that users give: what no request can carry is refused when it is read.

What is refused is told by its name, never by its value: it may be a secret.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from contract_tests.exceptions import UsageError

if TYPE_CHECKING:
    from contract_tests.redaction.placeholders import Pairs

NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
FRAMING = "it is part of how HTTP frames a request, which the gate does itself: leave it out"
CONDITION = "it makes an answer depend on an earlier one, which no law expects: leave it out"
CODING = (
    "the gate says itself how its bodies are written and reads answers as they come: leave it out"
)
METHOD = "it would make another request of every call, also of those that only read: leave it out"
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
"""Headers that name another method than that of the request; what they are sent with is not safe, therefore."""
REFUSED = {
    "authorization": "the sessions are sent in it: give tokens under `sessions` in the target file, and what a gateway "
    "wants by a header of another name",
    "host": "it is the host of the base URL: give that as --base-url, and reach it elsewhere by --proxy",
    **dict.fromkeys(
        (
            "content-length",
            "transfer-encoding",
            "connection",
            "keep-alive",
            "te",
            "trailer",
            "upgrade",
            "expect",
        ),
        FRAMING,
    ),
    **dict.fromkeys(("proxy-connection", "http2-settings"), FRAMING),
    **dict.fromkeys(("content-type", "content-encoding", "accept-encoding"), CODING),
    **dict.fromkeys(
        (
            "if-match",
            "if-none-match",
            "if-modified-since",
            "if-unmodified-since",
            "if-range",
            "range",
        ),
        CONDITION,
    ),
    **{name.lower(): METHOD for name in OVERRIDES},
}
"""Headers that the gate or HTTP itself sets, and what works instead."""


def expanded(text: str) -> tuple[str, Pairs]:
    """Put `${VARIABLE}` in place, and return the text and what was put there. Raise `UsageError`."""
    values = {name: variable(name) for name in PLACEHOLDER.findall(text)}
    return PLACEHOLDER.sub(lambda match: values[match[1]], text), tuple(
        (value, f"${name}") for name, value in values.items()
    )


def variable(name: str) -> str:
    """Return a variable of the environment. Raise `UsageError` where it is not there, empty, or nothing that can be sent."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise UsageError(f"${{{name}}} names no variable of the environment")
    if name not in os.environ:
        raise UsageError(f"the environment has no variable {name}")
    if not os.environ[name]:
        raise UsageError(f"the variable {name} is empty")
    if why := unsendable(os.environ[name]):
        raise UsageError(f"${name} cannot be sent: {why}")
    return os.environ[name]


def unsendable(value: str) -> str:
    """Say why no header can carry a value; empty if one can."""
    if any(character in value for character in "\r\n"):
        return "there is a line break in it"
    if value != value.strip():
        return "there is a blank at its beginning or its end"
    if not value.isascii():
        return "only ASCII can be sent in a header"
    return "" if value.replace("\t", " ").isprintable() else "there is a control character in it"


def token(name: str, value: str) -> str:
    """Return the token of a session. Raise `UsageError` where it is none."""
    why = unsendable(value)
    if not why and value.lower().startswith("bearer "):
        why = "a token is what follows `Bearer`, without it"
    if why:
        raise UsageError(f"{name} cannot be sent: {why}")
    return value


def header(text: str) -> tuple[tuple[str, str], Pairs]:
    """Split `Name: value`, and return it with the secrets in it. Raise `UsageError`."""
    name, colon, value = text.partition(":")
    name = name.strip(" \t")
    if not colon or not NAME.fullmatch(name):
        raise UsageError(
            f"--header {name if NAME.fullmatch(name) else '…'}: 'Name: value' is expected"
        )
    if why := REFUSED.get(name.lower()):
        raise UsageError(f"--header {name}: {why}")
    try:
        value, secrets = expanded(value.strip(" \t"))
    except UsageError as error:
        raise UsageError(f"--header {name}: {error}") from None
    if why := unsendable(value):
        raise UsageError(f"--header {name}: its value cannot be sent: {why}")
    return (name, value), secrets


def headers(lines: tuple[str, ...]) -> tuple[Pairs, Pairs]:
    """Return the headers of the lines, and the secrets in them. Raise `UsageError`."""
    read = [header(line) for line in lines]
    pairs = tuple(pair for pair, _ in read)
    names = [name.lower() for name, _ in pairs]
    if twice := next((name for name, _ in pairs if names.count(name.lower()) > 1), ""):
        raise UsageError(
            f"--header {twice}: it is given twice; several values of one header are separated by commas"
        )
    return pairs, tuple(secret for _, secrets in read for secret in secrets)


def beside(own: Pairs, given: Pairs) -> Pairs:
    """Return the headers of a call with those that were given: what a law is about stays its own, cookies go together."""
    mine = {name.lower() for name, _ in own}
    cookies = {name.lower(): value for name, value in given}.get("cookie", "")
    kept = tuple(
        (name, f"{value}; {cookies}") if cookies and name.lower() == "cookie" else (name, value)
        for name, value in own
    )
    return (*kept, *(pair for pair in given if pair[0].lower() not in mine))
