"""A comparison as one self-contained page, with the style sheet of the gate's report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract_tests.drift.drift_report import LEGEND, cells
from contract_tests.reports.templating import render

if TYPE_CHECKING:
    from contract_tests.drift.drift_report import Report


def page(report: Report) -> str:
    """Return the whole page."""
    return render(
        "drift.html.j2",
        report=report,
        cells=cells,
        legend=LEGEND,
        proposals=report.proposed_changes(),
        marks=[f"{each.word}: {each.pointer} ({each.says})" for each in report.verdicts],
        missing=report.not_compared(),
    )
