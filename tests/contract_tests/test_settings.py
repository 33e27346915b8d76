"""One settings object: what flags, environment and pytest's options ask for, and what repeats it."""

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract_tests import plugin
from contract_tests.cli import flags, processes
from contract_tests.cli.judge_command import main
from contract_tests.config.command_lines import reaching, repeating
from contract_tests.config.settings import Settings
from contract_tests.config.target import Target
from contract_tests.runner.law_files import FAMILIES, laws_of
from tests.contract_tests.reference import Api
from tests.contract_tests.running import ROOT
from tests.contract_tests.serving import serving

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "base_url": st.sampled_from(["http://127.0.0.1:4010", "https://h/a b'c"]),
    "target_file": st.sampled_from([Path("staging.yaml"), Path("a b.yaml")]),
    "depth": st.sampled_from(["quick", "standard", "deep"]),
    "seed": st.integers(),
    "strict": st.booleans(),
    "rate_limit": st.sampled_from(["5/s", "0.5/m"]),
    "request_timeout": st.sampled_from([0.5, 10.0, 60.0]),
    "client_cert": st.just(Path("cert.pem")),
    "tls_verify": st.booleans(),
    "read_only": st.booleans(),
    "allow_writes": st.booleans(),
    "baseline": st.just(Path("baseline.yaml")),
    "shard": st.just("1/3"),
    "processes": st.just("auto"),
    "max_time": st.sampled_from([1, 300, 9999]),
    "min_judged": st.sampled_from([0.0, 0.5, 0.9, 1.0]),
    "show_values": st.booleans(),
    "laws": st.sampled_from([("read",), ("read", "pages: pages add up")]),
}


def read_by_the_command(words: list[str]) -> Settings:
    given_flags = main.make_context("contract-tests", words).params
    del given_flags["dry_run"]
    strict = given_flags.pop("strict")
    settings = Settings(**given_flags)
    return replace(settings, strict=settings.is_for_own_mock if strict is None else strict)


@settings(deadline=None, max_examples=50)
@given(st.fixed_dictionaries({}, optional=VALUES))
def test_the_command_that_repeats_a_run_asks_for_the_same(asked: dict[str, Any]) -> None:
    wanted = Settings(**asked)
    program, *words = shlex.split(repeating(wanted))
    assert program == "contract-tests"
    assert read_by_the_command(words) == wanted


def test_every_setting_is_a_flag_with_the_same_default() -> None:
    assert read_by_the_command([]) == Settings(strict=True), "strict for our own mock only"
    assert {flag.name for flag in main.params} - {"dry_run", "version"} == {
        setting.name for setting in fields(Settings)
    }


def test_no_command_that_is_shown_has_a_secret() -> None:
    lines = ("X-Key: hush", "X-Other: ${KEY}")
    settings = Settings(base_url="http://h", header=lines, proxy="http://127.0.0.1:1")
    words = reaching(settings)
    assert words[-4:] == ["--header", "X-Key: …", "--header", "X-Other: ${KEY}"]
    assert "hush" not in repeating(settings)


def test_a_part_gets_what_the_whole_was_asked_for() -> None:
    settings = Settings(base_url="http://127.0.0.1:1", rate_limit="6/s", header=("X: y",))
    first, second, third = processes.jobs(settings, 3)
    assert [part.settings.shard for part in (first, second, third)] == ["1/3", "2/3", "3/3"]
    assert first.settings.rate_limit == "2/s", "three of them keep to the rate together"
    assert first.target == Target("http://127.0.0.1:1")
    assert processes.read_job(first.written()) == first


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_of_laws_has_laws_that_can_be_named(family: str) -> None:
    law = flags.LawName()
    for name in laws_of(family):
        assert law.convert(f" {family} : {name}[x]", None, None) == f"{family}: {name}"
    assert laws_of(family)


def under_pytest(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run laws under plain pytest, as somebody does who has the package only."""
    command = [sys.executable, "-m", "pytest", "--pyargs", "contract_tests.laws.lists"]
    command += ["-p", "contract_tests.plugin", "-k", "referrals", "-q", *words]
    foreign = ("CONTRACT_TESTS_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=ROOT / "docs",
        env={**kept, **variables},
        timeout=120,
        check=False,
    )


def test_plain_pytest_makes_the_same_settings_of_its_options(tmp_path: Path) -> None:
    with serving(Api()) as url:
        done = under_pytest(
            *("--base-url", url, "--gate-strict=1", "--gate-report-dir", str(tmp_path)),
            CONTRACT_TESTS_DEPTH="quick",
            CONTRACT_TESTS_SEED="7",
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 inferred (fail the run)" in done.stdout
    assert "depth quick, seed 7" in done.stdout
    assert (tmp_path / "report.json").exists()


def test_plain_pytest_needs_a_target() -> None:
    done = under_pytest()
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "is not a base URL" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@dataclass
class PytestOptions:
    """What the plugin looks at of pytest's configuration."""

    given: dict[str, str]

    def getoption(self, name: str, default: object) -> object:
        return self.given.get(name, default)


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--gate-depth", "never", "'never' is not one of"),
        ("--gate-shard", "3/2", "the number of the part and of all parts"),
        ("--gate-strict", "perhaps", "is not a valid boolean"),
    ],
)
def test_plain_pytest_says_what_is_wrong_with_its_options(
    option: str, value: str, says: str
) -> None:
    with pytest.raises(pytest.UsageError, match=says):
        plugin.pytest_configure(PytestOptions({option: value}))  # type: ignore[arg-type]
