"""What a client may ask of its own answer: `Prefer: code=…, example=…, delay=…` (RFC 7240), or `__code` and so on."""

import re
from collections.abc import Iterator

from mock_server.contract.decoding import BrokenEncodingError, percent_decode, split_query
from mock_server.contract.examples import Examples
from mock_server.errors import Violation
from mock_server.world.overrides import NOTHING, Plan

LONGEST_DELAY = 60_000
"""Milliseconds."""
KNOWN = ("code", "example", "delay")
"""The preferences that are ours; RFC 7240 has a server ignore all others."""
ONLY_RULES = "a rule can answer others (POST /__mock/rules with undocumented: true)"

Wishes = dict[str, tuple[str, Violation]]
"""The text of each wish by its name, and how it is accused if it is impossible (the reason is still missing)."""


def parse_prefer(
    examples: Examples, operation: str, prefer: str | None, query: str
) -> tuple[Plan, list[Violation]]:
    """Return what a request asks of its answer, and what is impossible about it, which is then not done."""
    if prefer is None and "__" not in query:
        return NOTHING, []
    wishes, violations = _wishes(prefer, query)
    if not (wishes or violations):
        return NOTHING, []
    delay, more = _number(wishes, "delay", LONGEST_DELAY, "a whole number of milliseconds")
    violations += more
    code, more = _number(wishes, "code", 599, "a status")
    violations += more
    example, accused = wishes.get("example", ("", None))
    if accused and not example:
        violations.append(accused._replace(reason="example must be the name of a documented one"))
    source = ", ".join(dict.fromkeys(each.name for _, each in wishes.values()))
    plan = Plan(delay=delay / 1000, source=source)
    if violations or not {"code", "example"} & wishes.keys():
        return plan, violations
    return _planned(examples, operation, wishes, plan._replace(status=code, example=example))


def _planned(
    examples: Examples, operation: str, wishes: Wishes, plan: Plan
) -> tuple[Plan, list[Violation]]:
    """Return a plan with the status of its example, or what is impossible about either, which is then not done."""
    documented, truth = examples.answers[operation], plan._replace(status=0, example="")
    if "code" in wishes and plan.status not in documented:
        known = ", ".join(map(str, documented))
        reason = f"code must be one of {known} for {operation}; {ONLY_RULES}"
        return truth, [wishes["code"][1]._replace(reason=reason)]
    try:
        status, _, _ = examples.find(operation, plan.status, plan.example)
    except LookupError as reason:
        _, accused = wishes["example" if plan.example else "code"]
        return truth, [accused._replace(reason=f"example {reason}")]
    return plan._replace(status=status), []


def _wishes(prefer: str | None, query: str) -> tuple[Wishes, list[Violation]]:
    """Read the wishes, a header's before the query's, and which of the latter are ambiguous."""
    found: Wishes = {}
    violations: list[Violation] = []
    for name, texts in _in_query(query) if "__" in query else ():
        found[name] = texts[0], Violation("query", f"__{name}", "")
        if len(texts) > 1:
            violations.append(Violation("query", f"__{name}", "must be given once"))
    preferences: dict[str, str] = {}
    for name, value in _preferences(prefer or ""):
        preferences.setdefault(name, value)
    found |= {
        name: (preferences[name], Violation("header", "Prefer", ""))
        for name in KNOWN
        if name in preferences
    }
    return found, violations


def _preferences(header: str) -> Iterator[tuple[str, str]]:
    """Read names and values in order (RFC 7240, 2): the first of a name counts, and parameters are nobody's here."""
    for preference in _split(header, ","):
        name, _, value = next(_split(preference, ";")).partition("=")
        yield name.strip().lower(), _unquoted(value.strip())


def _split(text: str, mark: str) -> Iterator[str]:
    """Split at a mark that stands outside of quoted strings (RFC 9110, 5.6.4)."""
    if '"' not in text:
        yield from text.split(mark)
        return
    start, quoted, escaped = 0, False, False
    for place, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == '"':
            quoted = not quoted
        elif quoted:
            escaped = character == "\\"
        elif character == mark:
            yield text[start:place]
            start = place + 1
    yield text[start:]


def _unquoted(word: str) -> str:
    """Return what a token or a quoted string says."""
    if len(word) < 2 or not (word[0] == word[-1] == '"'):  # noqa: PLR2004
        return word
    return re.sub(r"\\(.)", r"\1", word[1:-1])


def _in_query(query: str) -> Iterator[tuple[str, list[str]]]:
    values = split_query(query)
    for known in KNOWN:
        if texts := values.get(f"__{known}"):
            yield known, [_decoded(text) for text in texts]


def _decoded(text: str) -> str:
    try:
        return percent_decode(text, plus=True)
    except BrokenEncodingError:
        return text


def _number(wishes: Wishes, name: str, most: int, what: str) -> tuple[int, list[Violation]]:
    text, accused = wishes.get(name, ("0", None))
    digits = text.lstrip("0") or "0"
    if accused is None or (
        text.isascii() and text.isdigit() and len(digits) <= len(str(most)) and int(digits) <= most
    ):
        return int(digits), []
    return 0, [accused._replace(reason=f"{name} must be {what} from 0 to {most}")]
