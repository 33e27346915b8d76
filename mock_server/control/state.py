"""Reset, sandboxes, state in and out, snapshots, undo, and the clock."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain, islice
from typing import Any

from mock_server.behaviours.handler import Answer, Call
from mock_server.contract.files import FileError
from mock_server.errors import Conflict, NotFound, Violation
from mock_server.scenarios.catalogue import scenario_of
from mock_server.scenarios.loading import build_world, reference_problems
from mock_server.stores.memory import SandboxesFullError
from mock_server.world.clock import Clock, read_time, written
from mock_server.world.sandbox import Sandbox

from .control_context import DONE, FULL, Desk

MOST_SNAPSHOTS = 100
MOST_PROBLEMS = 100
"""How many problems of a state are looked for, and told."""


def health(desk: Desk, name: str, _call: Call) -> Answer:
    """Say that the mock serves."""
    body = {"status": "ok", "version": desk.version, "scenario": desk.load(name).scenario}
    return Answer(200, {**body, "sandboxes": sum(1 for _ in desk.store.names())})


def reset(desk: Desk, name: str, call: Call) -> Answer:
    """Start again, from another scenario if one is named."""
    scenario = (call.body or {}).get("scenario")
    if scenario is None:
        desk.change(name, lambda box: (box.reset(), None))
    else:
        known = list(desk.scenarios.names())
        if scenario not in known:
            raise NotFound([Violation("body", "/scenario", f"must be one of {', '.join(known)}")])
        try:
            world = desk.scenarios.world(scenario)
        except FileError as error:
            raise Conflict([Violation("body", "/scenario", f"cannot be used: {error}")]) from None
        desk.change(name, lambda box: (replace(box, start=world, scenario=scenario).reset(), None))
    desk.journal.clear(name)
    return DONE


def listScenarios(desk: Desk, _name: str, _call: Call) -> Answer:
    """List the scenarios."""
    return Answer(200, {"scenarios": list(desk.scenarios.names())})


def listSandboxes(desk: Desk, _name: str, _call: Call) -> Answer:
    """List the sandboxes."""
    return Answer(
        200, {"sandboxes": [{"name": name, "idle": idle} for name, idle in desk.store.names()]}
    )


def forkSandbox(desk: Desk, _name: str, call: Call) -> Answer:
    """Copy a sandbox."""
    source = (call.body or {}).get("from", "default")
    try:
        desk.store.copy(source, call.parameters["name"])
    except SandboxesFullError:
        raise Conflict([Violation("path", "name", FULL)]) from None
    return DONE


def dropSandbox(desk: Desk, _name: str, call: Call) -> Answer:
    """Forget a sandbox and its journal."""
    name = call.parameters["name"]
    if not desk.store.drop(name):
        raise NotFound([Violation("path", "name", f"there is no sandbox {name!r}")])
    return DONE


def getState(desk: Desk, name: str, _call: Call) -> Answer:
    """Take the state out."""
    return Answer(200, scenario_of(desk.load(name).world))


def putState(desk: Desk, name: str, call: Call) -> Answer:
    """Put a state in."""
    problems = list(
        islice(
            chain(reference_problems(call.body), _for_files_only(call.body["users"])), MOST_PROBLEMS
        )
    )
    if problems:
        raise Conflict(
            [
                Violation("body", "".join(f"/{part}" for part in place), reason)
                for place, reason in problems
            ]
        )
    world = build_world(call.body)
    desk.change(name, lambda box: (box.become(world), None))
    return DONE


def _for_files_only(users: list[dict[str, Any]]) -> Iterator[tuple[list[str | int], str]]:
    for n, user in enumerate(users):
        for m, item in enumerate(user.get("notifications", ())):
            if "repeat" in item:
                yield ["users", n, "notifications", m, "repeat"], "is for files only"


def undo(desk: Desk, name: str, call: Call) -> Answer:
    """Take back the last changes."""
    changes = int((call.body or {}).get("changes", 1))

    def step(box: Sandbox) -> tuple[Sandbox, None]:
        if changes > len(box.past):
            raise Conflict(
                [
                    Violation(
                        "body",
                        "/changes",
                        f"must be at most {len(box.past)}, which is all there is to undo",
                    )
                ]
            )
        return box.undo(changes), None

    desk.change(name, step)
    return DONE


def listSnapshots(desk: Desk, name: str, _call: Call) -> Answer:
    """List the snapshots."""
    return Answer(200, {"snapshots": sorted(desk.load(name).snapshots)})


def takeSnapshot(desk: Desk, name: str, call: Call) -> Answer:
    """Remember the state."""
    snapshot = call.parameters["name"]

    def step(box: Sandbox) -> tuple[Sandbox, None]:
        if snapshot not in box.snapshots and len(box.snapshots) >= MOST_SNAPSHOTS:
            raise Conflict(
                [
                    Violation(
                        "path",
                        "name",
                        f"is one more than {MOST_SNAPSHOTS} snapshots: drop one first",
                    )
                ]
            )
        return replace(box, snapshots=box.snapshots.insert(snapshot, box.world)), None

    desk.change(name, step)
    return DONE


def restoreSnapshot(desk: Desk, name: str, call: Call) -> Answer:
    """Go back to a snapshot."""
    return _with_snapshot(
        desk, name, call, lambda box, snapshot: box.become(box.snapshots[snapshot])
    )


def dropSnapshot(desk: Desk, name: str, call: Call) -> Answer:
    """Forget a snapshot."""
    return _with_snapshot(
        desk,
        name,
        call,
        lambda box, snapshot: replace(box, snapshots=box.snapshots.remove(snapshot)),
    )


def getClock(desk: Desk, name: str, _call: Call) -> Answer:
    """Say what time it is."""
    return _clock(desk.load(name).clock)


def setClock(desk: Desk, name: str, call: Call) -> Answer:
    """Freeze, set, advance or reset the clock."""

    def step(box: Sandbox) -> tuple[Sandbox, Clock]:
        clock = _moved(box.clock, call.body)
        if not clock.sane:
            raise ValueError
        return replace(box, clock=clock), clock

    try:
        return _clock(desk.change(name, step))
    except (ValueError, OverflowError):
        wrong = "/seconds" if "seconds" in call.body else "/time"
        raise Conflict([Violation("body", wrong, "leads out of the years 1000 to 9000")]) from None


def _moved(clock: Clock, body: dict[str, object]) -> Clock:
    moment = read_time(str(body["time"])) if "time" in body else None
    match body["action"]:
        case "freeze":
            return clock.freeze(moment)
        case "set" if moment is not None:
            return clock.set(moment)
        case "advance":
            return clock.advance(timedelta(seconds=float(str(body["seconds"]))))
    return Clock()


def _clock(clock: Clock) -> Answer:
    return Answer(200, {"now": written(clock.now()), "frozen": clock.frozen is not None})


def _with_snapshot(
    desk: Desk, name: str, call: Call, change: Callable[[Sandbox, str], Sandbox]
) -> Answer:
    snapshot = call.parameters["name"]

    def step(box: Sandbox) -> tuple[Sandbox, None]:
        if snapshot not in box.snapshots:
            raise NotFound([Violation("path", "name", f"there is no snapshot {snapshot!r}")])
        return change(box, snapshot), None

    desk.change(name, step)
    return DONE
