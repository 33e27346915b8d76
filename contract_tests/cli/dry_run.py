"""The dry run: the same laws with the same permissions against our own mock, which counts."""

from __future__ import annotations

import json
from collections import Counter
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from contract_tests.cli.own_mock import running_mock
from contract_tests.cli.processes import Job, start
from contract_tests.config.settings import Settings
from contract_tests.config.target import (
    DEFAULT_CONTAINERS,
    DEFAULT_SESSIONS,
    DEFAULT_USERNAMES,
    Target,
    variables,
)
from contract_tests.exceptions import MockError
from contract_tests.http.write_policy import MARKING, decide
from contract_tests.interrupts import STOP
from contract_tests.reports.text_table import text_table
from contract_tests.spec import contract

if TYPE_CHECKING:
    from contract_tests.http.write_policy import Permission
    from contract_tests.spec.contract import Contract

# `deep` would use all the time that it has.
DEEPEST = "standard"
# How much longer a run may take than its requests at their rate.
SLACK = 1.2
Sent = dict[str, Counter[str]]


def would_send(settings: Settings, target: Target) -> str:
    """Return what a run would send, as text. Raise `MockError` if the dry run fails."""
    permission = decide(target, settings)
    sent = count_requests(settings, target)
    lines = [*plan(target, contract.load(), permission, sent), *_total(sent, settings)]
    return "\n".join(lines)


def count_requests(settings: Settings, target: Target) -> Sent:
    """Return how many requests of each method each operation gets, as our own mock counts them.

    The mock stands in for a target with as many sessions, containers and users, near or far as it
    is. Raise `MockError`.
    """
    # All that does not decide what is sent is left as it is by default.
    rehearsal = Settings(
        depth=DEEPEST if settings.depth == "deep" else settings.depth,
        seed=settings.seed,
        laws=settings.laws,
        read_only=settings.read_only,
        allow_writes=settings.allow_writes,
        allow_mark_read=settings.allow_mark_read,
        allow_first_write=settings.allow_first_write,
    )
    with running_mock() as url, TemporaryDirectory() as directory:
        process = start(Job(rehearsal, _stand_in(target, url)), Path(directory))
        STOP.children.append(process)
        output, _ = process.communicate()
        STOP.children.remove(process)
        report = Path(directory) / "report.json"
        if not report.exists():
            raise MockError(f"the rehearsal against our own mock failed:\n{output}")
        sent = json.loads(report.read_text(encoding="utf-8"))["sent"]
    return {operation: Counter(methods) for operation, methods in sent.items()}


def _stand_in(target: Target, url: str) -> Target:
    return Target(
        url,
        {role: DEFAULT_SESSIONS[role] for role in target.sessions},
        DEFAULT_CONTAINERS[: len(target.containers)],
        DEFAULT_USERNAMES[: len(target.usernames)],
        far=not target.is_local,
    )


def plan(target: Target, contract: Contract, permission: Permission, sent: Sent) -> list[str]:
    """Return what a run would send, by operation."""
    sessions = ", ".join(variables(target.sessions))
    effects = _effects(target, contract, permission)
    rows = []
    for name, operation in contract.operations.items():
        counts = _counted(sent.get(name, Counter()), operation.method)
        rows.append((f"  {name}", operation.path, effects[name] + counts))
    head = (
        f"Nothing was sent. A run against {target.base_url} would use {sessions}, "
        "and no session, for:"
    )
    lines = [head, text_table(rows)]
    others: Counter[str] = Counter()
    for name in sent.keys() - contract.operations.keys():
        others += sent[name]
    if others:
        counts = _counted(others, "GET")
        lines.append(f"  paths that are not documented, which a right server refuses{counts}")
    return lines


def _effects(target: Target, contract: Contract, permission: Permission) -> dict[str, str]:
    """Return what the requests of each operation do to the target."""
    users = " and ".join(variables(target.roles))
    fields = ", ".join(contract.updatable)
    unset = "" if permission.first_write else "; a field that was never set is left alone"
    writing = {
        "updateProfile": f"writes {fields} of {users} and puts them back at the end{unset}",
        MARKING: f"marks what {users} have not read; it stays marked",
    }
    effects = {}
    for name, operation in contract.operations.items():
        why = permission.forbids(name, operation.method)
        if why:
            effects[name] = f"{operation.method} not sent: {why}"
        else:
            effects[name] = writing.get(name, "reads")
    return effects


def _counted(methods: Counter[str], first: str) -> str:
    """Return how many requests there are of each method, the `first` one first."""
    if not methods:
        return ""
    names = sorted(methods, key=lambda method: (method != first, method))
    counts = [f"{methods[name]:,} {name}" for name in names]
    return f": {', '.join(counts)}"


def _total(sent: Sent, settings: Settings) -> list[str]:
    """Return how many requests there are in all, and how long they take at the given rate."""
    count = sum(methods.total() for methods in sent.values())
    in_all = (
        f"{count:,} calls in all, as counted just now on our own mock; "
        "how long the target's lists are changes it a little."
    )
    lines = [in_all]
    if settings.depth == "deep":
        lines.append(f"That is depth {DEEPEST}: deep goes on until --max-time is over.")
    if settings.network.interval:
        seconds = ceil(count * settings.network.interval)
        lines += _time(seconds, settings.max_time, settings.depth)
    return lines


def _time(seconds: int, max_time: int, depth: str) -> list[str]:
    """Return how long the requests take, and what to do if that is more than `--max-time`."""
    at_least = f"At this rate they take at least {ceil(seconds / 60):,} minutes."
    if seconds <= max_time:
        enough = f"--max-time {max_time} is enough for that, if the target answers at once."
        return [at_least, enough]
    quicker = "" if depth == "quick" else ", --depth quick"
    more = ceil(seconds * SLACK / 60) * 60
    too_short = (
        f"--max-time {max_time} is too short for that: "
        "the run would end with exit code 3, too little judged."
    )
    advice = f"Give it --max-time {more}, a higher --rate-limit{quicker} or fewer --laws."
    return [at_least, too_short, advice]
