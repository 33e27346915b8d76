"""What a part of a run leaves behind, and the run that all parts make together."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contract_tests.api.saved_profiles import Originals
from contract_tests.api.target_watch import Ended
from contract_tests.checks.coverage import Coverage
from contract_tests.exceptions import UsageError
from contract_tests.findings.collector import Collector
from contract_tests.findings.finding import Finding
from contract_tests.reports.run_report import Law, Run
from contract_tests.spec import contract

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from contract_tests.findings.baseline import Entry

FILE = "shard.json"
"""What a part leaves in its report directory."""
ALIKE = ("of", "depth", "seed", "strict")


def save(run: Run, directory: Path) -> None:
    """Write what a part has found, for `merged`."""
    directory.mkdir(parents=True, exist_ok=True)
    data = {
        "number": run.shard.number,
        "of": run.shard.of,
        "depth": run.depth,
        "seed": run.seed,
        "strict": run.collector.strict,
        "base_url": run.collector.base_url,
        "working": run.working,
        "interrupted": run.interrupted,
        "ended": [run.ended.what, run.ended.how] if run.ended else None,
        "failures": run.failures,
        "unfinished": run.unfinished,
        "min_judged": run.min_judged,
        "passing": run.passing,
        "not_put_back": run.not_put_back,
        "originals": [str(run.originals.path), run.originals.command]
        if run.originals and run.not_put_back
        else None,
        "whole": run.whole,
        "seconds": run.seconds,
        "began": run.began.isoformat(),
        "repeat": run.repeat,
        "before": run.before_curl(),
        "laws": run.laws,
        "judged": run.collector.judged,
        "findings": [asdict(finding) for finding in run.collector.findings.values()],
        "skipped": list(run.collector.skipped),
        "unreached": [asdict(finding) for finding in run.unreached.findings.values()],
        "unreachable": list(run.unreached.skipped),
        "sent": _listed(run.sent),
        "cells": _listed(run.coverage.cells),
    }
    (directory / FILE).write_text(json.dumps(data, ensure_ascii=True), encoding="utf-8")


def merged(directories: Sequence[Path], baseline: tuple[Entry, ...] = ()) -> Run:
    """Return the whole run of these parts.

    Raise `UsageError` where they are not all the parts of one run.
    """
    parts = sorted(
        (_part(directory) for directory in directories), key=lambda part: int(part["number"])
    )
    for key in ALIKE:
        if len({str(part[key]) for part in parts}) > 1:
            raise UsageError(f"these are not parts of one run: they differ in {key}")
    of = int(parts[0]["of"])
    numbers = [part["number"] for part in parts]
    if missing := sorted(set(range(1, of + 1)) - set(numbers)):
        raise UsageError(
            f"part {missing[0]}/{of} is missing: give the report directories of all {of} parts"
        )
    if len(numbers) > of:
        raise UsageError(f"a part is given twice: {', '.join(map(str, numbers))}")
    try:
        return _whole(parts, baseline)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise UsageError(
            f"{FILE}: not what this version of the gate writes ({type(error).__name__})"
        ) from error


def _part(directory: Path) -> dict[str, Any]:
    try:
        part = json.loads((directory / FILE).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{directory / FILE}: {error.strerror}; run the part with --shard and --report-dir"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{directory / FILE}: not what a part of a run writes: {error}") from error
    if (
        not isinstance(part, dict)
        or not {*ALIKE, "cells", "findings", "failures"} <= part.keys()
        or not all(type(part.get(key)) is int and part[key] > 0 for key in ("number", "of"))
    ):
        raise UsageError(f"{directory / FILE}: not what this version of the gate writes")
    return part


def _whole(parts: list[dict[str, Any]], baseline: tuple[Entry, ...]) -> Run:
    first = parts[0]
    collector = Collector(
        ", ".join(dict.fromkeys(part["base_url"] for part in parts)),
        strict=first["strict"],
        baseline=baseline,
    )
    collector.judged = sum(part["judged"] for part in parts)
    for finding in [each for part in parts for each in part["findings"]] + _in_all(
        parts, "unreached"
    ):
        collector.add(Finding(**finding))
    for pair in [each for part in parts for each in part["skipped"]] + _in_all(
        parts, "unreachable"
    ):
        collector.not_judged(*pair)
    coverage = Coverage(contract.load(), _summed(part["cells"] for part in parts))
    run = Run(collector, coverage, first["depth"], first["seed"])
    run.before = list(dict.fromkeys(line for part in parts for line in part["before"]))
    run.repeat = re.sub(r" --shard [0-9/]+", "", first["repeat"])
    run.laws = [Law(*law) for part in parts for law in part["laws"]]
    run.sent = _summed(part["sent"] for part in parts)
    run.working = all(part["working"] for part in parts) or bool(collector.failing())
    run.interrupted = any(part["interrupted"] for part in parts)
    run.ended = next((Ended(*part["ended"]) for part in parts if part["ended"]), None)
    run.failures = [each for part in parts for each in part["failures"]]
    run.unfinished = [each for part in parts for each in part["unfinished"]]
    run.not_put_back = [each for part in parts for each in part["not_put_back"]]
    run.kept_by_parts = [
        Originals(Path(part["originals"][0]), part["originals"][1])
        for part in parts
        if part["originals"]
    ]
    run.min_judged = first["min_judged"]
    run.passing = sum(part["passing"] for part in parts)
    run.whole = all(part["whole"] for part in parts)
    run.began = min(datetime.fromisoformat(part["began"]) for part in parts)
    run.seconds = max(part["seconds"] for part in parts)
    return run


def _in_all(parts: list[dict[str, Any]], key: str) -> list[Any]:
    """Return what no part has reached: what one part alone did not reach, another may have."""
    first, *rest = parts
    return [each for each in first[key] if all(each in part[key] for part in rest)]


def _listed(counter: Counter[Any]) -> list[list[Any]]:
    return [[*key, count] for key, count in counter.items()]


def _summed(counters: Iterable[list[list[Any]]]) -> Counter[Any]:
    total: Counter[Any] = Counter()
    for rows in counters:
        total.update({tuple(key): count for *key, count in rows})
    return total
