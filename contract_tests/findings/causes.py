"""Findings put together by what they come from: one cause, with all that shows it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contract_tests.findings.rules import CHECKS, INFERRED, VIOLATION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract_tests.findings.finding import Finding
    from contract_tests.findings.symptoms import Symptom


@dataclass
class Cause:
    """What is wrong, and every finding that comes from it, violations first."""

    symptom: Symptom
    findings: list[Finding] = field(default_factory=list)

    @property
    def severity(self) -> str:
        """`violation` where one of the findings is one."""
        is_sure = any(finding.severity == VIOLATION for finding in self.findings)
        return VIOLATION if is_sure else INFERRED

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
        """Return a sentence that begins a line."""
        if not self.symptom.text:
            rule = CHECKS[self.findings[0].rule]
            return f"{rule.name} is broken: {rule.says}"
        if self.symptom.operation:
            return self.symptom.sentence
        return self.symptom.text[:1].upper() + self.symptom.text[1:]


def grouped(findings: Iterable[Finding]) -> list[Cause]:
    """Return the causes of findings, violations first, in the order in which they were met."""
    found = sorted(findings, key=_violations_first)
    first = _first_causes(found)
    causes: dict[str, Cause] = {}
    for finding in found:
        symptom = first.get(finding.symptom, finding.symptom)
        sentence = symptom.sentence or finding.sentence
        cause = causes.setdefault(sentence, Cause(symptom))
        cause.findings.append(finding)
    return sorted(causes.values(), key=_violations_first)


def _violations_first(one: Finding | Cause) -> bool:
    return one.severity != VIOLATION


def _first_causes(findings: list[Finding]) -> dict[Symptom, Symptom]:
    """Return which symptom another one comes of, the most frequent if there are several."""
    often: Counter[Symptom] = Counter()
    for finding in findings:
        often[finding.symptom] += finding.count
    wrong = [symptom for symptom, _ in often.most_common() if symptom.is_status_for_another]
    first = {}
    for own in often:
        causes = [other for other in wrong if _follows(own, other)]
        if causes:
            first[own] = causes[0]
    return first


def _follows(own: Symptom, other: Symptom) -> bool:
    """Whether one status in place of another explains a symptom.

    That is a status that is not listed, or one that was never seen.
    """
    if not own.expected_status:
        return own.status == other.status
    return not own.status and own.expected_status == other.expected_status
