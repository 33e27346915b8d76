"""A run in parts, in several processes or on several machines, says what one run says."""

import json
import math
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.api.saved_profiles import Originals
from contract_tests.checks.coverage import Coverage
from contract_tests.cli import processes
from contract_tests.cli.judge_command import main
from contract_tests.config.shard import Shard, read
from contract_tests.exceptions import UsageError
from contract_tests.findings.collector import Collector
from contract_tests.reports import merging
from contract_tests.reports.report_files import report_data
from contract_tests.reports.run_report import Law, Run
from contract_tests.reports.verdict_text import verdict
from contract_tests.spec import contract
from tests.contract_tests.faults_all import FAULTS
from tests.contract_tests.reference import Api
from tests.contract_tests.running import ROOT, gate
from tests.contract_tests.serving import serving
from tests.contract_tests.test_safety import SlowAfterAWhile, profiles

FEW = ("--laws", "read", "--laws", "session", "--laws", "pages", "--laws", "projection")


def merge(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "contract_tests", "merge", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    return done.returncode, done.stdout + done.stderr


def found(report: dict[str, Any]) -> set[tuple[str, ...]]:
    return {
        tuple(finding[key] for key in ("check", "operation", "field", "severity"))
        for finding in report["findings"]
    }


def in_parts(name: str, of: int, folder: Path, *flags: str) -> tuple[int, dict[str, Any], str]:
    """Judge a faulty server in parts, each on a server of its own, and merge them."""
    for number in range(1, of + 1):
        with serving(FAULTS[name].make() if name else Api()) as url:
            part = ["--base-url", url, "--depth", "quick", "--shard", f"{number}/{of}", *flags]
            gate(folder / str(number), *part, measured=number == 1)
    code, output = merge(
        *(str(folder / str(number)) for number in range(1, of + 1)),
        "--report-dir",
        str(folder / "all"),
    )
    return code, json.loads((folder / "all" / "report.json").read_text()), output


@given(st.lists(st.sampled_from(["read", "session", "pages"]), max_size=60), st.integers(1, 9))
def test_every_law_belongs_to_one_part(modules: list[str], of: int) -> None:
    parts = [Shard(number, of) for number in range(1, of + 1)]
    for place, module in enumerate(modules):
        assert sum(part.has(place, module) for part in parts) == 1
        assert parts[0].has(place, module) or module != "read", "unread becomes read once only"


@pytest.mark.parametrize("family", ["pages", "session"])
def test_parts_find_what_one_run_finds(family: str, tmp_path: Path) -> None:
    name = next(each for each in FAULTS if FAULTS[each].law.startswith(family))
    with serving(FAULTS[name].make()) as url:
        code, whole, _ = gate(tmp_path / "whole", "--base-url", url, "--depth", "quick", *FEW)
    again, merged, output = in_parts(name, 3, tmp_path, *FEW)
    assert found(merged) == found(whole) != set(), output
    assert again == code
    assert {law["law"] for law in merged["laws"]} == {law["law"] for law in whole["laws"]}


def test_what_one_part_has_not_reached_another_may_have(tmp_path: Path) -> None:
    code, report, output = in_parts("", 2, tmp_path, "--strict")
    assert (code, report["findings"]) == (0, []), output
    left = [json.loads((tmp_path / part / "shard.json").read_text())["unreached"] for part in "12"]
    assert any(left), "the parts alone reach everything: this test shows nothing"


def test_what_no_part_has_reached_is_found(tmp_path: Path) -> None:
    name = next(each for each, fault in FAULTS.items() if fault.rule == "reach.success")
    _, report, output = in_parts(name, 2, tmp_path)
    assert ("reach.success", FAULTS[name].operation, "", "violation") in found(report), output


def test_our_own_mock_is_judged_in_several_processes(tmp_path: Path) -> None:
    code, report, output = gate(
        tmp_path, "--depth", "quick", "--processes", "2", *FEW, measured=True
    )
    assert code == 0, output
    assert (report["findings"], report["strict"]) == ([], True)
    assert len(report["laws"]) > 100
    assert sum(
        int(suite.get("tests", 0)) for suite in ET.parse(tmp_path / "junit.xml").getroot()
    ) == len(report["laws"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--shard", "1/2"], "--shard needs --report-dir"),
        (["--shard", "3/2", "--report-dir", "x"], "the number of the part and of all parts"),
        (["--base-url", "http://127.0.0.1:9", "-n", "2"], "must not write to the same users"),
        (["-n", "many"], "a number, or auto, is expected"),
        (["merge", "nowhere"], "run the part with --shard and --report-dir"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_wish_is_explained(arguments: list[str], words: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "contract_tests", *arguments]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert words in done.stderr


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    with serving(Api()) as url:
        gate(
            tmp_path / "1",
            "--base-url",
            url,
            "--depth",
            "quick",
            "--shard",
            "1/2",
            "--laws",
            "referrals",
        )
    assert merge(str(tmp_path / "1")) == (
        2,
        "Error: part 2/2 is missing: give the report directories of all 2 parts\n",
    )
    assert merge(str(tmp_path / "1"), str(tmp_path / "1"))[0] == 2


@pytest.mark.parametrize("text", ["0/1", "1/0", "a", "1/2/3", "-1/2", "2/1", "1/1000"])
def test_a_part_is_a_number_of_a_number(text: str) -> None:
    with pytest.raises(UsageError):
        read(text)


def test_auto_takes_no_more_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert [processes.count("auto", most) for most in (1, 3, None)] == [1, 3, 8]
    assert "merge" in main.list_commands(main.make_context("x", [], resilient_parsing=True))


def test_ctrl_c_ends_every_part_and_puts_back_what_it_changed(tmp_path: Path) -> None:
    servers = [SlowAfterAWhile(), SlowAfterAWhile()]
    before = [profiles(api) for api in servers]
    with serving(servers[0]) as first, serving(servers[1]) as second:
        target = tmp_path / "target.yaml"
        entries = {
            "sessions": {"primary": "ada-session", "secondary": "grace-session"},
            "containers": ["main"],
        }
        target.write_text(
            yaml.safe_dump({**entries, "shards": [{"base_url": first}, {"base_url": second}]})
        )
        command = [
            sys.executable,
            "-m",
            "contract_tests",
            "--target",
            str(target),
            "--laws",
            "update",
            "-n",
            "2",
        ]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        until = time.monotonic() + 90
        while any(
            profiles(api) == old or len(api.calls) < 150
            for api, old in zip(servers, before, strict=True)
        ):
            assert time.monotonic() < until, "a part wrote nothing"
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert [profiles(api) for api in servers] == before, output
    assert "Traceback" not in output
    assert "INTERRUPTED" in output
    assert process.returncode == 130


def test_parts_that_only_read_share_the_users_of_one_target(tmp_path: Path) -> None:
    with serving(
        FAULTS[next(name for name in FAULTS if FAULTS[name].law.startswith("pages"))].make()
    ) as url:
        only = [
            "--base-url",
            url,
            "--depth",
            "quick",
            "--read-only",
            "--laws",
            "referrals",
            "--laws",
            "steady",
        ]
        code, report, output = gate(tmp_path, *only, "--processes", "2")
    assert code in (0, 1), output
    assert {method for row in report["sent"].values() for method in row} <= {"GET", "HEAD"}
    assert report["judged"]["judged"] > 0


PART = {
    "number": 1,
    "of": 1,
    "depth": "quick",
    "seed": 1,
    "strict": False,
    "cells": [],
    "findings": [],
    "failures": [],
}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(PART),
        json.dumps({**PART, "number": "x"}),
        json.dumps({**PART, "number": None}),
        json.dumps({**PART, "of": math.inf}),
        json.dumps({**PART, "of": 0, "number": 0}),
        "[" * 100_000,
    ],
    ids=["keys", "text", "null", "infinite", "none", "deep"],
)
def test_what_no_part_of_this_version_writes_is_wrong_usage(text: str, tmp_path: Path) -> None:
    (tmp_path / "shard.json").write_text(text)
    code, output = merge(str(tmp_path))
    assert (code, "shard.json: not what" in output) == (2, True), output


def test_the_whole_says_what_a_part_did_not_put_back(tmp_path: Path) -> None:
    run = Run(Collector("http://x"), Coverage(contract.load()), "quick", 1, shard=Shard(1, 1))
    run.laws, run.not_put_back = [Law("law", "passed", 0, 1)], ["handle of $PRIMARY"]
    run.originals = Originals(Path("/kept.json"), "contract-tests restore /kept.json")
    merging.save(run, tmp_path)
    whole = merging.merged([tmp_path])
    assert whole.exit_code == 3
    text = verdict(whole, report_data(whole))
    assert "NOT PUT BACK: handle of $PRIMARY." in text
    assert "contract-tests restore /kept.json" in text
