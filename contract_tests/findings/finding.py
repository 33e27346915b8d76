"""A finding: one rule that one operation breaks, with the evidence for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from contract_tests.findings.rules import CHECKS

INDEX = re.compile(r"(?<=/)\d+(?=/|$)")
"""Which item of a list a JSON pointer leads to."""


@dataclass
class Finding:
    """One broken rule on one operation, with the first evidence met and how often it was met.

    `symptom` is what is wrong without a value in it, with the `status` that it speaks of and the one that it misses; `also` is
    evidence of other kinds for the same, each said once.
    """

    rule: str
    operation: str
    received: str
    documented: str
    curl: list[str]
    law: str
    count: int = 1
    field: str = ""
    symptom: str = ""
    also: tuple[dict[str, str], ...] = ()
    status: int = 0
    expected_status: int = 0

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from others: operation, rule and field, which is empty where it is about no single one."""
        return self.operation, self.rule, self.field

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """The key and the symptom: what is not the same hides nothing of it."""
        return *self.key, self.symptom

    @property
    def severity(self) -> str:
        """`violation` or `inferred`, as the table of rules says."""
        return CHECKS[self.rule].severity

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as `report.json` shows it."""
        return {
            "operation": self.operation,
            "check": self.rule,
            "field": self.field,
            "severity": self.severity,
            "says": CHECKS[self.rule].says,
            "received": self.received,
            "documented": self.documented,
            "curl": self.curl[-1] if self.curl else "",
            "steps": self.curl,
            "law": self.law,
            "count": self.count,
            "symptom": self.symptom,
            "also": list(self.also),
        }

    def text(self) -> str:
        """Return the finding for a terminal."""
        about = f"{self.operation}, {self.field}" if self.field else self.operation
        lines = [
            f"{self.rule} ({self.severity}) on {about}: {CHECKS[self.rule].says}",
            f"  Received:   {self.received}",
            f"  Documented: {self.documented}",
        ]
        if len(self.curl) > 1:
            lines += [
                "  Steps:",
                *(f"    {number}. {curl}" for number, curl in enumerate(self.curl, 1)),
            ]
        elif self.curl:
            lines.append(f"  Repeat:     {self.curl[0]}")
        lines += [
            f"  Also so:    {each['received']}; documented: {each['documented']}"
            for each in self.also
        ]
        return "\n".join(lines)


def field_name(pointer: str) -> str:
    """Return how findings name what a JSON pointer leads to: `dateOfBirth/day`, `items/*/title` for whichever item."""
    return INDEX.sub("*", pointer).removeprefix("/")
