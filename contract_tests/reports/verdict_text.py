"""The verdict of a run for people: a few lines, of which the last says it in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract_tests.config.shard import WHOLE
from contract_tests.exceptions import Reason
from contract_tests.findings import baseline
from contract_tests.interrupts import INTERRUPTED
from contract_tests.redaction.internal_errors import FAILED, REPORT_IT
from contract_tests.reports.html_page import by_reason
from contract_tests.reports.run_report import NOT_JUDGED
from contract_tests.reports.templating import ENVIRONMENT, render, some

if TYPE_CHECKING:
    from contract_tests.reports.finding_text import Row
    from contract_tests.reports.run_report import Run

# Things that were not judged for one reason, before the rest is counted.
NAMED = 12


def verdict(run: Run, data: Row) -> str:
    """Return what a person wants to know, for the run and the content of its `report.json`."""
    failing = {finding.key: finding for finding in run.collector.failing()}
    is_new = run.collector.baseline and failing
    paragraphs = render(
        "verdict.txt.j2",
        **data,
        passing=run.passing,
        kept=[*([run.originals] if run.originals else []), *run.kept_by_parts],
        accepted_by=[entry for _, entry in run.accepted()],
        snippet=baseline.snippet(failing.values()) if is_new else "",
        not_judged_by_reason=by_reason(data["not_judged"]),
    )
    return f"{paragraphs.rstrip()}\n\n{sentence(run)}".lstrip()


def sentence(run: Run) -> str:
    """Return the verdict in one sentence."""
    unfinished = run.collector.reasons(Reason.UNFINISHED)
    reasons = [each.why for each in run.collector.skipped]
    return render(
        "sentence.txt.j2",
        run=run,
        is_gone=run.ended is not None and run.ended.is_unreachable,
        code={
            "interrupted": run.exit_code == INTERRUPTED,
            "failed": run.exit_code == FAILED,
            "not_judged": run.exit_code == NOT_JUDGED,
        },
        causes=run.causes(),
        places=len(run.findings()),
        accepted=len(run.accepted()),
        outdated=len(run.outdated()),
        part=None if run.shard == WHOLE else run.shard,
        first_reason=reasons[0] if reasons else "",
        unfinished=unfinished[0] if unfinished else "",
        refused=run.collector.reasons(Reason.REFUSED),
        report_it=REPORT_IT,
    )


def _count(number: int, word: str, several: str = "") -> str:
    """Return a number and its word: `1 violation`, `0 violations`."""
    return f"{number} {word}" if number == 1 else f"{number} {several or f'{word}s'}"


ENVIRONMENT.filters["counted"] = _count
ENVIRONMENT.filters["named"] = some(NAMED)
