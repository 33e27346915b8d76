"""What a part of a run leaves behind, and the run that all parts make together."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import astuple
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contract_tests.api.saved_profiles import Originals
from contract_tests.api.target_watch import Ended
from contract_tests.checks.coverage import Coverage
from contract_tests.exceptions import Reason, UsageError
from contract_tests.findings.collector import Collector
from contract_tests.findings.evidence import Evidence
from contract_tests.findings.finding import Finding
from contract_tests.findings.symptoms import Symptom
from contract_tests.reports.finding_text import evidence_row
from contract_tests.reports.run_report import Law, Run
from contract_tests.spec import contract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from contract_tests.findings.baseline import Entry

# What a part leaves in its report directory.
FILE = "shard.json"
# What parts of one run have in common.
ALIKE = ("of", "depth", "seed", "strict")


def _first(values: list[Any]) -> Any:
    return values[0]


def _joined(values: list[list[Any]]) -> list[Any]:
    return [each for value in values for each in value]


# How the attributes of a run come from those of its parts, which are saved as they are.
HOW_MERGED: dict[str, Callable[[list[Any]], Any]] = {
    "depth": _first,
    "seed": _first,
    "min_judged": _first,
    "working": all,
    "whole": all,
    "interrupted": any,
    "failures": _joined,
    "unfinished": _joined,
    "not_put_back": _joined,
    "passing": sum,
    "seconds": max,
}


def save(run: Run, directory: Path) -> None:
    """Write what a part has found, for `merged`."""
    directory.mkdir(parents=True, exist_ok=True)
    collector, kept = run.collector, run.originals
    data = {
        **{name: getattr(run, name) for name in HOW_MERGED},
        "number": run.shard.number,
        "of": run.shard.of,
        "strict": collector.strict,
        "base_url": collector.base_url,
        "ended": run.ended and astuple(run.ended),
        "originals": [str(kept.path), kept.command] if kept and run.not_put_back else None,
        "began": run.began.isoformat(),
        "repeat": run.repeat,
        "before": run.before_curl(),
        "laws": run.laws,
        "judged": collector.judged,
        "findings": _findings(collector),
        "skipped": _skipped(collector),
        "unreached": _findings(run.unreached),
        "unreachable": _skipped(run.unreached),
        "sent": _listed(run.sent),
        "cells": _listed(run.coverage.cells),
    }
    (directory / FILE).write_text(json.dumps(data, ensure_ascii=True), encoding="utf-8")


def merged(directories: Sequence[Path], baseline: tuple[Entry, ...] = ()) -> Run:
    """Return the whole run of these parts.

    Raise `UsageError` where they are not all the parts of one run.
    """
    parts = sorted(map(_part, directories), key=lambda part: int(part["number"]))
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
        why = f"not what this version of the gate writes ({type(error).__name__})"
        raise UsageError(f"{FILE}: {why}") from error


def _part(directory: Path) -> dict[str, Any]:
    path = directory / FILE
    try:
        part: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        how = "run the part with --shard and --report-dir"
        raise UsageError(f"{path}: {error.strerror}; {how}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not what a part of a run writes: {error}") from error
    is_ours = isinstance(part, dict) and {*ALIKE, "cells", "findings", "failures"} <= part.keys()
    if not is_ours or not _is_count(part.get("number")) or not _is_count(part["of"]):
        raise UsageError(f"{path}: not what this version of the gate writes")
    return part


def _is_count(value: object) -> bool:
    return type(value) is int and value > 0


def _whole(parts: list[dict[str, Any]], baseline: tuple[Entry, ...]) -> Run:
    first = parts[0]
    base_urls = dict.fromkeys(part["base_url"] for part in parts)
    collector = Collector(", ".join(base_urls), strict=first["strict"], baseline=baseline)
    collector.judged = sum(part["judged"] for part in parts)
    for saved in [*_in_one(parts, "findings"), *_in_all(parts, "unreached")]:
        collector.add(_finding(saved))
    for what, why, reason in [*_in_one(parts, "skipped"), *_in_all(parts, "unreachable")]:
        collector.not_judged(what, why, Reason(reason))
    coverage = Coverage(contract.load(), _summed(part["cells"] for part in parts))
    run = Run(collector, coverage, first["depth"], first["seed"])
    for name, merge in HOW_MERGED.items():
        setattr(run, name, merge([part[name] for part in parts]))
    run.before = list(dict.fromkeys(_in_one(parts, "before")))
    # The whole is repeated without the part.
    run.repeat = first["repeat"].replace(f" --shard {first['number']}/{first['of']}", "")
    run.laws = [Law(*law) for law in _in_one(parts, "laws")]
    run.sent = _summed(part["sent"] for part in parts)
    run.working = run.working or bool(collector.failing())
    run.ended = next((Ended(*part["ended"]) for part in parts if part["ended"]), None)
    kept = [part["originals"] for part in parts if part["originals"]]
    run.kept_by_parts = [Originals(Path(path), how) for path, how in kept]
    run.began = min(datetime.fromisoformat(part["began"]) for part in parts)
    return run


def _in_one(parts: list[dict[str, Any]], key: str) -> list[Any]:
    """Return what any part has there."""
    return _joined([part[key] for part in parts])


def _in_all(parts: list[dict[str, Any]], key: str) -> list[Any]:
    """Return what no part has reached: what one part alone did not reach, another may have."""
    first, *rest = parts
    return [each for each in first[key] if all(each in part[key] for part in rest)]


def _findings(collector: Collector) -> list[dict[str, Any]]:
    """Return findings for a file, with the texts that may be shown in place of the values."""
    return [
        {
            **vars(finding),
            "evidence": [
                {**evidence_row(each, finding, collector), "kind": each.kind}
                for each in finding.evidence
            ],
        }
        for finding in collector.findings.values()
    ]


def _finding(saved: dict[str, Any]) -> Finding:
    evidence = tuple(
        Evidence(each["received"], each["documented"], tuple(each["steps"]), each["kind"])
        for each in saved["evidence"]
    )
    return Finding(**{**saved, "symptom": Symptom(*saved["symptom"]), "evidence": evidence})


def _skipped(collector: Collector) -> list[tuple[str, str, str]]:
    return [(each.what, each.why, each.reason.value) for each in collector.skipped]


def _listed(counter: Counter[Any]) -> list[list[Any]]:
    return [[*key, count] for key, count in counter.items()]


def _summed(counters: Iterable[list[list[Any]]]) -> Counter[Any]:
    total: Counter[Any] = Counter()
    for rows in counters:
        total.update({tuple(key): count for *key, count in rows})
    return total
