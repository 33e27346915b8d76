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
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
FRAMING = "it is part of how HTTP frames a request, which the gate does itself: leave it out"
CONDITION = "it makes an answer depend on an earlier one, which no law expects: leave it out"
CODING = (
    "the gate says itself how its bodies are written and reads answers as they come: leave it out"
)
METHOD = "it would make another request of every call, also of those that only read: leave it out"
AUTHORIZATION = (
    "the sessions are sent in it: give tokens under `sessions` in the target file, "
    "and what a gateway wants by a header of another name"
)
HOST = "it is the host of the base URL: give that as --base-url, and reach it elsewhere by --proxy"
# Headers that name another method than that of the request. What they are sent with is not safe.
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
# Headers that the gate or HTTP itself sets, and what works instead.
REFUSED = {
    "authorization": AUTHORIZATION,
    "host": HOST,
    "content-length": FRAMING,
    "transfer-encoding": FRAMING,
    "connection": FRAMING,
    "keep-alive": FRAMING,
    "te": FRAMING,
    "trailer": FRAMING,
    "upgrade": FRAMING,
    "expect": FRAMING,
    "proxy-connection": FRAMING,
    "http2-settings": FRAMING,
    "content-type": CODING,
    "content-encoding": CODING,
    "accept-encoding": CODING,
    "if-match": CONDITION,
    "if-none-match": CONDITION,
    "if-modified-since": CONDITION,
    "if-unmodified-since": CONDITION,
    "if-range": CONDITION,
    "range": CONDITION,
    "x-http-method-override": METHOD,
    "x-http-method": METHOD,
    "x-method-override": METHOD,
}


def expanded(text: str) -> tuple[str, Pairs]:
    """Put variables in place, and return the text and what was put there. Raise `UsageError`."""
    values = {name: variable(name) for name in PLACEHOLDER.findall(text)}
    secrets = tuple((value, f"${name}") for name, value in values.items())
    return PLACEHOLDER.sub(lambda match: values[match[1]], text), secrets


def variable(name: str) -> str:
    """Return a variable of the environment that can be sent. Raise `UsageError`."""
    if not VARIABLE.fullmatch(name):
        raise UsageError(f"${{{name}}} names no variable of the environment")
    value = os.environ.get(name)
    if value is None:
        raise UsageError(f"the environment has no variable {name}")
    if not value:
        raise UsageError(f"the variable {name} is empty")
    why = unsendable(value)
    if why:
        raise UsageError(f"${name} cannot be sent: {why}")
    return value


def unsendable(value: str) -> str:
    """Say why no header can carry a value; empty if one can."""
    if "\r" in value or "\n" in value:
        return "there is a line break in it"
    if value != value.strip():
        return "there is a blank at its beginning or its end"
    if not value.isascii():
        return "only ASCII can be sent in a header"
    if not value.replace("\t", " ").isprintable():
        return "there is a control character in it"
    return ""


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
    if not NAME.fullmatch(name):
        # It may be part of a secret.
        name, colon = "…", ""
    if not colon:
        raise UsageError(f"--header {name}: 'Name: value' is expected")
    why = REFUSED.get(name.lower())
    if why:
        raise UsageError(f"--header {name}: {why}")
    try:
        value, secrets = expanded(value.strip(" \t"))
    except UsageError as error:
        raise UsageError(f"--header {name}: {error}") from None
    why = unsendable(value)
    if why:
        raise UsageError(f"--header {name}: its value cannot be sent: {why}")
    return (name, value), secrets


def headers(lines: tuple[str, ...]) -> tuple[Pairs, Pairs]:
    """Return the headers of the lines, and the secrets in them. Raise `UsageError`."""
    pairs: dict[str, tuple[str, str]] = {}
    secrets: Pairs = ()
    for line in lines:
        pair, more = header(line)
        name = pair[0].lower()
        if name in pairs:
            raise UsageError(
                f"--header {pairs[name][0]}: it is given twice; several values of one header are "
                "separated by commas"
            )
        pairs[name] = pair
        secrets += more
    return tuple(pairs.values()), secrets


def beside(own: Pairs, given: Pairs) -> Pairs:
    """Return the headers of a request with those that were given.

    What a law is about stays its own, cookies go together.
    """
    more = {name.lower(): (name, value) for name, value in given}
    _, cookies = more.get("cookie", ("", ""))
    kept = []
    for name, value in own:
        more.pop(name.lower(), None)
        is_cookie = cookies and name.lower() == "cookie"
        kept.append((name, f"{value}; {cookies}" if is_cookie else value))
    return (*kept, *more.values())
