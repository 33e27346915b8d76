"""Judges in several processes at once: each takes a part of the laws, and all parts make one report."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from contract_tests.cli.strict_commands import StrictCommand
from contract_tests.config.shard import Shard
from contract_tests.exceptions import UsageError
from contract_tests.interrupts import INTERRUPTED, STOP, Phase
from contract_tests.redaction.internal_errors import FAILED
from contract_tests.reports import first_baseline, merging, report_output
from contract_tests.reports.github_actions import silence, tell
from contract_tests.reports.run_report import Run, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from contract_tests.findings.baseline import Entry

AUTO = "auto"
LAST_WORDS = 1.0
"""Seconds that parts have to say what is left, when they end at once."""
QUIET = (
    *("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"),
    *("CONTRACT_TESTS_REPORT_DIR", "CONTRACT_TESTS_PROCESSES", "CONTRACT_TESTS_WRITE_BASELINE"),
)


def count(text: str, most: int | None) -> int:
    """Read how many processes are wanted; `most` is how many the target allows, None where any number may be.

    Raises `UsageError` where there are fewer servers or users than processes.
    """
    wanted = (
        min(os.cpu_count() or 1, most or sys.maxsize)
        if text == AUTO
        else int(text)
        if text.isdecimal()
        else 0
    )
    if not wanted:
        raise UsageError(f"--processes {text}: a number, or {AUTO}, is expected")
    if most is not None and wanted > most:
        raise UsageError(
            f"--processes {wanted}: parts that run at once must not write to the same users. List a server or the sessions "
            f"of other users for each part under `shards` in the target file (there are {most}), or give --read-only"
        )
    return wanted


def run_all(arguments: Sequence[str], number: int, accepted: tuple[Entry, ...]) -> Run:
    """Run the command with these arguments in `number` parts; return the whole.

    Ctrl-C and SIGTERM end every part as they would end one: what it changed is put back. Raises `UsageError`.
    """
    base = Path(tempfile.mkdtemp(prefix="contract-tests-"))
    directories = [base / str(part) for part in range(1, number + 1)]
    children: list[subprocess.Popen[str]] = []
    STOP.let_go, STOP.last_words = lambda: _stop(children), lambda: _end(children)
    STOP.phase = Phase.AT_WORK
    for part, directory in enumerate(directories, 1):
        if not STOP.asked:
            children.append(start(arguments, Shard(part, number), directory))
    relays = [
        threading.Thread(target=_relay, args=(child, part), daemon=True)
        for part, child in enumerate(children, 1)
    ]
    for thread in relays:
        thread.start()
    for thread in relays:
        thread.join()
    STOP.phase = Phase.PUTTING_BACK
    codes = [child.wait() for child in children]
    if STOP.asked and not all((directory / merging.FILE).exists() for directory in directories):
        shutil.rmtree(base, ignore_errors=True)
        sys.exit(INTERRUPTED)
    for code, directory in zip(codes, directories, strict=True):
        if not (directory / merging.FILE).exists():  # it has said why
            sys.exit(code or FAILED)
    return merging.merged(directories, accepted)


def start(arguments: Sequence[str], shard: Shard, directory: Path) -> subprocess.Popen[str]:
    """Start a part; nothing that lies in the working directory is taken for a module of it."""
    command = [sys.executable, "-Pu", "-m", "contract_tests", *arguments]
    command += [
        "--shard",
        f"{shard.number}/{shard.of}",
        "--report-dir",
        str(directory),
        "--no-verdict",
    ]
    environment = {name: value for name, value in os.environ.items() if name not in QUIET}
    return subprocess.Popen(  # noqa: S603 - ourselves
        command,
        env=environment,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # so that it hears Ctrl-C once, from us
    )


def _relay(child: subprocess.Popen[str], part: int) -> None:
    assert child.stdout is not None
    for line in child.stdout:
        report_output.say(f"{part}: {line.rstrip()}\n")


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


def report(run: Run, directory: Path | None, first: Path | None = None) -> int:
    """Write the reports of the whole and a `first` baseline, say the verdict, tell GitHub, and return the exit code."""
    if directory is not None:
        try:
            write(run, directory)
        except OSError as error:
            run.failures.append(report_output.unwritable(directory, error))
    stop, resume = silence()
    if os.environ.get("GITHUB_ACTIONS") == "true":
        report_output.say(f"{stop}\n")
    report_output.say(f"\n{run.verdict()}\n")
    if directory is not None:
        report_output.say(f"Reports: {directory.resolve()}\n")
    first_baseline.write(run, first)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        tell(run.as_dict(), run.sentence(), resume)
    return run.exit_code


@click.command(cls=StrictCommand, short_help="One report of the parts of a run (--shard).")
@click.argument(
    "directories", nargs=-1, required=True, type=click.Path(path_type=Path, file_okay=False)
)
@click.option(
    "--report-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the reports of the whole there.",
)
@click.option(
    "--baseline",
    "accepted",
    type=click.Path(path_type=Path),
    help="Findings that are accepted for a while.",
)
@click.option(
    "--write-baseline",
    "first",
    type=click.Path(path_type=Path),
    help="Write a first baseline of what fails the run.",
)
def merge(
    directories: tuple[Path, ...],
    report_dir: Path | None,
    accepted: Path | None,
    first: Path | None,
) -> None:
    """Make one report of the parts of a run.

    DIRECTORIES are the report directories of all parts: what `contract-tests --shard 1/3 --report-dir DIR` and its like wrote.
    """
    from contract_tests.findings import baseline  # noqa: PLC0415 - reads YAML

    try:
        report_output.check(report_dir)
        baseline.check_new(first)
        run = merging.merged(directories, baseline.read(accepted) if accepted else ())
    except UsageError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    sys.exit(report(run, report_dir, first))
