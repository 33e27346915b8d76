"""Whether a run is judged at all: what stands at the address, sessions and targets that end, and too little time."""

import json
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from contract_tests.api import saved_profiles
from contract_tests.api.target_watch import Ended
from contract_tests.checks import availability
from contract_tests.checks.coverage import Coverage
from contract_tests.cli.judge_command import main
from contract_tests.findings.collector import Collector
from contract_tests.http.messages import Exchange, HttpRequest
from contract_tests.reports.run_report import Law, Run
from contract_tests.reports.verdict_text import sentence
from contract_tests.spec import contract
from tests.contract_tests.reference import UPDATABLE, Answer, Api, RefusalError, Request
from tests.contract_tests.running import ROOT, forked_gate, target_file
from tests.contract_tests.serving import serving

CHALLENGE = {"WWW-Authenticate": "Bearer"}
PAGE = Answer(200, None, {"Content-Type": "text/html"}, b"<!doctype html><title>Sign in</title>")
QUICK = ("--depth", "quick", "--laws", "referrals", "--laws", "update")


class Front(Api):
    """Something in front of the API answers everything, from the call `since` on."""

    def __init__(self, answer: Answer, since: int = 0) -> None:
        super().__init__()
        self.answer, self.since = answer, since

    def __call__(self, request: Request) -> Answer:
        answer = super().__call__(request)
        return self.answer if request.number >= self.since else answer


class Ending(Api):
    """The session of one user ends after so many calls with it, and is then answered with something else."""

    def __init__(
        self,
        token: str = "ada-session",
        after: int = 60,
        answer: Answer | str = "SESSION_TOKEN_EXPIRED",
    ) -> None:
        super().__init__()
        self.token, self.left, self.answer = token, after, answer

    def pipeline(self, request: Request) -> Answer:
        if request.headers.get("authorization") == f"Bearer {self.token}":
            self.left -= 1
            if self.left < 0:
                if isinstance(self.answer, str):
                    raise RefusalError(401, self.answer, CHALLENGE)
                return self.answer
        return super().pipeline(request)


class Sometimes(Api):
    """Every call whose number is in `when` gets another answer."""

    def __init__(self, answer: Answer, when: Callable[[int], bool]) -> None:
        super().__init__()
        self.answer, self.when = answer, when

    def __call__(self, request: Request) -> Answer:
        answer = super().__call__(request)
        return self.answer if self.when(request.number) else answer


def judged(api: Api, tmp_path: Path, *flags: str) -> tuple[int, dict[str, Any], str]:
    with serving(api) as url:
        return forked_gate(tmp_path, "--base-url", url, *(flags or QUICK))


def profiles(api: Api) -> dict[str, dict[str, Any]]:
    return {name: {field: user[field] for field in UPDATABLE} for name, user in api.users.items()}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(503, None), "every call is answered with 503"),
        (
            Answer(301, None, {"Location": "https://login.example/start?from=secret"}),
            "redirected (301) to https://login.example/start",
        ),
        (PAGE, "every call is answered with 200 and a page for people (HTML)"),
        (
            Answer(401, {"code": "GENERIC_UNAUTHORIZED"}, CHALLENGE),
            "no session works: every call is answered with 401",
        ),
        (Answer(-1), "is there, but does not answer"),
    ],
    ids=["503", "301", "page", "401", "hangs up"],
)
def test_what_is_not_the_api_is_not_judged(answer: Answer, says: str, tmp_path: Path) -> None:
    code, report, output = judged(Front(answer), tmp_path)
    assert code == 3, output
    assert says in output
    assert "secret" not in output
    assert report["findings"] == []
    assert (report["outcome"], report["exit_code"]) == ("nothing judged", 3)
    assert report["not_judged"][0]["why"] in output


def test_a_target_that_is_wrong_in_one_operation_is_judged(tmp_path: Path) -> None:
    class NoProfile(Api):
        def get_profile(self, request: Request) -> Answer:  # noqa: ARG002 - overridden
            return Answer(500, {"code": "INTERNAL"})

    code, report, output = judged(NoProfile(), tmp_path, "--depth", "quick", "--laws", "projection")
    assert code == 1, output
    assert {(each["check"], each["operation"]) for each in report["findings"]} >= {
        ("answer.no-server-error", "getProfile")
    }
    assert "and again when asked a second time" in output


@pytest.mark.parametrize("role", ["primary", "secondary"])
def test_one_wrong_session_beside_a_right_one_is_said(
    role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGING_TOKEN", "not-the-session")
    sessions = {"primary": "ada-session", "secondary": "grace-session", role: "${STAGING_TOKEN}"}
    with serving(Api()) as url:
        path = target_file(tmp_path, url, sessions=sessions, containers=["main"])
        code, report, output = forked_gate(tmp_path, "--target", path, *QUICK)
    assert code == 3, output
    assert (
        f"the session of ${role.upper()} does not work: every call is answered with 401 GENERIC_UNAUTHORIZED"
        in output
    )
    assert "is $STAGING_TOKEN right, and still valid?" in output
    assert "not-the-session" not in output
    assert report["findings"] == []


@pytest.mark.parametrize(
    ("token", "answer"),
    [
        ("ada-session", "SESSION_TOKEN_EXPIRED"),
        ("grace-session", Answer(403, {"code": "GENERIC_CLIENT_ERROR"})),
        ("grace-session", Answer(302, None, {"Location": "/login"})),
    ],
    ids=["expired", "403", "redirect"],
)
def test_a_session_that_ends_is_noticed_at_once(
    token: str, answer: Answer | str, tmp_path: Path
) -> None:
    api = Ending(token, 200, answer)
    code, report, output = judged(api, tmp_path)
    assert code == 3, output
    who = "PRIMARY" if token == "ada-session" else "SECONDARY"
    assert re.search(rf"the session of \${who} ended after \d+ laws?: ", output)
    assert report["findings"] == [], output
    assert report["outcome"] == "not judged to the end"
    assert report["judged"]["judged"] < report["judged"]["laws"]


def test_what_was_found_before_a_session_ended_is_kept(tmp_path: Path) -> None:
    class Wrong(Ending):
        def project(self, user: dict[str, Any], names: list[str]) -> dict[str, Any]:
            return {**super().project(user, names), "handle": user["handle"]}

    code, report, output = judged(
        Wrong(after=250), tmp_path, "--depth", "quick", "--laws", "projection", "--laws", "update"
    )
    assert code == 3, output
    assert {each["check"] for each in report["findings"]} == {"projection.exact"}
    assert "projection.exact" in output


def test_a_session_that_is_refused_now_and_then_is_the_targets_fault(tmp_path: Path) -> None:
    refusal = Answer(
        401,
        {"code": "GENERIC_UNAUTHORIZED", "message": "x"},
        {**CHALLENGE, "Cache-Control": "no-store"},
    )
    code, report, output = judged(Sometimes(refusal, lambda number: number % 9 == 5), tmp_path)
    assert code == 1, output
    assert "session.valid" in {each["check"] for each in report["findings"]}


def test_what_an_ended_session_left_behind_is_put_back_by_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    api = Ending(after=400)
    before = profiles(api)
    with serving(api) as url:
        code, report, output = forked_gate(
            tmp_path, "--base-url", url, "--depth", "quick", "--laws", "update"
        )
        assert code == 3, output
        assert profiles(api)["grace"] == before["grace"]
        assert profiles(api)["ada"] != before["ada"]
        kept = Path(report["originals"])
        assert f"contract-tests restore {kept} --base-url {url}" in output
        assert "NOT PUT BACK: " in output
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert "session" not in kept.read_text()
        api.sessions["ada-again"] = "ada"
        sessions = {"primary": "ada-again"}
        target = target_file(tmp_path, url, sessions=sessions)
        again, _, said = forked_gate(tmp_path, "restore", str(kept), "--target", target, whole=True)
    assert again == 0, said
    assert profiles(api) == before
    assert not kept.exists()


def test_only_the_owner_of_a_profile_gets_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    api = Ending(after=400)
    with serving(api) as url:
        _, report, _ = forked_gate(
            tmp_path, "--base-url", url, "--depth", "quick", "--laws", "update"
        )
        before = profiles(api)
        kept = Path(report["originals"])
        target = target_file(tmp_path, url, sessions={"primary": "newcomer-session"})
        code, _, said = forked_gate(tmp_path, "restore", str(kept), "--target", target, whole=True)
    assert code == 3, said
    assert "the target gives no valid session of its user" in said
    assert profiles(api) == before
    assert kept.exists()


def test_originals_of_one_server_are_not_written_to_another(tmp_path: Path) -> None:
    """Users of the same names may be there: staging and production often have them."""
    kept = tmp_path / "kept.json"
    people = {"primary": {"username": "ada", "profile": {"handle": "ada_of_staging"}}}
    data = {
        "format": saved_profiles.FORMAT,
        "base_url": "https://staging.example",
        "shard": "",
        "people": people,
    }
    kept.write_text(json.dumps(data))
    api = Api()
    before = profiles(api)
    with serving(api) as url:
        target = target_file(tmp_path, url, sessions={"primary": "ada-session"})
        words = ["restore", str(kept), "--target", target]
        refused = CliRunner().invoke(main, words)
        assert (refused.exit_code, profiles(api)) == (2, before), refused.output
        assert f"is of https://staging.example, and the target is {url}" in refused.output
        done = CliRunner().invoke(main, [*words, "--base-url", url])
    assert done.exit_code == 0, done.output
    assert api.users["ada"]["handle"] == "ada_of_staging"


def test_a_part_is_put_back_where_it_was_judged(tmp_path: Path) -> None:
    """Its server and its sessions are those of its entry under `shards`."""
    kept = tmp_path / "kept.json"
    people = {"primary": {"username": "grace", "profile": {"handle": "grace_as_she_was"}}}
    api = Api()
    with serving(api) as url:
        file = tmp_path / "parts.yaml"
        file.write_text(
            f"base_url: {url}\nsessions: {{primary: ada-session}}\nshards: [{{}}, {{sessions: {{primary: grace-session}}}}]\n"
        )
        kept.write_text(
            json.dumps(
                {"format": saved_profiles.FORMAT, "base_url": url, "shard": "2/2", "people": people}
            )
        )
        done = CliRunner().invoke(main, ["restore", str(kept), "--target", str(file)])
    assert done.exit_code == 0, done.output
    assert api.users["grace"]["handle"] == "grace_as_she_was"


@pytest.mark.parametrize(
    "people",
    [None, [], {"primary": {}}, {"primary": {"username": "ada", "profile": None}}],
    ids=repr,
)
def test_a_file_of_originals_that_is_damaged_is_wrong_usage(people: object, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text(
        json.dumps(
            {"format": saved_profiles.FORMAT, "base_url": "http://127.0.0.1:9", "people": people}
        )
    )
    done = CliRunner().invoke(main, ["restore", str(kept)])
    assert (done.exit_code, "not what a run writes" in done.output) == (2, True), done.output


def test_a_run_that_puts_everything_back_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    code, _, output = judged(Api(), tmp_path)
    assert code == 0, output
    assert list((tmp_path / "state").rglob("*.json")) == []
    assert (tmp_path / "state" / "contract-tests").is_dir(), "it was there during the run"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(502, None), "the target went out of order after"),
        (PAGE, "every call is answered with 200 and a page for people"),
        (Answer(-1), "could then not be reached any more"),
        (
            Answer(404, {"code": "GENERIC_NOT_FOUND", "message": "No such route."}),
            "every call is answered with 404",
        ),
        (Answer(200, {}), "every call is answered with 200 and a body of another kind than before"),
        (Answer(200, None), "every call is answered with 200 and nothing"),
    ],
    ids=["502", "page", "hangs up", "404", "200 and an empty object", "200 and nothing"],
)
def test_an_outage_in_the_middle_of_a_run_is_no_breach(
    answer: Answer, says: str, tmp_path: Path
) -> None:
    begun = time.monotonic()
    code, report, output = judged(Front(answer, since=300), tmp_path)
    assert code == 3, output
    assert says in output
    assert report["findings"] == [], output
    assert time.monotonic() - begun < 60


def test_an_outage_that_announced_itself_is_no_breach(tmp_path: Path) -> None:
    """Single answers of the same kind came before, and were found to be no outage."""
    api = Sometimes(Answer(503, None), lambda number: number >= 150 or number % 60 == 50)
    code, report, output = judged(api, tmp_path, "--depth", "quick", "--laws", "projection")
    assert code == 3, output
    assert {finding["check"] for finding in report["findings"]} <= {"answer.no-server-error"}, (
        "of the time before"
    )


def test_one_answer_of_something_in_front_is_asked_again_and_said(tmp_path: Path) -> None:
    code, report, output = judged(
        Sometimes(Answer(502, None), lambda number: number == 100), tmp_path
    )
    assert code == 0, output
    assert report["findings"] == []
    assert re.search(r"1 of \d+ calls got 502", output)


@pytest.mark.parametrize("answer", [Answer(503, None), Answer(-1)], ids=["503", "hangs up"])
def test_many_such_answers_are_the_targets_own(answer: Answer, tmp_path: Path) -> None:
    api = Sometimes(answer, lambda number: number % 40 == 30)
    with serving(api, frozenset({"close"})) as url:
        code, report, output = forked_gate(
            tmp_path, "--base-url", url, "--depth", "quick", "--laws", "projection"
        )
    assert code == 1, output
    assert {each["check"] for each in report["findings"]} <= {
        "answer.no-server-error",
        "answer.complete",
        "answer.status",
    }
    assert "but not when asked a second time" in output


class Slow(Api):
    def __call__(self, request: Request) -> Answer:
        time.sleep(0.02)
        return super().__call__(request)


def test_a_verdict_on_a_few_laws_is_none(tmp_path: Path) -> None:
    flags = (
        "--depth",
        "quick",
        "--laws",
        "referrals",
        "--laws",
        "update",
        "--laws",
        "pages",
        "--max-time",
        "2",
    )
    code, report, output = judged(Slow(), tmp_path, *flags)
    assert code == 3, output
    assert re.search("TOO LITTLE JUDGED|NOTHING JUDGED", output)
    known = report["judged"]
    assert known["judged"] + known["unfinished"] + known["not_applicable"] == known["laws"] > 20
    assert known["unfinished"] > 10


def run_of(judged: int, unfinished: int, idle: int = 0, **changes: Any) -> Run:
    """A run of so many laws: judged, without time, and not applicable."""
    names = [f"law {number}" for number in range(judged + unfinished + idle)]
    known = Run(Collector("http://x"), Coverage(contract.load()), "quick", 1, **changes)
    known.laws = [
        Law(name, "passed" if place < judged else "skipped", 0, 0)
        for place, name in enumerate(names)
    ]
    known.unfinished = names[judged : judged + unfinished]
    return known


@pytest.mark.parametrize(
    ("run", "code", "says"),
    [
        (
            run_of(90, 10),
            0,
            "CONFORMS to the contract as far as it was judged (10 laws had no time)",
        ),
        (
            run_of(89, 11),
            3,
            "TOO LITTLE JUDGED: 89 of 100 laws that apply (89%), and --min-judged asks for 90%",
        ),
        (run_of(89, 11, min_judged=0.5), 0, "as far as it was judged"),
        (run_of(9, 1, idle=300), 0, "9 of 310 laws judged (300 not for this depth or target)"),
        (run_of(0, 10), 3, "NOTHING JUDGED"),
        (run_of(0, 0, idle=5, min_judged=0.0), 3, "NOTHING JUDGED"),
        (run_of(6, 369, interrupted=True), 130, "INTERRUPTED after 6 laws"),
        (
            run_of(6, 369, ended=Ended("the session of $PRIMARY ended", "x")),
            3,
            "the session of $PRIMARY ended after 6 laws: x",
        ),
        (run_of(6, 0, failures=["boom"]), 4, "this is the gate's fault"),
        (run_of(6, 0, not_put_back=["handle of $PRIMARY"]), 3, "NOT PUT BACK: handle of $PRIMARY"),
    ],
    ids=[
        "enough",
        "too little",
        "asked for less",
        "does not apply",
        "nothing",
        "nothing applies",
        "stopped",
        "ended",
        "failed",
        "not put back",
    ],
)
def test_what_a_run_comes_to(run: Run, code: int, says: str) -> None:
    assert (run.exit_code, says in sentence(run)) == (code, True), sentence(run)


def test_laws_that_do_not_apply_are_not_missed(tmp_path: Path) -> None:
    code, report, output = judged(
        Api(),
        tmp_path,
        "--depth",
        "quick",
        "--laws",
        "update",
        "--laws",
        "referrals",
        "--read-only",
    )
    assert code == 0, output
    assert report["judged"]["not_applicable"] > report["judged"]["judged"]
    assert report["judged"]["unfinished"] == 0


class Hanging(Api):
    """Answers so many calls, and then none."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def __call__(self, request: Request) -> Answer:
        answer = super().__call__(request)
        if request.number >= self.after:
            time.sleep(60)
        return answer


@pytest.mark.parametrize("after", [0, 200])
def test_a_target_that_hangs_is_left_within_the_time(after: int, tmp_path: Path) -> None:
    begun = time.monotonic()
    code, report, output = judged(
        Hanging(after), tmp_path, *QUICK, "--request-timeout", "1", "--max-time", "5"
    )
    assert code == 3, output
    assert report["findings"] == [], output
    assert time.monotonic() - begun < 30, "5 s, some time-outs of 1 s, and the start"


def exchange(status: int, body: bytes = b"", **headers: str) -> Exchange:
    return Exchange(
        HttpRequest("x", "GET", "/x"),
        status,
        tuple((name.replace("_", "-"), value) for name, value in headers.items()),
        body,
    )


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (exchange(500, b"{}"), "every call is answered with 500"),
        (exchange(302, Location="/login"), "every call is redirected (302) to /login"),
        (
            exchange(403, b"<html>", Content_Type="text/html"),
            "every call is answered with 403; is something in front of the API",
        ),
        (
            exchange(404, b"{}"),
            "every call is answered with 404; is the path of the base URL right?",
        ),
        (exchange(200), "every call is answered with 200 and nothing"),
        (
            exchange(200, b"<!DOCTYPE html>"),
            "every call is answered with 200 and a page for people (HTML)",
        ),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Exchange) else "",
)
def test_what_stands_at_an_address_is_told_in_one_sentence(answer: Exchange, says: str) -> None:
    assert availability.out_of_order([answer, answer]).startswith(says)


def test_one_answer_of_the_api_is_enough_to_judge() -> None:
    assert availability.out_of_order([exchange(404), exchange(500), exchange(200, b"{}")]) == ""
    assert "one is answered with 404, another is answered with 500" in availability.out_of_order(
        [exchange(404), exchange(500)]
    )


def test_redirections_are_told_without_what_stands_in_their_query() -> None:
    places = [
        exchange(301, Location=f"https://a.example:8443/{path}?token=hush") for path in ("x", "y")
    ]
    assert availability.out_of_order(places) == "every call is redirected to https://a.example:8443"
    assert (
        availability.kind(exchange(301, Location="http://[::1"))
        == "is redirected (301) to somewhere else"
    )
    assert availability.kind(exchange(304)) == "is redirected (304) to nowhere"


@pytest.mark.parametrize("side", ["left", "right"])
def test_drift_compares_with_nothing_that_is_out_of_order(side: str, tmp_path: Path) -> None:
    with serving(Api()) as good, serving(Front(Answer(503, None))) as bad:
        urls = {"left": good, "right": good, side: bad}
        words = ("drift", "--left", urls["left"], "--right", urls["right"])
        code, _, output = forked_gate(tmp_path, *words, whole=True)
    assert code == 3, output
    assert f"the {side} side, {bad}, is out of order: every call is answered with 503" in output


@pytest.mark.parametrize(
    "answer", [Answer(503, None), Answer(404, None), Answer(-1)], ids=["503", "404", "hangs up"]
)
def test_drift_takes_an_outage_in_the_middle_for_no_difference(
    answer: Answer, tmp_path: Path
) -> None:
    with serving(Api()) as good, serving(Front(answer, since=60)) as bad:
        code, _, output = forked_gate(tmp_path, "drift", "--left", good, "--right", bad, whole=True)
    assert code == 3, output
    assert "It was in order at first" in output


def test_the_example_for_ci_can_finish() -> None:
    page = (ROOT / "docs" / "ci.md").read_text()
    step = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])["jobs"]["contract"][
        "steps"
    ][1]["with"]
    words = step["args"].split()
    rate, seconds = words[words.index("--rate-limit") + 1], words[words.index("--max-time") + 1]
    assert step["depth"] == "quick"
    assert "some 2,400 calls at `depth: quick`" in page
    assert 2400 / float(rate.removesuffix("/s")) < int(seconds) / 2


def test_laws_whose_operation_never_answers_are_not_judged_and_say_so(tmp_path: Path) -> None:
    class Nobody(Api):
        """Finds no profile at all, which the documentation lists for every operation."""

        def __call__(self, request: Request) -> Answer:
            if request.method == "GET" and request.path == "/v1/user/profile":
                return Answer(404, {"code": "GENERIC_NOT_FOUND", "message": "Not found."})
            return super().__call__(request)

    code, report, output = judged(Nobody(), tmp_path, "--depth", "quick", "--laws", "projection")
    assert code == 3, output
    assert "because getProfile never answered a valid request" in output
    assert report["outcome"] != "conforms"
