"""The report as a page of HTML that needs nothing else, and reads well on a phone and on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contract_tests.checks.coverage import KINDS
from contract_tests.reports.templating import render

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract_tests.findings.rules import Rule

WORDS = {
    "conforms": "conforms to the contract",
    "violates": "violates the contract",
    "nothing judged": "could not be judged",
    "not judged to the end": "was not judged to the end",
    "failed": "was not judged, because the gate itself failed",
    "interrupted": "was not judged to the end",
}
# Operations by which causes can be chosen.
FILTERED = 20


def page(data: dict[str, Any], rules: dict[str, Rule]) -> str:
    """Return the whole page for the content of `report.json`."""
    operations = list(
        dict.fromkeys(name for cause in data["causes"] for name in cause["operations"])
    )
    found = {cause["severity"] for cause in data["causes"]}
    severities = [name for name in ("violation", "inferred") if name in found]
    return render(
        "report.html.j2",
        **data,
        rules=rules,
        words=WORDS,
        kinds=KINDS,
        operations=operations,
        severities={f"s-{name}": name for name in severities},
        places={f"o-{number}": name for number, name in enumerate(operations[:FILTERED])},
        not_judged_by_reason=by_reason(data["not_judged"]),
    )


def by_reason(not_judged: Iterable[dict[str, str]]) -> dict[str, list[str]]:
    """Return what was not judged under each reason."""
    reasons: dict[str, list[str]] = {}
    for row in not_judged:
        reasons.setdefault(row["why"], []).append(row["what"])
    return reasons
