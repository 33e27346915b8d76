"""Reset, sandboxes, state in and out, snapshots, undo, and the clock."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain, islice
from typing import Any

from mock_server.behaviours.handler import Answer, Call
from mock_server.contract.files import FileError
from mock_server.errors import Conflict, Violation
from mock_server.http.origins import origin_of
from mock_server.scenarios.catalogue import scenario_of
from mock_server.scenarios.loading import build_world, reference_problems
from mock_server.stores.store import DEFAULT, SandboxesFullError, Store
from mock_server.world.clock import Clock, read_time, written
from mock_server.world.records import World
from mock_server.world.sandbox import Sandbox

from .control_context import DONE, FULL, ControlContext, Result, conflict, not_found

MOST_SNAPSHOTS = 100
MOST_PROBLEMS = 100
"""How many problems of a state are looked for and listed."""


def health(context: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """Say that the mock serves, or which server is behind the proxy."""
    body = {"status": "ok", "version": context.version}
    proxy = context.proxy
    if proxy is None:
        mock = {"scenario": sandbox.scenario, "sandboxes": context.loaded}
        return sandbox, Answer(200, {**body, **mock})
    behind = {
        # Only its origin: the path of an internal server is nobody's business.
        "upstream": origin_of(proxy.url),
        "errors": proxy.errors,
        "record": None if proxy.record is None else str(proxy.record),
    }
    return sandbox, Answer(200, {**body, **behind})


async def count_sandboxes(_: ControlContext, store: Store, own: str, _call: Call) -> int:
    """Return how many sandboxes there are, with the one of this call, which it makes."""
    names = {name for name, _idle in await store.names()}
    return len(names | {own})


async def load_names(
    _: ControlContext, store: Store, _name: str, _call: Call
) -> list[tuple[str, float]]:
    """Return the names of all sandboxes."""
    return await store.names()


def reset(context: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """Start again, from another scenario if one is named."""
    if context.loaded is not None:
        scenario, world = context.loaded
        sandbox = replace(sandbox, start=world, scenario=scenario)
    return sandbox.reset(), DONE


async def load_scenario(
    context: ControlContext, _store: Store, _name: str, call: Call
) -> tuple[str, World] | None:
    """Return the scenario that is named, and its world; `None` where none is named."""
    scenario = (call.body or {}).get("scenario")
    if scenario is None:
        return None
    known = list(context.scenarios.names())
    if scenario not in known:
        raise not_found("body", "/scenario", f"must be one of {', '.join(known)}")
    try:
        return scenario, context.scenarios.world(scenario)
    except FileError as error:
        raise conflict("body", "/scenario", f"cannot be used: {error}") from None


def listScenarios(context: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """List the scenarios."""
    return sandbox, Answer(200, {"scenarios": list(context.scenarios.names())})


def listSandboxes(context: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """List the sandboxes."""
    shown = [{"name": name, "idle": idle} for name, idle in context.loaded]
    return sandbox, Answer(200, {"sandboxes": shown})


def forkSandbox(_: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """Say that a sandbox was copied."""
    return sandbox, DONE


async def copy_sandbox(_: ControlContext, store: Store, _name: str, call: Call) -> None:
    """Copy a sandbox."""
    source = (call.body or {}).get("from", DEFAULT)
    try:
        await store.copy(source, call.parameters["name"])
    except SandboxesFullError:
        raise conflict("path", "name", FULL) from None


def dropSandbox(_: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """Say that a sandbox was forgotten."""
    return sandbox, DONE


async def drop_sandbox(_: ControlContext, store: Store, _name: str, call: Call) -> None:
    """Forget a sandbox and its journal."""
    name = call.parameters["name"]
    if not await store.drop(name):
        raise not_found("path", "name", f"there is no sandbox {name!r}")


def getState(_: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """Take the state out."""
    return sandbox, Answer(200, scenario_of(sandbox.world))


def putState(_: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Put a state in."""
    state = call.body
    found = chain(reference_problems(state), _repetitions(state["users"]))
    problems = []
    for place, reason in islice(found, MOST_PROBLEMS):
        pointer = "".join(f"/{part}" for part in place)
        problems.append(Violation("body", pointer, reason))
    if problems:
        raise Conflict(problems)
    return sandbox.with_world(build_world(state)), DONE


def _repetitions(users: list[dict[str, Any]]) -> Iterator[tuple[list[str | int], str]]:
    """Yield where one notification stands for many: a small call would make a large state."""
    for n, user in enumerate(users):
        for m, item in enumerate(user.get("notifications", ())):
            if "repeat" in item:
                yield ["users", n, "notifications", m, "repeat"], "is for files only"


def undo(_: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Take back the last changes."""
    body = call.body or {}
    changes = int(body.get("changes", 1))
    most = len(sandbox.past)
    if changes > most:
        reason = f"must be at most {most}, which is all there is to undo"
        raise conflict("body", "/changes", reason)
    return sandbox.undo(changes), DONE


def listSnapshots(_: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """List the snapshots."""
    return sandbox, Answer(200, {"snapshots": sorted(sandbox.snapshots)})


def takeSnapshot(_: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Remember the state."""
    name = call.parameters["name"]
    snapshots = sandbox.snapshots
    if name not in snapshots and len(snapshots) >= MOST_SNAPSHOTS:
        reason = f"is one more than {MOST_SNAPSHOTS} snapshots: drop one first"
        raise conflict("path", "name", reason)
    return replace(sandbox, snapshots=snapshots.insert(name, sandbox.world)), DONE


def restoreSnapshot(_: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Go back to a snapshot."""
    world = sandbox.snapshots[_snapshot(sandbox, call)]
    return sandbox.with_world(world), DONE


def dropSnapshot(_: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Forget a snapshot."""
    kept = sandbox.snapshots.remove(_snapshot(sandbox, call))
    return replace(sandbox, snapshots=kept), DONE


def _snapshot(sandbox: Sandbox, call: Call) -> str:
    """Return the name of the snapshot that a call is about; raise `NotFound`."""
    name: str = call.parameters["name"]
    if name not in sandbox.snapshots:
        raise not_found("path", "name", f"there is no snapshot {name!r}")
    return name


def getClock(_: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """Say what time it is."""
    return sandbox, _shown(sandbox.clock)


def setClock(_: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Freeze, set, advance or reset the clock."""
    try:
        clock = _moved(sandbox.clock, call.body)
        is_sane = clock.sane
    # Where it is moved so far that Python knows no such time.
    except (ValueError, OverflowError):
        is_sane = False
    if not is_sane:
        wrong = "/seconds" if "seconds" in call.body else "/time"
        raise conflict("body", wrong, "leads out of the years 1000 to 9000")
    return replace(sandbox, clock=clock), _shown(clock)


def _moved(clock: Clock, body: dict[str, Any]) -> Clock:
    moment = read_time(body["time"]) if "time" in body else None
    match body["action"]:
        case "freeze":
            return clock.freeze(moment)
        case "set" if moment is not None:
            return clock.set(moment)
        case "advance":
            return clock.advance(timedelta(seconds=body["seconds"]))
    return Clock()


def _shown(clock: Clock) -> Answer:
    """Return the `Clock` of `control.yaml`."""
    return Answer(200, {"now": written(clock.now()), "frozen": clock.frozen is not None})
