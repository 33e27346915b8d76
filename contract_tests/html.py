"""The report as one self-contained page that reads well on a phone and on paper."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contract_tests.checks import Rule

STYLE = """
:root{color-scheme:light dark;--line:#8884;--bad:#c22;--warn:#b70;--good:#282}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.4rem}
h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin:1rem 0 .2rem}
.verdict{padding:.6rem .8rem;border-left:.4rem solid var(--good);background:#8881}.verdict.violates{border-color:var(--bad)}
.verdict.nothing{border-color:var(--warn)}.violation{color:var(--bad)}.inferred{color:var(--warn)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8881;padding:.5rem;margin:.3rem 0;font-size:.85rem}
dl{margin:.2rem 0;display:grid;grid-template-columns:auto 1fr;gap:.1rem .8rem}dd{margin:0;overflow-wrap:anywhere}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem}
td,th{border:1px solid var(--line);padding:.15rem .4rem;text-align:left}
td.zero{color:var(--bad)}article{break-inside:avoid}
@media print{body{max-width:none;padding:0;font-size:11pt}.wide{overflow:visible}details{display:block}}
"""


def page(data: dict[str, Any], rules: dict[str, Rule]) -> str:
    """Answer the whole page for the content of `report.json`."""
    return "\n".join(
        [
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1"><title>Contract report</title>',
            f"<style>{STYLE}</style><h1>User Profile API: contract report</h1>",
            _verdict(data),
            _findings(data, rules),
            _not_judged(data),
            _matrix(data),
            _reproduce(data),
        ]
    )


def _verdict(data: dict[str, Any]) -> str:
    kind = data["outcome"].split()[0]
    count = {name: sum(f["severity"] == name for f in data["findings"]) for name in ("violation", "inferred")}
    return (
        f'<p class="verdict {kind}"><strong>{escape(data["target"])}: {escape(data["outcome"])}</strong><br>'
        f"{count['violation']} violations, {count['inferred']} inferred findings; {data['requests']} calls in "
        f"{data['duration_seconds']} s; depth {data['depth']}, seed {data['seed']}{', strict' if data['strict'] else ''}.</p>"
    )


def _findings(data: dict[str, Any], rules: dict[str, Rule]) -> str:
    if not data["findings"]:
        return "<h2>Findings</h2><p>None.</p>"
    by_rule: dict[str, list[dict[str, Any]]] = {}
    for finding in data["findings"]:
        by_rule.setdefault(finding["check"], []).append(finding)
    parts = ["<h2>Findings</h2>"]
    for name, findings in by_rule.items():
        rule = rules[name]
        parts.append(f'<h3><span class="{rule.severity}">{rule.severity}</span> {escape(name)}</h3><p>{escape(rule.says)}</p>')
        parts += [_finding(finding) for finding in findings]
    return "\n".join(parts)


def _finding(finding: dict[str, Any]) -> str:
    steps = "\n".join(finding["steps"])
    return (
        f"<article><dl><dt>Operation</dt><dd><strong>{escape(finding['operation'])}</strong>, {finding['count']} times</dd>"
        f"<dt>Received</dt><dd>{escape(finding['received'])}</dd><dt>Documented</dt><dd>{escape(finding['documented'])}</dd></dl>"
        f"<pre>{escape(steps)}</pre></article>"
    )


def _not_judged(data: dict[str, Any]) -> str:
    if not data["not_judged"]:
        return ""
    rows = "".join(f"<li>{escape(row['what'])}: {escape(row['why'])}</li>" for row in data["not_judged"])
    return f"<h2>Not judged</h2><ul>{rows}</ul>"


def _matrix(data: dict[str, Any]) -> str:
    parts = ["<h2>What was exercised</h2>"]
    for operation, row in data["coverage"].items():
        counts = [*row["statuses"].items(), *row["names"].items()]
        parts.append(f'<h3>{escape(operation)}</h3><div class="wide"><table>{_row(counts)}</table></div>')
        kinds = list(dict.fromkeys(kind for cells in row["parameters"].values() for kind in cells))
        head = "".join(f"<th>{escape(kind)}</th>" for kind in kinds)
        body = "".join(
            f"<tr><th>{escape(name)}</th>{''.join(_cell(cells.get(kind)) for kind in kinds)}</tr>"
            for name, cells in row["parameters"].items()
        )
        if body:
            parts.append(f'<div class="wide"><table><tr><th></th>{head}</tr>{body}</table></div>')
    return "\n".join(parts)


def _row(counts: list[tuple[str, int]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name, _ in counts)
    return f"<tr>{head}</tr><tr>{''.join(_cell(count) for _, count in counts)}</tr>"


def _cell(count: int | None) -> str:
    if count is None:
        return "<td></td>"
    return f'<td class="zero">{count}</td>' if count == 0 else f"<td>{count}</td>"


def _reproduce(data: dict[str, Any]) -> str:
    strict = " --strict" if data["strict"] else ""
    command = f"contract-tests --base-url {data['target']} --depth {data['depth']} --seed {data['seed']}{strict}"
    return (
        f"<h2>How to repeat</h2><pre>{escape(command)}</pre>"
        "<p>In the <code>curl</code> lines, <code>$PRIMARY</code> and the like stand for the sessions of the target: "
        "<code>export PRIMARY=…</code> first.</p>"
    )
