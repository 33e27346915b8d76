"""The control API: handlers by the operationId of `control.yaml`."""

from . import documents, override_rules, requests, sessions, state, users
from .control_context import Handler

CONTROL: dict[str, Handler] = {
    "health": state.health,
    "getContract": documents.getContract,
    "getControl": documents.getControl,
    "reset": state.reset,
    "listScenarios": state.listScenarios,
    "listSandboxes": state.listSandboxes,
    "forkSandbox": state.forkSandbox,
    "dropSandbox": state.dropSandbox,
    "getState": state.getState,
    "putState": state.putState,
    "listUsers": users.listUsers,
    "getUser": users.getUser,
    "undo": state.undo,
    "listSnapshots": state.listSnapshots,
    "takeSnapshot": state.takeSnapshot,
    "dropSnapshot": state.dropSnapshot,
    "restoreSnapshot": state.restoreSnapshot,
    "getClock": state.getClock,
    "setClock": state.setClock,
    "listSessions": sessions.listSessions,
    "createSession": sessions.createSession,
    "changeSession": sessions.changeSession,
    "revokeSession": sessions.revokeSession,
    "refreshSession": sessions.refreshSession,
    "listRules": override_rules.listRules,
    "addRule": override_rules.addRule,
    "removeRule": override_rules.removeRule,
    "clearRules": override_rules.clearRules,
    "listRequests": requests.listRequests,
    "getRequest": requests.getRequest,
    "countRequests": requests.countRequests,
    "clearRequests": requests.clearRequests,
    "streamRequests": requests.streamRequests,
}
"""The keys must equal the operationIds of `control.yaml`."""
