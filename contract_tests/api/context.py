"""What laws work with: it sends requests to the target and judges every answer."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar, Unpack
from urllib.parse import quote

from contract_tests.api import run_marks
from contract_tests.api.target_watch import Watch
from contract_tests.checks import request_validation, response_checks
from contract_tests.config.network_options import NetworkOptions
from contract_tests.config.target import LIVE, Target
from contract_tests.exceptions import (
    BY_HAND,
    NotJudgedError,
    OutOfTimeError,
    StoppedError,
    UnansweredError,
)
from contract_tests.findings.evidence import Text
from contract_tests.http.http_client import Client
from contract_tests.http.messages import Exchange, HttpRequest, UnreadableError
from contract_tests.http.write_policy import MARKING, Permission
from contract_tests.interrupts import STOP
from contract_tests.redaction.placeholders import pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract_tests.api.request_templates import RequestTemplate
    from contract_tests.checks.coverage import Coverage
    from contract_tests.config.depth import Depth
    from contract_tests.findings.collector import Collector
    from contract_tests.findings.evidence import About, Facts
    from contract_tests.spec.contract import Contract

UNAUTHORIZED = 401
NOT_FOUND = 404
BAD_REQUEST = 400
# The most that the contract lets a page hold.
FULL_PAGE = 100
# Operations whose valid input is known by our decisions only.
OURS = ("getProfile", "updateProfile")
UNANSWERED = "the target did not answer when the profiles were to be put back"

T = TypeVar("T")
Item = dict[str, Any]
Profile = dict[str, Any]


# pytest writes down what a failing function was given: of a whole run that takes seconds.
@dataclass(repr=False)
class Context:
    """One run against one target. Every answer is judged as it comes; laws add what they know."""

    target: Target
    contract: Contract
    collector: Collector
    depth: Depth
    seed: int
    coverage: Coverage
    permission: Permission = field(default_factory=Permission)
    network: NetworkOptions = field(default_factory=NetworkOptions)
    until: float = math.inf
    client: Client = field(init=False)
    watch: Watch = field(init=False)
    _known: dict[str, Any] = field(default_factory=dict)
    _closing: bool = False
    _silent: bool = False

    def __post_init__(self) -> None:
        self.client = Client(
            self.target.base_url,
            self.judge,
            self.permit,
            self.network,
            run_marks.new_run(),
            self.collector.redactor,
        )
        self.watch = Watch(self.target, self.client, self.collector, self.find)
        self.client.doubt = self.watch.see

    def random(self, *salt: object) -> Random:
        """Return a source of randomness that depends on the seed and the salt only."""
        return Random(f"{self.seed}:{self.collector.law}:{salt}")  # noqa: S311 - for reproducible tests

    def marker(self, *salt: object) -> str:
        """Return a plain text that no other law writes."""
        return run_marks.text(self.random(*salt), self.client.run_id)

    def handle(self, *salt: object) -> str:
        """Return a handle in the contract's form that nobody is likely to hold."""
        return run_marks.handle(self.random(*salt), self.client.run_id)

    def request(
        self,
        template: RequestTemplate,
        role: str | None = "primary",
        auth: str | None = None,
    ) -> HttpRequest:
        """Return the request of a template with the session of a role, or with `auth` as header."""
        operation = self.contract.operations[template.operation]
        username = template.raw_username or _quoted(template.username)
        path = operation.path.replace("{username}", username)
        pairs = [f"{_quoted(name)}={_quoted(value)}" for name, value in template.query]
        query = template.raw_query or "&".join(pairs)
        headers = [*template.headers]
        if auth is None and role is not None:
            headers.append(("Authorization", f"Bearer {self.target.sessions[role]}"))
        elif auth is not None:
            headers.append(("Authorization", auth))
        body = _bytes(template.body)
        if body is not None and template.content_type is not None:
            headers.append(("Content-Type", template.content_type))
        # What was made from a token is hidden in this call only: a short piece may be a word
        # elsewhere.
        credentials = auth or ""
        token = credentials.partition(" ")[2] or credentials
        return HttpRequest(
            operation=template.operation,
            method=template.method or operation.method,
            path=f"{path}?{query}" if query else path,
            headers=tuple(headers),
            body=body,
            secrets=(*pieces(token, self.target.sessions), *self.target.secrets),
            length=template.length,
            redactor=self.collector.redactor,
        )

    def send(
        self,
        template: RequestTemplate,
        role: str | None = "primary",
        auth: str | None = None,
    ) -> Exchange:
        """Send the request and judge the answer by itself."""
        exchange = self.client.send(self.request(template, role, auth))
        # A session that another law refuses on purpose is not meant.
        if role in LIVE and auth is None and exchange.status == UNAUTHORIZED:
            self.find(
                "session.valid",
                template.operation,
                exchange,
                Text("the session ${} is valid", role.upper()),
            )
        return exchange

    def permit(self, request: HttpRequest) -> None:
        """Raise `ForbiddenError` before a call leaves that may not be made.

        Raise `StoppedError` where the run goes no further.
        """
        self._stop()
        # The default permits everything, and this is done for each of thousands of calls.
        if self.permission == Permission():
            return
        operation = self.contract.operations.get(request.operation)
        self.permission.check(
            request,
            self.contract.operations[MARKING].path,
            self.never_set(),
            documented=operation is not None and operation.method == request.method,
        )

    def never_set(self) -> set[str]:
        """The fields that some session's user had never set when the run began.

        All of them as long as that is not known.
        """
        found: set[str] = set()
        for role in self.roles():
            before = self._known.get(f"before {role}", {})
            found.update(name for name in self.contract.updatable if before.get(name) is None)
        return found

    def judge(self, exchange: Exchange) -> None:
        """Note what is wrong with an answer by itself.

        Stop the law when the time is over or the target has ended.
        """
        # Counted also while profiles are put back: the noise is judged by their number.
        self.collector.judged += 1
        self._silent = not exchange.status
        if self._closing:
            return
        self.watch.see(exchange)
        self.coverage.see(exchange)
        for complaint in response_checks.judge(self.contract, exchange):
            operation = exchange.request.operation
            self.find(
                complaint.rule,
                operation,
                self.watch.again(complaint, exchange),
                complaint.expected,
                exchange,
                field=complaint.field,
            )
        self.watch.judge_noise()
        self.go_on()

    def _stop(self) -> None:
        """Raise `StoppedError` where the run goes no further."""
        if self._closing and self._silent:
            raise StoppedError(UNANSWERED)
        if self.watch.ended and not self._closing:
            raise StoppedError(str(self.watch.ended))
        STOP.check()

    def go_on(self) -> None:
        """Raise `OutOfTimeError` when the time is over, `StoppedError` when the run has ended."""
        if time.monotonic() > self.until:
            raise OutOfTimeError
        self._stop()

    def begin_closing(self) -> None:
        """Let calls leave that put back what was changed, whatever has ended.

        The first that is not answered is the last.
        """
        self._closing = True
        self._silent = False
        self.until = math.inf
        self.client.be_urgent()

    def end_closing(self, until: float) -> None:
        """Judge again, until then."""
        self._closing = False
        self.until = self.client.until = until

    @property
    def stopped(self) -> str:
        """Why the run goes no further; empty as long as it does."""
        return str(self.watch.ended or (BY_HAND if STOP.is_stopping else ""))

    def find(
        self,
        rule: str,
        operation: str,
        received: Facts,
        expected: Facts,
        *steps: Exchange,
        **about: Unpack[About],
    ) -> None:
        """Note a finding, as `Collector.find` does.

        What is seen while profiles are put back, or after the run was stopped, may come from that.
        """
        if not self.stopped and not self._closing:
            self.collector.find(
                rule,
                operation,
                received,
                expected,
                *steps,
                **about,
            )

    def accepted(
        self,
        template: RequestTemplate,
        role: str = "primary",
        rule: str = "",
    ) -> Exchange:
        """Send a valid request; a refusal breaks `rule`, and nothing more can be judged of it.

        The documentation gives the fields of an update no bounds, and does not say which `fields`
        there are to be read, so that refusing one breaks only a decision of ours.
        """
        rule = rule or ("input.accepted" if template.operation in OURS else "input.valid")
        exchange = self.send(template, role)
        if exchange.ok:
            return exchange
        if exchange.status != UNAUTHORIZED and not exchange.trouble:
            # 404 is listed for every operation, and what is not found is a rule of ours.
            if exchange.status == NOT_FOUND and rule == "input.valid":
                rule = "input.accepted"
            self.find(rule, template.operation, exchange, "the request is valid")
        raise UnansweredError(template.operation)

    def refused(
        self,
        template: RequestTemplate,
        role: str = "primary",
        rule: str = "",
    ) -> Exchange:
        """Send an invalid request, which must be refused.

        Whether the documentation or only we forbid it decides the severity, or `rule`.
        """
        exchange = self.send(template, role)
        status = exchange.status
        request = exchange.request
        flaws = request_validation.flaws(self.contract, self.contract.full, request)
        assert flaws, request
        if exchange.ok:
            self.find_accepted(exchange, flaws, rule)
        elif response_checks.refuses_as_http(exchange):
            return exchange
        elif status == BAD_REQUEST:
            self._judge_details(exchange, [flaw.place for flaw in flaws])
        # A call without an answer, a failure and a refused session are judged by rules of theirs.
        elif 0 < status < response_checks.SERVER_ERROR and status != UNAUTHORIZED:
            self.find(
                "input.status",
                template.operation,
                exchange,
                request_validation.refusal(flaws),
                field=request_validation.field_of(flaws),
            )
        return exchange

    def find_accepted(
        self,
        exchange: Exchange,
        flaws: list[request_validation.Flaw],
        rule: str = "",
    ) -> None:
        """Note that a request was accepted that has these flaws."""
        request = exchange.request
        forbidden = request_validation.wrong(self.contract, self.contract.documented, request)
        self.find(
            rule or ("input.documented" if forbidden else "input.bounds"),
            request.operation,
            exchange,
            request_validation.refusal(flaws),
            sign=request_validation.acceptance(flaws),
            field=request_validation.field_of(flaws),
        )

    def _judge_details(self, exchange: Exchange, wrong: list[request_validation.Place]) -> None:
        named = request_validation.named(self.object(exchange).get("details"))
        if named is None:
            return
        if request_validation.missing(wrong, named):
            expected = "all of {}"
        elif request_validation.accused(wrong, named):
            expected = "nothing but {}"
        else:
            return
        self.find(
            "error.details",
            exchange.request.operation,
            Text("details name {}", sorted(named)),
            Text(expected, sorted(wrong)),
            exchange,
        )

    def body(self, exchange: Exchange) -> Any:
        """Return the parsed body, or None where it cannot be read (which is judged elsewhere)."""
        try:
            return exchange.json()
        except UnreadableError:
            return None

    def object(self, exchange: Exchange) -> dict[str, Any]:
        """Return the parsed body, or an empty one where it is no object."""
        body = self.body(exchange)
        return body if isinstance(body, dict) else {}

    def roles(self) -> tuple[str, ...]:
        """The roles of valid sessions that the target gives."""
        return self.target.roles

    def need(self, *roles: str) -> None:
        """Stop a law that needs sessions which the target does not give."""
        for role in roles:
            if role not in self.target.sessions:
                raise NotJudgedError(f"the target gives no session of another user ({role})")

    def once(self, key: str, learn: Callable[[], T]) -> T:
        """Return what `learn()` returned first; a failure is not kept."""
        if key not in self._known:
            self._known[key] = learn()
        known: T = self._known[key]
        return known


def _quoted(text: str) -> str:
    """Percent-encode a text, also half a character, which no server can mean."""
    return quote(text, safe="", errors="backslashreplace")


def _bytes(body: object) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    try:
        return json.dumps(body, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(body).encode("ascii")
