"""The content of `report.json`, which every other report shows, and the files of a report."""

from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING, Any

from contract_tests.config.version import gate_version
from contract_tests.findings.causes import grouped
from contract_tests.findings.rules import CHECKS
from contract_tests.redaction.terminal_text import shown
from contract_tests.reports import html_page, junit_xml
from contract_tests.reports.finding_text import cause_row, finding_row
from contract_tests.reports.verdict_text import sentence

if TYPE_CHECKING:
    from pathlib import Path

    from contract_tests.reports.run_report import Run


def write(run: Run, directory: Path) -> None:
    """Write `report.json`, `report.html` and `junit.xml`, creating the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    data = report_data(run)
    text = json.dumps(data, indent=2, ensure_ascii=False)
    files = {
        "report.json": f"{text}\n",
        "report.html": html_page.page(data, CHECKS),
        "junit.xml": junit_xml.page(data, sentence(run)),
    }
    for name, content in files.items():
        (directory / name).write_text(shown(content), encoding="utf-8")


def report_data(run: Run) -> dict[str, Any]:
    """Return the run as `report.json` shows it."""
    collector, findings, accepted = run.collector, run.findings(), run.accepted()
    rows = {finding.identity: finding_row(finding, collector) for finding in findings}
    return {
        "outcome": run.outcome,
        "exit_code": run.exit_code,
        "target": collector.base_url,
        "gate_version": gate_version(),
        "contract_version": run.coverage.contract.version,
        "python_version": platform.python_version(),
        "started_at": run.began.isoformat(timespec="seconds"),
        "depth": run.depth,
        "seed": run.seed,
        "strict": collector.strict,
        "duration_seconds": round(run.seconds, 2),
        "requests": collector.judged,
        "sent": _sent(run),
        "causes": [cause_row(cause, rows) for cause in grouped(findings)],
        "findings": list(rows.values()),
        "accepted": [
            {**finding_row(finding, collector), "baseline": entry.as_dict()}
            for finding, entry in accepted
        ],
        "outdated": run.outdated(),
        "judged": run.counts(),
        "not_put_back": run.not_put_back,
        "originals": str(run.originals.path) if run.originals and run.not_put_back else None,
        "failures": run.failures,
        "not_judged": [{"what": each.what, "why": each.why} for each in collector.skipped],
        "repeat": run.repeat,
        "before_curl": run.before_curl(),
        "laws": [law._asdict() for law in run.laws],
        "coverage": run.coverage.as_dict(),
    }


def _sent(run: Run) -> dict[str, dict[str, int]]:
    by_operation: dict[str, dict[str, int]] = {}
    for (operation, method), count in sorted(run.sent.items()):
        by_operation.setdefault(operation, {})[method] = count
    return by_operation
