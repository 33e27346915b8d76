"""What a run says of itself: the outcome, `report.json`, and a verdict for people."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from contract_tests import html
from contract_tests.checks import CHECKS, VIOLATION
from contract_tests.findings import OVER
from contract_tests.target import DEFAULT_SESSIONS
from contract_tests.version import gate_version

if TYPE_CHECKING:
    from pathlib import Path

    from contract_tests.coverage import Coverage
    from contract_tests.findings import Ledger
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
    seconds: float = 0.0
    started: float = field(default_factory=time.monotonic)
    laws: list[Law] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 conforms, 1 violates, 3 nothing was judged, 130 stopped before anything failed."""
        if self.working and (self.ledger.failing() or self._crashed()):
            return VIOLATES
        if self.interrupted:
            return INTERRUPTED
        judged = self.working and any(law.outcome == "passed" for law in self.laws)
        return CONFORMS if judged else NOTHING_JUDGED

    def _crashed(self) -> bool:
        return any(law.outcome == "failed" for law in self.laws)

    def before_curl(self) -> list[str]:
        """Answer what makes the `curl` lines of the findings work; tokens are shown only if they are our own samples."""
        lines = "\n".join(line for finding in self.ledger.merged() for line in finding.curl)
        if not lines or not self.working or self.target is None:
            return []
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
            "findings": [finding.as_dict() for finding in self.ledger.merged()] if self.working else [],
            "not_judged": [{"what": what, "why": why} for what, why in self.ledger.skipped],
            "repeat": self.repeat,
            "before_curl": self.before_curl(),
            "laws": [law._asdict() for law in self.laws],
            "coverage": self.coverage.as_dict(),
        }

    def verdict(self) -> str:
        """Answer what a person wants to know, a few lines."""
        lines = []
        if self.working:
            lines += [f"{finding.text()}\n" for finding in self.ledger.merged()]
        if before := self.before_curl():
            lines += ["Before a curl line is pasted:", *(f"  {line}" for line in before), ""]
        by_reason: dict[str, list[str]] = {}
        for what, why in self.ledger.skipped:
            by_reason.setdefault(why, []).append(what)
        lines += [f"Not judged, because {why}:\n  {_some(whats)}\n" for why, whats in by_reason.items()]
        lines += [f"To repeat the run:\n  {self.repeat}\n"] if self.repeat and self.exit_code else []
        return "\n".join([*lines, self._sentence()])

    def _sentence(self) -> str:
        if self.exit_code == INTERRUPTED:
            return f"{self.ledger.base_url}: INTERRUPTED after {len(self.laws)} laws, nothing wrong until then"
        if self.exit_code == NOTHING_JUDGED:
            return f"{self.ledger.base_url}: NOTHING JUDGED"
        merged = self.ledger.merged()
        sure = sum(finding.severity == VIOLATION for finding in merged)
        crashed = ", and a law of the gate itself failed" if self._crashed() and not self.ledger.failing() else ""
        word = "VIOLATES the contract" if self.exit_code else "CONFORMS to the contract"
        guess = "fail the run" if self.ledger.strict else "warnings; --strict makes them fail"
        return (
            f"{self.ledger.base_url} {word}{self._missing()}{crashed}: "
            f"{sure} violations, {len(merged) - sure} inferred ({guess}). "
            f"{len(self.laws)} laws, {self.ledger.judged} calls, {self.seconds:.1f} s, depth {self.depth}, seed {self.seed}."
        )

    def _missing(self) -> str:
        count = sum(why == OVER for _, why in self.ledger.skipped)
        return f" as far as it was judged ({count} things had no time)" if count else ""


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return "; ".join(names[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def write(run: Run, directory: Path) -> None:
    """Write `report.json` and `report.html`, creating the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    data = run.as_dict()
    text = json.dumps(data, indent=2, ensure_ascii=False)
    (directory / "report.json").write_text(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n", encoding="utf-8")
    (directory / "report.html").write_text(html.page(data, CHECKS), encoding="utf-8", errors="xmlcharrefreplace")
