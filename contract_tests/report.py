"""What a run says of itself: the outcome, `report.json`, and a verdict for people."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from contract_tests import html
from contract_tests.checks import CHECKS, VIOLATION

if TYPE_CHECKING:
    from pathlib import Path

    from contract_tests.coverage import Coverage
    from contract_tests.findings import Ledger

CONFORMS, VIOLATES, USAGE, NOTHING_JUDGED = range(4)
OUTCOMES = {CONFORMS: "conforms", VIOLATES: "violates", NOTHING_JUDGED: "nothing judged"}


@dataclass
class Run:
    """Everything that a report tells."""

    ledger: Ledger
    coverage: Coverage
    depth: str
    seed: int
    report_dir: Path | None = None
    working: bool = True
    seconds: float = 0.0
    started: float = field(default_factory=time.monotonic)
    laws: list[tuple[str, str, float]] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 conforms, 1 violates, 3 nothing was judged."""
        if not self.working:
            return NOTHING_JUDGED
        return VIOLATES if self.ledger.failing() or self._crashed() else CONFORMS

    def _crashed(self) -> bool:
        return any(outcome == "failed" for _, outcome, _ in self.laws)

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
            "laws": [{"law": name, "outcome": outcome, "seconds": round(secs, 3)} for name, outcome, secs in self.laws],
            "coverage": self.coverage.as_dict(),
        }

    def verdict(self) -> str:
        """Answer what a person wants to know, a few lines."""
        lines = []
        if self.working:
            lines += [f"{finding.text()}\n" for finding in self.ledger.merged()]
        by_reason: dict[str, list[str]] = {}
        for what, why in self.ledger.skipped:
            by_reason.setdefault(why, []).append(what)
        lines += [f"Not judged, because {why}:\n  {'; '.join(whats)}" for why, whats in by_reason.items()]
        return "\n".join([*lines, self._sentence()])

    def _sentence(self) -> str:
        if not self.working:
            return f"NOTHING JUDGED: {self.ledger.base_url}"
        merged = self.ledger.merged()
        sure = sum(finding.severity == VIOLATION for finding in merged)
        crashed = ", and a law of the gate itself failed" if self._crashed() and not self.ledger.failing() else ""
        word = "VIOLATES the contract" if self.exit_code else "CONFORMS to the contract"
        guess = "fail the run" if self.ledger.strict else "warnings; --strict makes them fail"
        return (
            f"{self.ledger.base_url} {word}{crashed}: {sure} violations, {len(merged) - sure} inferred ({guess}). "
            f"{len(self.laws)} laws, {self.ledger.judged} calls, {self.seconds:.1f} s, depth {self.depth}, seed {self.seed}."
        )


def write(run: Run, directory: Path) -> None:
    """Write `report.json` and `report.html`, creating the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    data = run.as_dict()
    text = json.dumps(data, indent=2, ensure_ascii=False)
    (directory / "report.json").write_text(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n", encoding="utf-8")
    (directory / "report.html").write_text(html.page(data, CHECKS), encoding="utf-8", errors="xmlcharrefreplace")


def gate_version() -> str:
    """The version of the installed distribution, or `unknown` in a bare checkout."""
    try:
        return version("user-profile-api-mock")
    except PackageNotFoundError:
        return "unknown"
