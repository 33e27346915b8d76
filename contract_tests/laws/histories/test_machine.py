"""A state machine against the oracle: any calls of any users in any order.

A failure shrinks to the shortest sequence of calls.
"""

from __future__ import annotations

import time
from copy import deepcopy
from functools import partial
from itertools import chain, count
from math import ceil
from typing import TYPE_CHECKING, Any

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from contract_tests.api import comparison, pagination, resources, run_marks
from contract_tests.api.context import BAD_REQUEST, UNAUTHORIZED
from contract_tests.api.invalid_credentials import invalid_credentials
from contract_tests.api.oracle import Model, Person
from contract_tests.api.request_templates import MARK_READ, RequestTemplate, fields, public, update
from contract_tests.checks import boundary_values
from contract_tests.exceptions import OutOfTimeError
from contract_tests.findings.evidence import Status, Text, Value
from contract_tests.laws._support import differing
from contract_tests.spec import contract

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract_tests.api.context import Context
    from contract_tests.findings.evidence import Facts
    from contract_tests.http.messages import Exchange

CONTRACT = contract.load()
BIRTH = CONTRACT.property_schema("dateOfBirth")
# Without further parts, which a target may keep or not.
BIRTHS = [birth for birth in boundary_values.good_objects(BIRTH) if "more" not in birth]
ROLES = st.sampled_from(["primary", "secondary"])
TEXTS = ("displayName", "biography")
# In any order, each once: what repetition does is judged elsewhere.
NAMES = st.lists(st.sampled_from(CONTRACT.fields), min_size=1, max_size=5, unique=True).map(tuple)
# Plain words: what becomes of other text is judged by the text laws, with their own severity.
TEXT = st.text("abcXYZ019", min_size=1, max_size=20)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "displayName": TEXT,
        "biography": st.one_of(st.just(""), TEXT),
        "handle": st.integers(0, 5),
        "dateOfBirth": st.sampled_from(BIRTHS),
    },
)
# Operations that need no container.
INTRUDED = ("getProfile", "updateProfile", "listReferrals", "markNotificationsRead")
START = {
    "displayName": "start",
    "biography": "start",
    "dateOfBirth": boundary_values.plain_object(BIRTH),
}
# The wrong types and the nearest values past the bounds; all have a law of their own.
WRONG = st.sampled_from(
    [
        (name, value)
        for name in CONTRACT.updatable
        for value in boundary_values.bad(CONTRACT.property_schema(name))[:12]
    ]
)


class DeviationError(AssertionError):
    """The target and the oracle disagree."""


class Machine(RuleBasedStateMachine):
    """Calls of two users.

    `failures` keeps the last failure, which after shrinking is the shortest.
    """

    context: Context
    failures: list[Callable[[], None]]

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Exchange] = []
        self.roles = self.context.roles()
        self.used: set[str] = set()
        # Every example begins alike, so that a failure needs no more than its own steps.
        self.sent = {role: self._marked({**START, "handle": role}) for role in self.roles}
        self.opening = {}
        for role, start in self.sent.items():
            templates = (update(start), MARK_READ)
            self.opening[role] = [self.context.send(template, role) for template in templates]
        self.model = Model({role: self._learn(role) for role in self.roles})

    def _learn(self, role: str) -> Person:
        profile = resources.profile(self.context, role)
        if not self.context.target.containers:
            return Person(profile)
        # The oracle marks items as read; what the context keeps must not change with it.
        inbox = deepcopy(pagination.inbox(self.context, role))
        return Person(profile, inbox, resources.own_homes(self.context, role))

    def _marked(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Put the run's marks into the words of a change; a handle is drawn as a number."""
        marked = dict(changes)
        for name in TEXTS:
            if marked.get(name):
                marked[name] = run_marks.signed(marked[name], self.context.client.run_id)
        if "handle" in marked:
            marked["handle"] = self.context.handle("machine", marked["handle"])
        return marked

    def _known_role(self, role: str) -> str:
        # A target may give one session only.
        role = role if role in self.roles else "primary"
        self.used.add(role)
        return role

    @rule(role=ROLES, changes=CHANGES)
    def change(self, role: str, changes: dict[str, Any]) -> None:
        """Update any fields."""
        role = self._known_role(role)
        changes = self._marked(changes)
        before = dict(self.model.people[role].profile)
        exchange = self._send(update(changes), role)
        wanted = self.model.update(role, changes)
        handle = changes.get("handle")
        if exchange.ok != wanted:
            # Somebody unknown may hold the handle; then nothing has changed.
            if wanted and handle is not None:
                self.model.people[role].profile = resources.profile(self.context, role)
                return
            expected = "accepted" if wanted else Status(BAD_REQUEST)
            self._fail("update.handle" if handle else "input.accepted", "updateProfile", expected)
        if exchange.ok:
            self._learn_form(role, changes, before)
        self._check_profile(role, "update.seen")

    @rule(role=ROLES, changes=CHANGES, wrong=WRONG)
    def change_wrongly(
        self,
        role: str,
        changes: dict[str, Any],
        wrong: tuple[str, Any],
    ) -> None:
        """A rejected update changes nothing."""
        role = self._known_role(role)
        name, value = wrong
        exchange = self._send(update({**self._marked(changes), name: value}), role)
        if exchange.ok:
            self.model.people[role].profile = resources.profile(self.context, role)
            return
        self._check_profile(role, "update.all-or-nothing")

    @rule(role=ROLES, names=NAMES)
    def read(self, role: str, names: tuple[str, ...]) -> None:
        """Read any fields."""
        self._check(self._known_role(role), names, "update.seen", "getProfile")

    @rule(role=ROLES, other=ROLES)
    def look(self, role: str, other: str) -> None:
        """Read the public profile of oneself or the other."""
        role, seen = self._known_role(role), self._known_role(other)
        for container in self.model.people[seen].homes[:1]:
            wanted = self.model.public(seen)
            exchange = self._send(public(wanted["username"], container), role)
            body = self.context.body(exchange)
            if exchange.ok and isinstance(body, dict) and differing(body, wanted):
                self._fail("update.public", "getPublicProfile", Value(wanted))

    @precondition(lambda self: bool(self.context.target.containers))
    @rule(role=ROLES, page=st.integers(1, 6), limit=st.integers(1, 100), pick=st.integers(0, 9))
    def page(
        self,
        role: str,
        page: int,
        limit: int,
        pick: int,
    ) -> None:
        """Read any page of any size."""
        role = self._known_role(role)
        inbox = self.model.people[role].inbox
        container = list(inbox)[pick % len(inbox)]
        limit = min(limit, pagination.page_size(self.context, role, container))
        # Pages past the end are judged elsewhere.
        page = min(page, max(1, ceil(len(inbox[container]) / limit)))
        wanted = self.model.page(role, container, page, limit)
        exchange = self._send(
            pagination.at(
                self.context,
                role,
                container,
                page,
                limit,
            ),
            role,
        )
        if not exchange.ok or pagination.items_of(self.context, exchange) == wanted:
            return
        if not self._has_grown(role, container):
            expected = Text("{} items: {}", len(wanted), wanted[:2])
            self._fail("pages.whole", "listNotifications", expected)

    @rule(role=ROLES)
    def mark(self, role: str) -> None:
        """Mark all as read."""
        role = self._known_role(role)
        if self._send(MARK_READ, role).ok:
            self.model.mark_read(role)
            self._learn_marks(role)
        self._check_profile(role, "read.nothing-else", "markNotificationsRead")

    @rule(pick=st.integers(0, 30), operation=st.sampled_from(INTRUDED))
    def intrude(self, pick: int, operation: str) -> None:
        """A call without a valid session is refused and changes nothing."""
        every = invalid_credentials(self.context)
        credential = every[pick % len(every)]
        template = resources.valid(self.context, operation, "primary")
        exchange = self._send(template, None, credential.header)
        if exchange.ok:
            broken = "session.form" if credential.valid_inside else "session.required"
            expected = Status(UNAUTHORIZED, Text("for {}", credential.name))
            self._fail(broken, operation, expected)

    def _learn_marks(self, role: str) -> None:
        """Read again what is read or not in a form of the target's own.

        The oracle does not know it.
        """
        person = self.model.people[role]
        items = chain.from_iterable(person.inbox.values())
        if not all(isinstance(item.get("read"), bool) for item in items):
            person.inbox = self._learn(role).inbox

    def _has_grown(self, role: str, container: str) -> bool:
        """Whether the container has only got more; then the oracle learns it.

        A server may add notifications at any time.
        """
        inbox = self.model.people[role].inbox
        known = inbox[container]
        now = pagination.whole(self.context, role, container)
        if len(now) <= len(known) or [item for item in now if item in known] != known:
            return False
        inbox[container] = deepcopy(now)
        return True

    def _learn_form(
        self,
        role: str,
        changes: dict[str, Any],
        before: dict[str, Any],
    ) -> None:
        """Take over what the target keeps in a form of its own, which other laws judge."""
        stored = resources.profile(self.context, role)
        for name, value in changes.items():
            is_the_same_again = value == self.sent[role][name] and stored[name] == before[name]
            rule = comparison.how_lost(value, before[name], stored[name])
            if is_the_same_again or rule != "update.seen":
                self.model.people[role].profile[name] = stored[name]
        self.sent[role] |= changes

    def _check_profile(
        self,
        role: str,
        broken: str,
        operation: str = "updateProfile",
    ) -> None:
        self._check(role, self.context.contract.fields, broken, operation)

    def _check(
        self,
        role: str,
        names: tuple[str, ...],
        broken: str,
        operation: str,
    ) -> None:
        """Compare fields of the profile with the oracle's."""
        wanted = self.model.read(role, names)
        exchange = self._send(fields(*names), role)
        if exchange.ok and resources.profile_of(self.context, exchange, names) != wanted:
            self._fail(broken, operation, Value(wanted))

    def _send(
        self,
        template: RequestTemplate,
        role: str | None,
        auth: str | None = None,
    ) -> Exchange:
        exchange = self.context.send(template, role, auth)
        self.steps.append(exchange)
        return exchange

    def _fail(
        self,
        broken: str,
        operation: str,
        expected: Facts,
    ) -> None:
        """Keep the failure, with the opening of the users that took part."""
        used = [role for role in self.roles if role in self.used]
        opening = chain.from_iterable(self.opening[role] for role in used)
        steps = (*opening, *self.steps)
        find = partial(
            self.context.find,
            broken,
            operation,
            steps[-1],
            expected,
            *steps,
        )
        self.failures.append(find)
        raise DeviationError(broken)


def test_any_calls_in_any_order(context: Context) -> None:
    """Whatever is called in whatever order, the target answers as the oracle says."""
    for turn in count():
        if not _run(context, turn) or context.depth.name != "deep":
            return


def _run(context: Context, turn: int) -> bool:
    """Return whether there is reason and time for another turn."""
    failures: list[Callable[[], None]] = []
    machine = type("Machine", (Machine,), {"context": context, "failures": failures})
    # Examples of earlier runs must not decide what this one finds.
    phases = (hypothesis.Phase.generate, hypothesis.Phase.shrink)
    settings = hypothesis.settings(
        max_examples=context.depth.examples,
        stateful_step_count=context.depth.steps,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(hypothesis.HealthCheck),
        print_blob=False,
        verbosity=hypothesis.Verbosity.quiet,
    )
    try:
        run_state_machine_as_test(
            hypothesis.seed(context.seed * 1000 + turn)(machine), settings=settings
        )
    except (DeviationError, hypothesis.errors.Flaky, BaseExceptionGroup, OutOfTimeError) as error:
        # Hypothesis takes a run that was cut short for a flaky one. At `deep` the time is there to
        # be used up.
        is_over = time.monotonic() > context.until
        if not failures and not (is_over and context.depth.name == "deep"):
            context.go_on()
            raise error from None
        return False
    # Noted once, when Hypothesis has found no shorter one.
    finally:
        if failures:
            failures[-1]()
    return not failures
