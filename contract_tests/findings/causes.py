"""Findings put together by what they come from: one cause, with the operations and fields on which it shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from contract_tests.findings.rules import CHECKS, INFERRED, VIOLATION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract_tests.findings.finding import Finding

NAMED = 8
"""Fields that are named of an operation, before the rest is counted."""


@dataclass
class Cause:
    """What is wrong in one sentence, and every finding that comes from it, violations first."""

    sentence: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def severity(self) -> str:
        """`violation` where one of the findings is one."""
        return (
            VIOLATION
            if any(finding.severity == VIOLATION for finding in self.findings)
            else INFERRED
        )

    @property
    def count(self) -> int:
        """How often it was met."""
        return sum(finding.count for finding in self.findings)

    @property
    def operations(self) -> list[str]:
        """The operations on which it shows."""
        return list(dict.fromkeys(finding.operation for finding in self.findings))

    @property
    def rules(self) -> list[str]:
        """The rules that it breaks."""
        return list(dict.fromkeys(finding.rule for finding in self.findings))

    @property
    def title(self) -> str:
        """Return the sentence so that it begins a line, and says that it is broken where it is the rule's own."""
        first = self.findings[0]
        if self.sentence == CHECKS[first.rule].says:
            return f"{first.rule} is broken: {self.sentence}"
        named = self.sentence.startswith(tuple(self.operations))
        return self.sentence if named else self.sentence[:1].upper() + self.sentence[1:]

    def places(self) -> list[str]:
        """Return each rule and operation that is affected, with its fields, one a line."""
        found: dict[tuple[str, str], list[Finding]] = {}
        for finding in self.findings:
            found.setdefault((finding.rule, finding.operation), []).append(finding)
        return [
            f"{rule} on {operation}{_fields(each)}" for (rule, operation), each in found.items()
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return the cause as `report.json` shows it."""
        return {
            "cause": self.title,
            "severity": self.severity,
            "checks": self.rules,
            "operations": self.operations,
            "count": self.count,
            "places": self.places(),
            "findings": [finding.as_dict() for finding in self.findings],
        }

    def text(self) -> str:
        """Return the cause for a terminal: its first finding in full, and where else it shows."""
        met = f"met {'once' if self.count == 1 else f'{self.count:,} times'}"
        lines = [f"{self.title} ({self.severity}, {met})", self.findings[0].text()]
        if rest := self.places()[1:] if len(self.findings) > 1 else []:
            lines += ["  Also:", *(f"    {place}" for place in rest)]
        elif len(self.findings) > 1:
            lines.append(f"  Also:       {self.places()[0]}")
        return "\n".join(lines)


def grouped(findings: Iterable[Finding]) -> list[Cause]:
    """Return the causes of findings, violations first, in the order in which they were met."""
    found = list(findings)
    sentences = _joined(found)
    causes: dict[str, Cause] = {}
    for finding in sorted(found, key=lambda each: each.severity != VIOLATION):
        sentence = sentences.get(finding.symptom, finding.symptom) or CHECKS[finding.rule].says
        causes.setdefault(sentence, Cause(sentence)).findings.append(finding)
    return sorted(causes.values(), key=lambda cause: cause.severity != VIOLATION)


def _joined(findings: list[Finding]) -> dict[str, str]:
    """Return what follows from another symptom: a status that is not listed, or never seen, where another stands for it."""
    often: Counter[str] = Counter()
    statuses: dict[str, tuple[int, int]] = {}
    for finding in findings:
        often[finding.symptom] += finding.count
        statuses.setdefault(finding.symptom, (finding.status, finding.expected_status))
    often_first = [symptom for symptom, _ in often.most_common()]
    wrong = {symptom: statuses[symptom] for symptom in often_first if all(statuses[symptom])}
    joined: dict[str, str] = {}
    for symptom, own in statuses.items():
        causes = [other for other, pair in wrong.items() if _follows(own, pair)]
        joined |= {symptom: causes[0]} if causes else {}
    return joined


def _follows(own: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether a status that is not listed, or one that was never seen, comes of another in place of the right one."""
    (status, expected), (got, wanted) = own, other
    return status == got if not expected else not status and expected == wanted


def _fields(findings: list[Finding]) -> str:
    names = list(dict.fromkeys(finding.field for finding in findings if finding.field))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f": {', '.join(names[:NAMED])}{more}" if names else ""
