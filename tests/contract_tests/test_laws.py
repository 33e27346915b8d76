"""What laws say beside naming a rule: evidence that can be repeated, and what could not be judged."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract_tests.checks import request_validation
from contract_tests.config import target
from contract_tests.http import messages
from tests.contract_tests.faults_all import FAULTS
from tests.contract_tests.reference import Api
from tests.contract_tests.running import gate, laws
from tests.contract_tests.serving import serving

TOKEN = "odd/token+1"
CALL = messages.HttpRequest(
    "x", "POST", "/x", (("Authorization", f"Bearer {TOKEN}"),), None, ((TOKEN, "$PRIMARY"),)
)


def finding(name: str, directory: Path) -> dict[str, Any]:
    fault = FAULTS[name]
    with serving(fault.make(), fault.style) as url:
        _, report, output = gate(
            directory, "--base-url", url, "--strict", "--depth", fault.depth, *laws(fault.law)
        )
    found = [
        each
        for each in report["findings"]
        if (each["check"], each["operation"]) == (fault.rule, fault.operation)
    ]
    assert found, output
    assert isinstance(found[0], dict)
    return found[0]


def test_names_that_are_found_nowhere_are_said_once(tmp_path: Path) -> None:
    with serving(Api()) as url:
        path = tmp_path / "target.yaml"
        names = {"containers": ["main", "nowhere"], "usernames": ["ada", "nobody"]}
        path.write_text(
            yaml.safe_dump({"base_url": url, "sessions": {"primary": "ada-session"}, **names})
        )
        _, report, output = gate(
            tmp_path / "reports", "--target", str(path), "--strict", *laws("public")
        )
    assert not report["findings"], output
    said = [entry["what"] for entry in report["not_judged"]]
    assert said.count("the user nobody") == said.count("the container nowhere") == 1
    assert len(said) == 2


def test_a_token_in_the_query_is_hidden_and_can_be_repeated(tmp_path: Path) -> None:
    with serving(FAULTS["token-in-query"].make()) as url:
        _, report, _ = gate(tmp_path, "--base-url", url, "--strict", *laws("identity"))
        found = next(each for each in report["findings"] if each["operation"] == "getProfile")
        command = ["bash", "-c", f"PRIMARY=ada-session; {found['curl']}"]
        again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert " 200 " in again.stdout
    assert "access_token=$PRIMARY" in found["curl"]
    assert "ada-session" not in str(report["findings"])


def test_a_token_is_hidden_however_it_is_spelt() -> None:
    assert CALL.hide(f"/x?token=odd%2Ftoken%2B1 {TOKEN}") == "/x?token=$PRIMARY $PRIMARY"


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:1", True),
        ("http://localhost", True),
        ("http://[::1]:80", True),
        ("https://api.example.org", False),
    ],
)
def test_only_this_machine_gets_tokens_in_urls(url: str, local: bool) -> None:  # noqa: FBT001
    assert target.Target(url).is_local == local


@pytest.mark.parametrize(
    ("changes", "has", "lacks"),
    [
        ({}, "'Content-Length: 0'", "Content-Type"),
        ({"length": False}, "-X POST", "Content-Length"),
        ({"body": b""}, "-H Content-Type: --data-raw ''", "Content-Length"),
        (
            {"body": b"{}", "headers": (("content-type", "x/y"),)},
            "'content-type: x/y'",
            "Content-Type:",
        ),
        ({"method": "GET", "path": "/v1/../x?a[]=1"}, "--path-as-is -g", "Content-Length"),
    ],
    ids=str,
)
def test_curl_sends_what_was_sent(changes: dict[str, Any], has: str, lacks: str) -> None:
    line = messages.HttpRequest(**{**vars(CALL), **changes}).curl("http://127.0.0.1")
    assert has in line
    assert lacks not in line


@pytest.mark.parametrize(
    ("wrong", "named", "missing", "accused"),
    [
        ([("body", "/handle")], {("body", "/handle")}, [], []),
        (
            [("body", "/handle")],
            {("body", "/handle"), ("body", "/biography")},
            [],
            [("body", "/biography")],
        ),
        (
            [("body", "/handle"), ("body", "/dateOfBirth")],
            {("body", "/dateOfBirth/day")},
            [("body", "/handle")],
            [],
        ),
        ([("body", "")], {("header", "Content-Type")}, [], []),
        ([("query", "page")], {("query", "limit")}, [("query", "page")], [("query", "limit")]),
        ([("query", "page")], {("body", "page")}, [("query", "page")], [("body", "page")]),
    ],
)
def test_what_details_leave_out_and_whom_they_accuse(
    wrong: list[request_validation.Place],
    named: set[request_validation.Place],
    missing: list[request_validation.Place],
    accused: list[request_validation.Place],
) -> None:
    assert request_validation.missing(wrong, named) == missing
    assert request_validation.accused(wrong, named) == accused


def test_details_of_another_shape_are_not_read() -> None:
    assert request_validation.named("no") is None
    assert request_validation.named([{"in": "query"}, "no"]) is None
    assert request_validation.named([{"in": "query", "name": "page"}]) == {("query", "page")}


def test_what_mark_read_did_to_others_is_shown(tmp_path: Path) -> None:
    steps = finding("marks-side-of-all", tmp_path)["steps"]
    assert "containerId=side" in steps[-1]
    assert "$PRIMARY" in steps[-1]
    assert "$SECONDARY" in steps[0]


def test_a_race_is_told_as_one(tmp_path: Path) -> None:
    found = finding("torn-date", tmp_path)
    assert "-X POST" in found["steps"][0]
    assert "fields=dateOfBirth" in found["steps"][1]
    assert found["received"].startswith("at the same time as the update of step 1")


def test_the_machine_shrinks_to_the_steps_that_matter(tmp_path: Path) -> None:
    steps = finding("marking-undoes", tmp_path)["steps"]
    assert len(steps) == 6
    assert [step.count("/notifications/read") for step in steps] == [0, 1, 0, 0, 1, 0]
