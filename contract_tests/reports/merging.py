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
NEEDED = {*ALIKE, "number", "cells", "findings", "failures"}

Part = dict[str, Any]


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
    parts = [_part(directory) for directory in directories]
    parts.sort(key=_number)
    _check_all_are_there(parts)
    try:
        return _whole(parts, _collector(parts, baseline))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        why = f"not what this version of the gate writes ({type(error).__name__})"
        raise UsageError(f"{FILE}: {why}") from error


def _part(directory: Path) -> Part:
    path = directory / FILE
    try:
        part: Part = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        how = "run the part with --shard and --report-dir"
        raise UsageError(f"{path}: {error.strerror}; {how}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not what a part of a run writes: {error}") from error
    is_part = isinstance(part, dict) and part.keys() >= NEEDED
    if not is_part or not _is_count(part["number"]) or not _is_count(part["of"]):
        raise UsageError(f"{path}: not what this version of the gate writes")
    return part


def _is_count(value: object) -> bool:
    return type(value) is int and value > 0


def _number(part: Part) -> int:
    number: int = part["number"]
    return number


def _check_all_are_there(parts: list[Part]) -> None:
    for key in ALIKE:
        values = set(map(str, _each(parts, key)))
        if len(values) > 1:
            raise UsageError(f"these are not parts of one run: they differ in {key}")
    of = parts[0]["of"]
    numbers = _each(parts, "number")
    missing = set(range(1, of + 1)).difference(numbers)
    if missing:
        how = f"give the report directories of all {of} parts"
        raise UsageError(f"part {min(missing)}/{of} is missing: {how}")
    if len(numbers) > of:
        raise UsageError(f"a part is given twice: {', '.join(map(str, numbers))}")


def _collector(parts: list[Part], baseline: tuple[Entry, ...]) -> Collector:
    base_urls = dict.fromkeys(_each(parts, "base_url"))
    collector = Collector(
        ", ".join(base_urls),
        strict=parts[0]["strict"],
        baseline=baseline,
    )
    collector.judged = sum(_each(parts, "judged"))
    findings = _joined(_each(parts, "findings"))
    findings += _in_all(_each(parts, "unreached"))
    for saved in findings:
        collector.add(_finding(saved))
    skipped = _joined(_each(parts, "skipped"))
    skipped += _in_all(_each(parts, "unreachable"))
    for what, why, reason in skipped:
        collector.not_judged(what, why, Reason(reason))
    return collector


def _whole(parts: list[Part], collector: Collector) -> Run:
    first = parts[0]
    cells = _summed(_each(parts, "cells"))
    coverage = Coverage(contract.load(), cells)
    run = Run(collector, coverage, first["depth"], first["seed"])
    for name, merge in HOW_MERGED.items():
        setattr(run, name, merge(_each(parts, name)))
    # What one part has found shows that the target worked, whatever another part saw of it.
    run.working = run.working or bool(collector.failing())
    # The whole is repeated without the part.
    run.repeat = first["repeat"].replace(f" --shard {first['number']}/{first['of']}", "")
    run.before = list(dict.fromkeys(_joined(_each(parts, "before"))))
    run.laws = [Law(*law) for law in _joined(_each(parts, "laws"))]
    run.sent = _summed(_each(parts, "sent"))
    run.ended = next((Ended(*how) for how in _each(parts, "ended") if how), None)
    kept = filter(None, _each(parts, "originals"))
    run.kept_by_parts = [Originals(Path(path), command) for path, command in kept]
    run.began = min(map(datetime.fromisoformat, _each(parts, "began")))
    return run


def _each(parts: list[Part], key: str) -> list[Any]:
    return [part[key] for part in parts]


def _in_all(lists: list[list[Any]]) -> list[Any]:
    """Return what no part has reached: what one part alone did not reach, another may have."""
    first, *rest = lists
    return [each for each in first if all(each in other for other in rest)]


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
