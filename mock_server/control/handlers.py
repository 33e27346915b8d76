"""The control API: a row for each operationId of `control.yaml`."""

from mock_server.stores.store import Access

from . import (
    documents,
    override_rules,
    requests,
    sandbox_clock,
    sandboxes,
    sessions,
    state,
    users,
)
from .control_context import Changes, ControlOperation, done

NOTHING, PRESENT = Access.NOTHING, Access.PRESENT
SANDBOX, NAMED = Changes.SANDBOX, Changes.NAMED
WHOLE_STATE = 64 * 1024 * 1024
"""The largest body in bytes of the call that takes a whole state."""

CONTROL: dict[str, ControlOperation] = {
    # Health looks into the store, so that it fails where the store is away.
    "health": ControlOperation(state.health, loads=sandboxes.count_sandboxes, in_proxy=True),
    "getContract": ControlOperation(documents.getContract, access=NOTHING, in_proxy=True),
    "getControl": ControlOperation(documents.getControl, access=NOTHING),
    "reset": ControlOperation(state.reset, SANDBOX, loads=state.load_scenario, clears_journal=True),
    "listScenarios": ControlOperation(state.listScenarios, access=NOTHING),
    # These are about all sandboxes, and make none themselves.
    "listSandboxes": ControlOperation(
        sandboxes.listSandboxes, access=NOTHING, loads=sandboxes.load_names
    ),
    "forkSandbox": ControlOperation(done, NAMED, access=NOTHING, loads=sandboxes.copy_sandbox),
    "dropSandbox": ControlOperation(done, NAMED, access=NOTHING, loads=sandboxes.drop_sandbox),
    "getState": ControlOperation(state.getState),
    "putState": ControlOperation(state.putState, SANDBOX, largest_body=WHOLE_STATE),
    "listUsers": ControlOperation(users.listUsers),
    "getUser": ControlOperation(users.getUser),
    "undo": ControlOperation(state.undo, SANDBOX),
    "listSnapshots": ControlOperation(state.listSnapshots),
    "takeSnapshot": ControlOperation(state.takeSnapshot, SANDBOX),
    "dropSnapshot": ControlOperation(state.dropSnapshot, SANDBOX),
    "restoreSnapshot": ControlOperation(state.restoreSnapshot, SANDBOX),
    "getClock": ControlOperation(sandbox_clock.getClock),
    "setClock": ControlOperation(sandbox_clock.setClock, SANDBOX),
    "listSessions": ControlOperation(sessions.listSessions),
    "createSession": ControlOperation(sessions.createSession, SANDBOX),
    "changeSession": ControlOperation(sessions.changeSession, SANDBOX),
    "revokeSession": ControlOperation(sessions.revokeSession, SANDBOX),
    # Front ends call this, so that tests want it to fail and to be slow as the API is.
    "refreshSession": ControlOperation(sessions.refreshSession, SANDBOX, for_clients=True),
    "listRules": ControlOperation(override_rules.listRules),
    "addRule": ControlOperation(override_rules.addRule, SANDBOX),
    "removeRule": ControlOperation(override_rules.removeRule, SANDBOX),
    "clearRules": ControlOperation(override_rules.clearRules, SANDBOX),
    # Reading a journal makes no sandbox, and needs one to find users and sessions in.
    "listRequests": ControlOperation(
        requests.listRequests, access=PRESENT, loads=requests.load_entries, in_proxy=True
    ),
    "getRequest": ControlOperation(
        requests.getRequest, access=PRESENT, loads=requests.load_entries
    ),
    "countRequests": ControlOperation(
        requests.countRequests, access=PRESENT, loads=requests.load_entries, in_proxy=True
    ),
    "clearRequests": ControlOperation(
        done,
        SANDBOX,
        access=NOTHING,
        loads=requests.clear_entries,
        in_proxy=True,
    ),
    # A stream is for as long as the client stays: no sandbox is held for it.
    "streamRequests": ControlOperation(
        requests.streamRequests, access=NOTHING, loads=requests.load_stream, in_proxy=True
    ),
}
"""The keys must equal the operationIds of `control.yaml`."""
