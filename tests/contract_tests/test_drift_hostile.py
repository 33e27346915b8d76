"""Drift with a server that hangs, lies or answers what nobody can compare: bounded, clear, and nothing wrong is proposed."""

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner

from contract_tests.cli.judge_command import main
from contract_tests.drift.differences import Difference
from contract_tests.drift.drift_page import page
from contract_tests.drift.drift_report import Report
from contract_tests.drift.observing import Evidence
from contract_tests.drift.response_facts import body_kind
from contract_tests.http.messages import Exchange, HttpRequest
from tests.contract_tests.drifting import LIST, MARK, PROFILE, REFERRALS, Change, Twin, server
from tests.contract_tests.reference import Answer, Request
from tests.contract_tests.serving import serving
from tests.live import LiveMock

ODD = {
    "a number past every float": b'{"items": [], "total": 1e400}',
    "a long number": b'{"items": [], "page": 1, "total": ' + b"9" * 4000 + b"}",
    "more digits than are read": b'{"items": [], "total": ' + b"9" * 5000 + b"}",
    "not a number": b'{"items": [], "total": NaN}',
    "deep": b'{"items": ' + b"[" * 900 + b"]" * 900 + b"}",
    "very deep": b'{"items": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "half a character": b'{"items": [{"\\ud800": "\\udfff"}], "total": 1}',
    "keys that steer a terminal": b'{"items": [{"\\u001b[2J": "\\u001b[31m"}], "total": 1, "\\u202ex\\n  evil: 1": 2}',
    "a list": b"[[1e308, -0.0, 1e-400, true]]",
}


def drift(directory: Path, *arguments: str) -> tuple[int, str, dict[str, Any]]:
    done = CliRunner().invoke(main, ["drift", "--report-dir", str(directory), *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    report = directory / "drift.json"
    return done.exit_code, done.output, json.loads(report.read_text()) if report.exists() else {}


def evil(operation: str, request: Request, answer: Answer) -> None:
    """Answer each query with another of the bodies."""
    if operation in (LIST, REFERRALS) and answer.status == 200 and request.method == "GET":
        answer.raw = [*ODD.values()][len(request.query) % len(ODD)]
        answer.headers |= {"Content-Type": "application/json", "Allow": "\x1b[2J"}


def test_whatever_a_server_says_is_compared_or_named(mock: LiveMock, tmp_path: Path) -> None:
    with serving(server(evil)) as url:
        code, output, report = drift(tmp_path, "--left", mock.url, "--right", url)
    assert code == 1, output
    assert report["differences"]
    for said in (output, *(path.read_text() for path in tmp_path.iterdir())):
        assert all(line.isprintable() for line in said.replace("\t", " ").split("\n"))
    assert "evil" not in report["patch"]


def report_of(text: str) -> Report:
    """A comparison in which a target says `text` wherever it can."""
    side = cast("Any", SimpleNamespace(target=SimpleNamespace(base_url=f"http://h/{text}")))
    difference = Difference("header", "getProfile", text, text, text, (text,), curls=(text, text))
    perhaps = Difference("body", "getProfile", text, text, text, sure=False)
    evidence = Evidence([difference, perhaps], [perhaps], [cast("Any", None)], {(text, text): text})
    return Report(side, side, evidence, [], [], text)


def test_what_a_server_says_is_no_markup_of_the_page() -> None:
    html = page(report_of("<script>alert('1')</script>"))
    assert ("<script" in html, "alert('" in html) == (False, False)
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    ("name", "kind"),
    [("deep", "too large or too deep"), ("a number past every float", "too large")],
)
def test_a_body_out_of_bounds_is_named(name: str, kind: str) -> None:
    assert kind in body_kind(Exchange(HttpRequest("x", "GET", "/"), 200, (), ODD[name]))


class Sleepy(Twin):
    """Answers the first calls at once, and then only after a long time."""

    calls = 0

    def __call__(self, request: Request) -> Answer:
        self.calls += 1
        if self.calls > 12:
            time.sleep(0.3)
        return super().__call__(request)


def test_a_server_that_dawdles_is_given_the_time_that_there_is(
    mock: LiveMock, tmp_path: Path
) -> None:
    api = Sleepy()
    start = time.monotonic()
    with serving(api) as url:
        _, output, report = drift(tmp_path, "--left", mock.url, "--right", url, "--max-time", "1")
    assert time.monotonic() - start < 20, "ninety calls of a third of a second, twice, are a minute"
    assert any("--max-time was over" in each["why"] for each in report["not_compared"]), output
    assert report["situations"] < 40


def status(of: int, *methods: str, only: str = "") -> Change:
    def change(_: str, request: Request, answer: Answer) -> None:
        if request.method in methods and only in request.query:
            answer.status, answer.body = of, {"code": "GENERIC_CLIENT_ERROR", "message": "No."}

    return change


@pytest.mark.parametrize(
    "change",
    [
        status(405, "HEAD"),
        status(405, "OPTIONS"),
        status(418, "GET", only="drift=1"),
        status(422, "GET", only="fields=drift"),
        status(503, "GET", only="fields=handle"),
    ],
    ids=["HEAD", "OPTIONS", "an unknown parameter", "an unknown field", "an outage"],
)
def test_a_status_of_a_call_that_is_not_documented_is_not_written_into_the_contract(
    change: Change, mock: LiveMock, tmp_path: Path
) -> None:
    with serving(server(change)) as url:
        code, output, report = drift(tmp_path, "--left", mock.url, "--right", url)
    assert code == 1, output
    assert report["patch"] == "", report["patch"]
    assert not [each for each in report["proposals"] if "/responses" in each["pointer"]]


def test_a_status_of_a_documented_call_is(mock: LiveMock, tmp_path: Path) -> None:
    def change(_: str, request: Request, answer: Answer) -> None:
        if answer.status == 404 and "nowhere" in request.query and "limit" not in request.query:
            answer.status = 410

    with serving(server(change)) as url:
        _, _, report = drift(tmp_path, "--left", mock.url, "--right", url)
    assert "'410'" in report["patch"]
    assert {PROFILE, MARK}.isdisjoint({each["pointer"] for each in report["proposals"]})
