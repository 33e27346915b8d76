"""A comparison for people, as a table in the terminal, and for machines, as `drift.json`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract_tests.drift.differences import Row, listed, rows
from contract_tests.reports.text_table import text_table

if TYPE_CHECKING:
    from contract_tests.drift.observing import Evidence
    from contract_tests.drift.proposals.inferred_marks import Verdict
    from contract_tests.drift.proposals.proposed_changes import Proposal
    from contract_tests.drift.sides import Side

HEAD = ("", "operation", "what", "left", "right")
# Columns of a terminal that is not wide.
WIDEST = (3, 24, 52, 26, 26)
# All operations that read: a difference of so many is likely to be one of the whole server.
GETS = 4
# Kinds that say nothing which the name of the difference does not say.
PLAIN_KINDS = ("pages", "header", "bounds")
MARKS = {
    "refutes": "The evidence refutes these x-inferred marks:",
    "confirms": "The evidence confirms these x-inferred marks, as far as reading shows:",
}
LEGEND = """\
$PRIMARY and the like stand for each side's own tokens; $CONTAINER, $FOREIGN, $MEMBER, $MEMBERSHIP,
$OUTSIDER, $ELSEWHERE, $CANDIDATE and $PLACE for containers and usernames of its target file."""


@dataclass(frozen=True)
class Report:
    """The result of a comparison; `diff` is a change of `openapi.yaml`."""

    left: Side
    right: Side
    evidence: Evidence
    proposals: list[Proposal]
    verdicts: list[Verdict]
    diff: str

    @property
    def rows(self) -> list[Row]:
        """The differences, the same on several operations once."""
        return rows(each for each in self.evidence.found if each.sure)

    @property
    def hints(self) -> list[str]:
        """What may be a difference, or follow from other data."""
        found = map(cells, rows(each for each in self.evidence.found if not each.sure))
        return [f"{names}: {what}: {left} | {right}" for names, what, left, right in found]

    @property
    def headline(self) -> str:
        """The result in one line."""
        number = len(self.rows)
        situations = len(self.evidence.pairs)
        if not situations:
            return "NOTHING was compared."
        plural = "" if number == 1 else "s"
        differences = f"{number} difference{plural}" if number else "No difference"
        requests = f"{self.evidence.requests} requests, none that writes"
        return f"{differences}. {situations} situations compared, {requests}."

    def proposed_changes(self) -> list[str]:
        """Return the changes of `openapi.yaml`, each with its place and its reason."""
        return [f"{each.pointer}: {each.says}" for each in self.proposals]

    def not_compared(self) -> list[str]:
        """Return what could not be compared, and why."""
        return [
            f"{operation}, {what}: {why}"
            for (operation, what), why in self.evidence.not_compared.items()
        ]

    def text(self) -> str:
        """Return the report for a terminal."""
        parts = [f"left   {self.left.target.base_url}\nright  {self.right.target.base_url}"]
        if self.rows:
            numbered = [_cells(number, row) for number, row in enumerate(self.rows, 1)]
            parts.append(text_table(numbered, HEAD, WIDEST))
            parts += ["To repeat (left, then right):", "\n".join(self._repeats()), LEGEND]
        parts += _section("Perhaps, or only because of other data (not counted):", self.hints)
        parts += _section("Proposed changes of openapi.yaml:", self.proposed_changes())
        if self.diff:
            parts.append(f"As a patch for `git apply`:\n\n{self.diff}")
        for word, title in MARKS.items():
            marks = [_mark(each) for each in self.verdicts if each.word == word]
            parts += _section(title, marks)
        parts += _section("Not compared:", self.not_compared())
        unsteady = [
            f"{each.operation}: {each.kind}, {each.what}" for each in self.evidence.unsteady
        ]
        parts += _section("Seen once and not again, so not counted:", unsteady)
        return "\n\n".join([*parts, self.headline])

    def _repeats(self) -> list[str]:
        lines: list[str] = []
        for number, row in enumerate(self.rows, 1):
            left, right = row.difference.curls
            lines += [f"{number:3}  {left}", f"     {right}"]
        return lines

    def data(self) -> dict[str, Any]:
        """Return the content of `drift.json`."""
        proposals = [
            {"pointer": each.pointer, "says": each.says, "patched": bool(each.edit)}
            for each in self.proposals
        ]
        not_compared = [
            {"operation": operation, "what": what, "why": why}
            for (operation, what), why in self.evidence.not_compared.items()
        ]
        unsteady = [
            {"operation": each.operation, "kind": each.kind, "what": each.what}
            for each in self.evidence.unsteady
        ]
        return {
            "left": self.left.target.base_url,
            "right": self.right.target.base_url,
            "situations": len(self.evidence.pairs),
            "requests": self.evidence.requests,
            "differences": [_row(row) for row in rows(self.evidence.found)],
            "proposals": proposals,
            "patch": self.diff,
            "marks": [vars(each) for each in self.verdicts],
            "not_compared": not_compared,
            "unsteady": unsteady,
        }


def _row(row: Row) -> dict[str, Any]:
    each = row.difference
    return {
        "operations": list(row.operations),
        "kind": each.kind,
        "what": each.what,
        "where": list(each.where),
        "left": each.left,
        "right": each.right,
        "sure": each.sure,
        "evidence": each.evidence,
        "repeat": {"left": each.curls[0], "right": each.curls[1]},
    }


def cells(row: Row) -> tuple[str, str, str, str]:
    """Return operation, what, left and right of a row in words."""
    each = row.difference
    is_plain = each.kind in (each.what, *PLAIN_KINDS)
    what = each.what if is_plain else f"{each.kind}: {each.what}"
    return ", ".join(row.operations), f"{what} [{listed(each.where)}]", each.left, each.right


def _cells(number: int, row: Row) -> tuple[str, ...]:
    operations, *rest = cells(row)
    if len(row.operations) >= GETS:
        operations = f"{len(row.operations)} operations: {operations}"
    return str(number), operations, *rest


def _mark(verdict: Verdict) -> str:
    doubt = "" if verdict.sure else ", less certain"
    return f"{verdict.pointer} ({verdict.says}){doubt}"


def _section(title: str, lines: list[str]) -> list[str]:
    return ["\n  ".join([title, *lines])] if lines else []
