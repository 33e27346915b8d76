"""A run for GitHub Actions: annotations, and the summary of its step."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

from contract_tests.redaction.terminal_text import shown
from contract_tests.reports.report_output import say

MOST = 10
"""Annotations of one kind that GitHub shows of a step."""
LISTED = 200
"""Causes in a summary, which GitHub cuts off at a mebibyte."""
PLACES = 6
"""Places that are named of a cause."""


def silence() -> tuple[str, str]:
    """Return the commands between which GitHub takes every line for plain text."""
    word = uuid4().hex
    return f"::stop-commands::{word}", f"::{word}::"


def tell(data: dict[str, Any], verdict: str, resume: str) -> None:
    """Annotate the run, and add to the summary of its step where there is one.

    `resume` ends the silence.
    """
    say(shown("\n".join([resume, *remarks(data, verdict), ""])))
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        try:
            with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(shown(summary(data, verdict)))
        except OSError as error:
            say(
                f"The summary of the step (GITHUB_STEP_SUMMARY) cannot be written: {error.strerror or error}\n"
            )


def remarks(data: dict[str, Any], verdict: str = "") -> list[str]:
    """Return the commands that annotate a run, for the content of `report.json` and the verdict in one sentence."""
    causes = _causes(data)
    failing = [cause for cause in causes if data["strict"] or cause["severity"] == "violation"]
    warned = [cause for cause in causes if cause not in failing]
    lines = [_command("error", line, "baseline") for line in data["outdated"]]
    if data["outcome"] in ("not judged to the end", "failed", "interrupted"):
        lines.append(_command("error", verdict or data["outcome"], data["outcome"]))
    if data["outcome"] == "nothing judged":
        lines += [
            _command("error", f"{row['what']}: {row['why']}", "nothing judged")
            for row in data["not_judged"]
        ]
    errors = [*lines, *(_command("error", _text(cause), _heading(cause)) for cause in failing)]
    warnings = [_command("warning", _text(cause), _heading(cause)) for cause in warned]
    left = len(errors[MOST:]) + len(warnings[MOST:])
    more = (
        [_command("notice", f"{left} more are in the summary of this step", "contract")]
        if left
        else []
    )
    return [*errors[:MOST], *warnings[:MOST], *more]


def summary(data: dict[str, Any], verdict: str) -> str:
    """Return the summary of the step in Markdown, for the content of `report.json` and one sentence."""
    causes = _causes(data)
    listed = causes[:LISTED]
    rows = [_row(cause) for cause in listed]
    head = ["| | what | where | received | documented | met |", "|---|---|---|---|---|---|"]
    table = [*head, *rows] if rows else []
    more = [f"\n{len(causes) - LISTED} more are in the report."] if len(causes) > LISTED else []
    accepted = [
        f"- accepted: {_plain(_title(each))} ({_plain(each['baseline']['owner'])})"
        for each in data["accepted"]
    ]
    outdated = [f"- **baseline**: {_plain(line)}" for line in data["outdated"]]
    steps = [_steps(cause) for cause in listed[:MOST]]
    repeat = ["\nTo repeat the run:\n", _fenced(data["repeat"])] if data["repeat"] else []
    before = (
        ["\nBefore a `curl` line is pasted:\n", _fenced("\n".join(data["before_curl"]))]
        if data["before_curl"]
        else []
    )
    parts = [
        "## Contract of the User Profile API\n",
        _plain(verdict),
        _plain(_made(data)),
        "",
        *table,
        *more,
        "",
        *accepted,
        *outdated,
    ]
    return "\n".join([*parts, *repeat, *before, *steps, ""])


def _title(finding: dict[str, Any]) -> str:
    about = (
        f"{finding['operation']}, {finding['field']}" if finding["field"] else finding["operation"]
    )
    return f"{finding['check']} on {about}"


def _causes(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the causes of a report.

    In that of an older gate, which has none, each finding is one.
    """
    alone = [
        {
            **each,
            "cause": each["says"],
            "findings": [each],
            "places": [_title(each)],
            "checks": [each["check"]],
        }
        for each in data["findings"]
    ]
    known: list[dict[str, Any]] = data.get("causes", alone)
    return known


def _made(data: dict[str, Any]) -> str:
    """Return when and with which versions the report was made, as far as it is known."""
    known = {
        "at": "started_at",
        "gate": "gate_version",
        "contract": "contract_version",
        "Python": "python_version",
    }
    return ", ".join(f"{what} {data[key]}" for what, key in known.items() if key in data)


def _heading(cause: dict[str, Any]) -> str:
    """Return rule and place where there is one, else the rules and how many places there are."""
    places = cause["places"]
    return (
        places[0] if len(places) == 1 else f"{', '.join(cause['checks'])} in {len(places)} places"
    )


def _text(cause: dict[str, Any]) -> str:
    finding = cause["findings"][0]
    also = [f"Also {place}" for place in cause["places"][1:PLACES]]
    return "\n".join([cause["cause"], _evidence(finding), *also])


def _evidence(finding: dict[str, Any]) -> str:
    return (
        f"Received: {finding['received']}\nDocumented: {finding['documented']}\n{finding['curl']}"
    )


def _command(kind: str, text: str, title: str) -> str:
    return f"::{kind} title={_escaped(title, ':,')}::{_escaped(text)}"


def _escaped(text: str, more: str = "") -> str:
    """Write what a workflow command does not take as it is, as percent and two digits."""
    return re.sub(rf"[%\r\n{more}]", lambda found: f"%{ord(found[0]):02X}", text)


def _row(cause: dict[str, Any]) -> str:
    finding, places = cause["findings"][0], cause["places"]
    more = f"; and {len(places) - PLACES} more" if len(places) > PLACES else ""
    cells = (
        cause["severity"],
        cause["cause"],
        "; ".join(places[:PLACES]) + more,
        finding["received"],
        finding["documented"],
    )
    return f"| {' | '.join(map(_plain, (*cells, str(cause['count']))))} |"


def _plain(text: str) -> str:
    """Write text so that Markdown finds nothing in it."""
    return re.sub(r"[!-/:-@\[-`{-~]", lambda found: f"&#{ord(found[0])};", " ".join(text.split()))


def _steps(cause: dict[str, Any]) -> str:
    steps = cause["findings"][0]["steps"]
    inner = _fenced("\n".join(steps)) if steps else ""
    return (
        f"\n<details><summary>{_plain(cause['cause'])}</summary>\n\n{inner}\n</details>"
        if inner
        else ""
    )


def _fenced(text: str) -> str:
    """Put a fence around text that is longer than any in it."""
    fence = "`" * max(3, *(len(found) + 1 for found in re.findall("`+", text) or [""]))
    return f"{fence}sh\n{text}\n{fence}"
