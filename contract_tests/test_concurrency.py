"""Simultaneous updates of different fields all survive; readers see the old or the new state, never a mixture."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError
from typing import TYPE_CHECKING

import pytest

from contract_tests import state
from contract_tests.lab import Ask, Lab, fields, public, update
from contract_tests.test_update import fresh

if TYPE_CHECKING:
    from contract_tests.client import Exchange

WAIT = 10.0


@pytest.mark.parametrize("who", ["primary", "secondary"])
def test_different_fields_survive(lab: Lab, who: str) -> None:
    """Each field is changed by a caller of its own at the same moment; afterwards all changes are there."""
    lab.need(who)
    names = lab.contract.updatable
    lab.client.close()
    with ThreadPoolExecutor(len(names)) as pool:
        for number in range(lab.depth.rounds):
            changes = {name: fresh(lab, name, who, number) for name in names}
            exchanges = _together(lab, pool, [update({name: value}) for name, value in changes.items()], who)
            after = state.profile(lab, who)
            lab.client.close()
            for exchange, (name, value) in zip(exchanges, changes.items(), strict=True):
                if exchange.ok and after[name] != value:
                    lab.find("concurrent.updates", "updateProfile", f"{name} is {after[name]!r}", f"{value!r}", *exchanges)


@pytest.mark.parametrize("who", ["primary", "secondary"])
def test_readers_see_whole_states(lab: Lab, who: str) -> None:
    """While one caller changes two fields together, readers of both see them belong together."""
    lab.need(who)
    state.set_profile(lab, who, **_state(0))
    asks = [fields("displayName", "biography", "dateOfBirth")]
    if lab.target.containers and (homes := state.own_homes(lab, who)):
        asks.append(public(state.username(lab, who), homes[0]))
    lab.client.close()
    with ThreadPoolExecutor(3) as pool:
        for number in range(1, lab.depth.rounds):
            change = update(_state(number))
            pooled = [pool.submit(_read, lab, asks[turn % len(asks)], who) for turn in range(2)]
            pooled += [pool.submit(lab.client.send_alone, lab.call(change, who))]
            pooled += [pool.submit(_read, lab, asks[turn % len(asks)], who) for turn in range(4)]
            for exchange in [future.result() for future in pooled]:
                _whole(lab, exchange)


def test_two_users_at_once(lab: Lab) -> None:
    """What two users do at the same moment stays apart, and only one of them gets a handle that both want."""
    lab.need("primary", "secondary")
    names = {who: state.username(lab, who) for who in lab.roles()}
    lab.client.close()
    with ThreadPoolExecutor(4) as pool:
        for number in range(lab.depth.rounds):
            marks = {who: lab.marker(who, number) for who in names}
            writes = [pool.submit(lab.client.send_alone, lab.call(update({"biography": marks[who]}), who)) for who in names]
            reads = {who: pool.submit(_read, lab, fields("username"), who) for who in names}
            _apart(lab, names, {who: future.result() for who, future in reads.items()})
            steps = [future.result() for future in writes]
            for who, step in zip(names, steps, strict=True):
                got = state.profile(lab, who, "biography")["biography"]
                if step.ok and got != marks[who]:
                    lab.find("concurrent.updates", "updateProfile", f"biography is {got!r}", f"{marks[who]!r}", *steps)
            lab.client.close()
            _one_handle(lab, pool, lab.handle("race", number), tuple(names))


def _apart(lab: Lab, names: dict[str, str], reads: dict[str, Exchange]) -> None:
    for who, exchange in reads.items():
        lab.judge(exchange)
        body = lab.body(exchange)
        if exchange.ok and isinstance(body, dict) and body.get("username", names[who]) != names[who]:
            lab.find("session.isolation", "getProfile", exchange.shown(), f"the profile of {who}", exchange)


def _one_handle(lab: Lab, pool: ThreadPoolExecutor, handle: str, roles: tuple[str, ...]) -> None:
    futures = [pool.submit(lab.client.send_alone, lab.call(update({"handle": handle}), who)) for who in roles]
    exchanges = [future.result() for future in futures]
    for exchange in exchanges:
        lab.judge(exchange)
    if all(exchange.ok for exchange in exchanges):
        lab.find("update.handle", "updateProfile", f"both users got {handle}", "only one of them", *exchanges)


def _state(number: int) -> dict[str, object]:
    """A profile whose parts tell of each other."""
    part = number % 12 + 1
    birth = {"year": 2000 + part, "month": part, "day": part}
    return {"displayName": f"state {number}", "biography": f"state {number}", "dateOfBirth": birth}


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


def _whole(lab: Lab, exchange: Exchange) -> None:
    lab.judge(exchange)
    body = lab.body(exchange)
    if (
        exchange.call.method == "GET"
        and exchange.ok
        and isinstance(body, dict)
        and (body.get("displayName") != body.get("biography") or _torn(body))
    ):
        lab.find("concurrent.readers", exchange.call.operation, exchange.shown(), "both fields of one update", exchange)


def _torn(body: dict[str, object]) -> bool:
    birth, name = body.get("dateOfBirth"), body.get("displayName")
    if not isinstance(birth, dict) or not isinstance(name, str) or not name.startswith("state "):
        return False
    wanted = _state(int(name.removeprefix("state ")))["dateOfBirth"]
    assert isinstance(wanted, dict)
    return any(birth.get(key, part) != part for key, part in wanted.items())
