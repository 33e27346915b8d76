"""What a run has found: findings, what was not judged, and how often everything was exercised."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Unpack

from contract_tests.findings.finding import Finding
from contract_tests.findings.rules import CHECKS, VIOLATION
from contract_tests.findings.symptoms import About, skeleton, symptom
from contract_tests.redaction.redactor import Redactor
from contract_tests.redaction.terminal_text import line, shown

if TYPE_CHECKING:
    from contract_tests.findings.baseline import Entry
    from contract_tests.http.messages import Exchange

SHOWN = 600
ALSO = 5
"""Further evidence that is kept of a finding, where it is of another kind than the first."""
SYMPTOMS = 12
"""Symptoms that are told apart for one law, rule, operation and field."""


@dataclass
class Collector:
    """Collects what a run finds; one finding per law, rule, operation, field and symptom.

    Later evidence counts, and is kept where it is of another kind.
    """

    base_url: str
    strict: bool = False
    baseline: tuple[Entry, ...] = ()
    findings: dict[tuple[str, ...], Finding] = field(default_factory=dict)
    skipped: dict[tuple[str, str], None] = field(default_factory=dict)
    law: str = ""
    judged: int = 0
    redactor: Redactor = field(default_factory=Redactor)
    _kinds: dict[tuple[str, ...], set[str]] = field(default_factory=dict)
    _symptoms: dict[tuple[str, ...], set[str]] = field(default_factory=dict)

    def find(
        self,
        rule: str,
        operation: str,
        received: str,
        documented: str,
        *steps: Exchange,
        **about: Unpack[About],
    ) -> None:
        """Note that `rule` is broken; `steps` are the exchanges that show it, in order."""
        assert rule in CHECKS, rule
        hide = steps[-1].request.hide if steps else self.redactor.text
        place = about.get("field", "")
        known_by = symptom(rule, operation, steps[-1] if steps else None, about)
        key = self._key(rule, operation, place, known_by.text)
        what = key[-1]
        kinds = self._kinds.setdefault(key, set())
        # A symptom of its own says what is wrong, whatever the values; else what is met may be of several kinds.
        kind = skeleton(received, documented) if what == CHECKS[rule].says else ""
        if kind in kinds or len(kinds) > ALSO:
            self.findings[key].count += 1
            return
        kinds.add(kind)
        got, wanted = _cut(hide(received)), _cut(hide(documented))
        if known := self.findings.get(key):
            known.count += 1
            known.also = (*known.also, {"received": got, "documented": wanted})
            return
        curls = [shown(step.request.curl(self.base_url)) for step in steps]
        self.findings[key] = Finding(
            rule,
            operation,
            got,
            wanted,
            curls,
            self.law,
            field=_cut(hide(place)),
            symptom=_cut(hide(what)),
            # A symptom that is but the rule's sentence is about no status any more.
            status=known_by.status if what == known_by.text else 0,
            expected_status=known_by.expected_status if what == known_by.text else 0,
        )

    def _key(self, rule: str, operation: str, place: str, what: str) -> tuple[str, ...]:
        """Return what tells a finding from others; a target that says something new each time has but so many symptoms."""
        known = self._symptoms.setdefault((self.law, rule, operation, place), set())
        if len(known) < SYMPTOMS:
            known.add(what)
        return self.law, rule, operation, place, what if what in known else CHECKS[rule].says

    def forget_from(self, place: int) -> None:
        """Drop the findings from the one at this place on: what they are about was not a target in order any more."""
        for key in list(self.findings)[place:]:
            del self.findings[key]
            self._kinds.pop(key, None)

    def add(self, finding: Finding) -> None:
        """Note what another part of the run has found."""
        key = (finding.law, finding.rule, finding.operation, finding.field, finding.symptom)
        known = self.findings.get(key)
        self.findings[key] = _sum(known, finding) if known else finding

    def has(self, rule: str, operation: str) -> bool:
        """Whether a rule is known to be broken by an operation, whichever law found it."""
        return any(
            (finding.rule, finding.operation) == (rule, operation)
            for finding in self.findings.values()
        )

    def not_judged(self, what: str, why: str) -> None:
        """Note that something could not be judged; the same is said once."""
        self.skipped[(_cut(self.redactor.text(what)), _cut(self.redactor.text(why)))] = None

    def failing(self, law: str | None = None) -> list[Finding]:
        """Return the findings that fail the run, of one law or of all."""
        return [
            finding
            for finding in self.findings.values()
            if (self.strict or finding.severity == VIOLATION)
            and law in (None, finding.law)
            and not self.accepts(finding)
        ]

    def accepts(self, finding: Finding) -> Entry | None:
        """Return the entry of the baseline that accepts a finding today."""
        return next(
            (entry for entry in self.baseline if entry.covers(finding) and not entry.is_over), None
        )

    def merged(self) -> list[Finding]:
        """Return one finding per rule, operation, field and symptom, violations first, in the order they were met."""
        merged: dict[tuple[str, ...], Finding] = {}
        for finding in self.findings.values():
            known = merged.setdefault(finding.identity, finding)
            if known is not finding:
                merged[finding.identity] = _sum(known, finding)
        return sorted(merged.values(), key=lambda finding: finding.severity != VIOLATION)


def _sum(first: Finding, more: Finding) -> Finding:
    """Return both as one; what the other has of another kind is kept."""
    if first.symptom != CHECKS[first.rule].says:
        return replace(first, count=first.count + more.count)
    new = [{"received": more.received, "documented": more.documented}, *more.also]
    known = {skeleton(each["received"], each["documented"]) for each in (vars(first), *first.also)}
    also = (
        *first.also,
        *(each for each in new if skeleton(each["received"], each["documented"]) not in known),
    )
    return replace(first, count=first.count + more.count, also=also[:ALSO])


def _cut(text: str) -> str:
    return line(text, SHOWN)
