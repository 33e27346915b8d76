"""Sandboxes: counted, listed, copied, and forgotten."""

from mock_server.behaviours.handler import Answer, Call
from mock_server.stores.store import DEFAULT, SandboxesFullError, Store
from mock_server.world.sandbox import Sandbox

from .control_context import FULL, ControlContext, Result, conflict, not_found


def listSandboxes(context: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """List the sandboxes."""
    shown = [{"name": name, "idle": idle} for name, idle in context.loaded]
    return sandbox, Answer(200, {"sandboxes": shown})


async def copy_sandbox(
    _: ControlContext,
    store: Store,
    _name: str,
    call: Call,
) -> None:
    """Copy a sandbox."""
    source = (call.body or {}).get("from", DEFAULT)
    try:
        await store.copy(source, call.parameters["name"])
    except SandboxesFullError:
        raise conflict("path", "name", FULL) from None


async def drop_sandbox(
    _: ControlContext,
    store: Store,
    _name: str,
    call: Call,
) -> None:
    """Forget a sandbox and its journal."""
    name = call.parameters["name"]
    # Here and not in a handler: another process may drop the same one now.
    if not await store.drop(name):
        raise not_found("path", "name", f"there is no sandbox {name!r}")


async def count_sandboxes(
    _: ControlContext,
    store: Store,
    own: str,
    _call: Call,
) -> int:
    """Return how many sandboxes there are, with the one of this call, which it makes."""
    names = {name for name, _idle in await store.names()}
    return len(names | {own})


async def load_names(
    _: ControlContext,
    store: Store,
    _name: str,
    _call: Call,
) -> list[tuple[str, float]]:
    """Return the names of all sandboxes."""
    return await store.names()
