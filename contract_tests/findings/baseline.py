"""Findings that somebody has accepted for a while: the file of `--baseline`."""

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

Key = tuple[str, str, str, str]
NEEDED = {
    "operation": "the operation of the finding",
    "rule": "the rule that it breaks",
    "reason": "why it is accepted",
    "owner": "who answers for it",
    "expires": "the last day on which it is accepted, such as 2030-12-31",
}
KNOWN = (*NEEDED, "field", "symptom")
# Stands for all operations.
EVERY = "*"
HEAD = (
    "# Say of each entry why it is accepted, who answers for it, and until which day "
    "(such as 2030-12-31)."
)


@dataclass(frozen=True)
class Entry:
    """One accepted finding; `expires` is the last day on which it is, `place` its file and line.

    The operation may be `*`, for all of them, with any field unless one is named. A `symptom`
    accepts only what shows so.
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
        is_for_all = self.operation == EVERY
        if finding.rule != self.rule or self.symptom not in ("", finding.sentence):
            return False
        if not is_for_all and finding.operation != self.operation:
            return False
        return finding.field == self.field or (is_for_all and not self.field)

    @property
    def is_over(self) -> bool:
        """Whether the last day is over, in UTC."""
        return datetime.now(UTC).date() > self.expires

    def text(self) -> str:
        """Return the entry in one line for people."""
        who = f"{self.owner}, until {self.expires}; {self.place}"
        return f"{named(self.key)}: {self.reason} ({who})"

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
    places: dict[Key, str] = {}
    entries = []
    for node in listed.value:
        entry = _entry(path, node)
        if entry.key in places:
            raise UsageError(f"{entry.place}: the same as {places[entry.key]}: remove one of them")
        places[entry.key] = entry.place
        entries.append(entry)
    return tuple(entries)


def named(key: Key) -> str:
    """Return what is accepted, for people."""
    operation, rule, place, symptom = key
    where = "every operation" if operation == EVERY else operation
    about = f"{rule} on {where}"
    if place:
        about += f", {place}"
    return f"{about} ({symptom})" if symptom else about


def snippet(findings: Iterable[Finding]) -> str:
    """Return what to add to a baseline file so that these findings are accepted.

    Reason, owner and last day are left to be filled in.
    """
    entries = [_blank(each.operation, each.rule, each.field) for each in findings]
    return "\n".join(["accepted:", *entries])


def check_new(path: Path | None) -> None:
    """Raise `UsageError` where the first baseline could not be written.

    One that is there is not overwritten.
    """
    if path is None:
        return
    try:
        path.open("x").close()
        path.unlink()
    except FileExistsError:
        why = "the file is there, and is not overwritten: name another, or remove it"
        raise UsageError(f"--write-baseline {path}: {why}") from None
    except OSError as error:
        why = f"it cannot be written: {error.strerror or error}"
        raise UsageError(f"--write-baseline {path}: {why}") from error


def write_first(path: Path, findings: Iterable[Finding]) -> int:
    """Write a baseline for these findings, and return the number of its entries.

    It accepts them once somebody says why. What shows on several operations or fields in the same
    way is one entry for all of them.
    """
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        alike.setdefault((finding.rule, finding.sentence), []).append(finding)
    entries = []
    for (rule, symptom), found in alike.items():
        operation, field = EVERY, ""
        keys = {finding.key for finding in found}
        if len(keys) == 1:
            operation, _, field = found[0].key
        entries.append(_blank(operation, rule, field, symptom))
    listed = "\n".join(["accepted:", *entries]) if entries else "accepted: []"
    with path.open("x", encoding="utf-8") as file:
        file.write(f"{HEAD}\n{listed}\n")
    return len(entries)


def _blank(operation: str, rule: str, field: str, symptom: str = "") -> str:
    """Return an entry in which it is left to be said why, by whom and until when."""
    known = {
        "operation": operation,
        "rule": rule,
        "field": field,
        "symptom": symptom,
    }
    lines = []
    for key, value in known.items():
        if value:
            # Any text of JSON is one of YAML.
            lines.append(f"{key}: {json.dumps(value, ensure_ascii=False)}")
    lines += ["reason:", "owner:", "expires:"]
    return "  - " + "\n    ".join(lines)


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
