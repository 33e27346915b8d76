"""The command, its target file, its exit codes and its reports."""

import ast
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from contract_tests.checks import request_validation
from contract_tests.cli.judge_command import main
from contract_tests.config import target
from contract_tests.exceptions import UsageError
from contract_tests.findings import rule_table
from contract_tests.findings.rules import CHECKS
from contract_tests.http import messages
from contract_tests.spec import contract
from tests.contract_tests.faults_all import FAULTS
from tests.contract_tests.reference import Api, RefusalError, Request
from tests.contract_tests.running import ROOT, gate, laws, target_file
from tests.contract_tests.serving import serving
from tests.mock_server.raw_upstream import raw_upstream

# Rules that no single fault of the catalogue is expected to break first, with the reason.
WITHOUT_FAULT = {
    "reach.status": "follows from a missing name or 404, which have rules of their own"
}


class Closed(Api):
    """No session is valid."""

    def authenticate(self, request: Request) -> str:  # noqa: ARG002
        raise RefusalError(401, "GENERIC_UNAUTHORIZED")


def test_a_correct_server_conforms_and_has_its_profiles_back(tmp_path: Path) -> None:
    api = Api()
    before = {name: dict(user) for name, user in api.users.items()}
    with serving(api) as url:
        code, report, output = gate(tmp_path, "--base-url", url, "--strict", "--depth", "quick")
    assert code == 0, output
    assert report["outcome"] == "conforms"
    assert not report["findings"]
    assert not report["not_judged"]
    assert api.users == before


def test_the_same_seed_gives_the_same_calls(tmp_path: Path) -> None:
    reports = []
    drawn = [
        flag for name in ("fuzz", "machine", "text", "pages", "concurrency") for flag in laws(name)
    ]
    for number in range(2):
        with serving(Api()) as url:
            reports.append(
                gate(
                    tmp_path / str(number),
                    "--base-url",
                    url,
                    "--depth",
                    "quick",
                    "--seed",
                    "7",
                    *drawn,
                )[1]
            )
    first, second = ({**report["coverage"], "requests": report["requests"]} for report in reports)
    assert first == second


def test_missing_entries_are_said(tmp_path: Path) -> None:
    some = [flag for name in ("session", "public", "pages") for flag in laws(name)]
    with serving(Api()) as url:
        path = target_file(tmp_path, url, sessions={"primary": "ada-session"})
        code, report, output = gate(
            tmp_path / "reports",
            "--target",
            path,
            "--depth",
            "quick",
            "--strict",
            *some,
            measured=True,
        )
    assert code == 0, output
    reasons = {entry["why"] for entry in report["not_judged"]}
    assert {
        "the target gives no session of another user (secondary)",
        "the target gives no session session_expired",
        "the target gives no session refresh_expired",
        "the target gives no containers",
    } <= reasons


def test_nothing_is_judged_where_nobody_answers(tmp_path: Path) -> None:
    code, report, output = gate(tmp_path, "--base-url", "http://127.0.0.1:9")
    assert code == 3, output
    assert report["outcome"] == "nothing judged"
    assert not report["findings"]


READS = ("/v1/user/profile", "/v1/user/referrals", "/v1/user/notifications")


def test_nothing_is_judged_where_no_http_is_spoken(tmp_path: Path) -> None:
    with raw_upstream() as upstream:
        upstream.answers = dict.fromkeys(READS, b"SSH-2.0-OpenSSH\r\n")
        code, _, output = gate(tmp_path, "--base-url", upstream.url, "--depth", "quick")
    assert code == 3, output
    assert (
        f"{upstream.url} is there, but does not answer: no complete HTTP answer (BadStatusLine: SSH-2.0-OpenSSH):"
        in output
    )


def test_nothing_is_judged_where_no_session_works(tmp_path: Path) -> None:
    with serving(Closed()) as url:
        code, report, output = gate(tmp_path, "--base-url", url)
    assert code == 3, output
    assert report["not_judged"][0]["why"].startswith("no session works")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[]", "a mapping"),
        ("base_url: [", "not YAML"),
        ("base_url: nowhere\nsessions: {primary: x}", "not a base URL"),
        ("sessions: {primary: x}", "base_url is missing"),
        (
            "base_url: http://me:hush@127.0.0.1:1\nsessions: {primary: x}",
            "would be shown and never sent",
        ),
        ("base_url: http://127.0.0.1:1", "sessions.primary is missing"),
        ("base_url: http://127.0.0.1:1\nsessions: {primary: x, other: y}", "unknown session other"),
        ("base_url: http://127.0.0.1:1\nsession: {}", "unknown key session"),
        (
            "base_url: http://127.0.0.1:1\nsessions: {primary: '${NOT_THERE}'}",
            "no variable NOT_THERE",
        ),
        ("base_url: http://127.0.0.1:1\nsessions: {primary: x, secondary: x}", "the same token"),
        (
            "base_url: http://127.0.0.1:1\nsessions: {primary: x}\ncontainers: main",
            "containers must be a list",
        ),
    ],
)
def test_a_wrong_target_file_is_explained(content: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "target.yaml"
    path.write_text(content)
    with pytest.raises(UsageError, match=re.escape(says)) as caught:
        target.load(path, None)
    assert str(path) in str(caught.value) or "base URL" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_another_machine_needs_a_target_file(tmp_path: Path) -> None:
    code, _, output = gate(tmp_path, "--base-url", "https://api.example.org")
    assert code == 2
    assert "--target FILE" in output
    assert "Traceback" not in output


def test_the_environment_fills_the_target_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_TOKEN", "with: odd #characters")
    path = target_file(tmp_path, "http://127.0.0.1:1", sessions={"primary": "${A_TOKEN}"})
    assert target.load(Path(path), None).sessions == {"primary": "with: odd #characters"}


def test_every_option_is_in_the_users_page() -> None:
    page = (ROOT / "docs" / "gate.md").read_text()
    for option in main.params:
        assert option.name is not None
        if option.name not in ("version", "verbose", "verdict", "target_file"):
            assert f"CONTRACT_TESTS_{option.name.upper()}" in page


def test_the_users_page_shows_the_rules() -> None:
    assert rule_table.table() in (ROOT / "docs" / "gate.md").read_text()


def test_every_rule_has_a_fault() -> None:
    caught = {fault.rule for fault in FAULTS.values()}
    assert set(CHECKS) - caught == set(WITHOUT_FAULT)


def users_of_rules() -> dict[str, set[str]]:
    """Return the modules that judge by each rule, without those that only tell of findings."""
    users: dict[str, set[str]] = {rule: set() for rule in CHECKS}
    home = ROOT / "contract_tests"
    for path in home.rglob("*.py"):
        if path.is_relative_to(home / "findings"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and node.value in CHECKS:
                users[node.value].add(path.stem)
    return users


def test_every_rule_is_used_and_says_which_families_of_laws_alone_judge_it() -> None:
    for rule, stems in users_of_rules().items():
        alone = all(stem.startswith("test_") for stem in stems)
        families = {stem.removeprefix("test_") for stem in stems} if alone else set()
        assert stems, f"nothing judges by {rule}"
        assert set(CHECKS[rule].families) == families, rule


def test_the_documented_view_has_no_mark() -> None:
    assert "x-inferred" not in json.dumps(contract.load().documented.document)


@pytest.mark.parametrize(
    ("path", "body", "full", "documented"),
    [
        ("/v1/user/notifications?containerId=main&limit=101", None, [("query", "limit")], []),
        (
            "/v1/user/notifications?containerId=main&limit=abc",
            None,
            [("query", "limit")],
            [("query", "limit")],
        ),
        ("/v1/user/notifications?page=2.0&containerId=x", None, [], []),
        ("/v1/user/notifications", None, [("query", "containerId")], [("query", "containerId")]),
        ("/v1/user/profile", b'{"handle": "A"}', [("body", "/handle")], []),
        (
            "/v1/user/profile",
            b'{"handle": 5, "biography": 5}',
            *([[("body", "/biography"), ("body", "/handle")]] * 2),
        ),
        ("/v1/user/profile", b'{"handle": null}', [("body", "/handle")], []),
        ("/v1/user/profile", b'{"displayName": "\\ud800"}', [("body", "/displayName")], []),
        ("/v1/user/profile", b"{", [("body", "")], []),
    ],
)
def test_what_each_view_forbids(
    path: str,
    body: bytes | None,
    full: list[request_validation.Place],
    documented: list[request_validation.Place],
) -> None:
    known = contract.load()
    name = "updateProfile" if body is not None else "listNotifications"
    call = messages.HttpRequest(name, "POST", path, (("Content-Type", "application/json"),), body)
    assert request_validation.wrong(known, known.full, call) == full
    assert request_validation.wrong(known, known.documented, call) == documented


@pytest.mark.parametrize(
    "body",
    [b"plain", b"it's", b"$HOME $(id) `id` !!", "é😀\n\\".encode(), b"\x00\xff", b""],
    ids=repr,
)
def test_a_curl_line_keeps_every_byte(body: bytes) -> None:
    call = messages.HttpRequest(
        "x", "POST", "/x", (("Authorization", 'Bearer t"o`k'),), body, (('t"o`k', "$PRIMARY"),)
    )
    line = call.curl("http://127.0.0.1")
    word = line.partition("--data-raw ")[2]
    if b"\x00" not in body:
        printed = subprocess.run(
            ["bash", "-c", f"printf %s {word}"], capture_output=True, check=True
        ).stdout
        assert printed == body
    assert '"Authorization: Bearer $PRIMARY"' in line
    assert shlex.split(line)[0] == "curl"
