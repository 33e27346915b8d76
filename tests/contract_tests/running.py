"""Runs the gate as its own process, as users do, and reads its report."""

import gc
import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from contract_tests.cli.judge_command import main

ROOT = Path(__file__).parent.parent.parent
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["contract_tests.runner.pytest_run", "contract_tests.cli.judge_command", "schemathesis"]
)


def gate(
    directory: Path, *arguments: str, measured: bool = False
) -> tuple[int, dict[str, Any], str]:
    """Answer exit code, report and output; the report is empty if none was written.

    Measuring which lines run takes a run twice as long, and most runs run the same lines: some of each kind are `measured`, in
    a process that imports everything itself.
    """
    if not measured:
        return forked_gate(directory, *arguments)
    command = [sys.executable, "-m", "contract_tests", "--report-dir", str(directory), *arguments]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not _foreign(name) or name.startswith("COVERAGE_")
    }
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=400, check=False
    )
    return done.returncode, _report(directory), done.stdout + done.stderr


def forked_gate(
    directory: Path, *arguments: str, whole: bool = False
) -> tuple[int, dict[str, Any], str]:
    """Do as `gate` does in a process that need not import anything, which takes half as long where few laws are judged.

    The arguments are `whole` where another command than that of a run is meant. The environment is that of the caller.
    """
    words = arguments if whole else ("--report-dir", str(directory), *arguments)
    directory.mkdir(parents=True, exist_ok=True)
    run = FORKS.Process(target=_judge, args=(directory, words, dict(os.environ)))
    run.start()
    run.join(400)
    if run.exitcode is None:
        run.kill()
        raise TimeoutError(f"the gate did not end: {arguments}")
    return run.exitcode, _report(directory), (directory / "output.txt").read_text()


def _judge(directory: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update({name: value for name, value in environment.items() if not _foreign(name)})
    os.chdir(ROOT)
    with (directory / "output.txt").open("wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    # What was imported before the fork is not searched for garbage at the end of each run.
    gc.freeze()
    main([*arguments], prog_name="contract-tests")


def _foreign(name: str) -> bool:
    return name.startswith(("CONTRACT_TESTS_", "PYTEST_", "GITHUB_", "COVERAGE_"))


def _report(directory: Path) -> dict[str, Any]:
    report = directory / "report.json"
    return json.loads(report.read_text()) if report.exists() else {}


def laws(name: str) -> list[str]:
    return ["--laws", name] if name else []


def target_file(directory: Path, url: str, **entries: object) -> str:
    path = directory / "target.yaml"
    path.write_text(yaml.safe_dump({"base_url": url, **entries}))
    return str(path)
