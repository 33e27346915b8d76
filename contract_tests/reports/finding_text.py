"""Findings as data that may be shown, and as text for a terminal.

Here, and nowhere else, the values of a finding become text: each without what belongs to somebody.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from contract_tests.findings.evidence import BodyFlaw, Evidence, Status, Text, Value
from contract_tests.findings.rules import CHECKS
from contract_tests.http.messages import Exchange
from contract_tests.redaction.terminal_text import line, shown
from contract_tests.reports.templating import ENVIRONMENT, render, some

if TYPE_CHECKING:
    from contract_tests.findings.causes import Cause
    from contract_tests.findings.collector import Collector
    from contract_tests.findings.finding import Finding, Identity
    from contract_tests.redaction.redactor import Redactor

# Characters that are shown of what was received, or expected.
LONGEST = 600
SOME_FIELDS = some(8, ", ", " and {} more")

Row = dict[str, Any]


def finding_row(finding: Finding, collector: Collector) -> Row:
    """Return a finding as `report.json` shows it."""
    first, *others = [evidence_row(each, finding, collector) for each in finding.evidence]
    return {
        "operation": finding.operation,
        "check": finding.rule,
        "field": finding.field,
        "severity": finding.severity,
        "says": CHECKS[finding.rule].says,
        "received": first["received"],
        "documented": first["documented"],
        "curl": first["steps"][-1] if first["steps"] else "",
        "steps": first["steps"],
        "law": finding.law,
        "count": finding.count,
        "symptom": finding.sentence,
        "also": [
            {"received": each["received"], "documented": each["documented"]} for each in others
        ],
    }


def evidence_row(evidence: Evidence, finding: Finding, collector: Collector) -> Row:
    """Return what shows a finding as texts that hold no secret."""
    redactor = collector.redactor
    last = evidence.steps[-1] if evidence.steps else None
    hide = last.request.hide if isinstance(last, Exchange) else redactor.text
    received, expected = (
        _text(facts, redactor) for facts in (evidence.received, evidence.expected)
    )
    if isinstance(evidence.received, Value) and finding.field:
        received = f"{finding.field} is {received}"
    return {
        "received": line(hide(received), LONGEST),
        "documented": line(hide(expected), LONGEST),
        "steps": [_curl(step, collector.base_url) for step in evidence.steps],
    }


def _curl(step: Exchange | str, base_url: str) -> str:
    return shown(step.request.curl(base_url)) if isinstance(step, Exchange) else step


def _text(facts: object, redactor: Redactor) -> str:
    match facts:
        case str():
            return facts
        case None:
            return "none"
        case Exchange():
            return facts.shown()
        case Text():
            return facts.template.format(*(_text(value, redactor) for value in facts.values))
        case Status():
            return f"{facts.code}, {_text(facts.why, redactor)}" if facts.why else str(facts.code)
        case BodyFlaw():
            return f"{facts.pointer or 'the body'}: {facts.message}"
        case Value():
            return _json(facts.value, redactor)
        case _:
            return _json(facts, redactor)


def _json(value: object, redactor: Redactor) -> str:
    if value is None or isinstance(value, int | float):
        return json.dumps(value)
    # A value that no JSON can hold, such as a date in another shape, says itself what it is.
    return redactor.body(json.dumps(value, ensure_ascii=False, default=repr))


def cause_row(cause: Cause, rows: dict[Identity, Row]) -> Row:
    """Return a cause as `report.json` shows it; `rows` has its findings as it shows them."""
    return {
        "cause": cause.title,
        "severity": cause.severity,
        "checks": cause.rules,
        "operations": cause.operations,
        "count": cause.count,
        "places": _places(cause),
        "findings": [rows[finding.identity] for finding in cause.findings],
    }


def finding_text(row: Row) -> str:
    """Return a finding for a terminal."""
    return render("finding.txt.j2", finding=row).rstrip("\n")


def place(row: Row) -> str:
    """Return the operation of a finding, and the field if it is about one."""
    return f"{row['operation']}, {row['field']}" if row["field"] else row["operation"]


def _places(cause: Cause) -> list[str]:
    """Return each rule and operation that is affected, with its fields, one a line."""
    fields: dict[str, dict[str, None]] = {}
    for finding in cause.findings:
        names = fields.setdefault(f"{finding.rule} on {finding.operation}", {})
        if finding.field:
            names[finding.field] = None
    return [
        f"{where}: {SOME_FIELDS(list(names))}" if names else where
        for where, names in fields.items()
    ]


ENVIRONMENT.filters["place"] = place
