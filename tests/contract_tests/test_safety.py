"""A target that is not on this machine is only read unless more is allowed, and is left as it was found."""

import copy
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.contract_tests.reference import UPDATABLE, Answer, Api, Request
from tests.contract_tests.running import ROOT, gate
from tests.contract_tests.serving import serving
from tests.live import live_mock

SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
TARGET = """
base_url: {url}
sessions: {{primary: ada-session, secondary: grace-session, session_expired: ada-session-expired}}
containers: [main, side]
usernames: [ada, grace]
"""


class Recorder(Api):
    """Remembers the method and path of every request."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, str]] = []
        self.overridden: list[str] = []

    def __call__(self, request: Request) -> Answer:
        self.calls.append((request.method, request.path))
        asked = [name for name, _ in parse_qsl(request.query, keep_blank_values=True)]
        self.overridden += [name for name in (*request.headers, *asked) if "method" in name]
        return super().__call__(request)


class OneNeverSet(Recorder):
    """Ada has never set a biography."""

    def __init__(self) -> None:
        super().__init__()
        self.users["ada"]["biography"] = None


def run(tmp_path: Path, api: Api, *flags: str) -> tuple[int, dict[str, Any], str]:
    """Judge a server by a name that is not loopback, with a target file."""
    with serving(api) as url:
        target = tmp_path / "target.yaml"
        target.write_text(TARGET.format(url=url.replace("127.0.0.1", "0.0.0.0")))
        return gate(tmp_path, "--target", str(target), "--depth", "quick", *flags, measured=True)


def profiles(api: Api) -> dict[str, dict[str, Any]]:
    return copy.deepcopy(
        {name: {field: user[field] for field in UPDATABLE} for name, user in api.users.items()}
    )


def test_another_machine_is_only_read(tmp_path: Path) -> None:
    api = Recorder()
    code, report, output = run(tmp_path, api)
    assert {method for method, _ in api.calls} <= SAFE, sorted(set(api.calls))
    assert not api.overridden, "a read that asks to be taken for something else is not safe"
    assert len(api.calls) > 300
    assert code == 0, output
    assert not report["findings"]
    assert "--allow-writes" in output
    assert any(entry["what"] == "reach.success on updateProfile" for entry in report["not_judged"])


def test_a_server_here_is_only_read_if_asked(tmp_path: Path) -> None:
    api = Recorder()
    with serving(api) as url:
        writing = [
            "--laws",
            "update",
            "--laws",
            "handles",
            "--laws",
            "fuzz",
            "--laws",
            "headers",
            "--laws",
            "concurrency",
        ]
        gate(tmp_path, "--base-url", url, "--depth", "quick", "--read-only", *writing)
    assert {method for method, _ in api.calls} <= SAFE


def test_writing_touches_only_the_sessions_users_and_puts_back_what_it_changed(
    tmp_path: Path,
) -> None:
    api = Recorder()
    before, inbox = profiles(api), copy.deepcopy(api.inbox)
    code, report, output = run(tmp_path, api, "--allow-writes")
    assert profiles(api) == before
    assert api.inbox == inbox, "nothing was marked as read"
    assert ("POST", "/v1/user/notifications/read") not in api.calls
    unsafe = {call for call in api.calls if call[0] not in SAFE}
    assert unsafe == {("POST", "/v1/user/profile")}, "what is not documented may do anything"
    assert not api.overridden
    assert code == 0, output
    assert not report["findings"]


def test_marking_needs_a_flag_of_its_own(tmp_path: Path) -> None:
    api = Recorder()
    run(tmp_path, api, "--allow-writes", "--allow-mark-read", "--laws", "read")
    assert ("POST", "/v1/user/notifications/read") in api.calls


@pytest.mark.parametrize("allowed", [False, True], ids=["not allowed", "allowed"])
def test_a_field_that_was_never_set_is_left_alone(tmp_path: Path, *, allowed: bool) -> None:
    api = OneNeverSet()
    flags = [
        "--allow-writes",
        *(["--allow-first-write"] if allowed else []),
        "--laws",
        "update",
        "--laws",
        "lasting",
    ]
    _, report, output = run(tmp_path, api, *flags)
    assert (api.users["ada"]["biography"] is not None) == allowed
    said = {
        "what": "putting back biography of $PRIMARY",
        "why": "it was never set, and cannot be unset",
    }
    assert (said in report["not_judged"]) == allowed
    assert ("--allow-first-write" in output) != allowed


class WithoutBirth(Recorder):
    """Answers a profile in a shape of its own: nobody is told a date of birth."""

    def project(self, user: dict[str, Any], names: list[str]) -> dict[str, Any]:
        return super().project(user, [name for name in names if name != "dateOfBirth"])


class HandleWithAMark(Recorder):
    """Answers a handle in a shape that an update does not take."""

    def project(self, user: dict[str, Any], names: list[str]) -> dict[str, Any]:
        profile = super().project(user, names)
        return (
            {**profile, "handle": {"name": profile["handle"], "verified": False}}
            if "handle" in profile
            else profile
        )


@pytest.mark.parametrize(
    ("made", "name"), [(WithoutBirth, "dateOfBirth"), (HandleWithAMark, "handle")]
)
def test_what_cannot_be_read_is_not_written_and_the_rest_is_put_back(
    made: type[Recorder], name: str, tmp_path: Path
) -> None:
    api = made()
    before = profiles(api)
    flags = ["--allow-writes", "--allow-first-write", "--laws", "update", "--laws", "bounds"]
    _, report, output = run(tmp_path, api, *flags)
    assert ("POST", "/v1/user/profile") in api.calls
    assert profiles(api) == before, output
    why = "it cannot be read in a form that can be written back"
    assert {"what": f"putting back {name} of $PRIMARY", "why": why} in report["not_judged"]


class Stubborn(Recorder):
    """Refuses the old name once it has another, as a server may that allows a name to be used once."""

    def check(self, body: dict[str, Any]) -> None:
        super().check(body)
        if body.get("displayName") == "Ada" and self.calls:
            raise self.wrong()


def test_one_value_that_is_refused_is_not_in_the_way_of_the_others(tmp_path: Path) -> None:
    api = Stubborn()
    before = profiles(api)
    run(tmp_path, api, "--allow-writes", "--allow-first-write", "--laws", "update")
    assert ("POST", "/v1/user/profile") in api.calls
    left = {name for name, value in profiles(api)["ada"].items() if value != before["ada"][name]}
    assert left <= {"displayName"}


class SlowAfterAWhile(Recorder):
    """Answers slowly once writing has begun, so that there is time to stop the run in its middle."""

    def __call__(self, request: Request) -> Answer:
        if len([1 for method, _ in self.calls if method == "POST"]) > 40:
            time.sleep(0.02)
        return super().__call__(request)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_puts_back_what_it_changed(signum: int) -> None:
    api = SlowAfterAWhile()
    before = profiles(api)
    with serving(api) as url:
        command = [sys.executable, "-m", "contract_tests", "--base-url", url, "--laws", "update"]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        until = time.monotonic() + 60
        while profiles(api) == before or len(api.calls) < 300:
            assert time.monotonic() < until, "the run wrote nothing"
            time.sleep(0.01)
        process.send_signal(signum)
        output, _ = process.communicate(timeout=60)
    assert profiles(api) == before, output
    assert "Traceback" not in output
    assert process.returncode != 0


@pytest.mark.parametrize("moment", [60, 300])
def test_a_run_that_is_killed_leaves_nothing_behind(moment: int) -> None:
    api = SlowAfterAWhile()
    before = profiles(api)
    with serving(api) as url:
        command = [sys.executable, "-m", "contract_tests", "--base-url", url, "--laws", "update"]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        until = time.monotonic() + 60
        while profiles(api) == before or len(api.calls) < moment:
            assert time.monotonic() < until, "the run wrote nothing"
            time.sleep(0.001)
        process.kill()
        output, _ = process.communicate(timeout=60)
    assert profiles(api) == before
    assert "The run was killed; the profiles were put back." in output


class StoresLate(Recorder):
    """Does one of the writes late, although nobody waits for it any more."""

    late = False
    landed = False

    def update_profile(self, request: Request) -> Answer:
        self.late = self.calls.count(("POST", "/v1/user/profile")) == LATE
        if not self.late:
            return super().update_profile(request)
        time.sleep(2.5)
        answer = super().update_profile(request)
        self.landed = True
        return answer


LATE = 7


def test_a_write_that_lands_after_the_run_was_killed_is_put_back_too() -> None:
    api = StoresLate()
    before = profiles(api)
    with serving(api) as url:
        command = [sys.executable, "-m", "contract_tests", "--base-url", url, "--laws", "update"]
        process = subprocess.Popen(
            [*command, "--request-timeout", "4"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        until = time.monotonic() + 60
        while not api.late:
            assert time.monotonic() < until, "the run wrote nothing"
            time.sleep(0.001)
        process.kill()
        output, _ = process.communicate(timeout=60)
        while not api.landed:
            assert time.monotonic() < until, "the write never landed"
            time.sleep(0.05)
    assert profiles(api) == before
    assert "The run was killed; the profiles were put back." in output


def test_what_an_earlier_run_has_left_is_said(tmp_path: Path) -> None:
    api = Recorder()
    api.users["ada"] |= {"handle": "g0123456789_gate", "biography": "0123456789ab contract-tests"}
    _, report, output = run(tmp_path, api, "--laws", "projection")
    said = {
        "what": "the old handle and biography of $PRIMARY",
        "why": "an earlier run of the gate has not put it back",
    }
    assert said in report["not_judged"], output
    assert "whether displayName and dateOfBirth of $PRIMARY is the old one" in str(
        report["not_judged"]
    )
    assert "of $SECONDARY" not in output


def test_a_dry_run_sends_nothing(tmp_path: Path) -> None:
    api = Recorder()
    code, _, output = run(
        tmp_path, api, "--dry-run", "--allow-writes", "--laws", "referrals", "--rate-limit", "1/m"
    )
    assert (code, api.calls) == (0, []), output
    assert "writes displayName, handle, biography, dateOfBirth of $PRIMARY and $SECONDARY" in output
    assert "needs --allow-mark-read" in output
    assert "ada-session" not in output
    calls = int(re.findall(r"^([\d,]+) calls in all", output, re.MULTILINE)[0].replace(",", ""))
    assert f"at least {calls} minutes" in output


@pytest.mark.parametrize("flags", [["--read-only"], []], ids=["only reading", "writing"])
def test_a_dry_run_counts_what_a_run_then_sends(tmp_path: Path, flags: list[str]) -> None:
    laws = ["--depth", "quick", "--laws", "read", "--laws", "projection", *flags]
    with live_mock() as mock:
        code, _, output = gate(tmp_path / "dry", "--base-url", mock.url, "--dry-run", *laws)
        _, report, _ = gate(tmp_path, "--base-url", mock.url, *laws)
    assert code == 0, output
    for operation, methods in report["sent"].items():
        for method, count in methods.items():
            assert re.search(
                rf"^  {operation} .*[:,] {count:,} {method}\b", output, re.MULTILINE
            ), (
                operation,
                methods,
                output,
            )
    assert (
        f"{sum(sum(methods.values()) for methods in report['sent'].values()):,} calls in all"
        in output
    )


def test_a_report_counts_every_request(tmp_path: Path) -> None:
    api = Recorder()
    _, report, output = run(
        tmp_path, api, "--laws", "http", "--laws", "concurrency", "--allow-writes"
    )
    assert sum(sum(methods.values()) for methods in report["sent"].values()) == len(api.calls), (
        output
    )
