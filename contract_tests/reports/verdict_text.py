"""The verdict of a run for people: a few lines, of which the last says it in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract_tests.config.shard import WHOLE
from contract_tests.exceptions import Reason
from contract_tests.findings import baseline
from contract_tests.findings.rules import VIOLATION
from contract_tests.interrupts import INTERRUPTED
from contract_tests.redaction.internal_errors import FAILED, REPORT_IT
from contract_tests.reports.html_page import by_reason
from contract_tests.reports.run_report import NOT_JUDGED
from contract_tests.reports.templating import ENVIRONMENT, render, some

if TYPE_CHECKING:
    from contract_tests.api.target_watch import Ended
    from contract_tests.reports.finding_text import Row
    from contract_tests.reports.run_report import Run

NAMED = 12
"""Things that were not judged for one reason, before the rest is counted."""


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
    end = f"{_figures(run)}."
    target = run.collector.base_url
    if run.exit_code == INTERRUPTED:
        return f"{target}: INTERRUPTED after {_count(run.judged, 'law')}; until then: {end}"
    if run.exit_code == FAILED:
        return f"{target}: NOT JUDGED: {REPORT_IT}. Until then: {end}"
    if run.exit_code == NOT_JUDGED:
        return f"{target}: {_why_not(run, end)}"
    words = ["VIOLATES the contract" if run.exit_code else "CONFORMS to the contract"]
    if run.left:
        words.append(f" as far as it was judged ({_count(run.left, 'law')} had no time)")
    if run.failures:
        words.append(", and the gate itself failed")
    if outdated := run.outdated():
        words.append(f", and {_count(len(outdated), 'entry')} of the baseline out of date")
    return f"{target} {''.join(words)}: {end}"


def _why_not(run: Run, end: str) -> str:
    """Return why there is no verdict, and what was seen until then."""
    if run.ended is not None and run.working:
        return f"{_how_ended(run.ended, _count(run.judged, 'law'))}. Until then: {end}"
    if not run.working or not run.judged:
        whys = [each.why for each in run.collector.skipped]
        return f"NOTHING JUDGED: {whys[0]}" if whys else "NOTHING JUDGED"
    if run.is_enough:
        left = ", ".join(run.not_put_back)
        return f"NOT PUT BACK: {left}. Nothing else is in the way: {end}"
    return _too_little(run, end)


def _how_ended(ended: Ended, laws: str) -> str:
    if ended.is_unreachable:
        return f"GONE after {laws}: {ended}"
    return f"NOT JUDGED TO THE END: {ended.after(f' after {laws}')}"


def _too_little(run: Run, end: str) -> str:
    unfinished = run.collector.reasons(Reason.UNFINISHED)
    refused = run.collector.reasons(Reason.REFUSED)
    why = unfinished[0] if unfinished else " and ".join(refused) or "they had no time"
    advice = "Give it more --max-time, a quicker --depth or fewer --laws"
    if refused:
        advice = "Find out why it refuses them: --verbose shows each law"
    apply = run.judged + run.left
    return (
        f"TOO LITTLE JUDGED: {run.judged} of {apply} laws that apply ({run.judged / apply:.0%}), "
        f"and --min-judged asks for {run.min_judged:.0%}, because {why}. "
        f"{advice}. Until then: {end}"
    )


def _figures(run: Run) -> str:
    causes, found, accepted = run.causes(), run.findings(), len(run.accepted())
    sure = sum(cause.severity == VIOLATION for cause in causes)
    guess = "fail the run" if run.collector.strict else "warnings; --strict makes them fail"
    words = [f"{_count(sure, 'violation')}, {len(causes) - sure} inferred ({guess})"]
    if accepted:
        words.append(f", {accepted} accepted")
    if len(found) > len(causes):
        words.append(f" on {_count(len(found), 'place')}")
    words.append(f". {run.judged} of {_count(len(run.laws), 'law')} judged")
    if idle := len(run.laws) - run.judged - run.left:
        words.append(f" ({idle} not for this depth or target)")
    words.append(
        f", {_count(run.collector.judged, 'call')}, {run.seconds:.1f} s, "
        f"depth {run.depth}, seed {run.seed}"
    )
    if run.shard != WHOLE:
        words.append(f", part {run.shard.number} of {run.shard.of}")
    return "".join(words)


def _count(number: int, word: str) -> str:
    """Return a number and its word: `1 violation`, `0 violations`, `2 entries`."""
    if number == 1:
        return f"{number} {word}"
    return f"{number} {PLURALS.get(word, f'{word}s')}"


PLURALS = {"entry": "entries"}


ENVIRONMENT.filters["named"] = some(NAMED)
