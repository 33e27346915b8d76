"""What a run says to GitHub Actions: annotations, and the summary of its step."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

from contract_tests.outputs import say
from contract_tests.screen import shown

MOST = 10
"""Annotations of one kind that GitHub shows of a step."""
LISTED = 200
"""Findings in a summary, which GitHub cuts off at a mebibyte."""


def silence() -> tuple[str, str]:
    """Answer the commands that make GitHub take what stands between them for plain text, whatever a target says in it."""
    word = uuid4().hex
    return f"::stop-commands::{word}", f"::{word}::"


def tell(data: dict[str, Any], verdict: str, resume: str) -> None:
    """Annotate the run, and add to the summary of its step where there is one; `resume` ends the silence."""
    say(shown("\n".join([resume, *remarks(data, verdict), ""])))
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        try:
            with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(shown(summary(data, verdict)))
        except OSError as error:
            say(f"The summary of the step (GITHUB_STEP_SUMMARY) cannot be written: {error.strerror or error}\n")


def remarks(data: dict[str, Any], verdict: str = "") -> list[str]:
    """Answer the commands that annotate a run, for the content of `report.json` and the verdict in one sentence."""
    failing = [finding for finding in data["findings"] if data["strict"] or finding["severity"] == "violation"]
    warned = [finding for finding in data["findings"] if finding not in failing]
    lines = [_command("error", line, "baseline") for line in data["outdated"]]
    if data["outcome"] in ("not judged to the end", "failed", "interrupted"):
        lines.append(_command("error", verdict or data["outcome"], data["outcome"]))
    if data["outcome"] == "nothing judged":
        lines += [_command("error", f"{row['what']}: {row['why']}", "nothing judged") for row in data["not_judged"]]
    errors = [*lines, *(_command("error", _text(finding), _title(finding)) for finding in failing)]
    warnings = [_command("warning", _text(finding), _title(finding)) for finding in warned]
    left = len(errors[MOST:]) + len(warnings[MOST:])
    more = [_command("notice", f"{left} more are in the summary of this step", "contract")] if left else []
    return [*errors[:MOST], *warnings[:MOST], *more]


def summary(data: dict[str, Any], verdict: str) -> str:
    """Answer the summary of the step in Markdown, for the content of `report.json` and one sentence."""
    findings = data["findings"][:LISTED]
    rows = [_row(finding) for finding in findings]
    head = ["| | rule | operation | received | documented | met |", "|---|---|---|---|---|---|"]
    table = [*head, *rows] if rows else []
    more = [f"\n{len(data['findings']) - LISTED} more are in the report."] if len(data["findings"]) > LISTED else []
    accepted = [f"- accepted: {_plain(_title(each))} ({_plain(each['baseline']['owner'])})" for each in data["accepted"]]
    outdated = [f"- **baseline**: {_plain(line)}" for line in data["outdated"]]
    steps = [_steps(finding) for finding in findings[:MOST]]
    repeat = ["\nTo repeat the run:\n", _fenced(data["repeat"])] if data["repeat"] else []
    before = ["\nBefore a `curl` line is pasted:\n", _fenced("\n".join(data["before_curl"]))] if data["before_curl"] else []
    parts = ["## Contract of the User Profile API\n", _plain(verdict), "", *table, *more, "", *accepted, *outdated]
    return "\n".join([*parts, *repeat, *before, *steps, ""])


def _title(finding: dict[str, Any]) -> str:
    about = f"{finding['operation']}, {finding['field']}" if finding["field"] else finding["operation"]
    return f"{finding['check']} on {about}"


def _text(finding: dict[str, Any]) -> str:
    return f"{finding['says']}\nReceived: {finding['received']}\nDocumented: {finding['documented']}\n{finding['curl']}"


def _command(kind: str, text: str, title: str) -> str:
    return f"::{kind} title={_escaped(title, ':,')}::{_escaped(text)}"


def _escaped(text: str, more: str = "") -> str:
    """Write what a workflow command does not take as it is, as percent and two digits."""
    return re.sub(rf"[%\r\n{more}]", lambda found: f"%{ord(found[0]):02X}", text)


def _row(finding: dict[str, Any]) -> str:
    cells = (finding["severity"], finding["check"], _title(finding).partition(" on ")[2], finding["received"])
    return f"| {' | '.join(map(_plain, (*cells, finding['documented'], str(finding['count']))))} |"


def _plain(text: str) -> str:
    """Write text so that Markdown finds nothing in it."""
    return re.sub(r"[!-/:-@\[-`{-~]", lambda found: f"&#{ord(found[0])};", " ".join(text.split()))


def _steps(finding: dict[str, Any]) -> str:
    inner = _fenced("\n".join(finding["steps"])) if finding["steps"] else ""
    return f"\n<details><summary>{_plain(_title(finding))}</summary>\n\n{inner}\n</details>" if inner else ""


def _fenced(text: str) -> str:
    """Put a fence around text that is longer than any in it."""
    fence = "`" * max(3, *(len(found) + 1 for found in re.findall("`+", text) or [""]))
    return f"{fence}sh\n{text}\n{fence}"
