"""Says what a run would send, and counts it by running the same laws with the same permissions against our own mock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import yaml

from contract_tests import contract
from contract_tests.mock import MockError, running_mock
from contract_tests.permission import decide, plan
from contract_tests.target import DEFAULT_CONTAINERS, DEFAULT_SESSIONS, DEFAULT_USERNAMES

if TYPE_CHECKING:
    from contract_tests.target import Target
    from contract_tests.wishes import Wishes

DEEPEST = "standard"
"""The depth of a rehearsal for `deep`, which would go on as long as it may."""
PREFIX = "CONTRACT_TESTS_"
Sent = dict[str, dict[str, int]]


def would_send(target: Target, wishes: Wishes) -> str:
    """Answer for people what a run would send; raises `MockError` if the rehearsal fails, `TargetError` for wrong wishes."""
    how = wishes.manners()
    target = replace(target, far=target.far or bool(how.proxy))
    allowed = {name: getattr(wishes, f"allow_{name}") for name in ("writes", "mark_read", "first_write")}
    permission = decide(target, read_only=wishes.read_only, **allowed)
    depth = DEEPEST if wishes.depth == "deep" else wishes.depth
    laws = [word for law in wishes.laws for word in ("--laws", law)]
    flags = [f"--{name}" for name in wishes.permissions]
    sent = rehearse(target, ["--depth", depth, "--seed", str(wishes.seed), *laws, *flags])
    return "\n".join([*plan(target, contract.load(), permission, sent), *_sum(sent, wishes.depth, how.interval)])


def _sum(sent: Sent, depth: str, interval: float) -> list[str]:
    count = sum(sum(methods.values()) for methods in sent.values())
    lines = [
        f"{count:,} calls in all, as counted just now on our own mock; how long the target's lists are changes it a little."
    ]
    lines += [f"That is depth {DEEPEST}: deep goes on until --max-time is over."] if depth == "deep" else []
    return lines + ([f"At this rate they take at least {ceil(count * interval / 60):,} minutes."] if interval else [])


def rehearse(target: Target, wishes: list[str]) -> Sent:
    """Answer how many calls of each method each operation gets; raises `MockError` where the rehearsal fails.

    `wishes` are the arguments of the run that decide what it sends. The mock stands in for a target with as many sessions,
    containers and users, near or far as it is.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "GITHUB_"))}
    with running_mock() as url, TemporaryDirectory() as directory:
        file = Path(directory) / "target.yaml"
        file.write_text(yaml.safe_dump(_stand_in(target, url)), encoding="utf-8")
        command = [sys.executable, "-m", "contract_tests", "--target", str(file), "--report-dir", directory, *wishes]
        far = {} if target.is_local else {f"{PREFIX}FAR": "1"}
        done = subprocess.run(command, env={**kept, **far}, capture_output=True, text=True, check=False)  # noqa: S603 - our own
        report = Path(directory) / "report.json"
        if not report.exists():
            raise MockError(f"the rehearsal against our own mock failed:\n{done.stdout}{done.stderr}")
        sent: Sent = json.loads(report.read_text(encoding="utf-8"))["sent"]
        return sent


def _stand_in(target: Target, url: str) -> dict[str, object]:
    return {
        "base_url": url,
        "sessions": {role: DEFAULT_SESSIONS[role] for role in target.sessions},
        "containers": list(DEFAULT_CONTAINERS[: len(target.containers)]),
        "usernames": list(DEFAULT_USERNAMES[: len(target.usernames)]),
    }
