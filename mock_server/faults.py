"""What a client may ask of its own answer: `Prefer: code=…, example=…, delay=…` (RFC 7240), or `__code` and so on."""

from collections.abc import Iterator

from .decoding import BrokenEncodingError, percent_decode, split_query
from .errors import Violation
from .examples import Examples
from .rules import NOTHING, Plan

LONGEST_DELAY = 60_000
"""Milliseconds."""
BROKEN_CONNECTIONS = ("EMPTY_RESPONSE", "MALFORMED_RESPONSE_CHUNK", "RANDOM_DATA_THEN_CLOSE", "CONNECTION_RESET_BY_PEER")

Wishes = dict[str, tuple[str, Violation]]
"""The text of each wish by its name, and how it is accused if it is impossible (the reason is still missing)."""


def wish(examples: Examples, operation: str, prefer: str | None, query: str) -> tuple[Plan, list[Violation]]:
    """Answer what a request asks of its answer, and what is impossible about it, which is then not done."""
    if prefer is None and "__" not in query:
        return NOTHING, []
    wishes = _wishes(prefer, query)
    if not wishes:
        return NOTHING, []
    delay, violations = _number(wishes, "delay", LONGEST_DELAY, "a whole number of milliseconds")
    code, more = _number(wishes, "code", 599, "a status")
    violations += more
    example = wishes["example"][0] if "example" in wishes else ""
    plan = Plan(delay=delay / 1000)
    if more or not (code or example):
        return plan, violations
    try:
        status, _, _ = examples.find(operation, code, example)
    except LookupError as reason:
        wrong = "code" if code and code not in examples.answers[operation] else "example"
        return plan, [*violations, wishes[wrong][1]._replace(reason=f"{wrong} {reason}")]
    return plan._replace(status=status, example=example), violations


def _wishes(prefer: str | None, query: str) -> Wishes:
    found = dict(_in_query(query)) if "__" in query else {}
    for part in (prefer or "").split(","):
        name, _, value = part.strip().partition("=")
        if (known := name.strip().lower()) in {"code", "example", "delay"}:
            found[known] = value.strip().strip('"'), Violation("header", "Prefer", "")
    return found


def _in_query(query: str) -> Iterator[tuple[str, tuple[str, Violation]]]:
    values = split_query(query)
    for known in ("code", "example", "delay"):
        if texts := values.get(f"__{known}"):
            try:
                text = percent_decode(texts[0], plus=True)
            except BrokenEncodingError:
                text = texts[0]
            yield known, (text, Violation("query", f"__{known}", ""))


def _number(wishes: Wishes, name: str, most: int, what: str) -> tuple[int, list[Violation]]:
    text, accused = wishes.get(name, ("0", None))
    if accused is None or (text.isascii() and text.isdigit() and int(text[:9]) <= most):
        return int(text), []
    return 0, [accused._replace(reason=f"{name} must be {what} from 0 to {most}")]
