"""What a run has found: findings, and what was not judged."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, Unpack

from contract_tests.exceptions import NotJudgedError, OutOfTimeError, Reason
from contract_tests.findings.evidence import About, Evidence, Facts, kind_of_facts
from contract_tests.findings.finding import Finding, Identity
from contract_tests.findings.rules import CHECKS, VIOLATION
from contract_tests.findings.symptoms import RULE_IS_BROKEN, Symptom, symptom
from contract_tests.http.messages import Exchange
from contract_tests.redaction.redactor import Redactor
from contract_tests.redaction.terminal_text import line

if TYPE_CHECKING:
    from contract_tests.findings.baseline import Entry

# Characters that are shown of a piece of evidence or of a reason.
LONGEST = 600
# Symptoms that are told apart for one law, rule, operation and field.
SYMPTOMS = 12

Key = tuple[str, str, str, str, Symptom]


class NotJudged(NamedTuple):
    """What was not judged and why, in words that may be shown, and for what kind of reason."""

    what: str
    why: str
    reason: Reason = Reason.DOES_NOT_APPLY


# A whole run has no short form: no traceback should write it down.
@dataclass(repr=False)
class Collector:
    """Collects what a run finds: a finding for each law, rule, operation, field and symptom."""

    base_url: str
    strict: bool = False
    baseline: tuple[Entry, ...] = ()
    findings: dict[Key, Finding] = field(default_factory=dict)
    skipped: dict[NotJudged, None] = field(default_factory=dict)
    law: str = ""
    judged: int = 0
    redactor: Redactor = field(default_factory=Redactor)
    _symptoms: dict[tuple[str, ...], set[Symptom]] = field(default_factory=dict)

    def find(
        self,
        rule: str,
        operation: str,
        received: Facts,
        expected: Facts,
        *steps: Exchange,
        **about: Unpack[About],
    ) -> None:
        """Note that `rule` is broken.

        `steps` are the exchanges that show it, in order; without any it is the one received.
        """
        assert rule in CHECKS, rule
        if not steps and isinstance(received, Exchange):
            steps = (received,)
        last = steps[-1] if steps else None
        what = symptom(rule, operation, last, expected, about.get("sign", ""))
        part = about.get("field", "")
        what = self._known(what, rule, operation, part)
        key = (self.law, rule, operation, part, what)
        if key not in self.findings:
            hide = last.request.hide if last else self.redactor.text
            # Both tell findings apart, in baselines too: so they are what may be shown of them.
            part = line(hide(part), LONGEST)
            what = what._replace(text=line(hide(what.text), LONGEST))
            self.findings[key] = Finding(rule, operation, self.law, part, what)
        kind = kind_of_facts(received, expected)
        self.findings[key].add([Evidence(received, expected, steps, kind)])

    def _known(self, what: Symptom, *about: str) -> Symptom:
        """Return the symptom, or none where a target has shown too many, as if it made them up."""
        known = self._symptoms.setdefault((self.law, *about), set())
        if len(known) < SYMPTOMS:
            known.add(what)
        return what if what in known else RULE_IS_BROKEN

    def forget_from(self, place: int) -> None:
        """Drop the findings from this place on: the target was not in order any more."""
        for key in list(self.findings)[place:]:
            del self.findings[key]

    def add(self, finding: Finding) -> None:
        """Note what another part of the run has found."""
        key = (finding.law, finding.rule, finding.operation, finding.field, finding.symptom)
        if known := self.findings.get(key):
            known.add(finding.evidence, finding.count)
        else:
            self.findings[key] = finding

    def has(self, rule: str, operation: str) -> bool:
        """Whether a rule is known to be broken by an operation, whichever law found it."""
        return any(
            (finding.rule, finding.operation) == (rule, operation)
            for finding in self.findings.values()
        )

    def not_judged(
        self,
        what: str,
        why: str | NotJudgedError | OutOfTimeError,
        reason: Reason = Reason.DOES_NOT_APPLY,
    ) -> None:
        """Note that something could not be judged; the same is noted once."""
        if not isinstance(why, str):
            reason = why.reason
        what, why = (line(self.redactor.text(str(text)), LONGEST) for text in (what, why))
        self.skipped[NotJudged(what, why, reason)] = None

    def reasons(self, reason: Reason) -> list[str]:
        """Return in words why something was not judged, where it is for this kind of reason."""
        return [each.why for each in self.skipped if each.reason is reason]

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
        entries = (entry for entry in self.baseline if entry.covers(finding) and not entry.is_over)
        return next(entries, None)

    def merged(self) -> list[Finding]:
        """Return the findings of all laws as one, violations first, in the order they were met."""
        merged: dict[Identity, Finding] = {}
        for finding in self.findings.values():
            if known := merged.get(finding.identity):
                known.add(finding.evidence, finding.count)
            else:
                merged[finding.identity] = replace(finding)
        return sorted(merged.values(), key=lambda finding: finding.severity != VIOLATION)
