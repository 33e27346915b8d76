"""A run for GitHub Actions: annotations, and the summary of its step."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

from contract_tests.redaction.terminal_text import shown
from contract_tests.reports.finding_text import place
from contract_tests.reports.report_output import say
from contract_tests.reports.templating import ENVIRONMENT, render

# Annotations of one kind that GitHub shows of a step.
MOST = 10
# Causes in a summary, which GitHub cuts off at a mebibyte.
LISTED = 200
# Places that are named of a cause.
PLACES = 6
NOTHING = "nothing judged"
UNFINISHED = ("not judged to the end", "failed", "interrupted")


def silence() -> tuple[str, str]:
    """Return the commands between which GitHub takes every line for plain text."""
    word = uuid4().hex
    return f"::stop-commands::{word}", f"::{word}::"


def tell(data: dict[str, Any], verdict: str, resume: str) -> None:
    """Annotate the run, and add to the summary of its step where there is one.

    `resume` ends the silence.
    """
    say(shown("\n".join([resume, *remarks(data, verdict), ""])))
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{shown(summary(data, verdict))}\n")
    except OSError as error:
        why = error.strerror or error
        say(f"The summary of the step (GITHUB_STEP_SUMMARY) cannot be written: {why}\n")


def remarks(data: dict[str, Any], verdict: str = "") -> list[str]:
    """Return the commands that annotate a run.

    They are made from the content of `report.json` and the verdict in one sentence.
    """
    errors = [_command("error", line, "baseline") for line in data["outdated"]]
    warnings = []
    if data["outcome"] in UNFINISHED:
        errors.append(_command("error", verdict or data["outcome"], data["outcome"]))
    if data["outcome"] == NOTHING:
        errors += [_not_judged(row) for row in data["not_judged"]]
    for cause in data["causes"]:
        if data["strict"] or cause["severity"] == "violation":
            errors.append(_command("error", _text(cause), _heading(cause)))
        else:
            warnings.append(_command("warning", _text(cause), _heading(cause)))
    annotated = [*errors[:MOST], *warnings[:MOST]]
    if left := len(errors) + len(warnings) - len(annotated):
        text = f"{left} more are in the summary of this step"
        annotated.append(_command("notice", text, "contract"))
    return annotated


def summary(data: dict[str, Any], verdict: str) -> str:
    """Return the summary of the step in Markdown.

    It is made from the content of `report.json` and the verdict in one sentence.
    """
    made = (
        f"at {data['started_at']}, gate {data['gate_version']}, "
        f"contract {data['contract_version']}, Python {data['python_version']}"
    )
    return render("summary.md.j2", **data, verdict=verdict, made=made, most=MOST, listed=LISTED)


def _not_judged(row: dict[str, str]) -> str:
    return _command("error", f"{row['what']}: {row['why']}", NOTHING)


def _heading(cause: dict[str, Any]) -> str:
    """Return rule and place where there is one, else the rules and how many places there are."""
    places = cause["places"]
    return (
        places[0] if len(places) == 1 else f"{', '.join(cause['checks'])} in {len(places)} places"
    )


def _text(cause: dict[str, Any]) -> str:
    finding = cause["findings"][0]
    lines = [
        cause["cause"],
        f"Received: {finding['received']}",
        f"Documented: {finding['documented']}",
        finding["curl"],
        *(f"Also {place}" for place in cause["places"][1:PLACES]),
    ]
    return "\n".join(lines)


def _command(kind: str, text: str, title: str) -> str:
    return f"::{kind} title={_escaped(title, ':,')}::{_escaped(text)}"


def _escaped(text: str, more: str = "") -> str:
    """Write what a workflow command does not take as it is, as percent and two digits."""
    return re.sub(rf"[%\r\n{more}]", lambda found: f"%{ord(found[0]):02X}", text)


def _title(finding: dict[str, Any]) -> str:
    return f"{finding['check']} on {place(finding)}"


ENVIRONMENT.filters["heading"] = _title
