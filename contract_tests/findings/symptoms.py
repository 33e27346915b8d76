"""What is wrong with an answer as one sentence that holds no value of it: what findings of one cause have in common."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from contract_tests.findings.rules import CHECKS
from contract_tests.http.messages import UnreadableError
from contract_tests.spec.contract import JSON_TYPE

if TYPE_CHECKING:
    from contract_tests.http.messages import Exchange

CLIENT_ERROR, SERVER_ERROR = 400, 500
UNLISTED = ("answer.status", "answer.status-default")
BODIES = ("answer.media-type", "answer.json", "answer.shape", "http.path", "http.method")
"""Rules of which some findings are about the body of an answer, whatever the operation."""
TO_WHAT = {
    "http.path": " to unknown paths",
    "http.method": " to methods that are not documented",
    "session.valid": " to a valid session",
}
HEADERS = {
    "header.no-store": ("Cache-Control", "no-store"),
    "header.www-authenticate": ("WWW-Authenticate", "Bearer"),
}
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


class About(TypedDict, total=False):
    """What a law may say of a finding beside the evidence.

    `field` is the part of a body, or the parameter, that it is about. Where another status was expected than came, that is
    `expected_status`; where a body is not as a schema says, its `flaw`; and where a law knows a better symptom than these
    show, its `sign`.
    """

    field: str
    expected_status: int
    flaw: BodyFlaw
    sign: str


class Symptom(NamedTuple):
    """What is wrong in one sentence, and of which status it speaks and which one it misses, 0 where it does not."""

    text: str
    status: int = 0
    expected_status: int = 0


@dataclass(frozen=True)
class BodyFlaw:
    """What a schema says against a value of a body: a property that is `missing`, or what was `sent` of another type."""

    pointer: str
    missing: str = ""
    sent: str = ""
    wanted: tuple[str, ...] = ()


NO_FLAW = BodyFlaw("")


def symptom(rule: str, operation: str, exchange: Exchange | None, about: About) -> Symptom:
    """Return what is wrong; the sentence of the rule itself where no better one is known."""
    says, sign = Symptom(CHECKS[rule].says), about.get("sign", "")
    if exchange is None:
        return Symptom(sign, 0, about.get("expected_status", 0)) if sign else says
    if failure := _failure(operation, exchange):
        return Symptom(failure)
    return Symptom(sign) if sign else _of_answer(rule, operation, exchange, about) or says


def _of_answer(rule: str, operation: str, exchange: Exchange, about: About) -> Symptom | None:
    if rule in UNLISTED:
        return Symptom(f"answers {exchange.status}, which is not listed", exchange.status)
    expected = about.get("expected_status", 0)
    is_other = expected not in (0, exchange.status)
    if form := _form(rule, exchange, about.get("flaw", NO_FLAW), is_other=is_other):
        return Symptom(form)
    # Of a success where input should be refused, the input says more than the status.
    if is_other and not (exchange.ok and rule.startswith("input.")):
        return _other_status(rule, exchange.status, expected)
    return _refusal(rule, operation, exchange)


def _failure(operation: str, exchange: Exchange) -> str:
    if exchange.trouble:
        return f"{operation} gives no whole answer"
    return f"{operation} fails with {exchange.status}" if exchange.status >= SERVER_ERROR else ""


def _form(rule: str, exchange: Exchange, flaw: BodyFlaw, *, is_other: bool) -> str:
    """Return what is wrong with the form of an answer, whatever was asked; empty if the finding is not about that."""
    if rule in HEADERS:
        return _header(*HEADERS[rule], exchange)
    if rule == "answer.no-body":
        return f"{exchange.status} has a body or a content type, and is documented without"
    if rule in BODIES and not is_other:
        return _body(flaw, exchange, TO_WHAT.get(rule, ""))
    return ""


def _other_status(rule: str, status: int, expected: int) -> Symptom:
    if rule in TO_WHAT:
        return Symptom(f"answers {status}{TO_WHAT[rule]} where the contract says {expected}")
    return Symptom(f"answers {status} where the contract says {expected}", status, expected)


def _refusal(rule: str, operation: str, exchange: Exchange) -> Symptom | None:
    """Return what is wrong where a request is refused that is right; None if that is not what is wrong."""
    if rule in ("input.valid", "input.accepted") and CLIENT_ERROR <= exchange.status < SERVER_ERROR:
        return Symptom(f"{operation} answers {exchange.status} to a valid request")
    if rule == "session.valid":
        return Symptom(f"answers {exchange.status}{TO_WHAT[rule]}")
    return None


def skeleton(received: str, documented: str) -> str:
    """Return what two pieces of evidence have in common that differ in their values alone."""
    return VALUES.sub(
        "…", " | ".join(BODY.split(text, maxsplit=1)[0] for text in (received, documented))
    )


def kind_of(value: object) -> str:
    """Return the kind of a JSON value for people."""
    return OF_JSON.get(type(value), "an object")


def _header(name: str, needed: str, exchange: Exchange) -> str:
    value = exchange.header(name)
    which = f"{exchange.status}" if name == "WWW-Authenticate" else "answers"
    if value is None:
        return f"{which} without {name} (`{name}: {needed}` is expected)"
    return f"{which} with another {name} than {needed}: {VALUES.sub('…', value)}"


def _body(flaw: BodyFlaw, exchange: Exchange, to_what: str) -> str:
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
    return f"{whose}{to_what} {_value(flaw)}"


def _value(flaw: BodyFlaw) -> str:
    """Return what is wrong with a value of a body, for what the schema says of it."""
    if flaw.wanted:
        return f"have {flaw.sent} where {_a(flaw.wanted)} is expected"
    if flaw.missing:
        return f"have no `{flaw.missing}`"
    name = flaw.pointer.rpartition("/")[2]
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


def _a(types: tuple[str, ...]) -> str:
    kind = " or ".join(types)
    return {"string": "a text", "integer": "a number", "number": "a number"}.get(
        kind, f"an {kind}" if kind[0] in "aio" else f"a {kind}"
    )
