"""A comparison as one self-contained page, in the clothes of the gate's report."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from contract_tests.drift.drift_report import LEGEND, Report, cells
from contract_tests.reports.html_page import STYLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract_tests.drift.differences import Row


def page(report: Report) -> str:
    """Return the whole page."""
    verdicts = [f"{each.word}: {each.pointer} ({each.says})" for each in report.verdicts]
    missing = [
        f"{operation}, {what}: {why}"
        for (operation, what), why in report.evidence.not_compared.items()
    ]
    return "\n".join(
        [
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>Drift: {escape(report.headline)}</title><style>{STYLE}td{{text-align:left}}</style>",
            f'<header class="{"violates" if report.rows else "conforms"}"><p>User Profile API, drift</p>',
            f"<h1>{escape(report.left.target.base_url)} (left) and {escape(report.right.target.base_url)} (right)</h1>",
            f"<p>{escape(report.headline)}</p></header>",
            _table(report.rows),
            _list("Perhaps, or only because of other data", report.hints),
            _list(
                "Proposed changes of openapi.yaml",
                [f"{each.pointer}: {each.says}" for each in report.proposals],
            ),
            f"<pre>{escape(report.diff)}</pre>" if report.diff else "",
            _list("Marks of openapi.yaml", verdicts),
            _list("Not compared", missing),
        ]
    )


def _table(rows: list[Row]) -> str:
    if not rows:
        return ""
    lines = [
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells(row))}</tr>" for row in rows
    ]
    head = "<tr><th>operation<th>what<th>left<th>right</tr>"
    repeats = [f"<p>{escape(' · '.join(cells(row)[:2]))}</p>{_curls(row)}" for row in rows]
    table = f'<div class="wide"><table>{head}{"".join(lines)}</table></div>'
    return f"<h2>Differences</h2>{table}<h2>To repeat</h2><p>{escape(LEGEND)}</p>{''.join(repeats)}"


def _curls(row: Row) -> str:
    return "".join(f"<pre>{escape(curl)}</pre>" for curl in row.difference.curls)


def _list(title: str, lines: Iterable[str]) -> str:
    points = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h2>{title}</h2><ul>{points}</ul>" if points else ""
