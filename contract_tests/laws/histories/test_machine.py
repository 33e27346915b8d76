"""A state machine against the oracle: any calls of any users in any order; a failure shrinks to the shortest sequence."""

from __future__ import annotations

import time
from copy import deepcopy
from functools import partial
from itertools import count
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
ROLES = st.sampled_from(["primary", "secondary"])
TEXTS = ("displayName", "biography")
NAMES = st.lists(st.sampled_from(CONTRACT.fields), min_size=1, max_size=5, unique=True).map(tuple)
# Plain words: what becomes of other text is judged by the text laws, with their own severity.
TEXT = st.text("abcXYZ019", min_size=1, max_size=20)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "displayName": TEXT,
        "biography": st.one_of(st.just(""), TEXT),
        "handle": st.integers(0, 5),
        "dateOfBirth": st.sampled_from(
            [value for value in boundary_values.good_objects(BIRTH) if "more" not in value]
        ),
    },
)
START = {
    "displayName": "start",
    "biography": "start",
    "dateOfBirth": boundary_values.plain_object(BIRTH),
}
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
    """Calls of two users; `failures` keeps the last failure, which after shrinking is the shortest."""

    context: Context
    failures: list[Callable[[], None]]

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Exchange] = []
        self.roles = self.context.roles()
        self.used: set[str] = set()
        # Every example begins alike, so that a failure needs no more than its own steps.
        starts = {role: self._marked({**START, "handle": role}) for role in self.roles}
        self.opening = {
            role: [
                self.context.send(template, role) for template in (update(starts[role]), MARK_READ)
            ]
            for role in self.roles
        }
        self.sent = dict(starts)
        self.model = Model({role: self._learn(role) for role in self.roles})

    def _learn(self, role: str) -> Person:
        inbox = (
            deepcopy(pagination.inbox(self.context, role)) if self.context.target.containers else {}
        )
        homes = resources.own_homes(self.context, role) if self.context.target.containers else ()
        return Person(resources.profile(self.context, role), inbox, homes)

    def _marked(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Put the run's marks into the words of a change; a handle is drawn as a number."""
        texts = {name: value for name, value in changes.items() if name in TEXTS and value}
        marked = {
            name: run_marks.signed(value, self.context.client.run_id)
            for name, value in texts.items()
        }
        handle = (
            {"handle": self.context.handle("machine", changes["handle"])}
            if "handle" in changes
            else {}
        )
        return {**changes, **marked, **handle}

    def _known_role(self, role: str) -> str:
        role = role if role in self.roles else "primary"
        self.used.add(role)
        return role

    @rule(role=ROLES, changes=CHANGES)
    def change(self, role: str, changes: dict[str, Any]) -> None:
        """Update any fields."""
        role, changes = self._known_role(role), self._marked(changes)
        before = dict(self.model.people[role].profile)
        exchange = self._ask(update(changes), role)
        wanted = self.model.update(role, changes)
        handle = changes.get("handle")
        if exchange.ok != wanted:
            # Somebody unknown may hold the handle; then nothing has changed.
            if wanted and handle is not None:
                self.model.people[role].profile = resources.profile(self.context, role)
                return
            self._fail(
                "update.handle" if handle else "input.accepted",
                "updateProfile",
                "accepted" if wanted else Status(BAD_REQUEST),
            )
        if exchange.ok:
            self._learn_form(role, changes, before)
        self._check_profile(role, "update.seen")

    @rule(role=ROLES, changes=CHANGES, wrong=WRONG)
    def change_wrongly(self, role: str, changes: dict[str, Any], wrong: tuple[str, Any]) -> None:
        """A rejected update changes nothing."""
        role = self._known_role(role)
        exchange = self._ask(update({**self._marked(changes), wrong[0]: wrong[1]}), role)
        if exchange.ok:
            self.model.people[role].profile = resources.profile(self.context, role)
            return
        self._check_profile(role, "update.all-or-nothing")

    @rule(role=ROLES, names=NAMES)
    def read(self, role: str, names: tuple[str, ...]) -> None:
        """Read any fields."""
        role = self._known_role(role)
        wanted = self.model.read(role, names)
        exchange = self._ask(fields(*names), role)
        if exchange.ok and resources.profile_of(self.context, exchange, names) != wanted:
            self._fail("update.seen", "getProfile", Value(wanted))

    @rule(role=ROLES, other=ROLES)
    def look(self, role: str, other: str) -> None:
        """Read the public profile of oneself or the other."""
        role, seen = self._known_role(role), self._known_role(other)
        for container in self.model.people[seen].homes[:1]:
            wanted = self.model.public(seen)
            exchange = self._ask(public(wanted["username"], container), role)
            body = self.context.body(exchange)
            if exchange.ok and isinstance(body, dict) and differing(body, wanted):
                self._fail("update.public", "getPublicProfile", Value(wanted))

    @precondition(lambda self: bool(self.context.target.containers))
    @rule(role=ROLES, page=st.integers(1, 6), limit=st.integers(1, 100), pick=st.integers(0, 9))
    def page(self, role: str, page: int, limit: int, pick: int) -> None:
        """Read any page of any size."""
        role = self._known_role(role)
        homes = list(self.model.people[role].inbox)
        container = homes[pick % len(homes)]
        limit = min(limit, pagination.page_size(self.context, role, container))
        page = min(
            page, max(1, ceil(len(self.model.people[role].inbox[container]) / limit))
        )  # past the end is judged elsewhere
        wanted = self.model.page(role, container, page, limit)
        exchange = self._ask(pagination.at(self.context, role, container, page, limit), role)
        if (
            exchange.ok
            and pagination.items_of(self.context, exchange) != wanted
            and not self._grown(role, container)
        ):
            expected = Text("{} items: {}", len(wanted), wanted[:2])
            self._fail("pages.whole", "listNotifications", expected)

    @rule(role=ROLES)
    def mark(self, role: str) -> None:
        """Mark all as read."""
        role = self._known_role(role)
        if self._ask(MARK_READ, role).ok:
            self.model.mark_read(role)
            self._learn_marks(role)
        self._check_profile(role, "read.nothing-else", "markNotificationsRead")

    @rule(
        pick=st.integers(0, 30),
        what=st.sampled_from(
            ["getProfile", "updateProfile", "listReferrals", "markNotificationsRead"]
        ),
    )
    def intrude(self, pick: int, what: str) -> None:
        """A call without a valid session is refused and changes nothing."""
        every = invalid_credentials(self.context)
        kind = every[pick % len(every)]
        exchange = self._ask(resources.valid(self.context, what, "primary"), None, kind.header)
        if exchange.ok:
            self._fail(
                "session.form" if kind.valid_inside else "session.required",
                what,
                Status(UNAUTHORIZED, Text("for {}", kind.name)),
            )

    def _learn_marks(self, role: str) -> None:
        """Read again what is said of being read in a form of the target's own, which the oracle does not know."""
        person = self.model.people[role]
        if any(
            not isinstance(item.get("read"), bool)
            for items in person.inbox.values()
            for item in items
        ):
            person.inbox = self._learn(role).inbox

    def _grown(self, role: str, container: str) -> bool:
        """Whether the container has only got more, which a server may do by itself; then the oracle learns it."""
        known = self.model.people[role].inbox[container]
        now = pagination.whole(self.context, role, container)
        if len(now) <= len(known) or [item for item in now if item in known] != known:
            return False
        self.model.people[role].inbox[container] = deepcopy(now)
        return True

    def _learn_form(self, role: str, changes: dict[str, Any], before: dict[str, Any]) -> None:
        """Take over what the target keeps in a form of its own, which other laws judge."""
        kept = resources.profile(self.context, role)
        for name, value in changes.items():
            is_the_same_again = value == self.sent[role][name] and kept[name] == before[name]
            if (
                is_the_same_again
                or comparison.how_lost(value, before[name], kept[name]) != "update.seen"
            ):
                self.model.people[role].profile[name] = kept[name]
        self.sent[role] |= changes

    def _check_profile(self, role: str, broken: str, operation: str = "updateProfile") -> None:
        wanted = self.model.people[role].profile
        exchange = self._ask(fields(*self.context.contract.fields), role)
        if (
            exchange.ok
            and resources.profile_of(self.context, exchange, self.context.contract.fields) != wanted
        ):
            self._fail(broken, operation, Value(wanted))

    def _ask(
        self, template: RequestTemplate, role: str | None, auth: str | None = None
    ) -> Exchange:
        exchange = self.context.send(template, role, auth)
        self.steps.append(exchange)
        return exchange

    def _fail(self, broken: str, operation: str, expected: Facts) -> None:
        opening = [
            exchange for role in self.roles if role in self.used for exchange in self.opening[role]
        ]
        steps = (*opening, *self.steps)
        self.failures.append(
            partial(self.context.find, broken, operation, steps[-1], expected, *steps)
        )
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
        # Hypothesis takes a run that was cut short for a flaky one. At `deep` the time is there to be used up.
        is_over = time.monotonic() > context.until
        if not failures and not (is_over and context.depth.name == "deep"):
            context.go_on()
            raise error from None
        return False
    finally:
        if failures:
            failures[-1]()
    return not failures
