"""Simultaneous updates of different fields all survive.

Readers see the old or the new state, never a mixture.
"""

from __future__ import annotations

import contextlib
import re
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import chain
from threading import Barrier, BrokenBarrierError
from typing import TYPE_CHECKING

from contract_tests.api import comparison, resources, run_marks
from contract_tests.api.request_templates import MARK_READ, RequestTemplate, fields, public, update
from contract_tests.exceptions import NotJudgedError
from contract_tests.findings.evidence import Text
from contract_tests.laws._support import EACH_ROLE, find_value, fresh

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract_tests.api.context import Context
    from contract_tests.findings.evidence import Facts
    from contract_tests.http.messages import Exchange

# Seconds that callers wait for each other before they go one by one.
WAIT = 10.0
# A target may keep another case of letters.
STATE = re.compile("state ([0-9]+)", re.IGNORECASE)
# So many readers, and so many changes, that some reads fall into a write.
READERS = 3
FLIPS = 12
# Every part differs, so that a mixture shows.
DATES = ({"year": 1901, "month": 1, "day": 1}, {"year": 2001, "month": 12, "day": 28})


@EACH_ROLE
def test_different_fields_survive(context: Context, role: str) -> None:
    """Each field is changed by another caller at the same moment; afterwards all are changed."""
    context.need(role)
    names = context.contract.updatable
    # A server with few workers serves nobody else while a connection is kept open.
    context.client.close()
    with ThreadPoolExecutor(len(names)) as pool:
        for number in range(context.depth.rounds):
            changes = {name: fresh(context, name, role, number) for name in names}
            before = resources.profile(context, role)
            context.client.close()
            templates = [update({name: value}) for name, value in changes.items()]
            exchanges = _together(context, pool, templates, role)
            after = resources.profile(context, role)
            context.client.close()
            for name, exchange in zip(names, exchanges, strict=True):
                if exchange.ok:
                    values = (before[name], changes[name], after[name])
                    _judge_kept(context, name, values, exchanges)
                if exchange.refused:
                    expected = "accepted, as without the others"
                    context.find("input.accepted", "updateProfile", exchange, expected)


@EACH_ROLE
def test_readers_see_whole_states(context: Context, role: str) -> None:
    """While one caller changes two fields together, readers of both see them belong together."""
    context.need(role)
    # All parts belong together before the first change.
    resources.set_profile(context, role, **_state(context, 0))
    template = fields("displayName", "biography", "dateOfBirth")
    templates = [template, *_own_public(context, role)]
    known = {
        template.operation: _shown(context, context.accepted(template, role))
        for template in templates
    }
    context.client.close()
    with ThreadPoolExecutor(READERS) as pool:
        for number in range(1, context.depth.rounds):
            # Some readers begin before the writer does.
            readers = [_start(pool, context, templates[turn], role) for turn in (0, -1)]
            writer = _start(pool, context, update(_state(context, number)), role)
            readers += [_start(pool, context, templates[turn], role) for turn in (0, -1, 0, -1)]
            context.judge(writer.result())
            for exchange in _results(readers):
                _judge_state(context, writer.result(), exchange, known[exchange.request.operation])


@EACH_ROLE
def test_a_date_is_read_whole(context: Context, role: str) -> None:
    """While a date of birth is changed to and fro, readers see one date or the other."""
    context.need(role)
    resources.set_profile(context, role, dateOfBirth=DATES[-1])
    # Two dates only, so that every part of one tells it from the other.
    changes = [update({"dateOfBirth": date}) for date in DATES] * (FLIPS // len(DATES))
    for writer, exchange in _flip(context, changes, fields("dateOfBirth"), role):
        _judge_date(context, writer, exchange)


@EACH_ROLE
def test_a_public_profile_is_read_whole(context: Context, role: str) -> None:
    """While two fields are changed together, to and fro, others see both of one update."""
    context.need(role)
    templates = _own_public(context, role)
    if not templates:
        raise NotJudgedError("the session's user has no public profile in the target's containers")
    resources.set_profile(context, role, **_state(context, 0))
    known = _shown(context, context.accepted(templates[0], role))
    changes = [update(_state(context, number)) for number in range(FLIPS)]
    for writer, exchange in _flip(context, changes, templates[0], role):
        _judge_state(context, writer, exchange, known)


def test_marking_loses_no_update(context: Context) -> None:
    """Mark-read and an update at the same moment: the update is there afterwards."""
    for role in context.roles():
        with ThreadPoolExecutor(2) as pool:
            for number in range(context.depth.rounds):
                name = ("displayName", "biography")[number % 2]
                value = context.marker(role, number)
                before = resources.field(context, role, name)
                context.client.close()
                exchanges = _together(context, pool, [update({name: value}), MARK_READ], role)
                got = resources.field(context, role, name)
                if exchanges[0].ok:
                    _judge_kept(context, name, (before, value, got), exchanges)


def test_two_users_at_once(context: Context) -> None:
    """What two users do at the same moment stays apart.

    Only one of them gets a handle that both want.
    """
    context.need("primary", "secondary")
    names = {role: resources.username(context, role) for role in context.roles()}
    context.client.close()
    with ThreadPoolExecutor(4) as pool:
        for number in range(context.depth.rounds):
            _judge_two(context, pool, names, number)
            # The races need all workers again.
            context.client.close()
            _judge_handle(context, pool, context.handle("race", number), tuple(names))


def _judge_two(
    context: Context,
    pool: ThreadPoolExecutor,
    names: dict[str, str],
    number: int,
) -> None:
    """Let two users write and read at once, and judge that each has what is its own."""
    before = {role: resources.field(context, role, "biography") for role in names}
    context.client.close()
    marks = {role: context.marker(role, number) for role in names}
    writers = [
        _start(pool, context, update({"biography": mark}), role) for role, mark in marks.items()
    ]
    readers = [_start(pool, context, fields("username"), role) for role in names]
    for role, exchange in zip(names, _results(readers), strict=True):
        _judge_reader(context, role, names[role], exchange)
    steps = _results(writers)
    for role, step in zip(names, steps, strict=True):
        got = resources.field(context, role, "biography")
        if step.ok:
            _judge_kept(context, "biography", (before[role], marks[role], got), steps)


def _start(
    pool: ThreadPoolExecutor,
    context: Context,
    template: RequestTemplate,
    role: str,
) -> Future[Exchange]:
    """Send a request over a connection of its own; who waits for the answer has to judge it."""
    return pool.submit(context.client.send_alone, context.request(template, role))


def _results(futures: Iterable[Future[Exchange]]) -> list[Exchange]:
    return [future.result() for future in futures]


def _together(
    context: Context,
    pool: ThreadPoolExecutor,
    templates: list[RequestTemplate],
    role: str,
) -> list[Exchange]:
    """Send requests at the same moment, and judge the answers."""
    barrier = Barrier(len(templates))

    def send(template: RequestTemplate) -> Exchange:
        request = context.request(template, role)
        with contextlib.suppress(BrokenBarrierError):
            barrier.wait(WAIT)
        return context.client.send_alone(request)

    exchanges = list(pool.map(send, templates))
    for exchange in exchanges:
        context.judge(exchange)
    return exchanges


def _send_all(
    context: Context,
    role: str,
    templates: list[RequestTemplate],
) -> list[Exchange]:
    return [context.client.send_alone(context.request(each, role)) for each in templates]


def _flip(
    context: Context,
    changes: list[RequestTemplate],
    template: RequestTemplate,
    role: str,
) -> Iterable[tuple[Exchange, Exchange]]:
    """Make changes while some readers read; yield the first change with each of the reads."""
    send_all = partial(_send_all, context, role)
    context.client.close()
    with ThreadPoolExecutor(READERS + 1) as pool:
        for _ in range(context.depth.rounds // 5):
            writer = pool.submit(send_all, changes)
            readers = [pool.submit(send_all, [template] * FLIPS) for _ in range(READERS)]
            for exchange in writer.result():
                context.judge(exchange)
            for exchange in chain.from_iterable(reader.result() for reader in readers):
                yield writer.result()[0], exchange


def _judge_kept(
    context: Context,
    name: str,
    values: tuple[object, object, object],
    steps: list[Exchange],
) -> None:
    """Judge a field that had the first value, was given the second, and has the third.

    What was given must be there, in whatever form.
    """
    before, value, after = values
    if after != value and comparison.how_lost(value, before, after) == "update.seen":
        find_value(
            context,
            "concurrent.updates",
            name,
            (after, value),
            *steps,
        )


def _judge_date(
    context: Context,
    writer: Exchange,
    exchange: Exchange,
) -> None:
    context.judge(exchange)
    birth = context.object(exchange).get("dateOfBirth")
    if not writer.ok or not isinstance(birth, dict):
        return
    # Of each part, the dates that it may be from. A part in another form may be from none.
    sources = [
        {number for number, date in enumerate(DATES) if birth.get(part) == date[part]}
        for part in DATES[0]
    ]
    if all(sources) and not set.intersection(*sources):
        _find_mixed(context, writer, exchange, Text("{} or {}", *DATES))


def _find_mixed(
    context: Context,
    writer: Exchange,
    reader: Exchange,
    expected: Facts,
) -> None:
    context.find(
        "concurrent.readers",
        reader.request.operation,
        Text("at the same time as the update of step 1, the read of step 2 got {}", reader),
        expected,
        writer,
        reader,
    )


def _judge_reader(
    context: Context,
    role: str,
    name: str,
    exchange: Exchange,
) -> None:
    context.judge(exchange)
    if exchange.ok and context.object(exchange).get("username", name) != name:
        context.find(
            "session.isolation",
            "getProfile",
            exchange,
            Text("the profile of {}", role),
        )


def _judge_handle(
    context: Context,
    pool: ThreadPoolExecutor,
    handle: str,
    roles: tuple[str, ...],
) -> None:
    exchanges = _results(
        [_start(pool, context, update({"handle": handle}), role) for role in roles]
    )
    for exchange in exchanges:
        context.judge(exchange)
    if all(exchange.ok for exchange in exchanges):
        context.find(
            "update.handle",
            "updateProfile",
            Text("both users got {}", handle),
            "only one of them",
            *exchanges,
        )


def _own_public(context: Context, role: str) -> list[RequestTemplate]:
    """Return the request for the user's own public profile, if there is one."""
    if not context.target.containers:
        return []
    homes = resources.own_homes(context, role)[:1]
    return [public(resources.username(context, role), home) for home in homes]


def _state(context: Context, number: int) -> dict[str, object]:
    """A profile whose parts tell of each other."""
    text = run_marks.signed(f"state {number}", context.client.run_id)
    return {"displayName": text, "biography": text, "dateOfBirth": _birth(number)}


def _birth(number: int) -> dict[str, int]:
    part = number % 12 + 1
    return {"year": 2000 + part, "month": part, "day": part}


def _shown(context: Context, exchange: Exchange) -> tuple[str, ...]:
    """Return what of a profile is there to be read while nobody writes."""
    body = context.object(exchange)
    return tuple(name for name in _state(context, 0) if body.get(name) is not None)


def _judge_state(
    context: Context,
    writer: Exchange,
    exchange: Exchange,
    known: tuple[str, ...],
) -> None:
    """Judge a read of a profile of which the `known` fields are there at any time."""
    context.judge(exchange)
    body = context.body(exchange)
    if exchange.refused:
        _find_mixed(context, writer, exchange, "the profile, as at any other time")
    if not exchange.ok or not isinstance(body, dict):
        return
    if any(body.get(name) is None for name in known):
        expected = Text("{} of one update or the other", ", ".join(known))
        _find_mixed(context, writer, exchange, expected)
        return
    found = [STATE.search(str(body.get(name))) for name in ("displayName", "biography")]
    numbers = {int(match[1]) for match in found if match}
    if len(numbers) > 1 or any(_is_torn(body.get("dateOfBirth"), number) for number in numbers):
        _find_mixed(context, writer, exchange, "all fields of one update")


def _is_torn(birth: object, number: int) -> bool:
    """Whether a date of birth is not the one that was written with this number."""
    if not isinstance(birth, dict):
        return False
    wanted = _birth(number)
    parts = {key: birth.get(key) for key in wanted}
    return all(isinstance(part, int) for part in parts.values()) and parts != wanted
