"""What became of a run: what it found and judged, and its exit code."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from contract_tests.config.settings import Settings
from contract_tests.config.shard import WHOLE, Shard
from contract_tests.config.target import DEFAULT_SESSIONS
from contract_tests.exceptions import Reason
from contract_tests.findings import baseline
from contract_tests.findings.causes import Cause, grouped
from contract_tests.findings.collector import Collector
from contract_tests.findings.rules import CHECKS, VIOLATION
from contract_tests.http.messages import Exchange
from contract_tests.interrupts import INTERRUPTED
from contract_tests.redaction.internal_errors import FAILED

if TYPE_CHECKING:
    from pathlib import Path

    from contract_tests.api.saved_profiles import Originals
    from contract_tests.api.target_watch import Ended
    from contract_tests.checks.coverage import Coverage
    from contract_tests.config.target import Target
    from contract_tests.findings.baseline import Entry
    from contract_tests.findings.finding import Finding

CONFORMS, VIOLATES, USAGE, NOT_JUDGED = range(4)
OUTCOMES = {
    CONFORMS: "conforms",
    VIOLATES: "violates",
    FAILED: "failed",
    INTERRUPTED: "interrupted",
}
NOTHING, NOT_TO_THE_END = "nothing judged", "not judged to the end"


class Law(NamedTuple):
    """One law that was run: pytest's word for its outcome, how long it took and how many calls."""

    law: str
    outcome: str
    seconds: float
    calls: int
    family: str = ""
    name: str = ""


@dataclass(repr=False)
class Run:
    """Everything that a report shows.

    `ended` is what of the target ended meanwhile, `failures` are errors of the gate itself,
    `unfinished` laws that there was no time for, and `passing` counts answers that were taken for
    those of something in front of the target.
    """

    collector: Collector
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
    ended: Ended | None = None
    failures: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    min_judged: float = Settings.min_judged
    passing: int = 0
    originals: Originals | None = None
    not_put_back: list[str] = field(default_factory=list)
    kept_by_parts: list[Originals] = field(default_factory=list)
    whole: bool = True
    shard: Shard = WHOLE
    unreached: Collector = field(default_factory=lambda: Collector(""))
    sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: float = 0.0
    started: float = field(default_factory=time.monotonic)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    laws: list[Law] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """The exit code of the run; `docs/gate.md` explains each."""
        if self.interrupted:
            return INTERRUPTED
        fails = self.working and bool(self.collector.failing() or self.outdated())
        if self.failures and not fails:
            return FAILED
        if self.ended is not None or not self.working:
            return NOT_JUDGED
        if fails:
            return VIOLATES
        return CONFORMS if self.is_enough and not self.not_put_back else NOT_JUDGED

    @property
    def is_enough(self) -> bool:
        """Whether so many laws were judged as `--min-judged` asks for."""
        return bool(self.judged) and self.judged >= self.min_judged * (self.judged + self.left)

    @property
    def outcome(self) -> str:
        """The exit code in words."""
        unjudged = NOT_TO_THE_END if self.working and self.judged else NOTHING
        return OUTCOMES.get(self.exit_code, unjudged)

    @property
    def judged(self) -> int:
        """How many laws were judged."""
        return sum(law.outcome in ("passed", "failed") for law in self.laws)

    @property
    def left(self) -> int:
        """How many laws apply to the target and were not judged, as the time was over."""
        names = {law.law for law in self.laws if law.outcome == "skipped"}
        return len(names & {*self.unfinished})

    def findings(self) -> list[Finding]:
        """Return the findings that nobody has accepted."""
        if not self.working:
            return []
        merged = self.collector.merged()
        return [finding for finding in merged if not self.collector.accepts(finding)]

    def failing(self) -> list[Finding]:
        """Return the findings that fail the run, those of all laws as one."""
        return [
            each for each in self.findings() if self.collector.strict or each.severity == VIOLATION
        ]

    def causes(self) -> list[Cause]:
        """Return what the findings come from that nobody has accepted."""
        return grouped(self.findings())

    def accepted(self) -> list[tuple[Finding, Entry]]:
        """Return the findings that the baseline accepts, each with its entry."""
        if not self.working:
            return []
        pairs = [(finding, self.collector.accepts(finding)) for finding in self.collector.merged()]
        return [(finding, entry) for finding, entry in pairs if entry]

    def outdated(self) -> list[str]:
        """Return what of the baseline is no longer right.

        That are entries whose day is over, and those of findings that are gone.
        """
        found = self.collector.merged()
        over, gone = [], []
        for entry in self.collector.baseline:
            about = f"{entry.place}: {baseline.named(entry.key)} was"
            if entry.is_over:
                over.append(
                    f"{about} accepted until {entry.expires}: mend it, or ask {entry.owner}"
                )
            elif not any(map(entry.covers, found)) and self._has_judged(entry):
                gone.append(f"{about} judged and not found again: remove this stale entry")
        return over + gone

    def _has_judged(self, entry: Entry) -> bool:
        """Whether this run would have found again what an entry accepts."""
        is_whole = self.whole and self.shard == WHOLE
        is_cut_short = self.interrupted or self.ended or self.collector.reasons(Reason.UNFINISHED)
        if not self.working or not is_whole or is_cut_short:
            return False
        operation = entry.operation
        is_one = operation in self.coverage.contract.operations
        if is_one and not self.coverage.has_succeeded(operation):
            return False
        families = CHECKS[entry.rule].families
        unjudged = {each.what for each in self.collector.skipped}
        return not any(law.family in families and law.law in unjudged for law in self.laws)

    def before_curl(self) -> list[str]:
        """Return what makes the `curl` lines of the findings work.

        Tokens are shown only if they are our own samples.
        """
        # Only the first piece of evidence of a finding is shown with its steps.
        steps = [step for each in self.collector.merged() for step in each.evidence[0].steps]
        if not steps or not self.working:
            return []
        needed: set[str] = set()
        for step in steps:
            if isinstance(step, Exchange):
                needed |= step.request.variables
        known = self._variables()
        words = [f"{name}={known[name]}" for name in known if name in needed]
        if not words:
            return self.before
        return [*self.before, f"export {' '.join(words)}"]

    def _variables(self) -> dict[str, str]:
        """Return the variables of the `curl` lines, unless parts of the run have done so."""
        if self.target is None:
            return {}
        are_samples = self.target.sessions == DEFAULT_SESSIONS
        known = {role.upper(): token for role, token in self.target.sessions.items()}
        if not are_samples:
            known = dict.fromkeys(known, "…")
        names = [variable[1:] for variable in self.collector.redactor.variables.values()]
        return known | dict.fromkeys(names, "…")

    def counts(self) -> dict[str, float]:
        """Return how many laws there are, were judged, had no time, and do not apply."""
        return {
            "laws": len(self.laws),
            "judged": self.judged,
            "unfinished": self.left,
            "not_applicable": len(self.laws) - self.judged - self.left,
            "min_share": self.min_judged,
        }
