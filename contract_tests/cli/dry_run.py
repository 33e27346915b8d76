"""The dry run: the same laws with the same permissions against our own mock, which counts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import yaml

from contract_tests.cli import environment as surroundings
from contract_tests.cli.own_mock import running_mock
from contract_tests.config.target import DEFAULT_CONTAINERS, DEFAULT_SESSIONS, DEFAULT_USERNAMES
from contract_tests.exceptions import MockError
from contract_tests.http.write_policy import MARKING, decide
from contract_tests.interrupts import STOP
from contract_tests.reports.text_table import text_table
from contract_tests.spec import contract

if TYPE_CHECKING:
    from contract_tests.cli.settings import Wishes
    from contract_tests.config.target import Target
    from contract_tests.http.write_policy import Permission
    from contract_tests.spec.contract import Contract

DEEPEST = "standard"
"""The depth of a dry run for `deep`, which would use all the time that it has."""
PREFIX = "CONTRACT_TESTS_"
Sent = dict[str, dict[str, int]]


def would_send(target: Target, wishes: Wishes) -> str:
    """Return what a run would send, as text.

    Raise `MockError` if the dry run fails, `UsageError` for wrong usage.
    """
    how = wishes.network()
    target = replace(target, far=target.far or bool(how.proxy))
    allowed = {
        name: getattr(wishes, f"allow_{name}") for name in ("writes", "mark_read", "first_write")
    }
    permission = decide(target, read_only=wishes.read_only, **allowed)
    depth = DEEPEST if wishes.depth == "deep" else wishes.depth
    laws = [word for law in wishes.laws for word in ("--laws", law)]
    flags = [f"--{name}" for name in wishes.permissions]
    sent = rehearse(target, ["--depth", depth, "--seed", str(wishes.seed), *laws, *flags])
    time = _sum(sent, wishes.depth, how.interval, wishes.max_time)
    return "\n".join([*plan(target, contract.load(), permission, sent), *time])


def plan(target: Target, contract: Contract, permission: Permission, sent: Sent) -> list[str]:
    """Return what a run would send, by operation.

    `sent` counts requests by operation and method.
    """
    sessions = ", ".join(f"${role.upper()}" for role in target.sessions)
    by_operation = {name: Counter(methods) for name, methods in sent.items()}
    effects = _effects(target, contract, permission)
    rows = []
    for name, operation in contract.operations.items():
        counts = _counted(by_operation.pop(name, Counter()), operation.method)
        rows.append((f"  {name}", operation.path, effects[name] + counts))
    lines = [
        f"Nothing was sent. A run against {target.base_url} would use {sessions}, and no session, for:",
        text_table(rows),
    ]
    if others := sum(by_operation.values(), Counter()):
        counts = _counted(others, "GET")
        lines.append(f"  paths that are not documented, which a right server refuses{counts}")
    return lines


def _effects(target: Target, contract: Contract, permission: Permission) -> dict[str, str]:
    """Return what the requests of each operation do to the target."""
    roles = [f"${role.upper()}" for role in ("primary", "secondary") if role in target.sessions]
    live = " and ".join(roles)
    fields = ", ".join(contract.updatable)
    unset = "" if permission.first_write else "; a field that was never set is left alone"
    writing = {
        "updateProfile": f"writes {fields} of {live} and puts them back at the end{unset}",
        MARKING: f"marks what {live} have not read; it stays marked",
    }
    effects = {}
    for name, operation in contract.operations.items():
        why = permission.forbids(name, operation.method)
        effects[name] = f"{operation.method} not sent: {why}" if why else writing.get(name, "reads")
    return effects


def _counted(methods: Counter[str], first: str) -> str:
    found = [method for method in (first, *sorted(methods.keys() - {first})) if methods[method]]
    counts = ", ".join(f"{methods[method]:,} {method}" for method in found)
    return f": {counts}" if counts else ""


def _sum(sent: Sent, depth: str, interval: float, max_time: int) -> list[str]:
    count = sum(sum(methods.values()) for methods in sent.values())
    lines = [
        f"{count:,} calls in all, as counted just now on our own mock; how long the target's lists are changes it a little."
    ]
    lines += (
        [f"That is depth {DEEPEST}: deep goes on until --max-time is over."]
        if depth == "deep"
        else []
    )
    return lines + (_time(ceil(count * interval), max_time, depth) if interval else [])


def _time(seconds: int, max_time: int, depth: str) -> list[str]:
    """Return how long the requests take at the given rate, and what to do if that is more than `--max-time`."""
    lines = [f"At this rate they take at least {ceil(seconds / 60):,} minutes."]
    if seconds <= max_time:
        return [*lines, f"--max-time {max_time} is enough for that, if the target answers at once."]
    quicker = "" if depth == "quick" else ", --depth quick"
    more = ceil(seconds * 1.2 / 60) * 60
    lines.append(
        f"--max-time {max_time} is too short for that: the run would end with exit code 3, too little judged."
    )
    return [*lines, f"Give it --max-time {more}, a higher --rate-limit{quicker} or fewer --laws."]


def rehearse(target: Target, wishes: list[str]) -> Sent:
    """Return how many calls of each method each operation gets; raises `MockError` where the rehearsal fails.

    `wishes` are the arguments of the run that decide what it sends. The mock stands in for a target with as many sessions,
    containers and users, near or far as it is.
    """
    kept = surroundings.without(PREFIX, "GITHUB_")
    with running_mock() as url, TemporaryDirectory() as directory:
        file = Path(directory) / "target.yaml"
        file.write_text(yaml.safe_dump(_stand_in(target, url)), encoding="utf-8")
        command = [
            sys.executable,
            "-P",
            "-m",
            "contract_tests",
            "--target",
            str(file),
            "--report-dir",
            directory,
            *wishes,
        ]
        far = {} if target.is_local else {f"{PREFIX}FAR": "1"}
        said = _run(command, {**kept, **far})
        report = Path(directory) / "report.json"
        if not report.exists():
            raise MockError(f"the rehearsal against our own mock failed:\n{said}")
        sent: Sent = json.loads(report.read_text(encoding="utf-8"))["sent"]
        return sent


def _run(command: list[str], environment: dict[str, str]) -> str:
    """Run the gate and return its output; it ends with this process."""
    process = subprocess.Popen(  # noqa: S603 - our own
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    STOP.children.append(process)
    said, _ = process.communicate()
    STOP.children.remove(process)
    return said


def _stand_in(target: Target, url: str) -> dict[str, object]:
    return {
        "base_url": url,
        "sessions": {role: DEFAULT_SESSIONS[role] for role in target.sessions},
        "containers": list(DEFAULT_CONTAINERS[: len(target.containers)]),
        "usernames": list(DEFAULT_USERNAMES[: len(target.usernames)]),
    }
