"""Simultaneous updates of different fields all survive; readers see the old or the new state, never a mixture."""

from __future__ import annotations

import contextlib
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError
from typing import TYPE_CHECKING

import pytest

from contract_tests.api import comparison, resources, run_marks
from contract_tests.api.request_templates import MARK_READ, Ask, fields, public, update
from contract_tests.exceptions import NotJudgedError
from contract_tests.laws._support import fresh

if TYPE_CHECKING:
    from contract_tests.api.context import Lab
    from contract_tests.http.messages import Exchange

WAIT = 10.0
STATE = re.compile("state ([0-9]+)", re.IGNORECASE)
READERS = 3
FLIPS = 12
# Every part differs, so that a mixture shows.
DATES = ({"year": 1901, "month": 1, "day": 1}, {"year": 2001, "month": 12, "day": 28})


@pytest.mark.parametrize("who", ["primary", "secondary"])
def test_different_fields_survive(lab: Lab, who: str) -> None:
    """Each field is changed by a caller of its own at the same moment; afterwards all changes are there."""
    lab.need(who)
    names = lab.contract.updatable
    lab.client.close()
    with ThreadPoolExecutor(len(names)) as pool:
        for number in range(lab.depth.rounds):
            changes = {name: fresh(lab, name, who, number) for name in names}
            before = resources.profile(lab, who)
            lab.client.close()
            exchanges = _together(
                lab, pool, [update({name: value}) for name, value in changes.items()], who
            )
            after = resources.profile(lab, who)
            lab.client.close()
            for exchange, (name, value) in zip(exchanges, changes.items(), strict=True):
                lost = (
                    after[name] != value
                    and comparison.how_lost(value, before[name], after[name]) == "update.seen"
                )
                if exchange.ok and lost:
                    lab.find(
                        "concurrent.updates",
                        "updateProfile",
                        f"{name} is {after[name]!r}",
                        f"{value!r}",
                        *exchanges,
                        field=name,
                    )
                if exchange.refused:
                    lab.find(
                        "input.accepted",
                        "updateProfile",
                        exchange.shown(),
                        "accepted, as without the others",
                        exchange,
                    )


@pytest.mark.parametrize("who", ["primary", "secondary"])
def test_readers_see_whole_states(lab: Lab, who: str) -> None:
    """While one caller changes two fields together, readers of both see them belong together."""
    lab.need(who)
    resources.set_profile(lab, who, **_state(lab, 0))
    asks = [fields("displayName", "biography", "dateOfBirth")]
    if lab.target.containers and (homes := resources.own_homes(lab, who)):
        asks.append(public(resources.username(lab, who), homes[0]))
    known = {ask.operation: _shown(lab, lab.accepted(ask, who)) for ask in asks}
    lab.client.close()
    with ThreadPoolExecutor(3) as pool:
        for number in range(1, lab.depth.rounds):
            change = update(_state(lab, number))
            pooled = [pool.submit(_read, lab, asks[turn % len(asks)], who) for turn in range(2)]
            writer = pool.submit(lab.client.send_alone, lab.call(change, who))
            pooled += [pool.submit(_read, lab, asks[turn % len(asks)], who) for turn in range(4)]
            lab.judge(writer.result())
            for exchange in [future.result() for future in pooled]:
                _whole(lab, writer.result(), exchange, known[exchange.call.operation])


@pytest.mark.parametrize("who", ["primary", "secondary"])
def test_a_date_is_read_whole(lab: Lab, who: str) -> None:
    """While a date of birth is changed to and fro, readers see one date or the other, not parts of both."""
    lab.need(who)
    resources.set_profile(lab, who, dateOfBirth=DATES[-1])
    lab.client.close()
    with ThreadPoolExecutor(READERS + 1) as pool:
        for _ in range(lab.depth.rounds // 5):
            writer = pool.submit(_write_dates, lab, who)
            readers = [pool.submit(_read_dates, lab, who) for _ in range(READERS)]
            for exchange in writer.result():
                lab.judge(exchange)
            for exchange in [exchange for reader in readers for exchange in reader.result()]:
                _whole_date(lab, writer.result()[0], exchange)


@pytest.mark.parametrize("who", ["primary", "secondary"])
def test_a_public_profile_is_read_whole(lab: Lab, who: str) -> None:
    """While two fields are changed together, to and fro, others see both of one update."""
    lab.need(who)
    if not lab.target.containers or not resources.own_homes(lab, who):
        raise NotJudgedError("the session's user has no public profile in the target's containers")
    ask = public(resources.username(lab, who), resources.own_homes(lab, who)[0])
    resources.set_profile(lab, who, **_state(lab, 0))
    known = _shown(lab, lab.accepted(ask, who))
    lab.client.close()
    with ThreadPoolExecutor(READERS + 1) as pool:
        for _ in range(lab.depth.rounds // 5):
            writer = pool.submit(
                lambda: [_read(lab, update(_state(lab, number)), who) for number in range(FLIPS)]
            )
            readers = [
                pool.submit(lambda: [_read(lab, ask, who) for _ in range(FLIPS)])
                for _ in range(READERS)
            ]
            for exchange in writer.result():
                lab.judge(exchange)
            for exchange in [exchange for reader in readers for exchange in reader.result()]:
                _whole(lab, writer.result()[0], exchange, known)


def test_marking_loses_no_update(lab: Lab) -> None:
    """Mark-read and an update at the same moment: the update is there afterwards."""
    for who in lab.roles():
        with ThreadPoolExecutor(2) as pool:
            for number in range(lab.depth.rounds):
                name = ("displayName", "biography")[number % 2]
                value, before = lab.marker(who, number), resources.profile(lab, who, name)[name]
                lab.client.close()
                exchanges = _together(lab, pool, [update({name: value}), MARK_READ], who)
                got = resources.profile(lab, who, name)[name]
                if (
                    exchanges[0].ok
                    and got != value
                    and comparison.how_lost(value, before, got) == "update.seen"
                ):
                    lab.find(
                        "concurrent.updates",
                        "updateProfile",
                        f"{name} is {got!r}",
                        f"{value!r}",
                        *exchanges,
                        field=name,
                    )


def _write_dates(lab: Lab, who: str) -> list[Exchange]:
    return [_read(lab, update({"dateOfBirth": DATES[number % 2]}), who) for number in range(FLIPS)]


def _read_dates(lab: Lab, who: str) -> list[Exchange]:
    return [_read(lab, fields("dateOfBirth"), who) for _ in range(FLIPS)]


def _whole_date(lab: Lab, writer: Exchange, exchange: Exchange) -> None:
    lab.judge(exchange)
    birth = lab.object(exchange).get("dateOfBirth")
    if not writer.ok or not isinstance(birth, dict):
        return
    sources = [
        {number for number, date in enumerate(DATES) if birth.get(part) == date[part]}
        for part in DATES[0]
    ]
    if all(sources) and not set.intersection(*sources):
        _mixed(lab, writer, exchange, f"{DATES[0]} or {DATES[1]}")


def _mixed(lab: Lab, writer: Exchange, reader: Exchange, documented: str) -> None:
    received = f"at the same time as the update of step 1, the read of step 2 got {reader.shown()}"
    lab.find("concurrent.readers", reader.call.operation, received, documented, writer, reader)


def test_two_users_at_once(lab: Lab) -> None:
    """What two users do at the same moment stays apart, and only one of them gets a handle that both want."""
    lab.need("primary", "secondary")
    names = {who: resources.username(lab, who) for who in lab.roles()}
    lab.client.close()
    with ThreadPoolExecutor(4) as pool:
        for number in range(lab.depth.rounds):
            before = {who: resources.profile(lab, who, "biography")["biography"] for who in names}
            lab.client.close()
            marks = {who: lab.marker(who, number) for who in names}
            writes = [
                pool.submit(lab.client.send_alone, lab.call(update({"biography": marks[who]}), who))
                for who in names
            ]
            reads = {who: pool.submit(_read, lab, fields("username"), who) for who in names}
            _apart(lab, names, {who: future.result() for who, future in reads.items()})
            steps = [future.result() for future in writes]
            for who, step in zip(names, steps, strict=True):
                got = resources.profile(lab, who, "biography")["biography"]
                if (
                    step.ok
                    and got != marks[who]
                    and comparison.how_lost(marks[who], before[who], got) == "update.seen"
                ):
                    lab.find(
                        "concurrent.updates",
                        "updateProfile",
                        f"biography is {got!r}",
                        f"{marks[who]!r}",
                        *steps,
                        field="biography",
                    )
            lab.client.close()
            _one_handle(lab, pool, lab.handle("race", number), tuple(names))


def _apart(lab: Lab, names: dict[str, str], reads: dict[str, Exchange]) -> None:
    for who, exchange in reads.items():
        lab.judge(exchange)
        if exchange.ok and lab.object(exchange).get("username", names[who]) != names[who]:
            lab.find(
                "session.isolation",
                "getProfile",
                exchange.shown(),
                f"the profile of {who}",
                exchange,
            )


def _one_handle(lab: Lab, pool: ThreadPoolExecutor, handle: str, roles: tuple[str, ...]) -> None:
    futures = [
        pool.submit(lab.client.send_alone, lab.call(update({"handle": handle}), who))
        for who in roles
    ]
    exchanges = [future.result() for future in futures]
    for exchange in exchanges:
        lab.judge(exchange)
    if all(exchange.ok for exchange in exchanges):
        lab.find(
            "update.handle",
            "updateProfile",
            f"both users got {handle}",
            "only one of them",
            *exchanges,
        )


def _state(lab: Lab, number: int) -> dict[str, object]:
    """A profile whose parts tell of each other."""
    text = run_marks.signed(f"state {number}", lab.client.run_id)
    return {"displayName": text, "biography": text, "dateOfBirth": _birth(number)}


def _birth(number: int) -> dict[str, int]:
    part = number % 12 + 1
    return {"year": 2000 + part, "month": part, "day": part}


def _together(lab: Lab, pool: ThreadPoolExecutor, asks: list[Ask], who: str) -> list[Exchange]:
    barrier = Barrier(len(asks))

    def send(ask: Ask) -> Exchange:
        with contextlib.suppress(BrokenBarrierError):
            barrier.wait(WAIT)
        return lab.client.send_alone(lab.call(ask, who))

    exchanges = list(pool.map(send, asks))
    for exchange in exchanges:
        lab.judge(exchange)
    return exchanges


def _read(lab: Lab, ask: Ask, who: str) -> Exchange:
    return lab.client.send_alone(lab.call(ask, who))


def _shown(lab: Lab, exchange: Exchange) -> tuple[str, ...]:
    """Return what of a profile is there to be read while nobody writes."""
    body = lab.object(exchange)
    return tuple(name for name in _state(lab, 0) if body.get(name) is not None)


def _whole(lab: Lab, writer: Exchange, exchange: Exchange, known: tuple[str, ...]) -> None:
    """Judge a read of a profile of which the `known` fields are there at any time."""
    lab.judge(exchange)
    body = lab.body(exchange)
    if exchange.refused:
        _mixed(lab, writer, exchange, "the profile, as at any other time")
    if not exchange.ok or not isinstance(body, dict):
        return
    if any(body.get(name) is None for name in known):
        _mixed(lab, writer, exchange, f"{', '.join(known)} of one update or the other")
        return
    numbers = {
        int(found[1])
        for name in ("displayName", "biography")
        if (found := STATE.search(str(body.get(name))))
    }
    if len(numbers) > 1 or any(_torn(body.get("dateOfBirth"), number) for number in numbers):
        _mixed(lab, writer, exchange, "all fields of one update")


def _torn(birth: object, number: int) -> bool:
    """Whether a date of birth is not the one that was written with this number."""
    if not isinstance(birth, dict):
        return False
    wanted = _birth(number)
    ours = all(isinstance(birth.get(key), int) for key in wanted)
    return ours and any(birth[key] != part for key, part in wanted.items())
