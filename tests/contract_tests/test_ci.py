"""The gate under GitHub Actions and GitLab: annotations, summaries, and the files that these read."""

import html
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract_tests.findings.rules import CHECKS
from contract_tests.reports.github_actions import remarks, summary
from tests.contract_tests.people import Gossip, told
from tests.contract_tests.reference import Api
from tests.contract_tests.running import ROOT
from tests.contract_tests.serving import serving

ACTION = ROOT / "action.yml"
SNIPPET = ROOT / "docs" / "gitlab-ci.yml"
WORKFLOW = ROOT / ".github" / "workflows" / "test.yml"
BIN = Path(sys.executable).parent
COMMAND = re.compile(r"::(error|warning|notice) title=([^:,]*)::(.*)")
PRETENDER = """#!/bin/bash
mkdir -p "$3/bin"
printf '#!/bin/bash\\nprintf "%%s\\\\n" "$@" >"$RUNNER_TEMP/asked"\\n' >"$3/bin/pip"
chmod +x "$3/bin/pip"
"""
HOSTILE = "100%\r\n::add-mask::x, a:b | `c` <img src=x> [d](http://e.f) ##[set-env]"


def environment(**more: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CONTRACT_TESTS_", "PYTEST_", "GITHUB_"))
    }
    return {**kept, **more}


def finding(number: int, severity: str = "violation", **changes: Any) -> dict[str, Any]:
    rule = next(name for name, rule in CHECKS.items() if rule.severity == severity)
    plain = {
        "operation": f"operation{number}",
        "check": rule,
        "field": "",
        "severity": severity,
        "says": "It is right.",
    }
    return {
        **plain,
        "received": "5",
        "documented": "4",
        "curl": "curl x",
        "steps": ["curl x"],
        "count": 1,
        **changes,
    }


def report(*findings: dict[str, Any], **changes: Any) -> dict[str, Any]:
    known = {
        "outcome": "violates",
        "strict": False,
        "not_judged": [],
        "accepted": [],
        "outdated": [],
    }
    causes = [
        {
            "cause": each["says"],
            "severity": each["severity"],
            "count": each["count"],
            "checks": [each["check"]],
            "places": [f"{each['check']} on {each['operation']}"],
            "findings": [each],
        }
        for each in findings
    ]
    made = dict.fromkeys(
        ("started_at", "gate_version", "contract_version", "python_version"), "1.2.3"
    )
    return {
        **known,
        **made,
        "causes": causes,
        "repeat": "contract-tests",
        "before_curl": [],
        **changes,
    }


def test_a_run_under_github_annotates_and_summarises_and_tells_nothing_of_anybody(
    tmp_path: Path,
) -> None:
    api, page = Gossip(), tmp_path / "summary.md"
    page.write_text("# before\n")
    with serving(api) as url:
        target = api.target(tmp_path / "target.yaml", url)
        command = [
            str(BIN / "contract-tests"),
            "--target",
            target,
            "--depth",
            "quick",
            "--laws",
            "projection",
            "--laws",
            "referrals",
        ]
        known = environment(GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(page))
        done = subprocess.run(command, capture_output=True, text=True, env=known, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    stop, resume = re.findall(
        r"^::(?:stop-commands::)?([0-9a-f]{32})(?:::)?$", done.stdout, re.MULTILINE
    )
    assert stop == resume
    before, _, after = done.stdout.partition(f"::{resume}::\n")
    assert not COMMAND.search(before)
    found = [match for line in after.splitlines() if (match := COMMAND.fullmatch(line))]
    assert len(found) == len(after.splitlines())
    assert {match[1] for match in found} >= {"error", "warning"}
    assert any("getProfile" in match[2] for match in found)
    written = page.read_text()
    assert written.startswith("# before\n## Contract")
    assert "| violation |" in written
    assert "contract-tests --target" in written
    assert told(api.planted, done.stdout + done.stderr + written + html.unescape(written)) == []


def test_at_most_ten_of_a_kind_are_annotated() -> None:
    found = [finding(number) for number in range(13)] + [
        finding(number, "inferred") for number in range(12)
    ]
    lines = remarks(report(*found))
    assert [
        sum(line.startswith(f"::{kind} ") for line in lines)
        for kind in ("error", "warning", "notice")
    ] == [10, 10, 1]
    assert "5 more" in lines[-1]
    strict = remarks(report(*found, strict=True))
    assert [
        sum(line.startswith(f"::{kind} ") for line in strict) for kind in ("error", "warning")
    ] == [10, 0]


def test_what_a_target_says_is_no_command_and_no_markup() -> None:
    bad = finding(
        1,
        received=HOSTILE,
        documented=HOSTILE,
        operation=HOSTILE,
        field=HOSTILE,
        steps=[HOSTILE, "````"],
    )
    data = report(bad, outdated=[HOSTILE], repeat=HOSTILE)
    for line in remarks(data):
        assert "\n" not in line
        assert "\r" not in line
        match = COMMAND.fullmatch(line)
        assert match
        assert "::" not in match[2]
    shown = summary(data, HOSTILE)
    outside = re.sub(r"(`{3,})sh\n.*?\n\1", "", shown, flags=re.DOTALL)
    assert not re.search(r"<img|\]\(|::|`c`|\| b", outside)
    assert len([line for line in outside.splitlines() if line.startswith("|")]) == 3


def test_a_target_that_cannot_be_judged_is_an_error_too() -> None:
    data = report(
        outcome="nothing judged",
        not_judged=[{"what": "everything", "why": "http://x cannot be reached"}],
    )
    assert remarks(data) == ["::error title=nothing judged::everything: http://x cannot be reached"]


@pytest.mark.parametrize(
    ("file", "schema"),
    [
        (ACTION, "vendor.github-actions"),
        (SNIPPET, "vendor.gitlab-ci"),
        (WORKFLOW, "vendor.github-workflows"),
    ],
    ids=["action", "gitlab", "workflow"],
)
def test_a_ci_file_keeps_its_published_schema(file: Path, schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_tests_every_python_that_the_package_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    job = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == named


def test_a_commit_is_checked_by_the_tools_of_make_check() -> None:
    recipe = re.search(
        r"^check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert recipe
    tools = set(re.findall(r"\$\(BIN\)/(\S+)", recipe[1]))
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][
        0
    ]["hooks"]
    called = [hook["entry"].split()[0] for hook in hooks]
    assert all(entry.startswith(".venv/bin/") for entry in called), called
    assert tools <= {entry.removeprefix(".venv/bin/") for entry in called}


def step(name: str, inputs: dict[str, str], action: Path) -> tuple[str, dict[str, str]]:
    """The script of a step of the action and its environment, with expressions replaced as GitHub does."""
    document = yaml.safe_load(ACTION.read_text())
    given = {key: str(known["default"]) for key, known in document["inputs"].items()} | inputs
    found = next(each for each in document["runs"]["steps"] if each["name"] == name)
    assert "${{" not in found["run"], "an expression in a script is code that the caller writes"
    known = {
        "${{ github.action_path }}": str(action),
        **{f"${{{{ inputs.{key} }}}}": value for key, value in given.items()},
    }
    return found["run"], {key: known[value] for key, value in found["env"].items()}


def run_step(
    name: str, inputs: dict[str, str], cwd: Path, action: Path = ROOT, **more: str
) -> subprocess.CompletedProcess[str]:
    script, known = step(name, inputs, action)
    (cwd / "step.sh").write_text(script)
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(cwd / "step.sh")]
    env = environment(RUNNER_TEMP=str(cwd), GITHUB_ACTIONS="true", **known, **more)
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=env, check=False)


def installed(cwd: Path) -> None:
    """What the first step leaves behind: the command of this environment, in the place where the second looks for it."""
    (cwd / "contract-tests" / "bin").mkdir(parents=True)
    (cwd / "contract-tests" / "bin" / "contract-tests").symlink_to(BIN / "contract-tests")


def test_the_action_judges(tmp_path: Path) -> None:
    installed(tmp_path)
    page = tmp_path / "summary.md"
    with serving(Api()) as url:
        inputs = {
            "base-url": url,
            "depth": "quick",
            "report-dir": "a b",
            "args": "--laws\nreferrals\n\n--header\nX-Odd: a 'b' \"c\" $(d)\n",
        }
        done = run_step("Judge the server", inputs, tmp_path, GITHUB_STEP_SUMMARY=str(page))
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in (tmp_path / "a b").iterdir()} == {
        "report.json",
        "report.html",
        "junit.xml",
    }
    assert "CONFORMS" in page.read_text()


def test_the_action_judges_nothing_where_no_server_is_named(tmp_path: Path) -> None:
    installed(tmp_path)
    done = run_step("Judge the server", {}, tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "is set, but empty" in done.stderr


@pytest.mark.parametrize("name", ["base-url", "target", "depth", "strict", "baseline", "args"])
def test_no_input_of_the_action_is_run_by_the_shell(name: str, tmp_path: Path) -> None:
    installed(tmp_path)
    hostile = (
        f"'\"; touch {tmp_path}/pwned; $(touch {tmp_path}/pwned) `touch {tmp_path}/pwned` && *"
    )
    done = run_step("Judge the server", {"base-url": "http://127.0.0.1:9", name: hostile}, tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert not (tmp_path / "pwned").exists()


def test_the_action_installs_what_it_came_with(tmp_path: Path) -> None:
    """The real step, with a `python3` that makes an environment whose `pip` notes what it is asked for."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").write_text(PRETENDER)
    (tmp_path / "bin" / "python3").chmod(0o755)
    place = tmp_path / "an action; touch pwned"
    done = run_step(
        "Install the gate", {}, tmp_path, place, PATH=f"{tmp_path}/bin:{os.environ['PATH']}"
    )
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == [
        "install",
        "--quiet",
        "--constraint",
        f"{place}/constraints.txt",
        f"{place}[gate]",
    ]
    assert not (tmp_path / "pwned").exists()


def test_the_job_of_gitlab_judges_and_leaves_its_report_where_it_says(tmp_path: Path) -> None:
    job = yaml.safe_load(SNIPPET.read_text())["contract"]
    (tmp_path / ".contract-tests").symlink_to(BIN.parent)
    with serving(Api()) as url:
        (tmp_path / job["variables"]["CONTRACT_TESTS_TARGET"]).write_text(
            yaml.safe_dump({"base_url": url, "sessions": {"primary": "${STAGING_PRIMARY}"}})
        )
        known = environment(
            **job["variables"] | {"CONTRACT_TESTS_DEPTH": "quick"},
            STAGING_PRIMARY="ada-session",
            CONTRACT_TESTS_LAWS="referrals",
        )
        done = subprocess.run(
            ["bash", "-ec", "\n".join(job["script"])],
            cwd=tmp_path,
            env=known,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / job["artifacts"]["reports"]["junit"]).is_file()
    assert (tmp_path / job["artifacts"]["paths"][0] / "report.html").is_file()


def test_the_page_for_ci_lists_every_input() -> None:
    page = (ROOT / "docs" / "ci.md").read_text()
    inputs = yaml.safe_load(ACTION.read_text())["inputs"]
    rows = [
        [cell.strip(" `") for cell in line.split("|")[1:3]]
        for line in page.splitlines()
        if line.startswith("| `")
    ]
    assert dict(rows) == {name: known["default"] for name, known in inputs.items()}
    example = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])
    given = next(
        each for each in example["jobs"]["contract"]["steps"] if "target" in each.get("with", {})
    )["with"]
    assert given.keys() <= inputs.keys()
