"""What a run has found: findings, what was not judged, and how often everything was exercised."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

from contract_tests.checks import CHECKS, VIOLATION
from contract_tests.veil import Veil

if TYPE_CHECKING:
    from contract_tests.client import Exchange

SHOWN = 600
OVER = "the time given by --max-time was over"


class NotJudgedError(Exception):
    """A law that cannot be applied to this target; its text says why."""


class OutOfTimeError(SkipTest):
    """The time is over. A skip, because Hypothesis passes that on at once, where it would repeat and shrink an error."""

    def __init__(self) -> None:
        super().__init__(OVER)


@dataclass
class Finding:
    """One broken rule on one operation, with the first evidence met and how often it was met."""

    rule: str
    operation: str
    received: str
    documented: str
    curl: list[str]
    law: str
    count: int = 1

    @property
    def severity(self) -> str:
        """`violation` or `inferred`, as the table of rules says."""
        return CHECKS[self.rule].severity

    def as_dict(self) -> dict[str, Any]:
        """Answer the finding as `report.json` shows it."""
        return {
            "operation": self.operation,
            "check": self.rule,
            "severity": self.severity,
            "says": CHECKS[self.rule].says,
            "received": self.received,
            "documented": self.documented,
            "curl": self.curl[-1] if self.curl else "",
            "steps": self.curl,
            "law": self.law,
            "count": self.count,
        }

    def text(self) -> str:
        """Answer the finding for a terminal."""
        lines = [
            f"{self.rule} ({self.severity}) on {self.operation}: {CHECKS[self.rule].says}",
            f"  Received:   {self.received}",
            f"  Documented: {self.documented}",
        ]
        if len(self.curl) > 1:
            lines += ["  Steps:", *(f"    {number}. {curl}" for number, curl in enumerate(self.curl, 1))]
        elif self.curl:
            lines.append(f"  Repeat:     {self.curl[0]}")
        return "\n".join(lines)


@dataclass
class Ledger:
    """Collects what a run finds; one finding per law, rule and operation, later evidence only counts."""

    base_url: str
    strict: bool = False
    findings: dict[tuple[str, str, str], Finding] = field(default_factory=dict)
    skipped: dict[tuple[str, str], None] = field(default_factory=dict)
    law: str = ""
    judged: int = 0
    veil: Veil = field(default_factory=Veil)

    def find(self, rule: str, operation: str, received: str, documented: str, *steps: Exchange) -> None:
        """Note that `rule` is broken; `steps` are the exchanges that show it, in order."""
        assert rule in CHECKS, rule
        key = (self.law, rule, operation)
        if key in self.findings:
            self.findings[key].count += 1
            return
        curls = [step.call.curl(self.base_url) for step in steps]
        hide = steps[-1].call.hide if steps else self.veil.text
        got, wanted = _cut(hide(received)), _cut(hide(documented))
        self.findings[key] = Finding(rule, operation, got, wanted, curls, self.law)

    def not_judged(self, what: str, why: str) -> None:
        """Note that something could not be judged; the same is said once."""
        self.skipped[(self.veil.text(what), self.veil.text(why))] = None

    def failing(self, law: str | None = None) -> list[Finding]:
        """Answer the findings that fail the run, of one law or of all."""
        return [
            finding
            for finding in self.findings.values()
            if (self.strict or finding.severity == VIOLATION) and law in (None, finding.law)
        ]

    def merged(self) -> list[Finding]:
        """Answer one finding per rule and operation, violations first, in the order they were met."""
        merged: dict[tuple[str, str], Finding] = {}
        for finding in self.findings.values():
            known = merged.setdefault((finding.rule, finding.operation), finding)
            if known is not finding:
                merged[(finding.rule, finding.operation)] = _sum(known, finding)
        return sorted(merged.values(), key=lambda finding: finding.severity != VIOLATION)


def _sum(first: Finding, more: Finding) -> Finding:
    return Finding(**{**vars(first), "count": first.count + more.count})


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
