"""What a client wants of its own answer.

That is `Prefer: code=…, example=…, delay=…` (RFC 7240), or `__code` and so on in the query.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from mock_server.contract.decoding import BrokenEncodingError, percent_decode, split_query
from mock_server.contract.examples import Examples
from mock_server.errors import Violation
from mock_server.world.overrides import NOTHING, Plan

LONGEST_DELAY = 60_000
"""Milliseconds."""
NUMBERS = {"delay": (LONGEST_DELAY, "a whole number of milliseconds"), "code": (599, "a status")}
"""The preferences that are numbers: the largest one, and what it is."""
KNOWN = ("code", "example", "delay")
"""The preferences that are ours; RFC 7240 has a server ignore all others."""
ONLY_RULES = "a rule can answer others (POST /__mock/rules with undocumented: true)"


class Preference(NamedTuple):
    """The text of a preference, and the header or parameter that it stands in."""

    text: str
    where: str
    name: str

    def refused(self, reason: str) -> Violation:
        """Return what is wrong with it."""
        return Violation(self.where, self.name, reason)


Preferences = dict[str, Preference]


def parse_prefer(
    examples: Examples,
    operation: str,
    prefer: str | None,
    query: str,
) -> tuple[Plan, list[Violation]]:
    """Return what a request wants of its answer, and what is impossible about it.

    What is impossible is not done.
    """
    if prefer is None and "__" not in query:
        return NOTHING, []
    preferences, violations = _read(prefer or "", query)
    if not preferences and not violations:
        return NOTHING, []
    violations += _impossible(preferences)
    source = ", ".join(dict.fromkeys(each.name for each in preferences.values()))
    plan = Plan(delay=_number(preferences, "delay") / 1000, source=source)
    if violations or not {"code", "example"} & preferences.keys():
        return plan, violations
    return _planned(examples, operation, preferences, plan)


def _impossible(preferences: Preferences) -> Iterator[Violation]:
    """Yield what is wrong with preferences, whatever the contract says."""
    for name, (most, what) in NUMBERS.items():
        if name in preferences and not _is_number(preferences[name].text, most):
            yield preferences[name].refused(f"{name} must be {what} from 0 to {most}")
    if "example" in preferences and not preferences["example"].text:
        yield preferences["example"].refused("example must be the name of a documented one")


def _planned(
    examples: Examples,
    operation: str,
    preferences: Preferences,
    plan: Plan,
) -> tuple[Plan, list[Violation]]:
    """Return a plan with status and example, or without them where there is no such answer."""
    code = _number(preferences, "code")
    documented = examples.answers[operation]
    if "code" in preferences and code not in documented:
        known = ", ".join(map(str, documented))
        reason = f"code must be one of {known} for {operation}; {ONLY_RULES}"
        return plan, [preferences["code"].refused(reason)]
    preference = preferences.get("example")
    example = "" if preference is None else preference.text
    try:
        status, _, _ = examples.find(operation, code, example)
    except LookupError as reason:
        wrong = preference or preferences["code"]
        return plan, [wrong.refused(f"example {reason}")]
    return plan._replace(status=status, example=example), []


def _read(header: str, query: str) -> tuple[Preferences, list[Violation]]:
    """Return the preferences, and which of the query are ambiguous; the header comes first."""
    found: Preferences = {}
    violations: list[Violation] = []
    for name, texts in _in_query(query):
        preference = Preference(texts[0], "query", f"__{name}")
        found[name] = preference
        if len(texts) > 1:
            violations.append(preference.refused("must be given once"))
    given: dict[str, str] = {}
    for name, text in _in_header(header):
        given.setdefault(name, text)
    for name in KNOWN:
        if name in given:
            found[name] = Preference(given[name], "header", "Prefer")
    return found, violations


def _in_header(header: str) -> Iterator[tuple[str, str]]:
    """Yield names and values in order (RFC 7240, 2).

    The first of a name counts, and parameters are nobody's here.
    """
    for preference in _split(header, ","):
        name, _, value = next(_split(preference, ";")).partition("=")
        yield name.strip().lower(), _unquoted(value.strip())


def _split(text: str, mark: str) -> Iterator[str]:
    """Split at a mark that stands outside of quoted strings (RFC 9110, 5.6.4)."""
    if '"' not in text:
        yield from text.split(mark)
        return
    start = 0
    quoted = False
    escaped = False
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
    """Yield the preferences of a query, each with all its values."""
    if "__" not in query:
        return
    values = split_query(query)
    for name in KNOWN:
        texts = values.get(f"__{name}")
        if texts:
            yield name, [_decoded(text) for text in texts]


def _decoded(text: str) -> str:
    try:
        return percent_decode(text, plus=True)
    except BrokenEncodingError:
        return text


def _is_number(text: str, most: int) -> bool:
    """Tell whether a text is a whole number from 0 to `most`."""
    digits = text.lstrip("0") or "0"
    # Python refuses to read thousands of digits, and takes digits of other scripts.
    if not (text.isascii() and text.isdigit()) or len(digits) > len(str(most)):
        return False
    return int(digits) <= most


def _number(preferences: Preferences, name: str) -> int:
    """Return a number that was wanted, 0 where there is none or an impossible one."""
    most, _ = NUMBERS[name]
    preference = preferences.get(name)
    if preference is None or not _is_number(preference.text, most):
        return 0
    # Without zeros before it, of which there may be thousands.
    return int(preference.text.lstrip("0") or "0")
