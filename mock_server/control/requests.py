"""The journal: read, counted, cleared, followed."""

from collections.abc import AsyncIterator, Iterable, Mapping
from itertools import islice
from typing import Any

from mock_server.behaviours.handler import Answer, Call
from mock_server.http.authentication import find_session
from mock_server.journal.entries import Entry, last_seen
from mock_server.journal.filters import chosen
from mock_server.stores.store import Store
from mock_server.world.sandbox import Sandbox

from .control_context import ControlContext, Result, Stream, not_found


def listRequests(context: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Read the journal."""
    criteria = dict(call.parameters)
    # All other parameters say which requests are meant.
    limit = int(criteria.pop("limit"))
    found = _chosen(context, sandbox, criteria, "query")
    shown = [entry.as_json() for entry in islice(found, limit)]
    return sandbox, Answer(200, {"requests": shown})


def getRequest(context: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Read one request whole."""
    entry = _entry(context.loaded, int(call.parameters["id"]))
    if entry is None or entry.wire is None:
        raise not_found("path", "id", "there is no such request, or it is no longer kept")
    session = find_session(sandbox.world, entry.wire.authorization)
    body = {
        **entry.as_json(),
        "session": None if session is None else session.token,
        "asked": entry.wire.request_as_json(),
        "answered": entry.wire.reply_as_json(),
    }
    return sandbox, Answer(200, body)


def countRequests(context: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Count requests."""
    found = _chosen(context, sandbox, call.body or {}, "body")
    count = sum(1 for _ in found)
    return sandbox, Answer(200, {"count": count})


def streamRequests(
    context: ControlContext, sandbox: Sandbox, _call: Call
) -> tuple[Sandbox, Stream]:
    """Follow the journal."""
    return sandbox, Stream(context.loaded)


async def load_entries(
    _: ControlContext,
    store: Store,
    name: str,
    _call: Call,
) -> list[Entry]:
    """Return the journal, the newest entry first."""
    return await store.entries(name)


async def clear_entries(
    _: ControlContext,
    store: Store,
    name: str,
    _call: Call,
) -> None:
    """Empty the journal."""
    await store.clear(name)


async def load_stream(
    _: ControlContext,
    store: Store,
    name: str,
    call: Call,
) -> AsyncIterator[bytes]:
    """Return the events of the journal after the last one that the client has seen."""
    # A browser that reconnects sends this header by itself.
    header = call.headers.get("last-event-id", "")
    return store.follow(name, last_seen(header, call.parameters["after"]))


def _entry(entries: Iterable[Entry], identity: int) -> Entry | None:
    for entry in entries:
        if entry.id == identity:
            return entry
    return None


def _chosen(
    context: ControlContext,
    sandbox: Sandbox,
    criteria: Mapping[str, Any],
    where: str,
) -> Iterable[Entry]:
    # Only to refuse a user that is not there, whose requests nobody can have sent.
    users = sandbox.world.users if "user" in criteria else ()
    return chosen(context.loaded, criteria, context.examples.answers, users, where)
