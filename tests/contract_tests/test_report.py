"""What a run says of itself: on the terminal, in the reports, and when its time is over."""

import io
import itertools
import json
import os
import re
import subprocess
import time
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

from contract_tests.checks.coverage import Coverage
from contract_tests.config.settings import Settings
from contract_tests.findings.collector import Collector
from contract_tests.findings.rules import CHECKS
from contract_tests.reports import html_page
from contract_tests.reports.run_report import Law, Run
from contract_tests.runner.progress import Ticker
from contract_tests.runner.run_plugin import RunPlugin
from contract_tests.spec import contract
from tests.contract_tests.reference import Answer, Api, Request
from tests.contract_tests.running import gate, laws, target_file
from tests.contract_tests.serving import serving

NASTY = """<script>alert(1)</script>"'&<img src=x onerror=alert(2)>"""


class Secretive(Api):
    """Shows the token in its errors and always fails on referrals."""

    def list_referrals(self, request: Request) -> Answer:
        return Answer(
            500, {"code": "INTERNAL_SERVER_ERROR", "message": request.headers["authorization"]}
        )


class Hostile(Api):
    """Fails with text that would be markup."""

    def list_referrals(self, request: Request) -> Answer:  # noqa: ARG002
        return Answer(500, {"code": NASTY, "message": NASTY})


class Halves(Api):
    """Ends names in half a character, which JSON can spell and UTF-8 cannot."""

    def finish(self, request: Request, answer: Answer) -> Answer:  # noqa: ARG002
        if isinstance(answer.body, dict) and "username" in answer.body:
            answer.raw = json.dumps(
                {**answer.body, "username": answer.body["username"] + "\ud83d"}
            ).encode()
            answer.headers["Content-Type"] = "application/json"
        return answer


class Sluggish(Api):
    """Takes a while for every answer, once the first laws are done."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_before = itertools.count()

    def __call__(self, request: Request) -> Answer:
        time.sleep(0.05 if next(self.asked_before) > 200 else 0)
        return super().__call__(request)


class SluggishAndWrong(Sluggish):
    """Slow, and soon fails on notifications."""

    def list_notifications(self, request: Request) -> Answer:
        answer = super().list_notifications(request)
        return Answer(500, {}) if request.number > 30 else answer


class Tags(HTMLParser):
    """Collects the elements of a page and the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(name for name, _ in attrs)}


def bash(*lines: str) -> str:
    return subprocess.run(
        ["bash", "-c", "\n".join(lines)], capture_output=True, text=True, check=False
    ).stdout


def test_a_finding_can_be_repeated_by_pasting_what_the_run_says(tmp_path: Path) -> None:
    with serving(Secretive()) as url:
        code, report, output = gate(tmp_path, "--base-url", url, *laws("referrals"))
        finding = next(
            each for each in report["findings"] if each["check"] == "answer.no-server-error"
        )
        again = bash(*report["before_curl"], finding["curl"])
    assert code == 1
    assert " 500 " in again
    assert "Bearer ada-session" in again
    assert report["before_curl"] == ["export PRIMARY=ada-session"]
    assert report["before_curl"][0] in output
    assert finding["operation"] == "listReferrals"
    assert (
        report["repeat"]
        == f"contract-tests --base-url {url} --depth standard --seed 1 --laws referrals"
    )
    assert report["repeat"] in output


def test_tokens_of_a_target_file_are_shown_nowhere(tmp_path: Path) -> None:
    with serving(Secretive()) as url:
        path = target_file(tmp_path, url, sessions={"primary": "ada-session"})
        _, report, output = gate(tmp_path / "reports", "--target", path, *laws("referrals"))
    everything = output + "".join(path.read_text() for path in (tmp_path / "reports").iterdir())
    assert "ada-session" not in everything
    assert "$PRIMARY" in report["findings"][0]["curl"]
    assert report["before_curl"] == ["export PRIMARY=…"]


def test_reports_are_written(tmp_path: Path) -> None:
    with serving(Secretive()) as url:
        _, report, _ = gate(tmp_path, "--base-url", url, *laws("referrals"))
    assert {"outcome", "seed", "duration_seconds", "findings", "not_judged", "coverage"} <= set(
        report
    )
    assert ET.parse(tmp_path / "junit.xml").getroot().find(".//failure") is not None
    page = (tmp_path / "report.html").read_text()
    assert "answer.no-server-error" in page
    assert report["repeat"] in re.sub("<[^>]+>", "", page)
    assert not re.search(r"""(src|href)=["']http""", page)


def test_the_matrix_says_what_each_class_of_each_parameter_was_answered(tmp_path: Path) -> None:
    with serving(Api()) as url:
        _, report, _ = gate(
            tmp_path, "--base-url", url, "--depth", "quick", *laws("pages"), *laws("queries")
        )
    row = report["coverage"]["listNotifications"]
    named = [
        f"401 {name}"
        for name in ("GENERIC_UNAUTHORIZED", "REFRESH_TOKEN_EXPIRED", "SESSION_TOKEN_EXPIRED")
    ]
    assert list(row["answers"]) == ["200", "400", *named, "404", "500"]
    limit = row["parameters"]["limit"]
    assert {kind: set(answers) for kind, answers in limit.items() if kind.endswith("imum")} == {
        "below minimum": {"400"},
        "at minimum": {"200"},
        "at maximum": {"200"},
        "above maximum": {"400"},
    }
    absent, present = (sum(limit[kind].values()) for kind in ("absent", "present"))
    assert absent + present == sum(row["answers"].values())
    cells = re.sub(r"<[^>]+>", " ", (tmp_path / "report.html").read_text())
    assert re.search(rf"limit above max\s+{limit['above maximum']['400']}\s", cells)


def test_text_of_the_target_is_no_markup(tmp_path: Path) -> None:
    with serving(Hostile()) as url:
        _, report, _ = gate(tmp_path, "--base-url", url, *laws("referrals"))
    page = (tmp_path / "report.html").read_text()
    assert NASTY[:10] in str(report["findings"])
    assert not {"script", "img", "onerror"} & Tags(page).found
    for finding in report["findings"]:
        finding.update(dict.fromkeys(("operation", "received", "documented"), NASTY), steps=[NASTY])
    report |= {
        "target": NASTY,
        "repeat": NASTY,
        "before_curl": [NASTY],
        "not_judged": [{"what": NASTY, "why": NASTY}],
    }
    report["coverage"] = {
        NASTY: {"answers": {NASTY: 1}, "parameters": {NASTY: {"present": {NASTY: 1}}}}
    }
    assert not {"script", "img", "onerror"} & Tags(html_page.page(report, CHECKS)).found


@pytest.mark.parametrize("flag", ["--show-values", "--hide-values"])
def test_half_a_character_of_the_target_breaks_nothing(flag: str, tmp_path: Path) -> None:
    with serving(Halves()) as url:
        flags = [
            "--depth",
            "quick",
            "--laws",
            "public",
            "--laws",
            "identity",
            "--laws",
            "http",
            "--read-only",
            flag,
        ]
        code, report, output = gate(tmp_path, "--base-url", url, *flags)
    assert code == 0, output
    assert report["findings"]
    assert "UnicodeEncodeError" not in output
    assert f"{url} CONFORMS to the contract: " in output
    assert ("\\ud83d" in output) == (flag == "--show-values")


def test_the_run_ends_when_its_time_is_over(tmp_path: Path) -> None:
    start = time.monotonic()
    with serving(Sluggish()) as url:
        code, report, output = gate(
            tmp_path, "--base-url", url, "--depth", "deep", "--max-time", "6"
        )
    assert time.monotonic() - start < 100
    assert code == 3, output
    reasons = {entry["why"] for entry in report["not_judged"]}
    assert "the time given by --max-time was over" in reasons
    assert re.search("(TOO LITTLE|NOTHING) JUDGED", output)
    assert not report["findings"]


def test_what_was_found_before_the_time_was_over_fails(tmp_path: Path) -> None:
    some = [
        "--laws",
        "read",
        "--laws",
        "session",
        "--laws",
        "public",
    ]  # a run without generated calls begins at once
    with serving(SluggishAndWrong()) as url:
        code, report, output = gate(
            tmp_path, "--base-url", url, "--depth", "quick", "--max-time", "7", *some
        )
    assert code == 1, output
    assert any(finding["check"] == "answer.no-server-error" for finding in report["findings"])
    assert "the time given by --max-time was over" in {
        entry["why"] for entry in report["not_judged"]
    }


def test_deep_uses_its_time_on_the_state_machine(tmp_path: Path) -> None:
    with serving(Api()) as url:
        code, report, output = gate(
            tmp_path, "--base-url", url, "--depth", "deep", "--max-time", "12", *laws("machine")
        )
    assert code == 0, output
    assert not report["not_judged"]
    assert report["duration_seconds"] >= 12


def test_progress_is_one_line() -> None:
    run = Run(
        Collector("", judged=1234),
        Coverage(contract.load()),
        "standard",
        1,
        laws=[Law("read: first", "passed", 0.1, 3)],
    )
    line = Ticker(RunPlugin(Settings(), run, total=9, law="read: second")).line()
    assert line == "  …  law 2 of 9, 1234 calls, 0 of at most 300 s: read: second"


def test_the_line_of_a_narrow_terminal_does_not_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(written, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdout", written)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((30, 24)))
    run = Run(Collector("http://h"), Coverage(contract.load()), "quick", 1)
    ticker = Ticker(RunPlugin(Settings(), run, total=9))
    ends = iter([False, True])
    monkeypatch.setattr(ticker.done, "wait", lambda _: next(ends))
    ticker.run()
    assert written.getvalue() == "  …  law 1 of 9, 0 calls, 0 o", "one less than 30"
