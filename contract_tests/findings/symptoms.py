"""What is wrong with an answer as one sentence that holds no value of it: what findings of one cause have in common."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from contract_tests.findings.rules import CHECKS
from contract_tests.http.messages import UnreadableError
from contract_tests.spec.contract import JSON_TYPE

if TYPE_CHECKING:
    from contract_tests.http.messages import Exchange

CLIENT_ERROR, NOT_ALLOWED, SERVER_ERROR = 400, 405, 500
BODIES = ("answer.media-type", "answer.json", "answer.shape", "http.path", "http.method")
"""Rules of which some findings are about the body of an answer, whatever the operation."""
TO_WHAT = {
    "http.path": " to unknown paths",
    "http.method": " to methods that are not documented",
    "session.valid": " to a valid session",
}
WANTED = re.compile(r"(?:never )?(\d{3})\b")
RECEIVED = re.compile(r"(?:[A-Z]+:? )?(\d{3})\b")
WRONG = re.compile(r"answers (\d{3}) where the contract says (\d{3})\Z")
UNLISTED = re.compile(r"answers (\d{3}), which is not listed\Z")
NEVER = re.compile(r"never answers (\d{3})\b")
HEADERS = {
    "header.no-store": ("Cache-Control", "no-store"),
    "header.www-authenticate": ("WWW-Authenticate", "Bearer"),
}
AS_GET = ", as GET"
KEYS_SHOWN = 5
VALUES = re.compile(
    r"""\{.*\}|\[.*\]|'[^']*'|"[^"]*"|‹[^›]*›|[\w-]*\d[\w:.-]*|\b[a-z]+_gate\b""", re.DOTALL
)
"""What of a text is a value, and differs from one time to the next."""
BODY = re.compile(r"""[{\["'‹]""")
"""Where what was received begins in evidence, after what is said of it."""
OF_JSON = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
}


def symptom(
    rule: str, operation: str, received: str, documented: str, exchange: Exchange | None
) -> str:
    """Return what is wrong in one sentence; that of the rule itself where no better one is known."""
    if exchange is None:
        return (f"never answers {documented}" if rule == "reach.status" else "") or CHECKS[
            rule
        ].says
    told = _failure(operation, exchange) or _form(rule, received, documented, exchange)
    return told or _status(rule, operation, received, documented) or CHECKS[rule].says


def _failure(operation: str, exchange: Exchange) -> str:
    if exchange.trouble:
        return f"{operation} gives no whole answer"
    return f"{operation} fails with {exchange.status}" if exchange.status >= SERVER_ERROR else ""


def _form(rule: str, received: str, documented: str, exchange: Exchange) -> str:
    """Return what is wrong with the form of an answer, whatever was asked; empty if the finding is not about that."""
    told = ""
    if rule in HEADERS:
        told = _header(*HEADERS[rule], exchange)
    elif rule in ("answer.status", "answer.status-default"):
        told = f"answers {exchange.status}, which is not listed"
    elif rule == "answer.no-body":
        told = f"{exchange.status} has a body or a content type, and is documented without"
    elif documented.startswith("405 with Allow") and exchange.status == NOT_ALLOWED:
        told = "405 without an Allow that names every documented method, and no other"
    elif rule in BODIES and not _other_status(received, documented):
        told = _body(documented, exchange, TO_WHAT.get(rule, ""))
    return told


def skeleton(received: str, documented: str) -> str:
    """Return what two pieces of evidence have in common that differ in their values alone."""
    return VALUES.sub(
        "…", " | ".join(BODY.split(text, maxsplit=1)[0] for text in (received, documented))
    )


def kind_of(value: object) -> str:
    """Return the kind of a JSON value for people."""
    return OF_JSON.get(type(value), "an object")


def _other_status(received: str, documented: str) -> bool:
    got, wanted = RECEIVED.match(received), WANTED.match(documented)
    return bool(got and wanted and got[1] != wanted[1])


def _status(rule: str, operation: str, received: str, documented: str) -> str:
    """Return what is wrong with the status; empty if that is not what is wrong, or if what was sent says more."""
    got, wanted = RECEIVED.match(received), WANTED.match(documented)
    if got is None:
        return ""
    if documented.endswith(AS_GET):
        return (
            f"answers {got[1]} to HEAD, and not what it answers to GET"
            if received.startswith("HEAD")
            else ""
        )
    if (
        wanted
        and got[1] != wanted[1]
        and not (got[1].startswith("2") and rule.startswith("input."))
    ):
        return f"answers {got[1]}{TO_WHAT.get(rule, '')} where the contract says {wanted[1]}"
    if rule in ("input.valid", "input.accepted") and got[1].startswith("4"):
        return f"{operation} answers {got[1]} to a valid request"
    return f"answers {got[1]}{TO_WHAT[rule]}" if rule == "session.valid" else ""


def _header(name: str, needed: str, exchange: Exchange) -> str:
    value = exchange.header(name)
    which = f"{exchange.status}" if name == "WWW-Authenticate" else "answers"
    if value is None:
        return f"{which} without {name} (`{name}: {needed}` is expected)"
    return f"{which} with another {name} than {needed}: {VALUES.sub('…', value)}"


def _body(documented: str, exchange: Exchange, to_what: str) -> str:
    """Return what is wrong with a body: its media type, its keys, or the kind of a value in it."""
    whose = "error bodies" if exchange.status >= CLIENT_ERROR else "bodies"
    if exchange.media_type != JSON_TYPE:
        return f"{whose}{to_what} are {exchange.media_type or 'of no type'}, not {JSON_TYPE}"
    try:
        body = exchange.json()
    except UnreadableError:
        return f"{whose}{to_what} are not valid JSON"
    if exchange.status >= CLIENT_ERROR and (
        not isinstance(body, dict) or not {"code", "message"} <= body.keys()
    ):
        return _keys(whose, body)
    return f"{whose}{to_what} {_value(documented)}"


def _value(documented: str) -> str:
    """Return what is wrong with a value of a body, for what the schema says of it."""
    pointer, _, reason = documented.partition(": ")
    if wrong := re.search(r'is not of types? "?([\w", ]+?)"?\Z', reason):
        try:
            sent = kind_of(json.loads(reason[: wrong.start()]))
        except ValueError:
            sent = "a value"
        return f"have {sent} where {_a(wrong[1])} is expected"
    if missing := re.match(r'"([^"]*)" is a required property', reason):
        return f"have no `{missing[1]}`"
    name = pointer.rpartition("/")[2] if pointer.startswith("/") else ""
    return (
        f"have a `{name}` that is not as the contract says"
        if name
        else "are not as the contract says"
    )


def _keys(whose: str, body: Any) -> str:
    if not isinstance(body, dict):
        return f"{whose} are {kind_of(body)}, not an object with `code` and `message`"
    missing = " or ".join(f"`{key}`" for key in ("code", "message") if key not in body)
    known = ", ".join(f"`{key}`" for key in sorted(body.keys() - {"code", "message"})[:KEYS_SHOWN])
    return f"{whose} have {known} and no {missing}" if known else f"{whose} have no {missing}"


def _a(kind: str) -> str:
    kind = kind.replace('"', "").replace(",", " or")
    return {"string": "a text", "integer": "a number", "number": "a number"}.get(
        kind, f"an {kind}" if kind[0] in "aio" else f"a {kind}"
    )
