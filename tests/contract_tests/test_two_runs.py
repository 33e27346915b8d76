"""Two runs on the same users: one of them writes, the other says so and leaves everything alone; no mark is ever put back."""

import copy
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from contract_tests.api import profile_claims, run_marks
from contract_tests.api.context import Context
from contract_tests.api.resources import remember, restore
from contract_tests.checks.coverage import Coverage
from contract_tests.config.depth import DEPTHS
from contract_tests.config.target import Target
from contract_tests.findings.collector import Collector
from contract_tests.http.write_policy import Permission
from contract_tests.spec import contract
from tests.contract_tests.reference import Answer, Api, Request
from tests.contract_tests.running import ROOT, forked_gate
from tests.contract_tests.serving import serving
from tests.contract_tests.test_safety import Recorder, profiles

KNOWN = contract.load()
Opened = Callable[..., Context]
FIELD = ("biography", "displayName", "handle")


@pytest.fixture
def context() -> Iterator[Callable[..., Context]]:
    opened: list[Context] = []

    def open_lab(url: str, permission: Permission | None = None) -> Context:
        coverage, collector = Coverage(KNOWN), Collector(url)
        opened.append(
            Context(
                Target(url),
                KNOWN,
                collector,
                DEPTHS["quick"],
                1,
                coverage,
                permission or Permission(),
            )
        )
        return opened[-1]

    yield open_lab
    for each in opened:
        each.client.close()


class Watched(Api):
    """Counts the updates of a user after which nothing in the profile shows that a run is there."""

    bare = 0

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, body)
        self.bare += all(run_marks.run_of(self.users[user][name]) is None for name in FIELD)


def test_whatever_a_run_writes_it_shows_that_it_is_there(tmp_path: Path) -> None:
    api = Watched()
    before = profiles(api)
    laws = [
        word
        for law in ("update", "bounds", "text", "handles", "concurrency", "machine")
        for word in ("--laws", law)
    ]
    with serving(api) as url:
        code, _, output = forked_gate(tmp_path, "--base-url", url, "--depth", "quick", *laws)
    assert code == 0, output
    assert profiles(api) == before
    assert api.bare == 2, "but for the last write, which puts each user back"


@pytest.mark.parametrize("allowed", [["--read-only"], []], ids=["only reading", "writing"])
def test_a_profile_that_holds_marks_is_not_written_to(allowed: list[str], tmp_path: Path) -> None:
    run = run_marks.new_run()
    api = Recorder()
    api.users["grace"]["displayName"] = run_marks.text(Random(1), run)
    before = copy.deepcopy(api.users)
    with serving(api) as url:
        code, report, output = forked_gate(
            tmp_path, "--base-url", url, "--depth", "quick", "--laws", "update", *allowed
        )
    assert api.users == before
    assert "POST" not in {method for method, _ in api.calls}
    if allowed:
        assert "the old displayName of $SECONDARY" in output
        return
    assert code == 3, output
    why = report["not_judged"][0]["why"]
    assert re.match(
        rf"displayName of \$SECONDARY holds what the run {run}, which began on 20\d\d-\d\d-\d\d at",
        why,
    )
    assert "contract-tests restore" in why
    assert not report["findings"]


@pytest.mark.parametrize(
    "left",
    ["0123456789ab contract-tests", "start contract-tests", "g0123456789_gate", "gate_machine_5"],
)
def test_marks_of_earlier_versions_are_known(left: str, context: Opened) -> None:
    api = Api()
    api.users["ada"]["handle" if "_" in left else "biography"] = left
    with serving(api) as url:
        one = context(url)
        remember(one)
        with pytest.raises(
            profile_claims.InUseError, match="a run of an earlier version of the gate"
        ):
            profile_claims.refuse_marks(one)


@pytest.mark.parametrize(
    "text",
    [
        "I maintain contract-tests",
        "contract-tests tutorial",
        "see contract-tests 1.0",
        "gate_keeper",
        "g_gate",
        "",
        None,
        5,
    ],
)
def test_what_people_write_is_no_mark(text: object) -> None:
    assert run_marks.run_of(text) is None


def test_a_mark_tells_the_run_and_its_beginning() -> None:
    run = run_marks.new_run()
    text, handle = run_marks.text(Random(1), run), run_marks.handle(Random(1), run)
    assert (
        run_marks.run_of(text)
        == run_marks.run_of(handle)
        == run_marks.run_of(f"  {text.upper()}!")
        == run_marks.run_of(handle[:17])
        == run
    )
    assert len(text) <= 50
    assert re.fullmatch("[a-z0-9_]{3,19}", handle)
    assert time.strftime("which began on %Y-%m-%d at %H:", time.gmtime(time.time() - 2))[
        :-4
    ] in run_marks.named(run)


def test_the_second_of_two_runs_steps_back_and_the_first_puts_back(context: Opened) -> None:
    api = Api()
    before = profiles(api)
    with serving(api) as url:
        one, other = context(url), context(url)
        other.client.run_id = "0123abcd"
        remember(one)
        remember(other)  # both read the profiles as they were
        profile_claims.claim(one)
        with pytest.raises(profile_claims.InUseError, match=f"the run {one.client.run_id}"):
            profile_claims.claim(other)
        restore(other)  # as at the end of a run that is killed
        assert run_marks.run_of(api.users["ada"]["biography"]) == one.client.run_id
        assert "another run of the gate writes to it now" in str(other.collector.skipped)
        restore(one)
    assert profiles(api) == before


class Late(Api):
    """Another run writes its mark just after this one has written its own."""

    rival = ""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, body)
        if user == "grace" and self.rival and run_marks.run_of(body.get("biography")):
            self.users[user] = {**self.users[user], "biography": self.rival}


@pytest.mark.parametrize("same_moment", [False, True], ids=["another moment", "the same moment"])
def test_who_is_overwritten_steps_back_everywhere(context: Opened, *, same_moment: bool) -> None:
    api = Late()
    before = profiles(api)
    with serving(api) as url:
        one = context(url)
        api.rival = run_marks.text(Random(7), one.client.run_id if same_moment else "0123abcd")
        remember(one)
        with pytest.raises(profile_claims.InUseError, match=r"biography of \$SECONDARY holds"):
            profile_claims.claim(one)
    assert profiles(api)["ada"] == before["ada"], "what was claimed already is put back"
    assert api.users["grace"]["biography"] == api.rival, "what another holds is left alone"


class OneForAll(Api):
    """Answers every session with the profile of the same user."""

    def get_profile(self, request: Request) -> Answer:
        request.user = "ada"
        return super().get_profile(request)


def test_a_target_that_mixes_users_up_is_no_other_run(context: Opened) -> None:
    with serving(OneForAll()) as url:
        one = context(url)
        remember(one)
        profile_claims.claim(one)


def test_a_field_that_was_never_set_is_not_claimed(context: Opened) -> None:
    api = Api()
    for user in api.users.values():
        user |= {"biography": None, "displayName": None}
    with serving(api) as url:
        one = context(url, Permission(first_write=False, others=False))
        remember(one)
        profile_claims.claim(one)
    assert api.users["ada"]["biography"] is None
    assert run_marks.run_of(api.users["ada"]["handle"]) == one.client.run_id


def test_two_processes_that_start_at_once_leave_everything_as_it_was() -> None:
    api = Api()
    before = profiles(api)
    with serving(api) as url:
        command = [
            sys.executable,
            "-m",
            "contract_tests",
            "--base-url",
            url,
            "--depth",
            "quick",
            "--laws",
            "update",
        ]
        runs = [
            subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            for _ in range(2)
        ]
        said = [run.communicate(timeout=100)[0] for run in runs]
    assert profiles(api) == before, said
    assert 0 in {run.returncode for run in runs}, said
    assert {run.returncode for run in runs} <= {0, 3}, said
