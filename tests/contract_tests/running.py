"""Runs the gate as its own process, as users do, and reads its report."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent


def gate(directory: Path, *arguments: str, measured: bool = False) -> tuple[int, dict[str, Any], str]:
    """Answer exit code, report and output; the report is empty if none was written.

    Measuring which lines run takes a run twice as long, and most runs run the same lines: some of each kind are `measured`.
    """
    command = [sys.executable, "-m", "contract_tests", "--report-dir", str(directory), *arguments]
    foreign = ("CONTRACT_TESTS_", "PYTEST_", "GITHUB_", *([] if measured else ["COVERAGE_"]))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=400, check=False)
    report = directory / "report.json"
    return done.returncode, json.loads(report.read_text()) if report.exists() else {}, done.stdout + done.stderr


def laws(name: str) -> list[str]:
    return ["--laws", name] if name else []


def target_file(directory: Path, url: str, **entries: object) -> str:
    path = directory / "target.yaml"
    path.write_text(yaml.safe_dump({"base_url": url, **entries}))
    return str(path)
