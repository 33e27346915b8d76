"""Accepted findings: each hides only itself, and an entry that is no longer right fails the run."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract_tests.api.context import Context
from contract_tests.api.request_templates import RequestTemplate, notifications, update
from contract_tests.checks import request_validation
from contract_tests.checks.coverage import Coverage
from contract_tests.config.depth import DEPTHS
from contract_tests.config.target import Target
from contract_tests.exceptions import UsageError
from contract_tests.findings import baseline
from contract_tests.findings.collector import Collector
from contract_tests.findings.finding import field_name
from contract_tests.spec import contract
from tests.contract_tests.reference import Api, Request
from tests.contract_tests.running import gate
from tests.contract_tests.serving import serving

TOMORROW = str(datetime.now(UTC).date() + timedelta(days=1))
YESTERDAY = str(datetime.now(UTC).date() - timedelta(days=1))
UNORDERED = {
    "operation": "listReferrals",
    "rule": "referrals.order",
    "reason": "old data",
    "owner": "ada",
    "expires": TOMORROW,
}
OPEN_NAME = {
    "operation": "updateProfile",
    "rule": "input.bounds",
    "field": "displayName",
    "expires": TOMORROW,
}
WHY = {"reason": "a client needs it", "owner": "team profile"}


class Lax(Api):
    """Takes names and biographies of any length."""

    def good_displayName(self, value: Any) -> bool:  # noqa: N802 - named as the field
        return isinstance(value, str)

    def good_biography(self, value: Any) -> bool:
        return isinstance(value, str)


class Backwards(Api):
    """Lists the oldest referral first."""

    def __init__(self) -> None:
        super().__init__()
        self.referrals["ada"] = ["newcomer", "grace"]

    def list_referrals(self, request: Request) -> Any:
        answer = super().list_referrals(request)
        answer.body["items"].reverse()
        return answer


def written(path: Path, *entries: dict[str, str]) -> str:
    path.write_text(yaml.safe_dump({"accepted": list(entries)}))
    return str(path)


def run(api: Api, directory: Path, *flags: str) -> tuple[int, dict[str, Any], str]:
    with serving(api) as url:
        return gate(
            directory / "reports", "--base-url", url, "--depth", "quick", "--strict", *flags
        )


def keys(findings: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {(finding["operation"], finding["check"], finding["field"]) for finding in findings}


def test_an_accepted_finding_hides_itself_and_no_other_field(tmp_path: Path) -> None:
    accepted = written(tmp_path / "baseline.yaml", {**OPEN_NAME, **WHY})
    code, report, output = run(Lax(), tmp_path, "--baseline", accepted, "--laws", "bounds")
    assert code == 1, output
    assert keys(report["accepted"]) == {("updateProfile", "input.bounds", "displayName")}
    assert report["accepted"][0]["count"] > 1
    assert report["accepted"][0]["baseline"]["owner"] == "team profile"
    left = keys(report["findings"])
    assert ("updateProfile", "input.bounds", "biography") in left
    assert ("updateProfile", "input.bounds", "displayName") not in left
    assert "a client needs it (team profile, until" in output
    new = yaml.safe_load("accepted:\n" + output.partition("\naccepted:\n")[2].partition("\n\n")[0])
    assert {"operation", "rule", "field", "reason", "owner", "expires"} in [
        set(entry) for entry in new["accepted"]
    ]
    assert {
        (entry["operation"], entry["rule"], entry.get("field", "")) for entry in new["accepted"]
    } == left
    page = (tmp_path / "reports" / "report.html").read_text()
    assert "a client needs it" in page


def test_a_run_whose_findings_are_all_accepted_conforms(tmp_path: Path) -> None:
    accepted = written(tmp_path / "baseline.yaml", UNORDERED)
    code, report, output = run(Backwards(), tmp_path, "--baseline", accepted, "--laws", "referrals")
    assert (code, report["findings"], len(report["accepted"])) == (0, [], 1), output
    assert "1 accepted" in output
    assert "<failure" not in (tmp_path / "reports" / "junit.xml").read_text()


def test_an_expired_entry_fails_the_run_and_accepts_nothing(tmp_path: Path) -> None:
    accepted = written(tmp_path / "baseline.yaml", {**UNORDERED, "expires": YESTERDAY})
    code, report, output = run(Backwards(), tmp_path, "--baseline", accepted, "--laws", "referrals")
    assert code == 1, output
    assert keys(report["findings"]) == {("listReferrals", "referrals.order", "")}
    assert (
        f"{accepted}:2: referrals.order on listReferrals was accepted until {YESTERDAY}" in output
    )


@pytest.mark.parametrize(
    ("flags", "stale"),
    [([], True), (["--laws", "referrals"], False), (["--max-time", "1"], False)],
    ids=["a whole run", "some laws", "out of time"],
)
def test_an_entry_is_stale_only_if_the_run_would_have_found_it(
    flags: list[str], tmp_path: Path, *, stale: bool
) -> None:
    accepted = written(tmp_path / "baseline.yaml", UNORDERED)
    code, report, output = run(Api(), tmp_path, "--baseline", accepted, *flags)
    assert (code == 1) == stale, output
    assert report["findings"] == []
    assert ("was judged and not found again: remove this stale entry" in output) == stale


def test_what_a_run_may_not_do_makes_no_entry_stale(tmp_path: Path) -> None:
    entries = [{**OPEN_NAME, **WHY}, {**OPEN_NAME, **WHY, "rule": "update.seen"}, UNORDERED]
    accepted = written(tmp_path / "baseline.yaml", *entries)
    code, report, output = run(Api(), tmp_path, "--baseline", accepted, "--read-only")
    assert code == 1, output
    assert len(report["outdated"]) == 1
    assert "referrals.order" in report["outdated"][0]


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ("", 1, "`accepted:` and a list of entries"),
        ("- operation: x", 1, "accepted: and a list of entries"),
        ("accepted: 5", 1, "`accepted:` and a list of entries"),
        ("accepted: []\nmore: 1", 1, "and nothing else"),
        (
            "accepted:\n  - text",
            2,
            "an entry with operation, rule, reason, owner, expires is expected",
        ),
        (
            "accepted:\n  - {operation: x, rule: referrals.order, reason: y, expires: 2030-01-01}",
            2,
            "owner is missing: who answers",
        ),
        (
            "accepted:\n  - operation: x\n    rule: referrals.order\n    reason:\n",
            2,
            "reason is missing: why",
        ),
        ("accepted:\n  - operation: x\n    colour: red\n", 3, "unknown key colour; known are"),
        ("accepted:\n  - operation: [x]\n", 2, "operation must be a text"),
        (
            "accepted:\n  - {operation: x, rule: no.rule, reason: y, owner: z, expires: 2030-01-01}",
            2,
            "there is no rule no.rule",
        ),
        (
            "accepted:\n  - {operation: x, rule: referrals.order, reason: y, owner: z, expires: soon}",
            2,
            "not soon",
        ),
        (
            "accepted:\n"
            + "  - {operation: x, rule: referrals.order, reason: y, owner: z, expires: 2030-01-01}\n"
            * 2,
            3,
            "baseline.yaml:2: remove one of them",
        ),
        ("accepted: [", 1, "not YAML"),
    ],
)
def test_a_broken_file_says_where_and_what_to_do(
    content: str, line: int, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "baseline.yaml"
    path.write_text(content)
    with pytest.raises(UsageError) as caught:
        baseline.read(path)
    assert says in str(caught.value)
    assert f"{path}:{line}: " in str(caught.value) or "not YAML" in str(caught.value)


def test_a_broken_file_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "baseline.yaml").write_text("accepted: 5")
    code, report, output = gate(
        tmp_path, "--baseline", str(tmp_path / "baseline.yaml"), "--base-url", "http://127.0.0.1:9"
    )
    assert (code, report) == (2, {}), output
    assert "baseline.yaml:1: `accepted:`" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("pointer", "field"),
    [
        ("", ""),
        ("limit", "limit"),
        ("/handle", "handle"),
        ("/dateOfBirth/day", "dateOfBirth/day"),
        ("/items/12/title", "items/*/title"),
        ("/items/12", "items/*"),
        ("/2fa", "2fa"),
    ],
)
def test_a_field_is_named_as_its_pointer_leads_to_it_whichever_item_it_is(
    pointer: str, field: str
) -> None:
    assert field_name(pointer) == field


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (notifications("main", "0"), "page"),
        (update({"dateOfBirth": {"year": 2000, "month": 1, "day": 0}}), "dateOfBirth/day"),
        (update({"handle": "!", "displayName": ""}), ""),
        (update([]), ""),
    ],
)
def test_a_refusal_is_about_a_field_where_one_alone_is_wrong(
    sent: RequestTemplate, field: str
) -> None:
    known = contract.load()
    context = Context(
        Target("http://127.0.0.1:9"), known, Collector(""), DEPTHS["quick"], 1, Coverage(known)
    )
    flaws = request_validation.flaws(known, known.full, context.request(sent))
    assert flaws
    assert request_validation.field_of(flaws) == field
