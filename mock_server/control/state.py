"""Reset, sandboxes, state in and out, snapshots, undo, and the clock."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain, islice
from typing import Any

from mock_server.behaviours.handler import Answer, Call
from mock_server.contract.files import FileError
from mock_server.errors import Conflict, NotFound, Violation
from mock_server.http.origins import origin_of
from mock_server.scenarios.catalogue import scenario_of
from mock_server.scenarios.loading import build_world, reference_problems
from mock_server.stores.store import DEFAULT, SandboxesFullError, Store
from mock_server.world.clock import Clock, read_time, written
from mock_server.world.records import World
from mock_server.world.sandbox import Sandbox

from .control_context import DONE, FULL, ControlContext

MOST_SNAPSHOTS = 100
MOST_PROBLEMS = 100
"""How many problems of a state are looked for, and told."""


def health(context: ControlContext, sandbox: Sandbox, _call: Call) -> tuple[Sandbox, Answer]:
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


async def count_sandboxes(_: ControlContext, store: Store, name: str, _call: Call) -> int:
    """Return how many sandboxes there are, with the one of this call, which it makes."""
    return len({name, *(each for each, _idle in await store.names())})


async def load_names(
    _: ControlContext, store: Store, _name: str, _call: Call
) -> list[tuple[str, float]]:
    """Return the names of all sandboxes."""
    return await store.names()


def reset(context: ControlContext, sandbox: Sandbox, _call: Call) -> tuple[Sandbox, Answer]:
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
        raise NotFound([Violation("body", "/scenario", f"must be one of {', '.join(known)}")])
    try:
        return scenario, context.scenarios.world(scenario)
    except FileError as error:
        raise Conflict([Violation("body", "/scenario", f"cannot be used: {error}")]) from None


def listScenarios(context: ControlContext, sandbox: Sandbox, _call: Call) -> tuple[Sandbox, Answer]:
    """List the scenarios."""
    return sandbox, Answer(200, {"scenarios": list(context.scenarios.names())})


def listSandboxes(context: ControlContext, sandbox: Sandbox, _call: Call) -> tuple[Sandbox, Answer]:
    """List the sandboxes."""
    shown = [{"name": name, "idle": idle} for name, idle in context.loaded]
    return sandbox, Answer(200, {"sandboxes": shown})


def forkSandbox(_: ControlContext, sandbox: Sandbox, _call: Call) -> tuple[Sandbox, Answer]:
    """Say that a sandbox was copied."""
    return sandbox, DONE


async def copy_sandbox(_: ControlContext, store: Store, _name: str, call: Call) -> None:
    """Copy a sandbox."""
    source = (call.body or {}).get("from", DEFAULT)
    try:
        await store.copy(source, call.parameters["name"])
    except SandboxesFullError:
        raise Conflict([Violation("path", "name", FULL)]) from None


def dropSandbox(_: ControlContext, sandbox: Sandbox, _call: Call) -> tuple[Sandbox, Answer]:
    """Say that a sandbox was forgotten."""
    return sandbox, DONE


async def drop_sandbox(_: ControlContext, store: Store, _name: str, call: Call) -> None:
    """Forget a sandbox and its journal."""
    name = call.parameters["name"]
    if not await store.drop(name):
        raise NotFound([Violation("path", "name", f"there is no sandbox {name!r}")])


def getState(_: ControlContext, sandbox: Sandbox, _call: Call) -> tuple[Sandbox, Answer]:
    """Take the state out."""
    return sandbox, Answer(200, scenario_of(sandbox.world))


def putState(_: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Put a state in."""
    found = chain(reference_problems(call.body), _for_files_only(call.body["users"]))
    problems = [
        Violation("body", "".join(f"/{part}" for part in place), reason)
        for place, reason in islice(found, MOST_PROBLEMS)
    ]
    if problems:
        raise Conflict(problems)
    return sandbox.with_world(build_world(call.body)), DONE


def _for_files_only(users: list[dict[str, Any]]) -> Iterator[tuple[list[str | int], str]]:
    for n, user in enumerate(users):
        for m, item in enumerate(user.get("notifications", ())):
            if "repeat" in item:
                yield ["users", n, "notifications", m, "repeat"], "is for files only"


def undo(_: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Take back the last changes."""
    changes, most = int((call.body or {}).get("changes", 1)), len(sandbox.past)
    if changes > most:
        reason = f"must be at most {most}, which is all there is to undo"
        raise Conflict([Violation("body", "/changes", reason)])
    return sandbox.undo(changes), DONE


def listSnapshots(_: ControlContext, sandbox: Sandbox, _call: Call) -> tuple[Sandbox, Answer]:
    """List the snapshots."""
    return sandbox, Answer(200, {"snapshots": sorted(sandbox.snapshots)})


def takeSnapshot(_: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Remember the state."""
    name, known = call.parameters["name"], sandbox.snapshots
    if name not in known and len(known) >= MOST_SNAPSHOTS:
        reason = f"is one more than {MOST_SNAPSHOTS} snapshots: drop one first"
        raise Conflict([Violation("path", "name", reason)])
    return replace(sandbox, snapshots=known.insert(name, sandbox.world)), DONE


def restoreSnapshot(_: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Go back to a snapshot."""
    return sandbox.with_world(sandbox.snapshots[_snapshot(sandbox, call)]), DONE


def dropSnapshot(_: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Forget a snapshot."""
    kept = sandbox.snapshots.remove(_snapshot(sandbox, call))
    return replace(sandbox, snapshots=kept), DONE


def _snapshot(sandbox: Sandbox, call: Call) -> str:
    """Return the name of the snapshot that a call is about; raises `NotFound` where there is none."""
    name: str = call.parameters["name"]
    if name not in sandbox.snapshots:
        raise NotFound([Violation("path", "name", f"there is no snapshot {name!r}")])
    return name


def getClock(_: ControlContext, sandbox: Sandbox, _call: Call) -> tuple[Sandbox, Answer]:
    """Say what time it is."""
    return sandbox, _shown(sandbox.clock)


def setClock(_: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Freeze, set, advance or reset the clock."""
    try:
        clock = _moved(sandbox.clock, call.body)
        is_sane = clock.sane
    except (ValueError, OverflowError):
        is_sane = False
    if not is_sane:
        wrong = "/seconds" if "seconds" in call.body else "/time"
        raise Conflict([Violation("body", wrong, "leads out of the years 1000 to 9000")])
    return replace(sandbox, clock=clock), _shown(clock)


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


def _shown(clock: Clock) -> Answer:
    return Answer(200, {"now": written(clock.now()), "frozen": clock.frozen is not None})
