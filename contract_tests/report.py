"""What a run says of itself: the outcome, `report.json`, and a verdict for people."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from contract_tests import baseline, html
from contract_tests.checks import CHECKS, VIOLATION
from contract_tests.findings import BUSY, GONE, OVER, UNFINISHED, Ledger
from contract_tests.screen import shown
from contract_tests.shard import WHOLE, Shard
from contract_tests.target import DEFAULT_SESSIONS
from contract_tests.version import gate_version

if TYPE_CHECKING:
    from pathlib import Path

    from contract_tests.baseline import Entry
    from contract_tests.coverage import Coverage
    from contract_tests.findings import Finding
    from contract_tests.target import Target

CONFORMS, VIOLATES, USAGE, NOTHING_JUDGED = range(4)
INTERRUPTED = 130
"""As shells have it for what Ctrl-C ended."""
OUTCOMES = {CONFORMS: "conforms", VIOLATES: "violates", NOTHING_JUDGED: "nothing judged", INTERRUPTED: "interrupted"}
SHOWN = 12


class Law(NamedTuple):
    """One law that was run: its name, pytest's word for the outcome, how long it took and how many calls."""

    law: str
    outcome: str
    seconds: float
    calls: int


@dataclass
class Run:
    """Everything that a report tells."""

    ledger: Ledger
    coverage: Coverage
    depth: str
    seed: int
    report_dir: Path | None = None
    max_time: int = 300
    repeat: str = ""
    before: list[str] = field(default_factory=list)
    target: Target | None = None
    working: bool = True
    interrupted: bool = False
    whole: bool = True
    shard: Shard = WHOLE
    unreached: Ledger = field(default_factory=lambda: Ledger(""))
    sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: float = 0.0
    started: float = field(default_factory=time.monotonic)
    laws: list[Law] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 conforms, 1 violates, 3 nothing was judged, 130 stopped before anything failed."""
        if self.working and (self.ledger.failing() or self._crashed() or self.outdated()):
            return VIOLATES
        if self.interrupted:
            return INTERRUPTED
        if self.is_gone:
            return NOTHING_JUDGED
        judged = self.working and any(law.outcome == "passed" for law in self.laws)
        return CONFORMS if judged else NOTHING_JUDGED

    @property
    def is_gone(self) -> bool:
        """Whether the target could not be reached any more at some time."""
        return any(why == GONE for _, why in self.ledger.skipped)

    def _crashed(self) -> bool:
        return any(law.outcome == "failed" for law in self.laws)

    def findings(self) -> list[Finding]:
        """Answer the findings that nobody has accepted."""
        return [finding for finding in self.ledger.merged() if not self.ledger.accepts(finding)] if self.working else []

    def accepted(self) -> list[tuple[Finding, Entry]]:
        """Answer the findings that the baseline accepts, each with its entry."""
        pairs = [(finding, self.ledger.accepts(finding)) for finding in self.ledger.merged()]
        return [(finding, entry) for finding, entry in pairs if entry] if self.working else []

    def outdated(self) -> list[str]:
        """Answer what of the baseline is no longer right: entries whose day is over, and those of findings that are gone."""
        found = {finding.key for finding in self.ledger.merged()}
        over = [
            f"{entry.place}: {baseline.named(entry.key)} was accepted until {entry.expires}: mend it, or ask {entry.owner}"
            for entry in self.ledger.baseline
            if entry.is_over
        ]
        gone = [
            f"{entry.place}: {baseline.named(entry.key)} was judged and not found again: remove this stale entry"
            for entry in self.ledger.baseline
            if not entry.is_over and entry.key not in found and self._has_judged(entry)
        ]
        return over + gone

    def _has_judged(self, entry: Entry) -> bool:
        """Whether this run would have found again what an entry accepts."""
        if (
            not self.whole
            or self.shard != WHOLE
            or self.interrupted
            or not self.working
            or any(why in UNFINISHED for _, why in self.ledger.skipped)
        ):
            return False
        operation = self.coverage.contract.operations.get(entry.operation)
        seen = {answer.partition(" ")[0] for answer in self.coverage.answers(entry.operation)}
        laws = baseline.judges(entry.rule)
        skipped = any(what.partition(":")[0] in laws for what, _ in self.ledger.skipped)
        return not skipped and (operation is None or any(status.startswith("2") for status in seen))

    def before_curl(self) -> list[str]:
        """Answer what makes the `curl` lines of the findings work; tokens are shown only if they are our own samples."""
        lines = "\n".join(line for finding in self.ledger.merged() for line in finding.curl)
        if not lines or not self.working:
            return []
        if self.target is None:
            return self.before
        samples = self.target.sessions == DEFAULT_SESSIONS
        known = {role.upper(): token if samples else "…" for role, token in self.target.sessions.items()}
        known |= {variable[1:]: "…" for variable in self.ledger.veil.variables.values()}
        words = [f"{name}={value}" for name, value in known.items() if re.search(rf"\$\{{?{name}(?![A-Z_])", lines)]
        return [*self.before, *([f"export {' '.join(words)}"] if words else [])]

    def as_dict(self) -> dict[str, Any]:
        """Answer the run as `report.json` shows it."""
        return {
            "outcome": OUTCOMES[self.exit_code],
            "exit_code": self.exit_code,
            "target": self.ledger.base_url,
            "gate_version": gate_version(),
            "contract_version": self.coverage.contract.version,
            "depth": self.depth,
            "seed": self.seed,
            "strict": self.ledger.strict,
            "duration_seconds": round(self.seconds, 2),
            "requests": self.ledger.judged,
            "sent": self._sent(),
            "findings": [finding.as_dict() for finding in self.findings()],
            "accepted": [{**finding.as_dict(), "baseline": entry.as_dict()} for finding, entry in self.accepted()],
            "outdated": self.outdated(),
            "not_judged": [{"what": what, "why": why} for what, why in self.ledger.skipped],
            "repeat": self.repeat,
            "before_curl": self.before_curl(),
            "laws": [law._asdict() for law in self.laws],
            "coverage": self.coverage.as_dict(),
        }

    def _sent(self) -> dict[str, dict[str, int]]:
        by_operation: dict[str, dict[str, int]] = {}
        for (operation, method), count in sorted(self.sent.items()):
            methods = by_operation.setdefault(operation.partition(",")[0], {})
            methods[method] = methods.get(method, 0) + count
        return by_operation

    def verdict(self) -> str:
        """Answer what a person wants to know, a few lines."""
        lines = [f"{finding.text()}\n" for finding in self.findings()]
        if before := self.before_curl():
            lines += ["Before a curl line is pasted:", *(f"  {line}" for line in before), ""]
        by_reason: dict[str, list[str]] = {}
        for what, why in self.ledger.skipped:
            by_reason.setdefault(why, []).append(what)
        lines += [f"Not judged, because {why}:\n  {_some(whats)}\n" for why, whats in by_reason.items()]
        lines += self._of_the_baseline()
        lines += [f"To repeat the run:\n  {self.repeat}\n"] if self.repeat and self.exit_code else []
        return "\n".join([*lines, self.sentence()])

    def _of_the_baseline(self) -> list[str]:
        accepted, failing = self.accepted(), self.ledger.failing()
        lines = ["Accepted:", *(f"  {entry.text()}" for _, entry in accepted), ""] if accepted else []
        if out := self.outdated():
            lines += ["Out of date in the baseline:", *(f"  {line}" for line in out), ""]
        if self.ledger.baseline and failing:
            shown = {finding.key: finding for finding in failing}.values()
            lines += [
                "To accept what is new, say in the baseline why, who answers for it and until when:",
                baseline.snippet(shown),
                "",
            ]
        return lines

    def sentence(self) -> str:
        """Answer the verdict in one sentence."""
        if self.exit_code == INTERRUPTED:
            return f"{self.ledger.base_url}: INTERRUPTED after {len(self.laws)} laws, nothing wrong until then"
        if self.exit_code == NOTHING_JUDGED and self.is_gone and self.working:
            passed = sum(law.outcome == "passed" for law in self.laws)
            return f"{self.ledger.base_url}: GONE after {passed} laws, nothing wrong until then"
        if self.exit_code == NOTHING_JUDGED:
            return f"{self.ledger.base_url}: NOTHING JUDGED"
        merged, accepted = self.findings(), len(self.accepted())
        sure = sum(finding.severity == VIOLATION for finding in merged)
        crashed = ", and a law of the gate itself failed" if self._crashed() and not self.ledger.failing() else ""
        crashed += f", and {len(self.outdated())} entries of the baseline are out of date" if self.outdated() else ""
        more = f", {accepted} accepted" if accepted else ""
        word = "VIOLATES the contract" if self.exit_code else "CONFORMS to the contract"
        guess = "fail the run" if self.ledger.strict else "warnings; --strict makes them fail"
        return (
            f"{self.ledger.base_url} {word}{self._missing()}{crashed}: "
            f"{sure} violations, {len(merged) - sure} inferred ({guess}){more}. "
            f"{len(self.laws)} laws, {self.ledger.judged} calls, {self.seconds:.1f} s, depth {self.depth}, "
            f"seed {self.seed}{self._part()}."
        )

    def _part(self) -> str:
        return f", part {self.shard.number} of {self.shard.of}" if self.shard != WHOLE else ""

    def _missing(self) -> str:
        count = sum(why in (OVER, BUSY) for _, why in self.ledger.skipped)
        return f" as far as it was judged ({count} things had no time)" if count else ""


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return "; ".join(names[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def write(run: Run, directory: Path) -> None:
    """Write `report.json` and `report.html`, creating the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    data = run.as_dict()
    text = json.dumps(data, indent=2, ensure_ascii=False)
    (directory / "report.json").write_text(shown(text) + "\n", encoding="utf-8")
    (directory / "report.html").write_text(shown(html.page(data, CHECKS)), encoding="utf-8")
