"""The report as JUnit XML: one case for each cause of findings, and one for each law."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, NamedTuple

from contract_tests.findings.rules import VIOLATION
from contract_tests.redaction import terminal_text
from contract_tests.reports.templating import render

# Characters of a line; the rest is in the other reports.
LONGEST = 600
MOST_PLACES = 20
# What XML cannot hold (XML 1.0, 2.2).
FOREIGN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
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


class Case(NamedTuple):
    """One case; `result` is the element that it has unless it passed, with its message and text."""

    group: str
    name: str
    result: str = ""
    message: str = ""
    text: str = ""
    kind: str = ""
    output: str = ""
    seconds: float = 0.0


def page(data: dict[str, Any], verdict: str) -> str:
    """Return the file for the content of `report.json` and the verdict in one sentence."""
    contract = [_cause(cause, is_strict=data["strict"]) for cause in data["causes"]]
    contract += [_accepted(finding) for finding in data["accepted"]]
    contract += _others(data, verdict)
    suites = {
        "contract": contract,
        "laws": [_law(law, data) for law in data["laws"]],
    }
    counts = {}
    for name, cases in suites.items():
        counts[name] = Counter(case.result for case in cases)
    text = render(
        "junit.xml.j2",
        data=data,
        properties=PROPERTIES,
        suites=suites,
        counts=counts,
    )
    return FOREIGN.sub("\ufffd", terminal_text.shown(text))


def _cause(cause: dict[str, Any], *, is_strict: bool) -> Case:
    title = cause["cause"]
    text = _text(cause)
    if is_strict or cause["severity"] == VIOLATION:
        rules = ", ".join(cause["checks"])
        return Case("findings", title, "failure", title, text, rules)
    # It fails nothing, so that its evidence is but output.
    why = f"inferred: {title}"
    return Case("findings", title, "skipped", why, output=text)


def _accepted(finding: dict[str, Any]) -> Case:
    entry = finding["baseline"]
    name = f"{finding['check']} on {finding['operation']} {finding['field']}".strip()
    why = f"accepted by {entry['owner']} until {entry['expires']}: {entry['reason']}"
    return Case("accepted", name, "skipped", why)


def _others(data: dict[str, Any], verdict: str) -> list[Case]:
    """Return what else keeps the run from conforming."""
    cases = [Case("baseline", line, "failure", line) for line in data["outdated"]]
    cases += [Case("gate", line, "error", f"the gate failed: {line}") for line in data["failures"]]
    if data["outcome"] not in JUDGED and not data["failures"]:
        cases.append(Case("gate", data["outcome"], "error", verdict))
    return cases


def _law(law: dict[str, Any], data: dict[str, Any]) -> Case:
    passed = Case(law["family"], law["name"], seconds=law["seconds"])
    if law["outcome"] == "failed":
        why = "broken: what it found is among the findings"
        return passed._replace(result="skipped", message=why)
    if law["outcome"] == "skipped":
        reasons = {row["what"]: row["why"] for row in data["not_judged"]}
        why = reasons.get(law["law"], "not judged")
        return passed._replace(result="skipped", message=why)
    return passed


def _text(cause: dict[str, Any]) -> str:
    first, places = cause["findings"][0], cause["places"]
    lines = [
        f"Received: {first['received']}",
        f"Documented: {first['documented']}",
        *first["steps"],
        f"Met: {cause['count']}",
        *places[:MOST_PLACES],
    ]
    if len(places) > MOST_PLACES:
        lines.append(f"and {len(places) - MOST_PLACES} more places")
    return "\n".join(terminal_text.line(line, LONGEST) for line in lines)
