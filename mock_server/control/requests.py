"""The journal: read, counted, cleared, followed."""

from collections.abc import AsyncIterator, Iterable, Mapping
from itertools import islice
from typing import Any

from mock_server.behaviours.handler import Answer, Call
from mock_server.errors import NotFound, Violation
from mock_server.http.authentication import find_session
from mock_server.journal.entries import Entry, last_seen
from mock_server.journal.filters import chosen
from mock_server.stores.store import Store
from mock_server.world.sandbox import Sandbox

from .control_context import DONE, ControlContext, Stream


def listRequests(context: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Read the journal."""
    wanted = dict(call.parameters)
    limit = int(wanted.pop("limit"))
    found = _chosen(context, sandbox, wanted, "query")
    shown = [entry.as_json() for entry in islice(found, limit)]
    return sandbox, Answer(200, {"requests": shown})


def getRequest(context: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Read one request whole."""
    identity, entries = int(call.parameters["id"]), context.loaded
    entry = next((entry for entry in entries if entry.id == identity), None)
    if entry is None or entry.wire is None:
        raise NotFound(
            [Violation("path", "id", "there is no such request, or it is no longer kept")]
        )
    session = find_session(sandbox.world, entry.wire.authorization)
    more = {
        "session": session and session.token,
        "asked": entry.wire.asked(),
        "answered": entry.wire.answered(),
    }
    return sandbox, Answer(200, {**entry.as_json(), **more})


def countRequests(context: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Count requests."""
    found = _chosen(context, sandbox, call.body or {}, "body")
    return sandbox, Answer(200, {"count": sum(1 for _ in found)})


def clearRequests(_: ControlContext, sandbox: Sandbox, _call: Call) -> tuple[Sandbox, Answer]:
    """Say that the journal is empty."""
    return sandbox, DONE


def streamRequests(
    context: ControlContext, sandbox: Sandbox, _call: Call
) -> tuple[Sandbox, Stream]:
    """Follow the journal."""
    return sandbox, Stream(context.loaded)


async def load_entries(_: ControlContext, store: Store, name: str, _call: Call) -> list[Entry]:
    """Return the journal, the newest entry first."""
    return await store.entries(name)


async def clear_entries(_: ControlContext, store: Store, name: str, _call: Call) -> None:
    """Empty the journal."""
    await store.clear(name)


async def load_stream(
    _: ControlContext, store: Store, name: str, call: Call
) -> AsyncIterator[bytes]:
    """Return what happens from now on; a browser that reconnects says by itself what it has seen."""
    seen = call.headers.get("last-event-id", "")
    return store.follow(name, last_seen(seen, call.parameters["after"]))


def _chosen(
    context: ControlContext, sandbox: Sandbox, wanted: Mapping[str, Any], where: str
) -> Iterable[Entry]:
    users = sandbox.world.users if "user" in wanted else ()
    return chosen(context.loaded, wanted, context.examples.answers, users, where)
