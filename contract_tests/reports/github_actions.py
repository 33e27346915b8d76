"""A run for GitHub Actions: annotations, and the summary of its step."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from contract_tests.findings.rules import VIOLATION
from contract_tests.redaction.terminal_text import shown
from contract_tests.reports.finding_text import place
from contract_tests.reports.report_output import say
from contract_tests.reports.templating import ENVIRONMENT, render

if TYPE_CHECKING:
    from collections.abc import Iterator

# Annotations of one kind that GitHub shows of a step.
MOST = 10
# Causes in a summary, which GitHub cuts off at a mebibyte.
LISTED = 200
# Places that are named of a cause.
PLACES = 6
NOTHING = "nothing judged"
UNFINISHED = ("not judged to the end", "failed", "interrupted")


def is_here() -> bool:
    """Tell whether a step of GitHub Actions reads what this process says."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


@contextmanager
def plain_text() -> Iterator[None]:
    """Make GitHub take what is said meanwhile for nothing but text."""
    if not is_here():
        yield
        return
    word = uuid4().hex
    say(f"::stop-commands::{word}\n")
    try:
        yield
    finally:
        say(f"::{word}::\n")


def tell(data: dict[str, Any], verdict: str) -> None:
    """Annotate the run, and add to the summary of its step where there is one."""
    say(shown("".join(f"{line}\n" for line in remarks(data, verdict))))
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
    errors = _errors_of_the_run(data, verdict)
    warnings = []
    for cause in data["causes"]:
        fails = data["strict"] or cause["severity"] == VIOLATION
        kind = "error" if fails else "warning"
        command = _command(kind, _text(cause), _heading(cause))
        if fails:
            errors.append(command)
        else:
            warnings.append(command)
    annotated = errors[:MOST] + warnings[:MOST]
    left = len(errors) + len(warnings) - len(annotated)
    if left:
        text = f"{left} more are in the summary of this step"
        annotated.append(_command("notice", text, "contract"))
    return annotated


def _errors_of_the_run(data: dict[str, Any], verdict: str) -> list[str]:
    outcome = data["outcome"]
    errors = [_command("error", line, "baseline") for line in data["outdated"]]
    if outcome in UNFINISHED:
        errors.append(_command("error", verdict or outcome, outcome))
    if outcome == NOTHING:
        lines = [f"{row['what']}: {row['why']}" for row in data["not_judged"]]
        errors += [_command("error", line, outcome) for line in lines]
    return errors


def summary(data: dict[str, Any], verdict: str) -> str:
    """Return the summary of the step in Markdown.

    It is made from the content of `report.json` and the verdict in one sentence.
    """
    made = (
        f"at {data['started_at']}, gate {data['gate_version']}, "
        f"contract {data['contract_version']}, Python {data['python_version']}"
    )
    return render("summary.md.j2", **data, verdict=verdict, made=made, most=MOST, listed=LISTED)


def _heading(cause: dict[str, Any]) -> str:
    """Return rule and place where there is one, else the rules and how many places there are."""
    places = cause["places"]
    if len(places) == 1:
        return str(places[0])
    rules = ", ".join(cause["checks"])
    return f"{rules} in {len(places)} places"


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
    return re.sub(rf"[%\r\n{more}]", _as_percent, text)


def _as_percent(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"


def _title(finding: dict[str, Any]) -> str:
    return f"{finding['check']} on {place(finding)}"


ENVIRONMENT.filters["heading"] = _title
