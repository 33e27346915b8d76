"""Prints the catalogue: fault, rule, operation, seconds, and whether plain `st run` finds anything on the same server."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import click

from tests.contract_tests.faults_all import FAULTS, Fault
from tests.contract_tests.reference import Api
from tests.contract_tests.running import ROOT, gate
from tests.contract_tests.serving import serving

LINE = "| {:26} | {:11} | {:26} | {:22} | {:>7} | {:6} |"
HEADER = ("fault", "family", "rule", "operation", "seconds", "st run")
WORDS = {True: "caught", False: "-", None: ""}
README = ROOT / "README.md"
BEGIN, END = "<!-- totals: written by `make faults` -->\n", "<!-- end of totals -->\n"
PAGE = """# Which rule catches which faulty server

Written by `make faults`. Each server is correct but for one fault; its code is in `tests/contract_tests`.

- **rule**: what `contract-tests --strict --depth standard --seed 1` must report, on this operation, to have
  caught it.
- **seconds**: how long that whole run took, with {jobs} runs at a time.
- **st run**: whether plain `st run --checks all --max-examples 100 --seed 1` over the same contract, with a valid session,
  reports anything at all. On the correct server it {silent}.

"""


class Row(NamedTuple):
    """What became of one fault; `plain` is None where `st run` was not asked."""

    fault: Fault
    caught: bool
    plain: bool | None
    seconds: float

    @property
    def rule(self) -> str:
        return self.fault.rule if self.caught else f"MISSED {self.fault.rule}"


def plain_st(url: str) -> bool:
    """Whether `st run` with all checks and its default number of examples reports a failure."""
    command = [
        str(Path(sys.executable).with_name("st")),
        "run",
        str(ROOT / "openapi.yaml"),
        "--url",
        url,
        "--checks",
        "all",
    ]
    command += [
        "-H",
        "Authorization: Bearer ada-session",
        "--max-examples",
        "100",
        "--seed",
        "1",
        "--no-color",
    ]
    with tempfile.TemporaryDirectory() as directory:
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, cwd=directory, timeout=600, check=False
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 1


def judge(fault: Fault, *, compare: bool) -> Row:
    """Run the gate, and `st run` if wished, each on a server of its own."""
    start = time.monotonic()
    with serving(fault.make(), fault.style) as url, tempfile.TemporaryDirectory() as directory:
        _, report, _ = gate(Path(directory), "--base-url", url, "--strict")
        seconds = time.monotonic() - start
    caught = (fault.rule, fault.operation) in {
        (each["check"], each["operation"]) for each in report.get("findings", [])
    }
    if not compare:
        return Row(fault, caught, None, seconds)
    with serving(fault.make(), fault.style) as url:
        return Row(fault, caught, plain_st(url), seconds)


def judged(faults: Sequence[Fault], jobs: int, *, compare: bool) -> Iterator[Row]:
    """Judge some at a time and answer them in their order; Ctrl-C begins no more."""
    pool = ThreadPoolExecutor(jobs)
    try:
        yield from pool.map(lambda fault: judge(fault, compare=compare), faults)
    finally:
        pool.shutdown(cancel_futures=True)


def totals(rows: Sequence[Row]) -> str:
    """Answer the table of how many faults of each family are caught by which tool."""
    families = list(dict.fromkeys(row.fault.family for row in rows))
    lines = ["| family | faults | `contract-tests` | plain `st run` |", "|---|---|---|---|"]
    for family in [*sorted(families), "**all**"]:
        mine = [row for row in rows if family in (row.fault.family, "**all**")]
        lines.append(
            f"| {family} | {len(mine)} | {sum(row.caught for row in mine)} | {sum(bool(row.plain) for row in mine)} |"
        )
    return "\n".join(lines) + "\n"


def page(rows: Sequence[Row], jobs: int, *, silent: bool) -> str:
    """Answer the whole table as Markdown."""
    lines = [
        "",
        "| family | fault | what is wrong | rule | operation | seconds | st run |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in sorted(rows, key=lambda row: row.fault.family):
        fault = row.fault
        cells = (fault.family, f"`{fault.name}`", fault.says, f"`{row.rule}`", fault.operation)
        lines.append(f"| {' | '.join(cells)} | {row.seconds:.0f} | {WORDS[row.plain]} |")
    head = PAGE.format(jobs=jobs, silent="is silent" if silent else "reports something too")
    return head + totals(rows) + "\n".join(lines) + "\n"


def write(path: Path, rows: Sequence[Row], jobs: int, *, silent: bool) -> None:
    """Write the page; if every fault is in it, put the totals into the README."""
    path.write_text(page(rows, jobs, silent=silent))
    if len(rows) == len(FAULTS):
        before, _, rest = README.read_text().partition(BEGIN)
        README.write_text(before + BEGIN + totals(rows) + END + rest.partition(END)[2])


@click.command(help=__doc__)
@click.option(
    "--compare/--no-compare", default=True, show_default=True, help="Also run plain `st run`."
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=os.cpu_count(),
    show_default=True,
    help="How many runs at a time.",
)
@click.option(
    "--write",
    "path",
    type=click.Path(path_type=Path),
    help="Write the table there, and its totals into README.md.",
)
@click.argument("names", nargs=-1)
def main(compare: bool, jobs: int, path: Path | None, names: tuple[str, ...]) -> None:  # noqa: FBT001
    """Judge every fault, or those that are named, at standard depth."""
    silent = True
    if compare:
        with serving(Api()) as url:
            silent = not plain_st(url)
        click.echo(
            f"plain `st run` on the correct server: {'silent' if silent else 'accuses it'}\n"
        )
    click.echo(LINE.format(*HEADER))
    click.echo(LINE.format(*("-" * 3 for _ in HEADER)))
    rows = []
    for row in judged(
        [fault for name, fault in FAULTS.items() if not names or name in names],
        jobs,
        compare=compare,
    ):
        rows.append(row)
        fault = row.fault
        click.echo(
            LINE.format(
                fault.name,
                fault.family,
                row.rule,
                fault.operation,
                f"{row.seconds:.1f}",
                WORDS[row.plain],
            )
        )
    click.echo(f"\n{totals(rows)}")
    if path is not None:
        write(path, rows, jobs, silent=silent)
    sys.exit(not all(row.caught for row in rows))


if __name__ == "__main__":
    main()
