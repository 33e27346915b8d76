"""What is given wrongly is said before anything is sent, and what goes wrong in the gate itself is told from both."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contract_tests.cli import judge_command, processes
from contract_tests.cli.flags import Share
from contract_tests.cli.own_mock import running_mock
from contract_tests.config.settings import Settings
from contract_tests.exceptions import UsageError
from contract_tests.redaction import internal_errors
from contract_tests.reports import github_actions, report_output
from tests.contract_tests.reference import Api
from tests.contract_tests.running import ROOT, forked_gate
from tests.contract_tests.serving import serving


def command(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CONTRACT_TESTS_", "PYTEST_", "GITHUB_"))
    }
    line = [sys.executable, "-m", "contract_tests", *words]
    return subprocess.run(
        line,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**kept, **variables},
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("name", ["contract_tests", "mock_server", "yaml"])
def test_what_lies_in_the_working_directory_is_not_taken_for_the_gate(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository may well have a folder `contract_tests` of its own."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("raise SystemExit('the wrong one')\n")
    monkeypatch.chdir(tmp_path)
    with running_mock() as url:
        assert url.startswith("http://")
    job = processes.Job(Settings(depth="quick", laws=("referrals",)), target=None)
    part = processes.start(job, tmp_path / "part")
    output, _ = part.communicate(timeout=60)
    assert part.returncode == 0, output


@pytest.mark.parametrize(
    "variables",
    [
        {"CONTRACT_TESTS_BASE_URL": "", "CONTRACT_TESTS_TARGET": ""},
        {"CONTRACT_TESTS_BASE_URL": " "},
        {"CONTRACT_TESTS_SEED": ""},
        {"CONTRACT_TESTS_LAWS": ""},
        {"CONTRACT_TESTS_BASELINE": ""},
        {"CONTRACT_TESTS_STRICT": ""},
    ],
    ids=str,
)
def test_a_variable_that_is_set_and_empty_is_wrong_usage(variables: dict[str, str]) -> None:
    done = (
        command("--laws", "lasting", **variables)
        if "CONTRACT_TESTS_LAWS" not in variables
        else command(**variables)
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"the variable {next(iter(variables))} is set, but empty" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--base-url", ""],
        ["--target", ""],
        ["--report-dir", ""],
        ["--header", ""],
        ["--baseline", "  "],
        ["drift", "--left", "", "--right", "http://127.0.0.1:9"],
        ["merge", "x", "--report-dir", ""],
        ["restore", "x", "--target", ""],
    ],
    ids=" ".join,
)
def test_a_flag_that_is_given_and_empty_is_wrong_usage(words: list[str], tmp_path: Path) -> None:
    code, _, output = forked_gate(tmp_path, *words, whole=True)
    assert code == 2, output
    assert "is given, but empty" in output


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        *(("--request-timeout", value) for value in ("nan", "inf", "1e300", "0", "-1")),
        *(("--max-time", value) for value in ("0", "9" * 400, "1e3")),
    ],
)
def test_seconds_that_are_none_are_wrong_usage(flag: str, value: str, tmp_path: Path) -> None:
    code, _, output = forked_gate(tmp_path, "--base-url", "http://127.0.0.1:9", flag, value)
    assert code == 2, output
    assert f"Invalid value for '{flag}'" in output


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("page", "there is no family of laws page; there are bounds"),
        ("referrals: newest", "referrals has no law 'newest'; it has "),
        ("referrals: ones own newest frst", "referrals has no law 'ones own newest frst'; it has "),
    ],
)
def test_a_law_that_there_is_not_is_wrong_usage(name: str, says: str, tmp_path: Path) -> None:
    code, _, output = forked_gate(tmp_path, "--laws", name)
    assert code == 2, output
    assert says in output


def test_one_law_alone_is_judged_by_the_name_that_a_report_gives_it(tmp_path: Path) -> None:
    with serving(Api()) as url:
        _, family, _ = forked_gate(
            tmp_path / "family", "--base-url", url, "--depth", "quick", "--laws", "projection"
        )
        name = family["laws"][-1]["law"]
        code, report, output = forked_gate(
            tmp_path / "one", "--base-url", url, "--depth", "quick", "--laws", name
        )
    assert code == 0, output
    assert {law["law"].partition("[")[0] for law in report["laws"]} == {name.partition("[")[0]}


@pytest.mark.parametrize(
    "url",
    ["http://[::1", "http://127.0.0.1:99999", "http://", "http://:80", "ftp://x", "http://a..b"],
)
def test_an_address_that_is_none_is_wrong_usage(url: str, tmp_path: Path) -> None:
    code, _, output = forked_gate(tmp_path, "--base-url", url)
    assert code == 2, output
    assert "Error: " in output
    assert "Traceback" not in output


def test_a_report_that_cannot_be_written_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    api = Api()
    (tmp_path / "file").touch()
    (tmp_path / "taken" / "report.json").mkdir(parents=True)
    with serving(api) as url:
        for place in (
            tmp_path / "file",
            tmp_path / "file" / "below",
            tmp_path / "taken",
            Path("/proc/reports"),
        ):
            code, _, output = forked_gate(
                tmp_path, "--base-url", url, "--report-dir", str(place), whole=True
            )
            assert code == 2, output
            assert str(place) in output
            assert "Traceback" not in output
    assert next(api.counter) == 0


def test_the_directory_of_the_reports_is_made(tmp_path: Path) -> None:
    report_output.check(tmp_path / "a" / "b", "report.json")
    assert list((tmp_path / "a" / "b").iterdir()) == []
    with pytest.raises(UsageError, match="cannot be written there"):
        report_output.check(Path("/dev/null"))


def test_a_summary_that_cannot_be_written_is_only_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "summary"))
    data = {
        "outcome": "conforms",
        "strict": False,
        "not_judged": [],
        "accepted": [],
        "outdated": [],
        "causes": [],
        "started_at": "",
        "gate_version": "",
        "contract_version": "",
        "python_version": "",
    }
    github_actions.tell({**data, "repeat": "", "before_curl": []}, "x CONFORMS")
    assert "GITHUB_STEP_SUMMARY) cannot be written" in capsys.readouterr().out


def test_a_reader_that_has_gone_ends_no_run(tmp_path: Path) -> None:
    with serving(Api()) as url:
        flags = f"--base-url {url} --depth quick --laws referrals -v --report-dir {tmp_path}"
        line = f"{sys.executable} -m contract_tests {flags} >/dev/full"
        done = subprocess.run(
            ["bash", "-c", line], capture_output=True, text=True, cwd=ROOT, timeout=120, check=False
        )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.json").exists()


def _break(*_: object) -> None:
    raise TypeError("the biography of ada")


def test_an_error_of_the_gate_is_no_breach(tmp_path: Path) -> None:
    with serving(Api()) as url:
        code, report, output = broken_gate(
            tmp_path,
            "contract_tests.api.pagination.items_of",
            "--base-url",
            url,
            "--laws",
            "referrals",
        )
    assert code == 4, output
    assert report["outcome"] == "failed"
    assert "this is the gate's fault" in output
    assert "VIOLATES" not in output


def test_an_error_outside_a_run_is_one_line(tmp_path: Path) -> None:
    code, _, output = broken_gate(
        tmp_path, "contract_tests.cli.judge_command.repeating", "--base-url", "http://127.0.0.1:9"
    )
    assert code == 4, output
    assert output.count("\n") == 1, output
    assert (
        "please report it: TypeError in tests" in output
        or "please report it: TypeError in contract_tests/cli/judge_command.py" in output
    )
    assert "biography" not in output


def broken_gate(directory: Path, place: str, *words: str) -> tuple[int, dict[str, Any], str]:
    """Run a gate of which one function raises."""
    script = (
        "import sys, importlib; from tests.contract_tests.test_usage import _break;"
        "from contract_tests.cli import judge_command as cli;"
        f"module, _, name = {place!r}.rpartition('.'); setattr(importlib.import_module(module), name, _break);"
        "cli.main(sys.argv[1:])"
    )
    line = [
        sys.executable,
        "-c",
        script,
        "--report-dir",
        str(directory),
        "--depth",
        "quick",
        *words,
    ]
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CONTRACT_TESTS_", "PYTEST_", "GITHUB_"))
    }
    done = subprocess.run(
        line, capture_output=True, text=True, cwd=ROOT, env=kept, timeout=120, check=False
    )
    report = directory / "report.json"
    return (
        done.returncode,
        json.loads(report.read_text()) if report.exists() else {},
        done.stdout + done.stderr,
    )


def test_what_failed_is_told_without_what_it_was_about() -> None:
    try:
        _break()
    except TypeError as error:
        said = internal_errors.confession(error)
    assert "TypeError" in said
    assert "biography" not in said
    assert "\n" not in said


def test_the_shells_variables_do_not_reach_a_run(tmp_path: Path) -> None:
    (tmp_path / "saved.json").write_text("mine")
    (tmp_path / "hook.py").write_text(f"open({str(tmp_path / 'hooked')!r}, 'w')")
    done = command(
        "--depth",
        "quick",
        "--laws",
        "referrals",
        "--laws",
        "lasting",
        "-v",
        MOCK_SERVER_EXPORT_ON_EXIT=str(tmp_path / "saved.json"),
        MOCK_SERVER_SCENARIO="empty",
        MOCK_SERVER_PORT="1",
        PYTEST_ADDOPTS="-k order",
        PYTEST_PLUGINS="hook",
        HYPOTHESIS_NO_PLUGINS="1",
        SCHEMATHESIS_HOOKS="hook",
        PYTHONPATH=str(tmp_path),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "saved.json").read_text() == "mine"
    assert not (tmp_path / "hooked").exists()
    assert "lasting: " in done.stdout, "no law was left out"


def test_the_own_mock_starts_as_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCK_SERVER_EXPORT_ON_EXIT", str(tmp_path / "state.json"))
    monkeypatch.setenv("MOCK_SERVER_STORE", "redis://127.0.0.1:1")
    with running_mock() as url:
        assert url.startswith("http://127.0.0.1:")
    assert not (tmp_path / "state.json").exists()


def test_a_run_is_too_slow_for_its_time_and_says_so_before(tmp_path: Path) -> None:
    words = (
        "--base-url",
        "http://127.0.0.1:9",
        "--dry-run",
        "--depth",
        "quick",
        "--laws",
        "referrals",
        "--rate-limit",
    )
    _, _, short = forked_gate(tmp_path, *words, "1/m")
    assert "--max-time 300 is too short for that" in short
    assert "exit code 3" in short
    _, _, enough = forked_gate(tmp_path, *words, "100/s")
    assert "--max-time 300 is enough for that" in enough


@pytest.mark.parametrize(
    ("text", "share"),
    [("0.9", 0.9), ("90%", 0.9), ("0", 0), ("1", 1), ("100 %".replace(" ", ""), 1)],
)
def test_a_share_is_read(text: str, share: float) -> None:
    assert Share().convert(text, None, None) == share


@pytest.mark.parametrize("text", ["much", "2", "-1", "101%", "nan"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(Exception, match="a share such as"):
        Share().convert(text, None, None)


def test_every_exit_code_is_in_the_help_and_on_the_page() -> None:
    page = (ROOT / "docs" / "gate.md").read_text()
    for code in (0, 1, 2, 3, 4, 130):
        assert f"{code} " in judge_command.HELP.partition("Exit codes")[2]
        assert f"| {code} |" in page


@pytest.mark.parametrize(
    ("program", "begun", "offered"),
    [
        ("contract-tests", "--write-b", "--write-baseline"),
        ("contract-tests", "me", "merge"),
        ("mock-server", "--po", "--port"),
    ],
)
def test_the_shell_completes_what_is_begun(program: str, begun: str, offered: str) -> None:
    known = {f"_{program.upper().replace('-', '_')}_COMPLETE": "bash_complete", "COMP_CWORD": "1"}
    command = [str(Path(sys.executable).parent / program)]
    environment = {**os.environ, **known, "COMP_WORDS": f"{program} {begun}"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert f"plain,{offered}" in done.stdout.splitlines(), done.stdout + done.stderr
