"""The report of a run: its outcome, `report.json`, and a verdict for people."""

from __future__ import annotations

import json
import platform
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from contract_tests.config.settings import Settings
from contract_tests.config.shard import WHOLE, Shard
from contract_tests.config.target import DEFAULT_SESSIONS
from contract_tests.config.version import gate_version
from contract_tests.exceptions import NEVER_ANSWERED, UNFINISHED
from contract_tests.findings import baseline
from contract_tests.findings.causes import Cause, grouped
from contract_tests.findings.collector import Collector
from contract_tests.findings.rules import CHECKS, VIOLATION
from contract_tests.interrupts import INTERRUPTED
from contract_tests.redaction.internal_errors import FAILED, REPORT_IT
from contract_tests.redaction.terminal_text import shown
from contract_tests.reports import html_page, junit_xml

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
SHOWN = 12
UNREACHABLE = "the target answered at first"


class Law(NamedTuple):
    """One law that was run: its name, pytest's word for the outcome, how long it took and how many calls."""

    law: str
    outcome: str
    seconds: float
    calls: int


@dataclass
class Run:
    """Everything that a report shows.

    `ended` is what of the target ended meanwhile, `failures` are errors of the gate itself, `unfinished` laws that there was
    no time for, and `passing` counts answers that were taken for those of something in front of the target.
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
        return CONFORMS if self._is_enough and not self.not_put_back else NOT_JUDGED

    @property
    def _is_enough(self) -> bool:
        return bool(self.judged) and self.judged >= self.min_judged * (self.judged + self.left)

    @property
    def outcome(self) -> str:
        """The exit code in words."""
        return OUTCOMES.get(
            self.exit_code, NOT_TO_THE_END if self.working and self.judged else NOTHING
        )

    @property
    def judged(self) -> int:
        """How many laws were judged."""
        return sum(law.outcome in ("passed", "failed") for law in self.laws)

    @property
    def left(self) -> int:
        """How many laws apply to the target and were not judged: there was no time, or the run was stopped."""
        names = {law.law for law in self.laws if law.outcome == "skipped"}
        return len(names & {*self.unfinished})

    def findings(self) -> list[Finding]:
        """Return the findings that nobody has accepted."""
        return (
            [finding for finding in self.collector.merged() if not self.collector.accepts(finding)]
            if self.working
            else []
        )

    def failing(self) -> list[Finding]:
        """Return the findings that fail the run, one for each rule, operation, field and symptom."""
        return [
            each for each in self.findings() if self.collector.strict or each.severity == VIOLATION
        ]

    def causes(self) -> list[Cause]:
        """Return what the findings come from that nobody has accepted."""
        return grouped(self.findings())

    def accepted(self) -> list[tuple[Finding, Entry]]:
        """Return the findings that the baseline accepts, each with its entry."""
        pairs = [(finding, self.collector.accepts(finding)) for finding in self.collector.merged()]
        return [(finding, entry) for finding, entry in pairs if entry] if self.working else []

    def outdated(self) -> list[str]:
        """Return what of the baseline is no longer right: entries whose day is over, and those of findings that are gone."""
        found = self.collector.merged()
        over = [
            f"{entry.place}: {baseline.named(entry.key)} was accepted until {entry.expires}: mend it, or ask {entry.owner}"
            for entry in self.collector.baseline
            if entry.is_over
        ]
        gone = [
            f"{entry.place}: {baseline.named(entry.key)} was judged and not found again: remove this stale entry"
            for entry in self.collector.baseline
            if not entry.is_over and not any(map(entry.covers, found)) and self._has_judged(entry)
        ]
        return over + gone

    def _has_judged(self, entry: Entry) -> bool:
        """Whether this run would have found again what an entry accepts."""
        if (
            not self.whole
            or self.shard != WHOLE
            or self.interrupted
            or not self.working
            or self.ended
            or any(why in UNFINISHED for _, why in self.collector.skipped)
        ):
            return False
        operation = self.coverage.contract.operations.get(entry.operation)
        seen = {answer.partition(" ")[0] for answer in self.coverage.answers(entry.operation)}
        families = CHECKS[entry.rule].families
        skipped = any(what.partition(":")[0] in families for what, _ in self.collector.skipped)
        return not skipped and (operation is None or any(status.startswith("2") for status in seen))

    def before_curl(self) -> list[str]:
        """Return what makes the `curl` lines of the findings work.

        Tokens are shown only if they are our own samples.
        """
        lines = "\n".join(line for finding in self.collector.merged() for line in finding.curl)
        if not lines or not self.working:
            return []
        if self.target is None:
            return self.before
        samples = self.target.sessions == DEFAULT_SESSIONS
        known = {
            role.upper(): token if samples else "…" for role, token in self.target.sessions.items()
        }
        known |= {variable[1:]: "…" for variable in self.collector.redactor.variables.values()}
        words = [
            f"{name}={value}"
            for name, value in known.items()
            if re.search(rf"\$\{{?{name}(?![A-Z_])", lines)
        ]
        return [*self.before, *([f"export {' '.join(words)}"] if words else [])]

    def as_dict(self) -> dict[str, Any]:
        """Return the run as `report.json` shows it."""
        return {
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "target": self.collector.base_url,
            "gate_version": gate_version(),
            "contract_version": self.coverage.contract.version,
            "python_version": platform.python_version(),
            "started_at": self.began.isoformat(timespec="seconds"),
            "depth": self.depth,
            "seed": self.seed,
            "strict": self.collector.strict,
            "duration_seconds": round(self.seconds, 2),
            "requests": self.collector.judged,
            "sent": self._sent(),
            "causes": [cause.as_dict() for cause in self.causes()],
            "findings": [finding.as_dict() for finding in self.findings()],
            "accepted": [
                {**finding.as_dict(), "baseline": entry.as_dict()}
                for finding, entry in self.accepted()
            ],
            "outdated": self.outdated(),
            "judged": self.counts(),
            "not_put_back": self.not_put_back,
            "originals": str(self.originals.path) if self.originals and self.not_put_back else None,
            "failures": self.failures,
            "not_judged": [{"what": what, "why": why} for what, why in self.collector.skipped],
            "repeat": self.repeat,
            "before_curl": self.before_curl(),
            "laws": [law._asdict() for law in self.laws],
            "coverage": self.coverage.as_dict(),
        }

    def _sent(self) -> dict[str, dict[str, int]]:
        by_operation: dict[str, dict[str, int]] = {}
        for (operation, method), count in sorted(self.sent.items()):
            by_operation.setdefault(operation, {})[method] = count
        return by_operation

    def verdict(self) -> str:
        """Return what a person wants to know, a few lines."""
        lines = [f"{cause.text()}\n" for cause in self.causes()]
        if before := self.before_curl():
            lines += ["Before a curl line is pasted:", *(f"  {line}" for line in before), ""]
        by_reason = html_page.by_reason(self.collector.skipped)
        lines += [
            f"Not judged, because {why}:\n  {_some(whats)}\n" for why, whats in by_reason.items()
        ]
        lines += [f"The gate failed: {failure}\n" for failure in self.failures]
        if self.passing:
            lines.append(
                f"{self.passing} of {self.collector.judged} calls got 502 or the like, and were well when asked again.\n"
            )
        lines += self._of_what_is_left()
        lines += self._of_the_baseline()
        lines += (
            [f"To repeat the run:\n  {self.repeat}\n"] if self.repeat and self.exit_code else []
        )
        return "\n".join([*lines, self.sentence()])

    def _of_the_baseline(self) -> list[str]:
        accepted, failing = self.accepted(), self.collector.failing()
        lines = (
            ["Accepted:", *(f"  {entry.text()}" for _, entry in accepted), ""] if accepted else []
        )
        if out := self.outdated():
            lines += ["Out of date in the baseline:", *(f"  {line}" for line in out), ""]
        if self.collector.baseline and failing:
            shown = {finding.key: finding for finding in failing}.values()
            lines += [
                "To accept what is new, say in the baseline why, who answers for it and until when:",
                baseline.snippet(shown),
                "",
            ]
        return lines

    def _of_what_is_left(self) -> list[str]:
        """Say loudly what is not as it was."""
        if not self.not_put_back:
            return []
        kept = [*([self.originals] if self.originals is not None else []), *self.kept_by_parts]
        how = [line for each in kept for line in (each.how_to(), "")]
        return [f"NOT PUT BACK: {', '.join(self.not_put_back)}.", *how]

    def sentence(self) -> str:
        """Return the verdict in one sentence."""
        end = f"{self._counted()}."
        match self.exit_code:
            case code if code == INTERRUPTED:
                return f"{self.collector.base_url}: INTERRUPTED after {_count(self.judged, 'law')}; until then: {end}"
            case code if code == FAILED:
                return f"{self.collector.base_url}: NOT JUDGED: {REPORT_IT}. Until then: {end}"
            case code if code == NOT_JUDGED:
                return self._why_not(end)
        word = "VIOLATES the contract" if self.exit_code else "CONFORMS to the contract"
        missing = (
            f" as far as it was judged ({_count(self.left, 'law')} had no time)"
            if self.left
            else ""
        )
        failed = ", and the gate itself failed" if self.failures else ""
        outdated = (
            f", and {_count(len(self.outdated()), 'entry')} of the baseline out of date"
            if self.outdated()
            else ""
        )
        return f"{self.collector.base_url} {word}{missing}{failed}{outdated}: {end}"

    def _why_not(self, end: str) -> str:
        """Return why there is no verdict, and what was seen until then."""
        if self.ended is not None and self.working:
            when = f" after {_count(self.judged, 'law')}"
            is_gone = self.ended.what.startswith(UNREACHABLE)
            why = (
                f"GONE{when}: {self.ended}"
                if is_gone
                else f"NOT JUDGED TO THE END: {self.ended.after(when)}"
            )
            return f"{self.collector.base_url}: {why}. Until then: {end}"
        if not self.working or not self.judged:
            whys = [why for _, why in self.collector.skipped]
            return f"{self.collector.base_url}: NOTHING JUDGED" + (f": {whys[0]}" if whys else "")
        if self._is_enough:
            left = ", ".join(self.not_put_back)
            return f"{self.collector.base_url}: NOT PUT BACK: {left}. Nothing else is in the way: {end}"
        share = self.judged / (self.judged + self.left)
        whys = [why for _, why in self.collector.skipped]
        refused = [why for why in whys if why.endswith(NEVER_ANSWERED)]
        why = next(
            (why for why in whys if why in UNFINISHED), " and ".join(refused) or "they had no time"
        )
        advice = (
            "Find out why it refuses them: --verbose shows each law"
            if refused
            else "Give it more --max-time, a quicker --depth or fewer --laws"
        )
        return (
            f"{self.collector.base_url}: TOO LITTLE JUDGED: {self.judged} of {self.judged + self.left} laws that apply "
            f"({share:.0%}), and --min-judged asks for {self.min_judged:.0%}, because {why}. "
            f"{advice}. Until then: {end}"
        )

    def _counted(self) -> str:
        """Return the figures of the run."""
        causes, found, accepted = self.causes(), self.findings(), len(self.accepted())
        sure = sum(cause.severity == VIOLATION for cause in causes)
        guess = "fail the run" if self.collector.strict else "warnings; --strict makes them fail"
        more = f", {accepted} accepted" if accepted else ""
        idle = len(self.laws) - self.judged - self.left
        rest = f" ({idle} not for this depth or target)" if idle else ""
        places = f" on {_count(len(found), 'place')}" if len(found) > len(causes) else ""
        return (
            f"{_count(sure, 'violation')}, {len(causes) - sure} inferred ({guess}){more}{places}. "
            f"{self.judged} of {_count(len(self.laws), 'law')} judged{rest}, {_count(self.collector.judged, 'call')}, "
            f"{self.seconds:.1f} s, depth {self.depth}, seed {self.seed}{self._part()}"
        )

    def counts(self) -> dict[str, Any]:
        """Return how many laws there are, were judged, had no time, and do not apply, and the least share to be judged."""
        total, judged, left = len(self.laws), self.judged, self.left
        known = {
            "laws": total,
            "judged": judged,
            "unfinished": left,
            "not_applicable": total - judged - left,
        }
        return {**known, "min_share": self.min_judged}

    def _part(self) -> str:
        return f", part {self.shard.number} of {self.shard.of}" if self.shard != WHOLE else ""


def _count(number: int, word: str) -> str:
    """Return a number and its word: `1 violation`, `0 violations`."""
    if number == 1:
        return f"{number} {word}"
    return f"{number} {word.removesuffix('y')}ies" if word.endswith("y") else f"{number} {word}s"


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return "; ".join(names[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def write(run: Run, directory: Path) -> None:
    """Write `report.json` and `report.html`, creating the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    data = run.as_dict()
    text = json.dumps(data, indent=2, ensure_ascii=False)
    (directory / "report.json").write_text(shown(text) + "\n", encoding="utf-8")
    (directory / "report.html").write_text(shown(html_page.page(data, CHECKS)), encoding="utf-8")
    junit_xml.write(data, run.sentence(), directory / "junit.xml")
