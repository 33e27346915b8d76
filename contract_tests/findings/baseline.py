"""Findings that somebody has accepted for a while: the file of `--baseline`, and what became of its entries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from contract_tests.config import yaml_loader
from contract_tests.config.target_file import content
from contract_tests.config.yaml_loader import Located, YamlError
from contract_tests.exceptions import UsageError
from contract_tests.findings.rules import CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from contract_tests.findings.finding import Finding

Key = tuple[str, ...]
NEEDED = {
    "operation": "the operation of the finding",
    "rule": "the rule that it breaks",
    "reason": "why it is accepted",
    "owner": "who answers for it",
    "expires": "the last day on which it is accepted, such as 2030-12-31",
}
KNOWN = (*NEEDED, "field", "symptom")
EVERY = "*"
"""Stands for all operations."""


@dataclass(frozen=True)
class Entry:
    """One accepted finding; `expires` is the last day on which it is, `place` file and line of the entry.

    The operation may be `*`, for all of them, with any field unless one is named. A `symptom` accepts only what shows so.
    """

    operation: str
    rule: str
    field: str
    reason: str
    owner: str
    expires: date
    place: str
    symptom: str = ""

    @property
    def key(self) -> Key:
        """What a finding must be to be accepted."""
        return self.operation, self.rule, self.field, self.symptom

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is what is accepted."""
        every = self.operation == EVERY
        return (
            finding.rule == self.rule
            and (every or finding.operation == self.operation)
            and ((every and not self.field) or finding.field == self.field)
            and self.symptom in ("", finding.sentence)
        )

    @property
    def is_over(self) -> bool:
        """Whether the last day is over, in UTC."""
        return datetime.now(UTC).date() > self.expires

    def text(self) -> str:
        """Return the entry in one line for people."""
        return (
            f"{named(self.key)}: {self.reason} ({self.owner}, until {self.expires}; {self.place})"
        )

    def as_dict(self) -> dict[str, str]:
        """Return the entry as `report.json` shows it."""
        return {
            "reason": self.reason,
            "owner": self.owner,
            "expires": str(self.expires),
            "place": self.place,
        }


def read(path: Path) -> tuple[Entry, ...]:
    """Read a baseline file; raises `UsageError` with the line and what to do about it."""
    try:
        root = yaml_loader.locate(content(path), as_written=True)
    except YamlError as error:
        raise UsageError(f"--baseline {error.at(path)}") from None
    top = _pairs(path, root, "accepted: and a list of entries below it") if root else {}
    listed = top.get("accepted")
    if listed is None or not isinstance(listed.value, list) or len(top) > 1:
        raise UsageError(
            f"{path}:1: `accepted:` and a list of entries below it is expected, and nothing else"
        )
    entries = tuple(_entry(path, node) for node in listed.value)
    seen: dict[Key, str] = {}
    for entry in entries:
        if entry.key in seen:
            raise UsageError(f"{entry.place}: the same as {seen[entry.key]}: remove one of them")
        seen[entry.key] = entry.place
    return entries


def named(key: Key) -> str:
    """Return what is accepted, for people."""
    operation, rule, place, *symptom = key
    about = f"{rule} on {'every operation' if operation == EVERY else operation}" + (
        f", {place}" if place else ""
    )
    return f"{about} ({symptom[0]})" if any(symptom) else about


def snippet(findings: Iterable[Finding]) -> str:
    """Return what to add to a baseline file so that these findings are accepted; reason and owner are left to be said."""
    lines = []
    for finding in findings:
        known = {"operation": finding.operation, "rule": finding.rule, "field": finding.field}
        said = [
            f"{key}: {json.dumps(value, ensure_ascii=False)}"
            for key, value in known.items()
            if value
        ]
        lines.append("  - " + "\n    ".join([*said, "reason:", "owner:", "expires:"]))
    return "\n".join(["accepted:", *lines])


def check_new(path: Path | None) -> None:
    """Raise `UsageError` where the first baseline could not be written: one that is there is not overwritten."""
    if path is None:
        return
    try:
        if path.exists() or path.is_symlink():
            raise UsageError(
                f"--write-baseline {path}: the file is there, and is not overwritten: name another, or remove it"
            )
        path.open("x").close()
        path.unlink()
    except OSError as error:
        raise UsageError(
            f"--write-baseline {path}: it cannot be written: {error.strerror or error}"
        ) from error


def write_first(path: Path, findings: Iterable[Finding]) -> int:
    """Write a baseline that accepts these findings once somebody says why, and return the number of its entries.

    What shows on several operations or fields in the same way is one entry for all of them.
    """
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        alike.setdefault((finding.rule, finding.sentence), []).append(finding)
    lines = []
    for (rule, symptom), found in alike.items():
        first, one = found[0], len({finding.key for finding in found}) == 1
        known = {
            "operation": first.operation if one else EVERY,
            "rule": rule,
            "field": first.field if one else "",
        }
        known["symptom"] = symptom
        said = [
            f"{key}: {json.dumps(value, ensure_ascii=False)}"
            for key, value in known.items()
            if value
        ]
        lines.append("  - " + "\n    ".join([*said, "reason:", "owner:", "expires:"]))
    top = [
        "# Say of each entry why it is accepted, who answers for it, and until which day (such as 2030-12-31).",
        "accepted:",
    ]
    with path.open("x", encoding="utf-8") as file:
        file.write("\n".join([*top, *lines] if lines else [*top[:-1], "accepted: []"]) + "\n")
    return len(lines)


def _entry(path: Path, node: Located) -> Entry:
    place = f"{path}:{node.line}"
    values = {}
    for key, value in _pairs(path, node, f"an entry with {', '.join(NEEDED)}").items():
        where = f"{path}:{value.line}"
        if key not in KNOWN:
            raise UsageError(f"{where}: unknown key {key}; known are {', '.join(KNOWN)}")
        if not isinstance(value.value, str):
            raise UsageError(f"{where}: {key} must be a text")
        values[key] = value.value.strip()
    for key, what in NEEDED.items():
        if not values.get(key):
            raise UsageError(f"{place}: {key} is missing: {what}")
    if values["rule"] not in CHECKS:
        raise UsageError(
            f"{place}: there is no rule {values['rule']}; the rules are in docs/gate.md"
        )
    expires = _day(place, values.pop("expires"))
    return Entry(**{"field": "", "symptom": "", **values}, expires=expires, place=place)


def _day(place: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{place}: expires must be a day such as 2030-12-31, not {text}") from None


def _pairs(path: Path, node: Located, expected: str) -> dict[str, Located]:
    if not isinstance(node.value, dict):
        raise UsageError(f"{path}:{node.line}: {expected} is expected")
    return node.value
