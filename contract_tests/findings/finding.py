"""A finding: one rule that one operation breaks, with the evidence for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract_tests.findings.rules import CHECKS
from contract_tests.findings.symptoms import RULE_IS_BROKEN, Symptom

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract_tests.findings.evidence import Evidence

# Pieces of evidence that are kept of a finding, each of another kind.
MOST_EVIDENCE = 6
# Which item of a list a JSON pointer leads to.
INDEX = re.compile(r"(?<=/)\d+(?=/|$)")


Identity = tuple[str, str, str, Symptom]


@dataclass
class Finding:
    """One broken rule on one operation, with the evidence of each kind and how often it was met.

    `field` is the part of a body, or the parameter, that it is about; empty if it is no single one.
    """

    rule: str
    operation: str
    law: str = ""
    field: str = ""
    symptom: Symptom = RULE_IS_BROKEN
    count: int = 0
    evidence: tuple[Evidence, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from others for people."""
        return self.operation, self.rule, self.field

    @property
    def identity(self) -> Identity:
        """The key and the symptom: what is not the same hides nothing of it."""
        return *self.key, self.symptom

    @property
    def severity(self) -> str:
        """`violation` or `inferred`, as the table of rules says."""
        return CHECKS[self.rule].severity

    @property
    def sentence(self) -> str:
        """What is wrong, without a value in it."""
        return self.symptom.sentence or CHECKS[self.rule].says

    def add(self, evidence: Iterable[Evidence], count: int = 1) -> None:
        """Count what was met again, and keep what is of another kind."""
        self.count += count
        for each in evidence:
            # A symptom says what is wrong, whatever the values; else it may be of several kinds.
            is_new = not self.symptom.text and each.kind not in {one.kind for one in self.evidence}
            if not self.evidence or (is_new and len(self.evidence) < MOST_EVIDENCE):
                self.evidence += (each,)


def field_name(pointer: str) -> str:
    """Return how findings name what a JSON pointer leads to.

    That is `dateOfBirth/day`, or `items/*/title` for whichever item.
    """
    return INDEX.sub("*", pointer).removeprefix("/")
