"""Clock of a sandbox: read, frozen, set, and moved."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from mock_server.behaviours.handler import Answer, Call
from mock_server.world.clock import Clock, read_time, written
from mock_server.world.sandbox import Sandbox

from .control_context import ControlContext, Result, conflict


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
