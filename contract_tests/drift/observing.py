"""Sends the probes to both sides and keeps the responses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from contract_tests.checks import availability
from contract_tests.drift.comparing import Pair, compare
from contract_tests.drift.probes import PROBES, Probe
from contract_tests.drift.response_facts import items_of, value_of
from contract_tests.drift.sides import Side, Unplayed
from contract_tests.exceptions import OVER, NotJudgedError, OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract_tests.drift.differences import Difference

THIN = "no name of a target file succeeds there: are the names right?"
AGAIN = ("every operation that differs", "a second time")
GONE = "a side stopped answering"


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

    @property
    def is_silent(self) -> bool:
        """Whether a side did not answer a probe."""
        return any(not each.exchange.status for pair in self.pairs for each in pair)


class NothingError(RuntimeError):
    """Nothing can be compared; the text gives the reason."""


def observe(
    left: Side,
    right: Side,
    until: float,
) -> Evidence:
    """Compare until `until` (of `time.monotonic`).

    Operations that differ are requested a second time, so that a passing trouble of one side is
    not taken for a difference. Raise `NothingError` if there is nothing to compare.
    """
    # No wait of a client may go past the end.
    left.client.until = right.client.until = until
    evidence = _compare_once(left, right, PROBES)
    if evidence.found:
        _confirm(evidence, _compare_again(left, right, evidence.found))
    return evidence


def _confirm(evidence: Evidence, again: Evidence) -> None:
    """Keep the differences that show again; all where it cannot be known which do."""
    evidence.requests += again.requests
    why = _why_unknown(evidence, again)
    if why:
        evidence.not_compared[AGAIN] = why
        return
    shown_again = {each.key for each in again.found}
    first, evidence.found = evidence.found, []
    for each in first:
        place = evidence.found if each.key in shown_again else evidence.unsteady
        place.append(each)


def _why_unknown(evidence: Evidence, again: Evidence) -> str:
    if OVER in again.not_compared.values():
        return OVER
    return GONE if again.is_silent and not evidence.is_silent else ""


def _compare_again(
    left: Side,
    right: Side,
    found: list[Difference],
) -> Evidence:
    """Send the probes of the operations that differ once more.

    Raise `NothingError` where a side has gone out of order since: the differences may be of that.
    """
    differing = {each.operation for each in found}
    probes = [probe for probe in PROBES if probe.operation in differing]
    try:
        return _compare_once(left, right, probes)
    except NothingError as error:
        count = f"{len(found)} difference{'s' if len(found) > 1 else ''}"
        why = f"It was in order at first; {count} seen until then may come of that: run it again"
        raise NothingError(f"{error}. {why}") from error


def _compare_once(
    left: Side,
    right: Side,
    probes: Iterable[Probe],
) -> Evidence:
    sides = (left, right)
    for side in sides:
        _open(side)
    evidence = Evidence()
    for probe in probes:
        try:
            # Both or none: half a pair says nothing.
            for side in sides:
                side.check(probe)
            evidence.pairs.append((left.send(probe), right.send(probe)))
        except (Unplayed, NotJudgedError, OutOfTimeError) as error:
            evidence.not_compared[probe.operation, probe.name] = str(error)
    evidence.requests = len(left.seen) + len(right.seen)
    for each in compare(evidence.pairs, left.seen, right.seen):
        # Why a difference may be one of wrong names and not of the servers.
        doubt = THIN if each.operation in left.thin | right.thin else ""
        evidence.found.append(replace(each, evidence=each.evidence or doubt))
    return evidence


def _open(side: Side) -> None:
    name = f"the {side.name} side"
    try:
        side.cast()
    except (Unplayed, NotJudgedError, OutOfTimeError) as error:
        raise NothingError(f"{name}: {error}") from error
    responses = [each.exchange for each in side.seen]
    statuses = {response.status for response in responses}
    if statuses == {0}:
        raise NothingError(f"{name}, {side.target.base_url}, does not answer")
    if statuses <= {0, 401}:
        raise NothingError(f"{name} accepts no session: $PRIMARY is refused everywhere")
    why = availability.out_of_order(responses)
    if why:
        raise NothingError(f"{name}, {side.target.base_url}, is out of order: {why}")


def compared(pairs: list[Pair]) -> set[tuple[str, str]]:
    """Return which situations of which operations were compared.

    The situation `items` is there where both sides had some.
    """
    found: set[tuple[str, str]] = set()
    for pair in pairs:
        probe = pair[0].probe
        found.add((probe.operation, probe.situation))
        if all(items_of(value_of(side.exchange)) for side in pair):
            found.add((probe.operation, "items"))
    return found
