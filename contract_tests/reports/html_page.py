"""The report as one self-contained page that reads well on a phone and on paper."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from contract_tests.checks.coverage import KINDS

if TYPE_CHECKING:
    from contract_tests.findings.rules import Rule

WORDS = {
    "conforms": "conforms to the contract",
    "violates": "violates the contract",
    "nothing judged": "could not be judged",
    "not judged to the end": "was not judged to the end",
    "failed": "was not judged, because the gate itself failed",
    "interrupted": "was not judged to the end",
}
FILTERED = 20
"""Operations by which causes can be chosen."""
STYLE = """
:root{color-scheme:light dark;--line:#8886;--box:#8881;--bad:#b3161b;--warn:#8a5a00;--good:#1c7a2e;--faint:#767676}
@media screen and (prefers-color-scheme:dark){:root{--bad:#ff8a84;--warn:#f0b94d;--good:#74c98a;--faint:#8f8f8f}}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
p,ul,ol{margin:.3rem 0}ul,ol{padding-left:1.5rem}small{display:block;color:var(--faint)}
h1{font-size:1.35rem;line-height:1.3;margin:0;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin:1.3rem 0 0}
h1,h2,h3,h3+p{break-after:avoid}
header{padding:.6rem .8rem;border-left:.4rem solid var(--good);background:var(--box)}
header.violates{border-color:var(--bad)}header.nothing,header.not,header.failed,header.interrupted{border-color:var(--warn)}
.violation{color:var(--bad)}.inferred{color:var(--warn)}
article{margin:.5rem 0 1rem;padding-left:.7rem;border-left:2px solid var(--line)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--box);padding:.4rem .5rem;margin:.3rem 0;font-size:.82rem}
pre,li,tr,dl{break-inside:avoid}dl{break-after:avoid}pre span{white-space:nowrap}
dl{margin:.2rem 0;display:grid;grid-template-columns:auto 1fr;gap:.1rem .8rem}dt{color:var(--faint)}
dd{margin:0;min-width:0;overflow-wrap:anywhere}
.contents td{text-align:left}.contents td:last-child{text-align:right}
fieldset{border:0;padding:0;margin:.3rem 0}legend{float:left;margin-right:.6rem;color:var(--faint)}label{margin-right:.8rem}
.zero{color:var(--faint)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.82rem;line-height:1.3}
td,th{border:1px solid var(--line);padding:.15rem .35rem;text-align:right}th{font-weight:600;max-width:7rem}
th:first-child{text-align:left;position:sticky;left:0;background:Canvas;max-width:none;white-space:nowrap}
@media(max-width:40rem){dl{display:block}dd{margin-bottom:.3rem}td,th{padding:.15rem .25rem;font-size:.72rem}
th:first-child{white-space:normal}}
@media print{form{display:none}:root{color-scheme:light}body{max-width:none;padding:0;font-size:10pt}.wide{overflow:visible}
header,pre{border:1px solid #999;background:none}header{border-left-width:.4rem}}
"""


def page(data: dict[str, Any], rules: dict[str, Rule]) -> str:
    """Return the whole page for the content of `report.json`."""
    return "\n".join(
        [
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{escape(data['target'])} {WORDS[data['outcome']]}</title>",
            f"<style>{STYLE}</style>",
            _verdict(data),
            _contents(data),
            _findings(data, rules),
            _accepted(data),
            _repeat(data),
            _matrix(data),
            _not_judged(data),
        ]
    )


def _verdict(data: dict[str, Any]) -> str:
    causes = [cause["severity"] for cause in data["causes"]]
    counts = f"{_many(causes.count('violation'), 'violation')}, {causes.count('inferred')} inferred"
    counts += (
        f" on {_many(len(data['findings']), 'place')}. "
        if len(data["findings"]) > len(causes)
        else ". "
    )
    counts += f"{len(data['accepted'])} accepted. " if data["accepted"] else ""
    judged = f"{data['judged']['judged']} of {_many(data['judged']['laws'], 'law')} judged"
    laws = f"{counts}{judged}, " if data["judged"]["judged"] else ""
    skipped = len({row["what"] for row in data["not_judged"]})
    rest = (
        f" This is as far as it was judged: {_many(skipped, 'thing')} could not be, see below."
        if skipped and laws
        else ""
    )
    left = (
        f"<p><strong>Not put back:</strong> {escape(', '.join(data['not_put_back']))}</p>"
        if data["not_put_back"]
        else ""
    )
    return (
        f'<header class="{data["outcome"].split()[0]}"><p>User Profile API, contract report</p>'
        f"<h1>{escape(data['target'])} {WORDS[data['outcome']]}</h1>"
        f"<p>{laws}{_many(data['requests'], 'call')}, "
        f"{data['duration_seconds']:.1f} s; depth {data['depth']}, seed {data['seed']}"
        f"{', strict: inferred findings fail the run' if data['strict'] else ''}.{rest}</p>"
        f"<p><small>{escape(data['started_at'])}; gate {data['gate_version']}, contract {data['contract_version']}, "
        f"Python {data['python_version']}</small></p>{left}</header>"
    )


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _contents(data: dict[str, Any]) -> str:
    """List the causes with links, after the choices that hide what is not wanted; these are of CSS alone."""
    causes = data["causes"]
    if not causes:
        return ""
    operations = list(dict.fromkeys(name for cause in causes for name in cause["operations"]))
    severities = [
        name
        for name in ("violation", "inferred")
        if any(cause["severity"] == name for cause in causes)
    ]
    rows = [
        f'<tr class="{_classes(cause, operations)}"><td>{cause["severity"]}</td><td><a href="#cause-{number}">'
        f"{_code(escape(cause['cause']))}</a></td><td>{escape(', '.join(cause['operations']))}</td>"
        f"<td>{cause['count']:,}</td></tr>"
        for number, cause in enumerate(causes, 1)
    ]
    kinds = {f"s-{name}": name for name in severities}
    places = {f"o-{number}": name for number, name in enumerate(operations[:FILTERED])}
    return (
        f"<h2>Findings by cause</h2><style>{_filters([*kinds, *places])}</style>"
        f"<form>{_choice('severity', 'all', kinds)}{_choice('operation', 'all operations', places)}</form>"
        '<div class="wide"><table class="contents"><tr><th></th><th>cause</th><th>operations</th><th>met</th></tr>'
        f"{''.join(rows)}</table></div>"
    )


def _choice(name: str, every: str, options: dict[str, str]) -> str:
    if len(options) < 2:  # noqa: PLR2004 - nothing to choose
        return ""
    given = [
        ("all-" + name, every, " checked"),
        *((key, text, "") for key, text in options.items()),
    ]
    radios = "".join(
        f'<label><input type="radio" name="{name}" id="{key}"{on}> {escape(text)}</label>'
        for key, text, on in given
    )
    return f"<fieldset><legend>{name}</legend>{radios}</fieldset>"


def _filters(names: list[str]) -> str:
    return "".join(
        f"body:has(#{name}:checked) .cause:not(.{name}){{display:none}}" for name in names
    )


def _classes(cause: dict[str, Any], operations: list[str]) -> str:
    """Return the classes by which the choices find a cause."""
    numbers = [f"o-{operations.index(name)}" for name in cause["operations"]]
    return " ".join(["cause", f"s-{cause['severity']}", *numbers])


def _findings(data: dict[str, Any], rules: dict[str, Rule]) -> str:
    operations = list(
        dict.fromkeys(name for cause in data["causes"] for name in cause["operations"])
    )
    parts = []
    for number, cause in enumerate(data["causes"], 1):
        first, *rest = cause["findings"]
        said = " ".join(
            f"<b>{escape(name)}</b>: {_code(escape(rules[name].says))}" for name in cause["checks"]
        )
        more = f"<details><summary>{_many(len(rest), 'more place')}</summary>{''.join(map(_finding, rest))}</details>"
        parts.append(
            f'<section class="{_classes(cause, operations)}" id="cause-{number}"><h3>'
            f'<span class="{cause["severity"]}">{cause["severity"]}</span> {_code(escape(cause["cause"]))}</h3>'
            f"<p>{said}</p>{_finding(first)}{more if rest else ''}</section>"
        )
    return "\n".join(parts)


def _code(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", text)


def _finding(finding: dict[str, Any]) -> str:
    steps = [_shell(step) for step in finding["steps"]]
    many = len(steps) > 1
    shown = f"<ol>{''.join(f'<li>{step}</li>' for step in steps)}</ol>" if many else "".join(steps)
    about = f", {escape(finding['field'])}" if finding["field"] else ""
    met = "once" if finding["count"] == 1 else f"{finding['count']:,} times"
    also = "".join(
        f"<dt>Also so</dt><dd>{escape(each['received'])}; documented: {escape(each['documented'])}</dd>"
        for each in finding["also"]
    )
    return (
        f"<article><dl><dt>Operation</dt><dd><strong>{escape(finding['operation'])}</strong>{about}, "
        f"{escape(finding['check'])}, met {met}</dd>"
        f"<dt>Received</dt><dd>{escape(finding['received'])}</dd><dt>Documented</dt><dd>{escape(finding['documented'])}</dd>"
        f"{also}</dl>{shown}</article>"
    )


def _accepted(data: dict[str, Any]) -> str:
    rows = [
        f"<li>{' '.join(escape(finding[key]) for key in ('check', 'operation', 'field'))}: {escape(entry['reason'])}"
        f"<small>{escape(entry['owner'])}, until {escape(entry['expires'])}; {escape(entry['place'])}</small></li>"
        for finding, entry in ((finding, finding["baseline"]) for finding in data["accepted"])
    ]
    rows += [f'<li class="violation">{escape(line)}</li>' for line in data["outdated"]]
    return f"<h2>Accepted</h2><ul>{''.join(rows)}</ul>" if rows else ""


def _shell(line: str) -> str:
    """Show a command that wraps, but not within the name of an option."""
    shown = re.sub(r"(?<= )(--?[A-Za-z-]+)(?= )", r"<span>\1</span>", escape(line))
    return f"<pre>{shown}</pre>"


def _not_judged(data: dict[str, Any]) -> str:
    by_reason: dict[str, list[str]] = {}
    for row in data["not_judged"]:
        by_reason.setdefault(row["why"], []).append(row["what"])
    rows = "".join(
        f"<li>{escape(why)}: <small>{escape('; '.join(whats))}</small></li>"
        for why, whats in by_reason.items()
    )
    return f"<h2>Not judged</h2><ul>{rows}</ul>" if rows else ""


def _repeat(data: dict[str, Any]) -> str:
    command = f"<p>The whole run:</p>{_shell(data['repeat'])}" if data["repeat"] else ""
    before = "".join(_shell(line) for line in data["before_curl"])
    text = f"<p>Before one of the <code>curl</code> lines:</p>{before}" if before else ""
    return f"<h2>How to repeat</h2>{command}{text}" if command or text else ""


def _matrix(data: dict[str, Any]) -> str:
    if data["exit_code"] > 1:
        return ""
    parts = [
        "<h2>What was exercised</h2><p>How often each parameter was sent so, and what was answered.</p>"
    ]
    parts += [
        f"<h3>{escape(operation)}</h3>{_answers(row)}"
        for operation, row in data["coverage"].items()
    ]
    return "\n".join(parts)


def _answers(row: dict[str, Any]) -> str:
    """Show one operation: a line for the calls as a whole and for each class of each parameter, a column for each answer."""
    head = "".join(f"<th>{escape(answer).replace('_', '_<wbr>')}</th>" for answer in row["answers"])
    lines = [_line("every call", row["answers"], row["answers"])]
    for name, kinds in row["parameters"].items():
        lines += [
            _line(f"{name} {kind.removesuffix('imum')}", kinds[kind], row["answers"])
            for kind in KINDS
            if kind in kinds
        ]
    return f'<div class="wide" tabindex="0"><table><tr><th></th><th>sent</th>{head}</tr>{"".join(lines)}</table></div>'


def _line(name: str, counts: dict[str, int], answers: dict[str, int]) -> str:
    sent = sum(counts.values())
    cells = "".join(
        f"<td>{count:,}</td>" if (count := counts.get(answer)) else "<td></td>"
        for answer in answers
    )
    return (
        f"<tr{'' if sent else ' class=zero'}><th>{escape(name)}</th><td>{sent:,}</td>{cells}</tr>"
    )
