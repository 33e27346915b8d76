"""Whether the target and its sessions are still there while a run goes on."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contract_tests.checks import availability
from contract_tests.exceptions import StoppedError
from contract_tests.findings.evidence import Text
from contract_tests.http.messages import GATEWAY
from contract_tests.interrupts import STOP

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from contract_tests.checks.response_checks import Complaint
    from contract_tests.config.target import Target
    from contract_tests.findings.collector import Collector
    from contract_tests.findings.evidence import Facts
    from contract_tests.http.http_client import Client
    from contract_tests.http.messages import Exchange

TOO_MANY = 429
# Seconds before each of the calls that find out whether a target or a session has ended.
PAUSES = (0.0, 0.1, 0.2, 0.5, 1.0, 1.0)
# Once in so many calls something in front of a target may answer in its place, without being taken
# for the target.
NOISE = 500
# After so many calls a target that has answered none is given up.
UNANSWERED = 2
# Rules of answers that may pass, so that it is worth asking again.
FAILURES = ("answer.no-server-error", "answer.complete")


@dataclass(frozen=True)
class Ended:
    """What has ended, and how that showed."""

    what: str
    how: str = ""
    is_unreachable: bool = False

    def __str__(self) -> str:
        return self.after("")

    def after(self, when: str) -> str:
        """Return the whole sentence, with a word about when it was."""
        how = f": {self.how}" if self.how else ""
        return f"{self.what}{when}{how}"


@dataclass
class Watch:
    """Sees every answer of a run, and notes by `find` what it takes for the target's own fault.

    `proofs` are calls that have worked, with what was answered, by role.
    """

    target: Target
    client: Client
    collector: Collector
    find: Callable[..., None]
    ended: Ended | None = None
    proofs: dict[str, Exchange] = field(default_factory=dict)
    _good: dict[str, int] = field(default_factory=dict)
    _excused: set[tuple[str, int]] = field(default_factory=set)
    _noted: int = 0
    _answered: bool = False
    _unanswered: int = 0

    def see(self, exchange: Exchange) -> None:
        """End the run where an answer means that the target, or the session, has ended."""
        self._give_up(exchange)
        role = self._role_of(exchange)
        if not availability.is_doubtful(exchange, with_session=bool(role)):
            self._note_good(exchange, role)
            return
        # While profiles are put back, what has ended once is not waited for with each call.
        if self.ended:
            raise StoppedError(str(self.ended))
        kind = (exchange.request.operation, exchange.status)
        if kind in self._excused and exchange.status not in availability.NOT_A_SESSION:
            return
        self._end_if_over(role or next(iter(self.proofs), ""))
        if self.proofs:
            self._excused.add(kind)

    def _note_good(self, exchange: Exchange, role: str) -> None:
        """Note how many findings there were when the target, and a session of it, was there."""
        number = len(self.collector.findings)
        self._good[""] = number
        if exchange.ok:
            self._good[role] = number

    def _give_up(self, exchange: Exchange) -> None:
        """Raise `StoppedError` where nobody has ever answered."""
        self._answered = self._answered or bool(exchange.status)
        self._unanswered += not self._answered
        if self._unanswered >= UNANSWERED:
            how = "is there, but does not answer" if self.client.is_there() else "cannot be reached"
            self.ended = Ended(f"{self.target.base_url} {how}", exchange.trouble)
            raise StoppedError(str(self.ended))

    def again(self, complaint: Complaint, exchange: Exchange) -> Facts:
        """Return what was received, and of a failure that is found first also a second time."""
        is_known = self.collector.has(complaint.rule, exchange.request.operation)
        if complaint.rule not in FAILURES or exchange.timed_out or is_known:
            return complaint.received
        again = Text("{}, and again when asked a second time", complaint.received)
        if exchange.dropped or exchange.status in GATEWAY:
            return again
        second = self.client.probe(exchange.request)
        if (second.status, bool(second.trouble)) == (exchange.status, bool(exchange.trouble)):
            return again
        other = second.status or "no answer"
        return Text("{}, but {} when asked a second time", complaint.received, other)

    def judge_noise(self) -> None:
        """Take what did not come a second time (502 and the like) for the target's own.

        That is so where there is too much of it.
        """
        passing, judged = self.client.passing, self.collector.judged
        if len(passing) <= max(1, judged // NOISE):
            return
        seen = "{}, but not when asked a second time; {} times in {} calls"
        for exchange in passing[self._noted :]:
            self.find(
                "answer.no-server-error" if exchange.status else "answer.complete",
                exchange.request.operation,
                Text(seen, exchange, len(passing), judged),
                "a good answer each time",
                exchange,
            )
        self._noted = len(passing)

    def passed(self) -> int:
        """Return how many answers were taken for the noise of something in front of the target."""
        return 0 if self._noted else len(self.client.passing)

    def _role_of(self, exchange: Exchange) -> str:
        """Return the role whose session was sent; empty if it is none of them."""
        headers = exchange.request.headers
        for role in self.target.roles:
            if ("Authorization", f"Bearer {self.target.sessions[role]}") in headers:
                return role
        return ""

    def settle(self, place: int) -> None:
        """Raise `StoppedError` where calls that have worked do so no more.

        What was found from `place` on came of that. An outage may look like any answer (404 or an
        empty object for everything), so what a law found, or could not judge, is believed only
        after this.
        """
        for role in self.proofs:
            self._end_if_over(role, place)

    def _end_if_over(self, role: str, place: int = sys.maxsize) -> None:
        """Raise `StoppedError` where a call that has worked for a role does so no more.

        Some tries must have failed.
        """
        last = self._last_try(role, PAUSES)
        if last is None or self._works(role, last):
            return
        lives = any(self._lives(other) for other in self.proofs if other != role)
        is_session = last.status in availability.NOT_A_SESSION or (
            lives and availability.is_no_session(last)
        )
        # What fails for one user only is no outage.
        if lives and not is_session:
            return
        good = self._good.get(role if is_session else "", 0)
        self.collector.forget_from(min(place, good))
        self.ended = self._ending(role, last, is_session=is_session)
        what = f"what comes after {self.collector.law or 'the first calls'}"
        self.collector.not_judged(what, str(self.ended))
        raise StoppedError(str(self.ended))

    def _lives(self, role: str) -> bool:
        last = self._last_try(role, PAUSES[:2])
        return last is not None and self._works(role, last)

    def _ending(
        self,
        role: str,
        last: Exchange,
        *,
        is_session: bool,
    ) -> Ended:
        if is_session:
            variable = self.target.variables.get(role, "")
            taken = f", the value of ${variable}," if variable else ""
            return Ended(
                f"the session of ${role.upper()} ended",
                f"its token{taken} {availability.kind(last)}",
            )
        if not last.status:
            return Ended(
                "the target answered at first and could then not be reached any more",
                last.trouble,
                is_unreachable=True,
            )
        return Ended("the target went out of order", f"every call {availability.kind(last)}")

    def _works(self, role: str, exchange: Exchange) -> bool:
        return availability.is_api(exchange) and availability.are_alike(exchange, self.proofs[role])

    def _last_try(self, role: str, pauses: Sequence[float]) -> Exchange | None:
        """Return the first good answer to the proof of a role, or the last one.

        None without a proof, and while the target wants to be left alone.
        """
        if role not in self.proofs or self.client.is_to_rest:
            return None
        for pause in pauses:
            STOP.sleep(pause)
            last = self.client.probe(self.proofs[role].request)
            if last.status == TOO_MANY:
                return None
            if self._works(role, last) or last.timed_out:
                break
        return last
