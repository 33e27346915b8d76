"""`contract-tests drift` finds every difference of two servers, and none that follows from their data."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from click.testing import CliRunner

from contract_tests.cli.judge_command import main
from contract_tests.drift.probes import METHODS, PROBES, Probe
from contract_tests.drift.proposals.inferred_marks import ERRORS, MARKS
from tests.contract_tests.drifting import LIST, PLANTED, PROFILE, PUBLIC, Planted, Twin, server
from tests.contract_tests.reference import Answer, Api, RefusalError, Request
from tests.contract_tests.running import ROOT
from tests.contract_tests.serving import serving
from tests.contract_tests.variants import STYLES, Empty, OneContainer
from tests.live import LiveMock, live_mock

SAFE = {"GET", "HEAD", "OPTIONS"}
PEOPLE = (
    "Secret Biography",
    "Hidden Name",
    "hidden_handle",
    "private title",
    "private words",
    "hidden-id",
    "den-of-secrets",
)
TOKENS = ("hidden-token-of-ada", "hidden-token-of-grace")


class Outcome(NamedTuple):
    code: int
    output: str
    report: dict[str, Any]

    @property
    def found(self) -> set[tuple[str, str, str]]:
        return {
            (each["kind"], operation, each["what"])
            for each in self.report["differences"]
            if each["sure"]
            for operation in each["operations"]
        }


Run = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    def drift(*arguments: str) -> Outcome:
        done = CliRunner().invoke(
            main, ["drift", "--report-dir", str(tmp_path / "reports"), *arguments]
        )
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        report = tmp_path / "reports" / "drift.json"
        return Outcome(
            done.exit_code, done.output, json.loads(report.read_text()) if report.exists() else {}
        )

    return drift  # type: ignore[return-value]


def target(
    directory: Path, url: str, sessions: dict[str, str], containers: list[str], usernames: list[str]
) -> str:
    path = directory / "staging.yaml"
    names = {
        "base_url": url,
        "sessions": sessions,
        "containers": containers,
        "usernames": usernames,
    }
    path.write_text(yaml.safe_dump(names, allow_unicode=True))
    return str(path)


SCENARIOS = {
    "busy": ({"primary": "ada-session"}, ["main"], ["ada"]),
    "edge": ({"primary": "ada-session"}, ["main"], ["ada"]),
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_mock_with_another_scenario_is_the_same(
    scenario: str, mock: LiveMock, run: Run, tmp_path: Path
) -> None:
    with live_mock("--scenario", scenario) as other:
        outcome = run(
            "--left", mock.url, "--right-target", target(tmp_path, other.url, *SCENARIOS[scenario])
        )
    assert outcome.code == 0, outcome.output
    assert not outcome.report["differences"]
    assert outcome.report["situations"] > 80


def test_another_server_that_answers_as_the_mock_is_the_same(mock: LiveMock, run: Run) -> None:
    with serving(Twin()) as url:
        outcome = run("--left", mock.url, "--right", url)
    assert (outcome.code, outcome.report["differences"]) == (0, []), outcome.output
    assert "No difference" in outcome.output
    assert not [each for each in outcome.report["marks"] if each["word"] == "refutes"]


@pytest.mark.parametrize("style", [style for style in STYLES if "charset" not in style])
def test_how_an_answer_is_written_is_no_difference(style: str, run: Run) -> None:
    with serving(Api()) as left, serving(Api(), frozenset(style.split())) as right:
        outcome = run("--left", left, "--right", right)
    assert (outcome.code, outcome.report["differences"]) == (0, []), outcome.output


@pytest.mark.parametrize("made", [Empty, OneContainer], ids=lambda made: made.__name__)
def test_fewer_things_are_no_difference(made: type[Api], run: Run) -> None:
    with serving(Api()) as left, serving(made()) as right:
        outcome = run("--left", left, "--right", right)
    assert (outcome.code, outcome.report["differences"]) == (0, []), outcome.output


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_a_planted_difference_is_found_and_nothing_else(
    planted: Planted, mock: LiveMock, run: Run
) -> None:
    with serving(server(planted.change)) as url:
        outcome = run("--left", mock.url, "--right", url)
    assert outcome.found == {(planted.kind, planted.operation, planted.what)}, outcome.output


def test_all_planted_differences_are_found_at_once(mock: LiveMock, run: Run) -> None:
    assert len(PLANTED) >= 20
    with serving(server(*(each.change for each in PLANTED))) as url:
        outcome = run("--left", mock.url, "--right", url)
    assert outcome.found == {(each.kind, each.operation, each.what) for each in PLANTED}, (
        outcome.output
    )
    assert outcome.code == 1


def planted(name: str) -> Planted:
    return next(each for each in PLANTED if each.name == name)


def test_what_is_proposed_applies_to_the_contract(mock: LiveMock, run: Run, tmp_path: Path) -> None:
    names = (
        "a limit is at most 50",
        "a page may be 0",
        "a page holds 10",
        "an id is a number",
        "an unknown user is 410",
    )
    with serving(server(*(planted(name).change for name in names))) as url:
        outcome = run("--left", mock.url, "--right", url)
    (tmp_path / "openapi.yaml").write_text((ROOT / "openapi.yaml").read_text())
    patch = tmp_path / "reports" / "drift.patch"
    done = subprocess.run(
        ["git", "apply", str(patch)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + patch.read_text()
    document = yaml.safe_load((tmp_path / "openapi.yaml").read_text())
    page, limit = (
        each["schema"]
        for each in document["paths"]["/v1/user/notifications"]["get"]["parameters"][:2]
    )
    assert (page["minimum"], limit["maximum"], limit["default"]) == (0, 50, 10), outcome.output
    assert (
        document["components"]["schemas"]["Notification"]["properties"]["id"]["type"] == "integer"
    )
    assert "410" in document["paths"]["/v1/user/by-id/{username}/public"]["get"]["responses"]


def test_marks_are_refuted_by_situations_that_are_compared() -> None:
    known = {probe.situation for probe in PROBES}
    named = {where for mark in MARKS for sign in mark.refuted_by for where in sign.where}
    assert named - set(ERRORS) <= known
    assert {need for mark in MARKS for need in mark.needs} - {"items"} <= known


def test_marks_are_refuted_where_the_evidence_is_against_them(mock: LiveMock, run: Run) -> None:
    with serving(server(planted("a limit is at most 50").change)) as url:
        outcome = run("--left", mock.url, "--right", url)
    words = {each["pointer"]: each["word"] for each in outcome.report["marks"]}
    assert words["/paths/~1v1~1user~1notifications/get/parameters/1/schema"] == "refutes"
    assert words["/paths/~1v1~1user~1notifications/get/parameters/0/schema"] == "confirms"
    assert words["/components/headers/NoStore"] == "confirms"


class LeavesOut(Twin):
    """Ada never set a biography, and what was never set is left out."""

    def plant(self, operation: str, request: Request, answer: Answer) -> None:
        if operation == PROFILE and answer.status == 200 and request.user == "ada":
            answer.body.pop("biography", None)


def test_a_field_that_other_data_may_explain_is_only_a_hint(mock: LiveMock, run: Run) -> None:
    with serving(LeavesOut()) as url:
        outcome = run("--left", mock.url, "--right", url)
    assert [(each["what"], each["sure"]) for each in outcome.report["differences"]] == [
        ("field /biography", False)
    ]
    assert outcome.code == 0
    assert "Perhaps, or only because of other data" in outcome.output


class Passing(Twin):
    """The first answer to an unknown container is a trouble of the moment."""

    troubled = False

    def plant(self, operation: str, request: Request, answer: Answer) -> None:
        if operation == LIST and "nowhere" in request.query and not self.troubled:
            self.troubled, answer.status = True, 503


def test_a_passing_trouble_is_not_counted(mock: LiveMock, run: Run) -> None:
    with serving(Passing()) as url:
        outcome = run("--left", mock.url, "--right", url)
    assert (outcome.code, outcome.report["differences"]) == (0, [])
    assert outcome.report["unsteady"]


class Dying(Twin):
    """Says that an unknown container is gone, and stops answering where it is asked for that a second time."""

    dead = 0

    def finish(self, request: Request, answer: Answer) -> Answer:
        self.dead += "nowhere&limit" in request.query
        return Answer(-1) if self.dead > 1 else super().finish(request, answer)

    def plant(self, operation: str, request: Request, answer: Answer) -> None:
        if operation == LIST and "nowhere" in request.query and answer.status == 404:
            answer.status = 410


def test_what_a_server_said_before_it_died_counts(mock: LiveMock, run: Run) -> None:
    with serving(Dying()) as url:
        outcome = run("--left", mock.url, "--right", url)
    assert (outcome.code, outcome.found) == (1, {("status", LIST, "status")})
    assert "a second time: a side stopped answering" in outcome.output


class Recorder(Twin):
    """Remembers what it was asked and by whom."""

    def __init__(self) -> None:
        super().__init__()
        self.recorded: list[Request] = []

    def __call__(self, request: Request) -> Answer:
        self.recorded.append(request)
        return super().__call__(request)


def test_nothing_but_reading_is_sent_and_it_says_who_asks(run: Run) -> None:
    left, right = Recorder(), Recorder()
    before = json.dumps([right.users, right.inbox])
    with serving(left) as one, serving(right) as other:
        run("--left", one, "--right", other, "--header", "X-Team: red")
    for side in (left, right):
        assert {each.method for each in side.recorded} <= SAFE
        assert not [
            each
            for each in side.recorded
            if "method" in each.query or any("method" in name for name in each.headers)
        ]
        assert {each.headers["user-agent"].partition("/")[0] for each in side.recorded} == {
            "contract-tests"
        }
        assert {each.headers["x-team"] for each in side.recorded} == {"red"}
        assert len(side.recorded) > 100
    assert json.dumps([right.users, right.inbox]) == before


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_a_probe_that_writes_cannot_be_made(method: str) -> None:
    assert set(METHODS) <= SAFE
    with pytest.raises(ValueError, match="never sent"):
        Probe(PUBLIC, "anything", method=method)


class Private(Api):
    """Differs everywhere, and holds what nobody else may see."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions = dict(zip(TOKENS, ("ada", "grace"), strict=True))
        self.users["ada"] |= {"displayName": PEOPLE[1], "biography": PEOPLE[0], "handle": PEOPLE[2]}
        self.containers = {PEOPLE[6]: {"ada", "grace"}}
        for number, item in enumerate(self.inbox["ada"]):
            item |= {
                "containerId": PEOPLE[6],
                "id": f"hidden-id-{number:03d}",
                "title": PEOPLE[3],
                "body": PEOPLE[4],
            }

    def finish(self, request: Request, answer: Answer) -> Answer:  # noqa: ARG002
        answer.headers["WWW-Authenticate"] = f'Bearer realm="{PEOPLE[1]}"'
        if answer.status == 200 and isinstance(answer.body, dict):
            answer.body |= {"total": PEOPLE[0], "people": {f"{PEOPLE[5]}-7": PEOPLE[1]}}
        return answer


def test_no_token_and_nothing_of_a_person_is_told(mock: LiveMock, run: Run, tmp_path: Path) -> None:
    sessions = {"primary": TOKENS[0], "secondary": TOKENS[1]}
    with serving(Private()) as url:
        outcome = run(
            "--left",
            mock.url,
            "--right-target",
            target(tmp_path, url, sessions, [PEOPLE[6]], ["ada", "grace"]),
        )
    assert outcome.code == 1
    written = [path.read_text() for path in (tmp_path / "reports").iterdir()]
    assert len(written) >= 2
    for text in (outcome.output, *written):
        assert not [secret for secret in (*PEOPLE, *TOKENS) if secret in text]
    assert "$PRIMARY" in outcome.output
    assert "containerId=$CONTAINER" in outcome.output


class Closed(Twin):
    """No session is valid."""

    def authenticate(self, request: Request) -> str:  # noqa: ARG002
        raise RefusalError(401, "GENERIC_UNAUTHORIZED")


def test_nothing_is_compared_with_a_server_that_lets_nobody_in(mock: LiveMock, run: Run) -> None:
    with serving(Closed()) as url:
        outcome = run("--left", mock.url, "--right", url)
    assert outcome.code == 3
    assert "$PRIMARY is refused" in outcome.output


def test_nothing_is_compared_with_a_server_that_is_not_there(mock: LiveMock, run: Run) -> None:
    outcome = run("--left", mock.url, "--right", "http://127.0.0.1:9")
    assert outcome.code == 3
    assert "does not answer" in outcome.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--left URL or --left-target FILE is missing"),
        (("--left", "ftp://x", "--right", "http://127.0.0.1:1"), "not a base URL"),
        (
            ("--left", "http://127.0.0.1:1", "--right", "http://staging.example"),
            "is not on this machine",
        ),
        (
            ("--left", "http://127.0.0.1:1", "--right", "http://127.0.0.1:1", "--rate-limit", "x"),
            "--rate-limit x",
        ),
        (("--depth", "quick"), "No such option"),
    ],
)
def test_wrong_usage_is_2(arguments: tuple[str, ...], says: str, run: Run) -> None:
    outcome = run(*arguments)
    assert outcome.code == 2
    assert says in outcome.output


def test_the_gate_starts_without_it() -> None:
    code = "import sys, contract_tests.cli.judge_command; print([name for name in sys.modules if 'drift' in name])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "[]"
