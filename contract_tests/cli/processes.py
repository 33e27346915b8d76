"""Runs in processes of their own: the parts of a run that is judged in several, and the dry run.

A part gets its settings and its target as they are, over its standard input: neither its command
line nor its environment could hold them without a second reader, or without showing secrets.
"""

from __future__ import annotations

import base64
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from contract_tests.exceptions import UsageError
from contract_tests.interrupts import INTERRUPTED, STOP, Phase
from contract_tests.redaction.internal_errors import FAILED
from contract_tests.reports import merging
from contract_tests.reports.report_output import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from contract_tests.config.settings import Settings
    from contract_tests.config.target import Target
    from contract_tests.findings.baseline import Entry
    from contract_tests.reports.run_report import Run

AUTO = "auto"
# Seconds that parts have to say what is left, when they end at once.
LAST_WORDS = 1.0
# The whole speaks to GitHub, not its parts.
GITHUB = ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY")


@dataclass(frozen=True)
class Job:
    """What a process is to judge; without a target it starts our own mock."""

    settings: Settings
    target: Target | None

    def written(self) -> str:
        """Return the job as one line of text."""
        return base64.b64encode(pickle.dumps(self)).decode()


def read_job(line: str) -> Job:
    """Return the job that our parent has written. Raise `UsageError` where there is none."""
    if not line:
        raise UsageError("`part` is for the processes that a run starts itself")
    job = pickle.loads(base64.b64decode(line))  # noqa: S301 - our own, over a pipe of our own
    assert isinstance(job, Job)
    return job


def count(text: str, most: int | None) -> int:
    """Read how many processes are wanted; `most` is how many the target allows, if not any number.

    Raise `UsageError` where there are fewer servers or users than processes.
    """
    if text == AUTO:
        return min(os.cpu_count() or 1, most or sys.maxsize)
    wanted = int(text) if text.isdecimal() else 0
    if not wanted:
        raise UsageError(f"--processes {text}: a number, or {AUTO}, is expected")
    if most is not None and wanted > most:
        raise UsageError(
            f"--processes {wanted}: parts that run at once must not write to the same users. List "
            f"a server or the sessions of other users for each part under `shards` in the target "
            f"file (there are {most}), or give --read-only"
        )
    return wanted


def jobs(settings: Settings, number: int) -> list[Job]:
    """Return the parts of a run, which together keep to its rate. Raise `UsageError`."""
    rate, _, unit = (settings.rate_limit or "").partition("/")
    each = replace(
        settings,
        processes=None,
        write_baseline=None,
        rate_limit=f"{float(rate) / number:g}/{unit}" if settings.network.interval else None,
    )
    parts = []
    for place in range(1, number + 1):
        part = replace(each, shard=f"{place}/{number}")
        parts.append(Job(part, None if part.is_for_own_mock else part.target()))
    return parts


def run_all(parts: Sequence[Job], accepted: tuple[Entry, ...]) -> Run:
    """Run all parts at once and return the whole.

    Ctrl-C and SIGTERM end every part as they would end one: what it changed is put back. Raise
    `UsageError`.
    """
    with tempfile.TemporaryDirectory(prefix="contract-tests-") as base:
        directories = [Path(base) / str(number) for number, _ in enumerate(parts, 1)]
        codes = _judge_all(parts, directories)
        unfinished = [place for place in directories if not (place / merging.FILE).exists()]
        if unfinished and STOP.is_stopping:
            sys.exit(INTERRUPTED)
        if unfinished:
            # The part has said why.
            sys.exit(codes[directories.index(unfinished[0])] or FAILED)
        return merging.merged(directories, accepted)


def _judge_all(parts: Sequence[Job], directories: Sequence[Path]) -> list[int]:
    """Run all parts to their ends and return their exit codes."""
    children: list[subprocess.Popen[str]] = []
    STOP.let_go = lambda: _stop(children)
    STOP.last_words = lambda: _end(children)
    STOP.phase = Phase.AT_WORK
    for part, directory in zip(parts, directories, strict=True):
        if not STOP.is_stopping:
            children.append(start(part, directory))
    _relay_all(children)
    STOP.phase = Phase.PUTTING_BACK
    return [child.wait() for child in children]


def start(job: Job, directory: Path) -> subprocess.Popen[str]:
    """Start a process that judges and writes its reports there.

    Nothing that lies in the working directory is taken for a module of it.
    """
    environment = {name: value for name, value in os.environ.items() if name not in GITHUB}
    process = subprocess.Popen(
        [sys.executable, "-Pu", "-m", "contract_tests", "part"],
        env=environment,
        text=True,
        errors="replace",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # so that it hears Ctrl-C once, from us
    )
    assert process.stdin is not None
    settings = replace(job.settings, report_dir=directory)
    with suppress(BrokenPipeError), process.stdin:
        process.stdin.write(replace(job, settings=settings).written())
    # `communicate` would write to it again.
    process.stdin = None
    return process


def _relay_all(children: Iterable[subprocess.Popen[str]]) -> None:
    """Show what the parts say until all of them have ended."""
    relays = [
        threading.Thread(target=_relay, args=(child, number), daemon=True)
        for number, child in enumerate(children, 1)
    ]
    for thread in relays:
        thread.start()
    for thread in relays:
        thread.join()


def _relay(child: subprocess.Popen[str], number: int) -> None:
    assert child.stdout is not None
    for line in child.stdout:
        say(f"{number}: {line.rstrip()}\n")


def _stop(children: Iterable[subprocess.Popen[str]]) -> None:
    for child in children:
        with suppress(ProcessLookupError):
            child.send_signal(signal.SIGINT)


def _end(children: Sequence[subprocess.Popen[str]]) -> str:
    """End the parts at once, wait for their last words, and return one's own."""
    _stop(children)
    until = time.monotonic() + LAST_WORDS
    while time.monotonic() < until and any(child.poll() is None for child in children):
        time.sleep(LAST_WORDS / 20)
    return "Ended at once, and so did every part."
