"""Simultaneous updates of different fields all survive; readers see the old or the new state, never a mixture."""

from __future__ import annotations

import contextlib
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError
from typing import TYPE_CHECKING

import pytest

from contract_tests.api import comparison, resources, run_marks
from contract_tests.api.request_templates import MARK_READ, RequestTemplate, fields, public, update
from contract_tests.exceptions import NotJudgedError
from contract_tests.findings.evidence import Text, Value
from contract_tests.laws._support import fresh

if TYPE_CHECKING:
    from contract_tests.api.context import Context
    from contract_tests.findings.evidence import Facts
    from contract_tests.http.messages import Exchange

WAIT = 10.0
STATE = re.compile("state ([0-9]+)", re.IGNORECASE)
READERS = 3
FLIPS = 12
# Every part differs, so that a mixture shows.
DATES = ({"year": 1901, "month": 1, "day": 1}, {"year": 2001, "month": 12, "day": 28})


@pytest.mark.parametrize("role", ["primary", "secondary"])
def test_different_fields_survive(context: Context, role: str) -> None:
    """Each field is changed by a caller of its own at the same moment; afterwards all changes are there."""
    context.need(role)
    names = context.contract.updatable
    context.client.close()
    with ThreadPoolExecutor(len(names)) as pool:
        for number in range(context.depth.rounds):
            changes = {name: fresh(context, name, role, number) for name in names}
            before = resources.profile(context, role)
            context.client.close()
            exchanges = _together(
                context, pool, [update({name: value}) for name, value in changes.items()], role
            )
            after = resources.profile(context, role)
            context.client.close()
            for exchange, (name, value) in zip(exchanges, changes.items(), strict=True):
                lost = (
                    after[name] != value
                    and comparison.how_lost(value, before[name], after[name]) == "update.seen"
                )
                if exchange.ok and lost:
                    context.find(
                        "concurrent.updates",
                        "updateProfile",
                        Value(after[name]),
                        Value(value),
                        *exchanges,
                        field=name,
                    )
                if exchange.refused:
                    context.find(
                        "input.accepted",
                        "updateProfile",
                        exchange,
                        "accepted, as without the others",
                    )


@pytest.mark.parametrize("role", ["primary", "secondary"])
def test_readers_see_whole_states(context: Context, role: str) -> None:
    """While one caller changes two fields together, readers of both see them belong together."""
    context.need(role)
    resources.set_profile(context, role, **_state(context, 0))
    templates = [fields("displayName", "biography", "dateOfBirth")]
    if context.target.containers and (homes := resources.own_homes(context, role)):
        templates.append(public(resources.username(context, role), homes[0]))
    known = {
        template.operation: _shown(context, context.accepted(template, role))
        for template in templates
    }
    context.client.close()
    with ThreadPoolExecutor(3) as pool:
        for number in range(1, context.depth.rounds):
            change = update(_state(context, number))
            pooled = [
                pool.submit(_read, context, templates[turn % len(templates)], role)
                for turn in range(2)
            ]
            writer = pool.submit(context.client.send_alone, context.request(change, role))
            pooled += [
                pool.submit(_read, context, templates[turn % len(templates)], role)
                for turn in range(4)
            ]
            context.judge(writer.result())
            for exchange in [future.result() for future in pooled]:
                _whole(context, writer.result(), exchange, known[exchange.request.operation])


@pytest.mark.parametrize("role", ["primary", "secondary"])
def test_a_date_is_read_whole(context: Context, role: str) -> None:
    """While a date of birth is changed to and fro, readers see one date or the other, not parts of both."""
    context.need(role)
    resources.set_profile(context, role, dateOfBirth=DATES[-1])
    context.client.close()
    with ThreadPoolExecutor(READERS + 1) as pool:
        for _ in range(context.depth.rounds // 5):
            writer = pool.submit(_write_dates, context, role)
            readers = [pool.submit(_read_dates, context, role) for _ in range(READERS)]
            for exchange in writer.result():
                context.judge(exchange)
            for exchange in [exchange for reader in readers for exchange in reader.result()]:
                _whole_date(context, writer.result()[0], exchange)


@pytest.mark.parametrize("role", ["primary", "secondary"])
def test_a_public_profile_is_read_whole(context: Context, role: str) -> None:
    """While two fields are changed together, to and fro, others see both of one update."""
    context.need(role)
    if not context.target.containers or not resources.own_homes(context, role):
        raise NotJudgedError("the session's user has no public profile in the target's containers")
    template = public(resources.username(context, role), resources.own_homes(context, role)[0])
    resources.set_profile(context, role, **_state(context, 0))
    known = _shown(context, context.accepted(template, role))
    context.client.close()
    with ThreadPoolExecutor(READERS + 1) as pool:
        for _ in range(context.depth.rounds // 5):
            writer = pool.submit(
                lambda: [
                    _read(context, update(_state(context, number)), role) for number in range(FLIPS)
                ]
            )
            readers = [
                pool.submit(lambda: [_read(context, template, role) for _ in range(FLIPS)])
                for _ in range(READERS)
            ]
            for exchange in writer.result():
                context.judge(exchange)
            for exchange in [exchange for reader in readers for exchange in reader.result()]:
                _whole(context, writer.result()[0], exchange, known)


def test_marking_loses_no_update(context: Context) -> None:
    """Mark-read and an update at the same moment: the update is there afterwards."""
    for role in context.roles():
        with ThreadPoolExecutor(2) as pool:
            for number in range(context.depth.rounds):
                name = ("displayName", "biography")[number % 2]
                value, before = (
                    context.marker(role, number),
                    resources.profile(context, role, name)[name],
                )
                context.client.close()
                exchanges = _together(context, pool, [update({name: value}), MARK_READ], role)
                got = resources.profile(context, role, name)[name]
                if (
                    exchanges[0].ok
                    and got != value
                    and comparison.how_lost(value, before, got) == "update.seen"
                ):
                    context.find(
                        "concurrent.updates",
                        "updateProfile",
                        Value(got),
                        Value(value),
                        *exchanges,
                        field=name,
                    )


def _write_dates(context: Context, role: str) -> list[Exchange]:
    return [
        _read(context, update({"dateOfBirth": DATES[number % 2]}), role) for number in range(FLIPS)
    ]


def _read_dates(context: Context, role: str) -> list[Exchange]:
    return [_read(context, fields("dateOfBirth"), role) for _ in range(FLIPS)]


def _whole_date(context: Context, writer: Exchange, exchange: Exchange) -> None:
    context.judge(exchange)
    birth = context.object(exchange).get("dateOfBirth")
    if not writer.ok or not isinstance(birth, dict):
        return
    sources = [
        {number for number, date in enumerate(DATES) if birth.get(part) == date[part]}
        for part in DATES[0]
    ]
    if all(sources) and not set.intersection(*sources):
        _mixed(context, writer, exchange, Text("{} or {}", *DATES))


def _mixed(context: Context, writer: Exchange, reader: Exchange, expected: Facts) -> None:
    context.find(
        "concurrent.readers",
        reader.request.operation,
        Text("at the same time as the update of step 1, the read of step 2 got {}", reader),
        expected,
        writer,
        reader,
    )


def test_two_users_at_once(context: Context) -> None:
    """What two users do at the same moment stays apart, and only one of them gets a handle that both want."""
    context.need("primary", "secondary")
    names = {role: resources.username(context, role) for role in context.roles()}
    context.client.close()
    with ThreadPoolExecutor(4) as pool:
        for number in range(context.depth.rounds):
            before = {
                role: resources.profile(context, role, "biography")["biography"] for role in names
            }
            context.client.close()
            marks = {role: context.marker(role, number) for role in names}
            writes = [
                pool.submit(
                    context.client.send_alone,
                    context.request(update({"biography": marks[role]}), role),
                )
                for role in names
            ]
            reads = {role: pool.submit(_read, context, fields("username"), role) for role in names}
            _apart(context, names, {role: future.result() for role, future in reads.items()})
            steps = [future.result() for future in writes]
            for role, step in zip(names, steps, strict=True):
                got = resources.profile(context, role, "biography")["biography"]
                if (
                    step.ok
                    and got != marks[role]
                    and comparison.how_lost(marks[role], before[role], got) == "update.seen"
                ):
                    context.find(
                        "concurrent.updates",
                        "updateProfile",
                        Value(got),
                        Value(marks[role]),
                        *steps,
                        field="biography",
                    )
            context.client.close()
            _one_handle(context, pool, context.handle("race", number), tuple(names))


def _apart(context: Context, names: dict[str, str], reads: dict[str, Exchange]) -> None:
    for role, exchange in reads.items():
        context.judge(exchange)
        if exchange.ok and context.object(exchange).get("username", names[role]) != names[role]:
            context.find(
                "session.isolation", "getProfile", exchange, Text("the profile of {}", role)
            )


def _one_handle(
    context: Context, pool: ThreadPoolExecutor, handle: str, roles: tuple[str, ...]
) -> None:
    futures = [
        pool.submit(context.client.send_alone, context.request(update({"handle": handle}), role))
        for role in roles
    ]
    exchanges = [future.result() for future in futures]
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


def _state(context: Context, number: int) -> dict[str, object]:
    """A profile whose parts tell of each other."""
    text = run_marks.signed(f"state {number}", context.client.run_id)
    return {"displayName": text, "biography": text, "dateOfBirth": _birth(number)}


def _birth(number: int) -> dict[str, int]:
    part = number % 12 + 1
    return {"year": 2000 + part, "month": part, "day": part}


def _together(
    context: Context, pool: ThreadPoolExecutor, templates: list[RequestTemplate], role: str
) -> list[Exchange]:
    barrier = Barrier(len(templates))

    def send(template: RequestTemplate) -> Exchange:
        with contextlib.suppress(BrokenBarrierError):
            barrier.wait(WAIT)
        return context.client.send_alone(context.request(template, role))

    exchanges = list(pool.map(send, templates))
    for exchange in exchanges:
        context.judge(exchange)
    return exchanges


def _read(context: Context, template: RequestTemplate, role: str) -> Exchange:
    return context.client.send_alone(context.request(template, role))


def _shown(context: Context, exchange: Exchange) -> tuple[str, ...]:
    """Return what of a profile is there to be read while nobody writes."""
    body = context.object(exchange)
    return tuple(name for name in _state(context, 0) if body.get(name) is not None)


def _whole(context: Context, writer: Exchange, exchange: Exchange, known: tuple[str, ...]) -> None:
    """Judge a read of a profile of which the `known` fields are there at any time."""
    context.judge(exchange)
    body = context.body(exchange)
    if exchange.refused:
        _mixed(context, writer, exchange, "the profile, as at any other time")
    if not exchange.ok or not isinstance(body, dict):
        return
    if any(body.get(name) is None for name in known):
        _mixed(context, writer, exchange, Text("{} of one update or the other", ", ".join(known)))
        return
    numbers = {
        int(found[1])
        for name in ("displayName", "biography")
        if (found := STATE.search(str(body.get(name))))
    }
    if len(numbers) > 1 or any(_torn(body.get("dateOfBirth"), number) for number in numbers):
        _mixed(context, writer, exchange, "all fields of one update")


def _torn(birth: object, number: int) -> bool:
    """Whether a date of birth is not the one that was written with this number."""
    if not isinstance(birth, dict):
        return False
    wanted = _birth(number)
    ours = all(isinstance(birth.get(key), int) for key in wanted)
    return ours and any(birth[key] != part for key, part in wanted.items())
