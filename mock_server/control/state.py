"""State of a sandbox: health, reset, state in and out, undo, and snapshots."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from mock_server.behaviours.handler import Answer, Call
from mock_server.contract.files import FileError
from mock_server.errors import Conflict, Violation
from mock_server.http.origins import origin_of
from mock_server.scenarios.catalogue import scenario_of
from mock_server.scenarios.loading import build_world, reference_problems
from mock_server.stores.store import Store
from mock_server.world.records import World
from mock_server.world.sandbox import Sandbox

from .control_context import DONE, ControlContext, Result, conflict, not_found

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


def reset(context: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """Start again, from another scenario if one is named."""
    if context.loaded is not None:
        scenario, world = context.loaded
        sandbox = replace(sandbox, start=world, scenario=scenario)
    return sandbox.reset(), DONE


async def load_scenario(
    context: ControlContext,
    _store: Store,
    _name: str,
    call: Call,
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
    # One of the same name is replaced, which takes no room.
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
