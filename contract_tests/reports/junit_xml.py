"""The report as JUnit XML: one case for each cause of findings, and one for each law."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from contract_tests.findings.rules import VIOLATION
from contract_tests.redaction.terminal_text import shown

if TYPE_CHECKING:
    from pathlib import Path

LONGEST = 600
"""Characters of a line; the rest is in the other reports."""
MOST_PLACES = 20
FOREIGN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold (XML 1.0, 2.2)."""
PROPERTIES = (
    "target",
    "gate_version",
    "contract_version",
    "python_version",
    "depth",
    "seed",
    "outcome",
)
JUDGED = ("conforms", "violates")


def write(data: dict[str, Any], verdict: str, path: Path) -> None:
    """Write the file for the content of `report.json` and the verdict in one sentence."""
    root = ET.Element("testsuites", name="contract-tests")
    _suite(root, "contract", data, _causes(data) + _others(data, verdict))
    _suite(root, "laws", data, [_law(law, data) for law in data["laws"]])
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _suite(root: ET.Element, name: str, data: dict[str, Any], cases: list[ET.Element]) -> None:
    counts = {
        f"{what}s" if what != "skipped" else what: len(
            [1 for case in cases if case.find(what) is not None]
        )
        for what in ("failure", "error", "skipped")
    }
    suite = ET.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(len(cases)),
        time=f"{data['duration_seconds']:.3f}" if name == "laws" else "0.000",
        timestamp=data["started_at"],
    )
    for key, count in counts.items():
        suite.set(key, str(count))
    properties = ET.SubElement(suite, "properties")
    for key in PROPERTIES:
        ET.SubElement(properties, "property", name=key, value=_line(str(data[key])))
    suite.extend(cases)


def _causes(data: dict[str, Any]) -> list[ET.Element]:
    cases = []
    for cause in data["causes"]:
        case = _case("findings", cause["cause"])
        if data["strict"] or cause["severity"] == VIOLATION:
            _told(case, "failure", cause["cause"], _text(cause), kind=", ".join(cause["checks"]))
        else:
            _told(case, "skipped", f"inferred: {cause['cause']}", "")
            ET.SubElement(case, "system-out").text = _clean(_text(cause))
        cases.append(case)
    for finding in data["accepted"]:
        entry = finding["baseline"]
        case = _case(
            "accepted", f"{finding['check']} on {finding['operation']} {finding['field']}".strip()
        )
        _told(
            case,
            "skipped",
            f"accepted by {entry['owner']} until {entry['expires']}: {entry['reason']}",
            "",
        )
        cases.append(case)
    return cases


def _others(data: dict[str, Any], verdict: str) -> list[ET.Element]:
    """Return what else keeps the run from conforming."""
    cases = []
    for line in data["outdated"]:
        cases.append(_case("baseline", line))
        _told(cases[-1], "failure", line, "")
    for line in data["failures"]:
        cases.append(_case("gate", line))
        _told(cases[-1], "error", f"the gate failed: {line}", "")
    if data["outcome"] not in JUDGED and not data["failures"]:
        cases.append(_case("gate", data["outcome"]))
        _told(cases[-1], "error", verdict, "")
    return cases


def _law(law: dict[str, Any], data: dict[str, Any]) -> ET.Element:
    module, _, name = law["law"].partition(": ")
    case = _case(module, name or module, law["seconds"])
    if law["outcome"] == "failed":
        _told(case, "skipped", "broken: what it found is among the findings", "")
    elif law["outcome"] == "skipped":
        why = next(
            (row["why"] for row in data["not_judged"] if row["what"] == law["law"]), "not judged"
        )
        _told(case, "skipped", why, "")
    return case


def _case(group: str, name: str, seconds: float = 0.0) -> ET.Element:
    return ET.Element(
        "testcase", classname=f"contract_tests.{group}", name=_line(name), time=f"{seconds:.3f}"
    )


def _told(case: ET.Element, what: str, message: str, text: str, kind: str = "") -> None:
    told = ET.SubElement(case, what, {"message": _line(message)} | ({"type": kind} if kind else {}))
    told.text = _clean(text) or None


def _text(cause: dict[str, Any]) -> str:
    first, places = cause["findings"][0], cause["places"]
    more = [f"and {len(places) - MOST_PLACES} more places"] if len(places) > MOST_PLACES else []
    lines = [
        f"Received: {first['received']}",
        f"Documented: {first['documented']}",
        *first["steps"],
    ]
    return "\n".join(
        ["", *map(_line, [*lines, f"Met: {cause['count']}", *places[:MOST_PLACES], *more]), ""]
    )


def _line(text: str) -> str:
    return _clean(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def _clean(text: str) -> str:
    return FOREIGN.sub("\ufffd", shown(text))
