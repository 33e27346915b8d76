"""What is wrong in one sentence without a value: what findings of one cause have in common."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from contract_tests.findings.evidence import BodyFlaw, Facts, Status, kind_of
from contract_tests.http.messages import UnreadableError
from contract_tests.spec.contract import JSON_TYPE

if TYPE_CHECKING:
    from contract_tests.http.messages import Exchange

CLIENT_ERROR, SERVER_ERROR = 400, 500
UNLISTED = ("answer.status", "answer.status-default")
# Rules of which some findings are about the body of a response, whatever the operation.
BODIES = ("answer.media-type", "answer.json", "answer.shape", "http.path", "http.method")
INPUT = ("input.documented", "input.bounds", "input.valid", "input.accepted", "input.status")
VALID_INPUT = ("input.valid", "input.accepted")
TO_WHAT = {
    "http.path": " to unknown paths",
    "http.method": " to methods that are not documented",
    "session.valid": " to a valid session",
}
HEADERS = {
    "header.no-store": ("Cache-Control", "no-store"),
    "header.www-authenticate": ("WWW-Authenticate", "Bearer"),
}
ERROR_KEYS = ("code", "message")
KEYS_SHOWN = 5
# What of a target's header differs from one time to the next.
VALUES = re.compile(r'"[^"]*"|[\w-]*\d[\w:.-]*')
# Types of JSON Schema for people, where they have another word for it.
WORDS = {"string": "a text", "integer": "a number", "number": "a number"}


class Symptom(NamedTuple):
    """What is wrong: the rest of a sentence, which is about `operation` alone if there is one.

    `status` is the one that it speaks of, `expected_status` the one that it misses; 0 is neither.
    """

    text: str = ""
    status: int = 0
    expected_status: int = 0
    operation: str = ""

    @property
    def sentence(self) -> str:
        """The whole sentence; empty where the rule itself says it best."""
        return f"{self.operation} {self.text}".lstrip()

    @property
    def is_status_for_another(self) -> bool:
        """Whether it says which status came in place of which."""
        return bool(self.status and self.expected_status)


RULE_IS_BROKEN = Symptom()


def symptom(
    rule: str, operation: str, exchange: Exchange | None, expected: Facts, sign: str = ""
) -> Symptom:
    """Return what is wrong.

    `sign` is what a law knows better than what the last exchange shows.
    """
    if exchange is None:
        missed = expected.code if sign and isinstance(expected, Status) else 0
        return Symptom(sign, expected_status=missed)
    if exchange.trouble:
        return Symptom("gives no whole answer", operation=operation)
    if exchange.status >= SERVER_ERROR:
        return Symptom(f"fails with {exchange.status}", operation=operation)
    return Symptom(sign) if sign else _of_response(rule, operation, exchange, expected)


def _of_response(rule: str, operation: str, exchange: Exchange, expected: Facts) -> Symptom:
    if rule in UNLISTED:
        return Symptom(f"answers {exchange.status}, which is not listed", exchange.status)
    if rule in HEADERS:
        return _header(*HEADERS[rule], exchange)
    if rule == "answer.no-body":
        what = f"{exchange.status} has a body or a content type, and is documented without"
        return Symptom(what)
    expected_status = expected.code if isinstance(expected, Status) else 0
    if rule in BODIES and expected_status in (0, exchange.status):
        flaw = expected if isinstance(expected, BodyFlaw) else BodyFlaw()
        return Symptom(_body(flaw, exchange, TO_WHAT.get(rule, "")))
    return _of_status(rule, operation, exchange, expected_status)


def _of_status(rule: str, operation: str, exchange: Exchange, expected_status: int) -> Symptom:
    status, to_what = exchange.status, TO_WHAT.get(rule, "")
    # Of a success where input should be refused, the input says more than the status.
    says_status = not (exchange.ok and rule in INPUT)
    if expected_status not in (0, status) and says_status:
        what = f"answers {status}{to_what} where the contract says {expected_status}"
        return Symptom(what) if to_what else Symptom(what, status, expected_status)
    if rule in VALID_INPUT and status >= CLIENT_ERROR:
        return Symptom(f"answers {status} to a valid request", operation=operation)
    if rule == "session.valid":
        return Symptom(f"answers {status}{to_what}")
    return RULE_IS_BROKEN


def _header(name: str, needed: str, exchange: Exchange) -> Symptom:
    value = exchange.header(name)
    which = "answers"
    if name == "WWW-Authenticate":
        which = str(exchange.status)
    if value is None:
        return Symptom(f"{which} without {name} (`{name}: {needed}` is expected)")
    kind = VALUES.sub("…", value)
    return Symptom(f"{which} with another {name} than {needed}: {kind}")


def _body(flaw: BodyFlaw, exchange: Exchange, to_what: str) -> str:
    """Return what is wrong with a body: its media type, its keys, or the kind of a value in it."""
    is_error = exchange.status >= CLIENT_ERROR
    whose = f"error bodies{to_what}" if is_error else f"bodies{to_what}"
    if exchange.media_type != JSON_TYPE:
        return f"{whose} are {exchange.media_type or 'of no type'}, not {JSON_TYPE}"
    try:
        body = exchange.json()
    except UnreadableError:
        return f"{whose} are not valid JSON"
    if is_error and not isinstance(body, dict):
        return f"error bodies are {kind_of(body)}, not an object with `code` and `message`"
    if is_error and (missing := [key for key in ERROR_KEYS if key not in body]):
        return _keys(missing, sorted(body.keys() - ERROR_KEYS))
    if flaw.wanted:
        return f"{whose} have {flaw.sent} where {_a(flaw.wanted)} is expected"
    if flaw.missing:
        return f"{whose} have no `{flaw.missing}`"
    name = flaw.pointer.rpartition("/")[2]
    if name:
        return f"{whose} have a `{name}` that is not as the contract says"
    return f"{whose} are not as the contract says"


def _keys(missing: list[str], others: list[str]) -> str:
    absent = " or ".join(f"`{key}`" for key in missing)
    if not others:
        return f"error bodies have no {absent}"
    present = ", ".join(f"`{key}`" for key in others[:KEYS_SHOWN])
    return f"error bodies have {present} and no {absent}"


def _a(types: tuple[str, ...]) -> str:
    kind = " or ".join(types)
    article = "an" if kind[0] in "aio" else "a"
    return WORDS.get(kind, f"{article} {kind}")
