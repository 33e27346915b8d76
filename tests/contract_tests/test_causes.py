"""Findings are told by what they come from: one cause, with every place where it shows, and none hides another."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from contract_tests.api.context import Context
from contract_tests.api.request_templates import notifications, update
from contract_tests.checks import boundary_values, request_validation
from contract_tests.checks.coverage import Coverage
from contract_tests.config.depth import DEPTHS
from contract_tests.config.target import Target
from contract_tests.exceptions import UsageError
from contract_tests.findings import baseline
from contract_tests.findings.causes import grouped
from contract_tests.findings.collector import SYMPTOMS, Collector
from contract_tests.findings.evidence import BodyFlaw, Facts, Status, Text
from contract_tests.findings.finding import MOST_EVIDENCE, Finding
from contract_tests.findings.rules import CHECKS
from contract_tests.findings.symptoms import Symptom, symptom
from contract_tests.http.messages import Exchange, HttpRequest
from contract_tests.reports.finding_text import finding_row, finding_text
from contract_tests.spec import contract
from tests.contract_tests.reference import Answer, Api, RefusalError, Request
from tests.contract_tests.running import forked_gate
from tests.contract_tests.serving import serving

TOMORROW = str(datetime.now(UTC).date() + timedelta(days=1))
NO_KEYS = "Error bodies have `detail` and no `code` or `message`"
WRONG_STATUS = "Answers 422 where the contract says 400"


class Framework(Api):
    """As a framework with its default settings: 422 for what is wrong, `detail`, no header beyond the least, slashes moved."""

    def wrong(self) -> RefusalError:
        return RefusalError(422, "GENERIC_CLIENT_ERROR")

    def error_body(self, request: Request, code: str) -> dict[str, Any]:  # noqa: ARG002
        return {"detail": [{"type": "wrong", "msg": code}]}

    def finish(self, request: Request, answer: Answer) -> Answer:
        answer.headers.pop("Cache-Control", None)
        answer.headers.pop("WWW-Authenticate", None)
        if request.path.endswith("/"):
            return Answer(307, None, {"Location": request.path.rstrip("/")})
        return answer


class Run(NamedTuple):
    directory: Path
    code: int
    report: dict[str, Any]
    output: str


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run against the framework, which writes its first baseline."""
    directory = tmp_path_factory.mktemp("causes")
    few = ["--laws", "http", "--laws", "queries", "--laws", "session"]
    with serving(Framework()) as url:
        first = ["--write-baseline", str(directory / "first.yaml")]
        return Run(
            directory, *forked_gate(directory, "--base-url", url, "--depth", "quick", *few, *first)
        )


def causes(run: Run) -> dict[str, dict[str, Any]]:
    return {cause["cause"]: cause for cause in run.report["causes"]}


def exchange(status: int, body: object = None, **headers: str) -> Exchange:
    pairs = (
        ("Content-Type", "application/json"),
        *((name.replace("_", "-"), value) for name, value in headers.items()),
    )
    return Exchange(
        HttpRequest("getProfile", "GET", "/"),
        status,
        pairs,
        b"" if body is None else json.dumps(body).encode(),
    )


def test_what_a_framework_does_everywhere_is_one_cause(run: Run) -> None:
    found = causes(run)
    assert run.code == 1, run.output
    assert {WRONG_STATUS, NO_KEYS} <= set(found)
    assert {
        cause
        for cause in found
        if "WWW-Authenticate" in cause or "Cache-Control" in cause or "307" in cause
    } == {
        "Answers without Cache-Control (`Cache-Control: no-store` is expected)",
        "401 without WWW-Authenticate (`WWW-Authenticate: Bearer` is expected)",
        "Answers 307 to unknown paths where the contract says 404",
    }
    assert len(found) <= 8
    assert len(run.report["findings"]) > 30
    assert {"answer.status", "answer.status-default", "input.status"} <= set(
        found[WRONG_STATUS]["checks"]
    )
    assert found[WRONG_STATUS]["severity"] == "violation"
    assert {"getProfile", "getPublicProfile", "listNotifications"} <= set(
        found[WRONG_STATUS]["operations"]
    )


def test_a_cause_keeps_every_finding_and_the_report_keeps_its_keys(run: Run) -> None:
    beneath = [finding for cause in run.report["causes"] for finding in cause["findings"]]
    assert sorted(map(json.dumps, beneath)) == sorted(map(json.dumps, run.report["findings"]))
    assert all(
        cause["count"] == sum(each["count"] for each in cause["findings"])
        for cause in run.report["causes"]
    )
    old = {
        "operation",
        "check",
        "field",
        "severity",
        "says",
        "received",
        "documented",
        "curl",
        "steps",
        "law",
        "count",
    }
    assert all(old <= finding.keys() for finding in beneath)


def test_the_terminal_says_a_cause_once_and_counts_causes(run: Run) -> None:
    assert run.output.count(f"{WRONG_STATUS} (violation, met ") == 1
    found = [cause["severity"] for cause in run.report["causes"]]
    sure, guessed = found.count("violation"), found.count("inferred")
    assert f": {sure} violation{'' if sure == 1 else 's'}, {guessed} inferred" in run.output
    assert f" on {len(run.report['findings'])} places. " in run.output
    assert "input.status on listNotifications: " in run.output


def test_junit_has_one_failure_for_each_cause_that_fails_and_skips_the_others(run: Run) -> None:
    text = (run.directory / "junit.xml").read_text()
    suites = {suite.get("name"): suite for suite in ET.fromstring(text)}
    failing = {cause["cause"] for cause in run.report["causes"] if cause["severity"] == "violation"}
    told = {case.get("name"): case for case in suites["contract"]}
    assert {name for name, case in told.items() if case.find("failure") is not None} == failing
    skipped = {name for name, case in told.items() if case.find("skipped") is not None}
    assert skipped == {cause["cause"] for cause in run.report["causes"]} - failing
    assert all("Received: " in str(told[name].findtext("system-out")) for name in skipped)
    assert len(suites["laws"].findall("testcase")) == len(run.report["laws"])
    assert suites["laws"].findall(".//failure") == []
    assert max(map(len, text.splitlines())) < 2000
    for suite in suites.values():
        assert suite.get("timestamp") == run.report["started_at"]
        named = {each.get("name"): each.get("value") for each in suite.iter("property")}
        assert {named["gate_version"], named["contract_version"], named["python_version"]} == {
            run.report["gate_version"],
            run.report["contract_version"],
            run.report["python_version"],
        }


def test_every_report_says_when_and_with_what_it_was_made(run: Run) -> None:
    made = datetime.fromisoformat(run.report["started_at"])
    assert abs((datetime.now(UTC) - made).total_seconds()) < 3600
    page = (run.directory / "report.html").read_text()
    for key in ("started_at", "gate_version", "contract_version", "python_version"):
        assert run.report[key] in page


def test_the_page_leads_from_its_contents_to_each_cause_and_needs_no_script(run: Run) -> None:
    page = (run.directory / "report.html").read_text()
    links, places = re.findall(r'href="#([\w-]+)"', page), re.findall(r' id="(cause-\d+)"', page)
    assert links == places
    assert len(places) == len(run.report["causes"])
    assert "<script" not in page
    chosen = dict(
        re.findall(
            r'<input type="radio" name="(?:severity|operation)" id="([\w-]+)"[^>]*> ([^<]*)<', page
        )
    )
    assert {"violation", "inferred", "getProfile", "updateProfile"} <= set(chosen.values())
    for key in chosen:
        assert key.startswith("all-") or f"body:has(#{key}:checked) .cause:not(.{key})" in page


def test_the_first_baseline_asks_who_and_why_and_then_accepts_what_failed(
    run: Run, tmp_path: Path
) -> None:
    path = run.directory / "first.yaml"
    with pytest.raises(UsageError, match=r"first\.yaml:3: reason is missing: why it is accepted"):
        baseline.read(path)
    entries = yaml.safe_load(path.read_text())["accepted"]
    filled = [{**entry, "reason": "old", "owner": "ada", "expires": TOMORROW} for entry in entries]
    (tmp_path / "filled.yaml").write_text(yaml.safe_dump({"accepted": filled}))
    known = baseline.read(tmp_path / "filled.yaml")
    failing = [finding for finding in run.report["findings"] if finding["severity"] == "violation"]
    assert failing
    for finding in failing:
        made = Finding(
            finding["check"],
            finding["operation"],
            field=finding["field"],
            symptom=Symptom(finding["symptom"]),
        )
        assert any(entry.covers(made) for entry in known)
        assert not any(entry.covers(replace(made, symptom=Symptom("another"))) for entry in known)


def test_a_first_baseline_overwrites_nothing_and_is_asked_for_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    (tmp_path / "there.yaml").write_text("mine")
    for name, says in (("there.yaml", "is not overwritten"), ("no/such.yaml", "cannot be written")):
        code, report, output = forked_gate(
            tmp_path, "--base-url", "http://127.0.0.1:9", "--write-baseline", str(tmp_path / name)
        )
        assert (code, report) == (2, {}), output
        assert f"--write-baseline {tmp_path / name}: " in output
        assert says in output
    assert (tmp_path / "there.yaml").read_text() == "mine"


def test_an_entry_for_all_operations_accepts_a_rule_on_each_and_one_with_a_symptom_only_what_shows_so(
    tmp_path: Path,
) -> None:
    why = {"reason": "x", "owner": "y", "expires": TOMORROW}
    entries = [
        {"operation": "*", "rule": "header.no-store", **why},
        {
            "operation": "getProfile",
            "rule": "answer.shape",
            "symptom": "error bodies have no `code` or `message`",
            **why,
        },
    ]
    (tmp_path / "b.yaml").write_text(yaml.safe_dump({"accepted": entries}))
    collector = Collector("", strict=True, baseline=baseline.read(tmp_path / "b.yaml"))
    for operation in ("getProfile", "updateProfile"):
        collector.find("header.no-store", operation, "200", "no-store", exchange(200))
    collector.find(
        "answer.shape",
        "getProfile",
        "404 {}",
        'the body: "code" is a required property',
        exchange(404, {}),
    )
    collector.find(
        "answer.shape",
        "getProfile",
        "404 []",
        'the body: [] is not of type "object"',
        exchange(404, []),
    )
    assert [finding.sentence for finding in collector.failing()] == [
        "error bodies are a list, not an object with `code` and `message`"
    ]


@pytest.mark.parametrize(
    ("rule", "answer", "expected", "says"),
    [
        (
            "input.status",
            exchange(418),
            Status(400),
            "answers 418 where the contract says 400",
        ),
        (
            "session.name",
            exchange(403, {}),
            Status(401),
            "answers 403 where the contract says 401",
        ),
        (
            "input.bounds",
            exchange(200, {}),
            Status(400),
            "",
        ),
        ("input.valid", exchange(422, {}), "accepted", "getProfile answers 422 to a valid request"),
        (
            "header.no-store",
            exchange(200, Cache_Control="max-age=60"),
            "no-store",
            "answers with another Cache-Control than no-store: max-age=…",
        ),
        (
            "header.www-authenticate",
            exchange(401, WWW_Authenticate="Basic"),
            "Bearer",
            "401 with another WWW-Authenticate",
        ),
        (
            "answer.shape",
            exchange(200, {}),
            BodyFlaw("/total", sent="a text", wanted=("integer",)),
            "have a text where a number is expected",
        ),
        (
            "answer.shape",
            exchange(200, {}),
            BodyFlaw("/items/0", missing="id"),
            "have no `id`",
        ),
        (
            "answer.shape",
            exchange(200, {}),
            BodyFlaw("/items/0/createdAt"),
            "have a `createdAt` that is not as the contract says",
        ),
        (
            "answer.shape",
            exchange(404, {"error": 1}),
            BodyFlaw(),
            "have `error` and no `code` or `message`",
        ),
        ("answer.shape", exchange(404, "no"), BodyFlaw(), "are a text, not an object with"),
        (
            "http.path",
            Exchange(HttpRequest("", "GET", "/"), 404),
            Status(404),
            "to unknown paths are of no type",
        ),
        ("http.head", exchange(501), "200, as GET", "fails with 501"),
        ("session.valid", exchange(401, {}), "it is valid", "answers 401 to a valid session"),
    ],
)
def test_a_symptom_says_what_is_wrong_and_holds_no_value(
    rule: str, answer: Exchange, expected: Facts, says: str
) -> None:
    assert says in symptom(rule, "getProfile", answer, expected).sentence


def test_where_the_evidence_shows_no_symptom_a_law_or_the_rule_itself_says_what_is_wrong() -> None:
    sign = "answers 405 to HEAD"
    assert symptom("http.head", "getProfile", exchange(405), "200", sign).text == sign
    never = symptom("reach.status", "getProfile", None, Status(400), "never answers 400")
    assert never == Symptom("never answers 400", expected_status=400)
    assert symptom("pages.total", "getProfile", exchange(200, {}), "total 3").text == ""
    assert Finding("pages.total", "x").sentence == CHECKS["pages.total"].says


def test_a_finding_hides_no_other_of_the_same_law_operation_and_rule() -> None:
    collector = Collector("", law="a law")
    for status in (418, 422, 422, 409):
        collector.find(
            "answer.status", "getProfile", f"{status} {{}}", "one of 200, 400", exchange(status, {})
        )
    other = exchange(200)
    for name in ("X-User", "X-Session"):
        received = Text("with {}: {}", name, other)
        collector.find("session.isolation", "getProfile", received, "as without", other)
    received = Text("after {} asked: {}", "grace", other)
    collector.find("session.isolation", "getProfile", received, "as alone", other)
    found = {finding.sentence: finding for finding in collector.merged()}
    assert [
        found[f"answers {status}, which is not listed"].count for status in (418, 422, 409)
    ] == [1, 2, 1]
    (isolation,) = [
        finding for finding in collector.merged() if finding.rule == "session.isolation"
    ]
    assert "after grace asked: 200" in finding_text(finding_row(isolation, collector))
    assert (isolation.count, len(isolation.evidence)) == (3, 2), "values alone are no other kind"


def test_a_target_that_says_something_new_each_time_has_but_so_many_findings() -> None:
    collector = Collector("", law="a law")
    for number in range(500):
        collector.find(
            "answer.shape", "getProfile", "400", "x", exchange(400, {f"{'k' * number}": 1})
        )
        collector.find("pages.total", "listNotifications", f"{'z' * number} is", "y", exchange(200))
    assert len(collector.merged()) <= SYMPTOMS + 2
    assert all(len(finding.evidence) <= MOST_EVIDENCE for finding in collector.merged())
    assert sum(finding.count for finding in collector.merged()) == 1000


def test_what_follows_from_another_cause_is_put_to_it() -> None:
    collector = Collector("")
    collector.find(
        "answer.status", "listNotifications", "422", "one of 200, 400", exchange(422, {})
    )
    collector.find(
        "input.status",
        "getProfile",
        "422",
        Status(400, "because of fields (query): it is missing"),
        exchange(422, {}),
    )
    never = "never answers 400"
    collector.find("reach.status", "getProfile", "never 400", Status(400), sign=never)
    collector.find("answer.status", "getProfile", "418", "one of 200, 400", exchange(418, {}))
    found = grouped(collector.merged())
    assert [cause.title for cause in found] == [WRONG_STATUS, "Answers 418, which is not listed"]
    assert len(found[0].findings) == 3


@pytest.mark.parametrize(
    ("sent", "says", "accepts"),
    [
        (
            notifications("main", "0"),
            "400, because of page (query): it is 0: it is less than",
            "a number below its least",
        ),
        (
            notifications("main", "1_0"),
            'page (query): it is "1_0", and not a number',
            "not written as JSON writes it",
        ),
        (
            notifications("main").but(query=(("containerId", "a"), ("containerId", "b"))),
            "it is given twice",
            "given twice",
        ),
        (
            notifications("main").but(query=()),
            "containerId (query): it is missing",
            "without a required parameter",
        ),
        (
            update({"displayName": None}),
            "/displayName (body): it is null, and a text is expected",
            "null where a text",
        ),
        (
            update({"biography": "x" * 501}),
            "it is a text of 501 characters: it is longer than 500",
            "a text that is too long",
        ),
        (update({"dateOfBirth": {}}), "/dateOfBirth (body): it has no ", "without a required key"),
        (update(b"{"), "because of the body: it is not JSON: Expecting", "a body that is not JSON"),
        (update(b""), "because of the body: it is missing", "without a body"),
        (
            update([]),
            "because of the body: it is a list, and an object is expected",
            "a body that is no object",
        ),
        (
            update({}).but(content_type="text/plain"),
            "it is sent as text/plain, not as application/json",
            "another media type",
        ),
        (
            update({"handle": "!", "displayName": ""}),
            "/displayName (body), /handle (body): ",
            "too short and a text that breaks",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refusal_says_what_was_sent_and_what_is_wrong_with_it(
    sent: Any, says: str, accepts: str
) -> None:

    known = contract.load()
    call = Context(
        Target("http://127.0.0.1:9"), known, Collector(""), DEPTHS["quick"], 1, Coverage(known)
    ).request(sent)
    flaws = request_validation.flaws(known, known.full, call)
    collector = Collector("")
    collector.find("input.bounds", "x", "accepted", request_validation.refusal(flaws))
    (refused,) = collector.findings.values()
    assert says in finding_row(refused, collector)["documented"]
    assert accepts in request_validation.acceptance(flaws)
    assert request_validation.wrong(known, known.full, call) == [flaw.place for flaw in flaws]


def test_a_valid_value_is_said_to_be_valid_for_what_it_is() -> None:
    known = contract.load()
    birth = known.property_schema("dateOfBirth")
    said = boundary_values.why_good(birth, {"year": 2000.0, "month": 1, "day": 15, "more": 1})
    assert said == (
        "year is 2000.0, a whole number as JSON Schema means it; month is 1, the least; day is 15; "
        "more is not documented, and ignored"
    )
    assert (
        boundary_values.why_good(known.property_schema("displayName"), "x")
        == "it has 1 character (code points), and 1 to 50 are allowed"
    )
