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
    state.set_profile(lab, who, displayName="state 0", biography="state 0")
    asks = [fields("displayName", "biography")]
    if lab.target.containers and (homes := state.own_homes(lab, who)):
        asks.append(public(state.username(lab, who), homes[0]))
    lab.client.close()
    with ThreadPoolExecutor(3) as pool:
        for number in range(1, lab.depth.rounds):
            change = update({"displayName": f"state {number}", "biography": f"state {number}"})
            pooled = [pool.submit(_read, lab, asks[turn % len(asks)], who) for turn in range(2)]
            pooled += [pool.submit(lab.client.send_alone, lab.call(change, who))]
            pooled += [pool.submit(_read, lab, asks[turn % len(asks)], who) for turn in range(4)]
            for exchange in [future.result() for future in pooled]:
                _whole(lab, exchange)


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
        and body.get("displayName") != body.get("biography")
    ):
        lab.find("concurrent.readers", exchange.call.operation, exchange.shown(), "both fields of one update", exchange)
