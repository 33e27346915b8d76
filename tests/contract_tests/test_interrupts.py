"""Ctrl-C and SIGTERM at some moments of real runs; `python -m tests.soak --only interrupts` tries every one."""

import signal
import time

import pytest

from contract_tests.interrupts import Interrupts, Phase
from tests.contract_tests.reference import Answer, Request
from tests.soak.interrupts import Patient, interrupted, profiles

LAWS = ("--laws", "referrals", "--laws", "update")


@pytest.mark.parametrize(
    ("after", "calls", "signum"),
    [(0.5, 0, signal.SIGINT), (0, 1, signal.SIGTERM), (0, 300, signal.SIGINT)],
    ids=["at the start", "at the first call", "in a law"],
)
def test_a_run_that_is_interrupted_finds_nothing_and_leaves_nothing(
    after: float, calls: int, signum: int
) -> None:
    ended = interrupted(Patient(), after, *LAWS, signum=signum, calls=calls)
    assert ended.wrong(20) == "", ended.output


def test_generated_calls_are_interrupted_too() -> None:
    ended = interrupted(Patient(), 0, "--laws", "fuzz", calls=80)
    assert ended.wrong(20) == "", ended.output


def test_an_interrupt_does_not_wait_for_a_target_that_hangs() -> None:
    ended = interrupted(
        Patient(hang=400), 0, "--laws", "update", "--request-timeout", "3", calls=401
    )
    assert ended.wrong(20, hangs=True) == "", ended.output
    assert "NOT PUT BACK" in ended.output


class SlowToWrite(Patient):
    """Does one of the writes late, although nobody waits for it any more."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = self.done = 0

    def update_profile(self, request: Request) -> Answer:
        self.writes += 1
        if self.writes == 7:
            self.calls = 10_000  # now it is interrupted
            time.sleep(3)
        answer = super().update_profile(request)
        self.done += 1
        return answer


def test_a_write_under_way_is_waited_for_since_it_will_be_done() -> None:
    api = SlowToWrite()
    before = profiles(api)
    ended = interrupted(api, 0, "--laws", "update", calls=10_000)
    assert ended.wrong(40) == "", ended.output
    until = time.monotonic() + 10
    while api.done < api.writes and time.monotonic() < until:
        time.sleep(0.05)
    assert profiles(api) == before


def test_a_second_interrupt_ends_at_once_and_says_what_is_left() -> None:
    ended = interrupted(
        Patient(hang=400), 0, "--laws", "update", "--request-timeout", "30", calls=401, twice=0.5
    )
    assert ended.code == 130
    assert ended.late < 10
    assert "may be as the gate wrote them" in ended.output
    assert "contract-tests restore" in ended.output


def test_a_signal_breaks_off_waiting_and_nothing_else() -> None:
    heard, let_go = Interrupts(phase=Phase.AT_WORK), []
    heard.let_go = lambda: let_go.append(True)
    heard.hear()
    assert (heard.is_stopping, let_go) == (True, [True])
    with pytest.raises(Exception, match="interrupted"), heard.waiting():
        pytest.fail("nothing may be sent any more")
    heard.phase = Phase.PUTTING_BACK
    with heard.waiting():
        heard.sleep(0)


def test_a_signal_wakes_a_thread_that_sleeps() -> None:
    heard = Interrupts(phase=Phase.AT_WORK, is_stopping=True)
    begun = time.monotonic()
    with pytest.raises(Exception, match="interrupted"):
        heard.sleep(60)
    assert time.monotonic() - begun < 30
