"""Prints the catalogue: fault, law, seconds, and whether plain `st run` finds anything on the same server."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from tests.contract_tests import faults_answers, faults_input, faults_state
from tests.contract_tests.catalogue import FAULTS, Fault
from tests.contract_tests.reference import Api
from tests.contract_tests.running import ROOT, gate
from tests.contract_tests.serving import serving

CATALOGUE = (faults_answers, faults_input, faults_state)
LINE = "| {:26} | {:11} | {:26} | {:22} | {:>7} | {:6} |"


def plain_st(url: str) -> bool:
    """Whether `st run` with all checks and its default number of examples reports a failure."""
    command = [str(Path(sys.executable).with_name("st")), "run", str(ROOT / "openapi.yaml"), "--url", url, "--checks", "all"]
    command += ["-H", "Authorization: Bearer ada-session", "--max-examples", "100", "--seed", "1", "--no-color"]
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(command, capture_output=True, text=True, cwd=directory, timeout=300, check=False)
    return done.returncode == 1


def row(fault: Fault, *, compare: bool) -> tuple[bool, bool | None]:
    """Print one line; answer whether the gate caught the fault by its law, and whether `st run` did at all."""
    start = time.monotonic()
    with serving(fault.make(), fault.style) as url, tempfile.TemporaryDirectory() as directory:
        _, report, _ = gate(Path(directory), "--base-url", url, "--strict")
        seconds = time.monotonic() - start
    caught = (fault.rule, fault.operation) in {(each["check"], each["operation"]) for each in report.get("findings", [])}
    plain = None
    if compare:
        with serving(fault.make(), fault.style) as url:
            plain = plain_st(url)
    law = fault.rule if caught else f"MISSED {fault.rule}"
    word = {True: "caught", False: "-", None: ""}[plain]
    click.echo(LINE.format(fault.name, fault.family, law, fault.operation, f"{seconds:.1f}", word))
    return caught, plain


@click.command(help=__doc__)
@click.option("--compare/--no-compare", default=True, show_default=True, help="Also run plain `st run`.")
@click.argument("names", nargs=-1)
def main(compare: bool, names: tuple[str, ...]) -> None:  # noqa: FBT001
    """Judge every fault, or those that are named, at standard depth."""
    if compare:
        with serving(Api()) as url:
            click.echo(f"plain `st run` on the correct server: {'accuses it' if plain_st(url) else 'silent'}\n")
    click.echo(LINE.format("fault", "family", "law", "operation", "seconds", "st run"))
    click.echo(LINE.format(*("-" * 3 for _ in range(6))))
    results = [row(fault, compare=compare) for name, fault in FAULTS.items() if not names or name in names]
    caught, plain = sum(ours for ours, _ in results), sum(bool(theirs) for _, theirs in results)
    click.echo(
        f"\n{caught} of {len(results)} caught by their law"
        + (f"; plain `st run` finds something on {plain}." if compare else ".")
    )
    sys.exit(caught < len(results))


if __name__ == "__main__":
    main()
