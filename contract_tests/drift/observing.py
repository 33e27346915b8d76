"""Sends the probes to both sides and keeps the responses."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from contract_tests.checks import availability
from contract_tests.drift.comparing import Pair, compare
from contract_tests.drift.differences import Difference, lasting
from contract_tests.drift.probes import PROBES, Probe
from contract_tests.drift.response_facts import items_of, value_of
from contract_tests.drift.sides import Side, Unplayed
from contract_tests.exceptions import OVER, NotJudgedError, OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Iterable

THIN = "no name of a target file succeeds there: are the names right?"
AGAIN = ("every operation that differs", "a second time")
GONE = "a side stopped answering"
NO_TIME = OVER


@dataclass
class Evidence:
    """The responses of two sides and their differences.

    `unsteady` ones did not show a second time.
    """

    found: list[Difference] = field(default_factory=list)
    unsteady: list[Difference] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    not_compared: dict[tuple[str, str], str] = field(default_factory=dict)
    requests: int = 0


class NothingError(RuntimeError):
    """Nothing can be compared; the text gives the reason."""


def observe(left: Side, right: Side, until: float) -> Evidence:
    """Compare until `until` (of `time.monotonic`); raises `NothingError`.

    Operations that differ are asked a second time, so that a passing trouble of one side is not taken for a difference.
    """
    evidence = Evidence()
    left.client.until = right.client.until = until
    first = _once(left, right, evidence, until, PROBES)
    if not first:
        evidence.requests = len(left.seen) + len(right.seen)
        return evidence
    kept = left.seen, right.seen
    left.seen, right.seen = [], []
    again = _again(left, right, first, evidence, until)
    evidence.requests = sum(map(len, (*kept, left.seen, right.seen)))
    left.seen, right.seen = kept
    evidence.found, evidence.unsteady = lasting(first, again)
    return evidence


def _again(
    left: Side, right: Side, first: list[Difference], evidence: Evidence, until: float
) -> list[Difference]:
    """Send the probes of the operations that differ again; what could not be sent again counts as it was seen.

    Raises `NothingError` where a side has gone out of order since it was asked first: the differences may be of that.
    """
    differing = {each.operation for each in first}
    second = Evidence()
    try:
        found = _once(
            left, right, second, until, [probe for probe in PROBES if probe.operation in differing]
        )
    except NothingError as error:
        count = f"{len(first)} difference{'s' if len(first) > 1 else ''}"
        raise NothingError(
            f"{error}. It was in order at first; {count} seen until then may come of that: run it again"
        ) from error
    why = (
        NO_TIME
        if NO_TIME in second.not_compared.values()
        else GONE
        if _silent(second) and not _silent(evidence)
        else ""
    )
    if why:
        evidence.not_compared[AGAIN] = why
    return first if why else found


def _silent(evidence: Evidence) -> bool:
    return any(not each.exchange.status for pair in evidence.pairs for each in pair)


def _once(
    left: Side, right: Side, evidence: Evidence, until: float, probes: Iterable[Probe]
) -> list[Difference]:
    for side in (left, right):
        _open(side)
    evidence.pairs = [
        pair for probe in probes if (pair := _pair(probe, left, right, evidence, until))
    ]
    thin = left.thin | right.thin
    found = compare(evidence.pairs, left.seen, right.seen)
    return [
        replace(each, evidence=each.evidence or THIN) if each.operation in thin else each
        for each in found
    ]


def _open(side: Side) -> None:
    try:
        side.cast()
    except (Unplayed, NotJudgedError, OutOfTimeError) as error:
        raise NothingError(f"the {side.name} side: {error}") from error
    answers = [each.exchange for each in side.seen]
    if not any(answer.status for answer in answers):
        raise NothingError(f"the {side.name} side, {side.target.base_url}, does not answer")
    if all(answer.status in (0, 401) for answer in answers):
        raise NothingError(
            f"the {side.name} side accepts no session: $PRIMARY is refused everywhere"
        )
    if why := availability.out_of_order(answers):
        raise NothingError(f"the {side.name} side, {side.target.base_url}, is out of order: {why}")


def _pair(probe: Probe, left: Side, right: Side, evidence: Evidence, until: float) -> Pair | None:
    what = (probe.operation, f"{probe.situation} {probe.value}".strip())
    if time.monotonic() > until:
        evidence.not_compared[what] = NO_TIME
        return None
    try:
        for side in (left, right):
            side.check(probe)
        return left.send(probe), right.send(probe)
    except (Unplayed, NotJudgedError, OutOfTimeError) as error:
        evidence.not_compared[what] = str(error)
    return None


def compared(pairs: Iterable[Pair]) -> set[tuple[str, str]]:
    """Return which situations of which operations were compared, and `items` where both sides had some."""
    pairs = list(pairs)
    full = [pair for pair in pairs if all(items_of(value_of(side.exchange)) for side in pair)]
    situations = {(pair[0].probe.operation, pair[0].probe.situation) for pair in pairs}
    return situations | {(pair[0].probe.operation, "items") for pair in full}
