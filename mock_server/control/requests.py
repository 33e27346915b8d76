"""The journal: read, counted, cleared, followed."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from flask import request

from mock_server.behaviours.handler import Answer, Call
from mock_server.errors import NotFound, Violation
from mock_server.http.authentication import find_session
from mock_server.journal.entries import Entry, last_seen
from mock_server.journal.filters import chosen

from .control_context import DONE, Desk, Stream


def listRequests(desk: Desk, name: str, call: Call) -> Answer:
    """Read the journal."""
    wanted = dict(call.parameters)
    limit = int(wanted.pop("limit"))
    found = _chosen(desk, name, wanted, "query")
    return Answer(200, {"requests": [entry.as_json() for entry in islice(found, limit)]})


def getRequest(desk: Desk, name: str, call: Call) -> Answer:
    """Read one request whole."""
    desk.store.forget_idle()
    entry = desk.journal.find(name, int(call.parameters["id"]))
    if entry is None or entry.wire is None:
        raise NotFound(
            [Violation("path", "id", "there is no such request, or it is no longer kept")]
        )
    session = find_session(desk.load(name).world, entry.wire.authorization)
    more = {
        "session": session and session.token,
        "asked": entry.wire.asked(),
        "answered": entry.wire.answered(),
    }
    return Answer(200, {**entry.as_json(), **more})


def countRequests(desk: Desk, name: str, call: Call) -> Answer:
    """Count requests."""
    return Answer(200, {"count": sum(1 for _ in _chosen(desk, name, call.body or {}, "body"))})


def clearRequests(desk: Desk, name: str, _call: Call) -> Answer:
    """Empty the journal."""
    desk.journal.clear(name)
    return DONE


def streamRequests(desk: Desk, name: str, call: Call) -> Stream:
    """Follow the journal; a browser that reconnects says by itself what it has seen."""
    after = last_seen(request.headers.get("Last-Event-ID", ""), call.parameters["after"])
    return Stream(desk.journal.follow(name, after))


def _chosen(desk: Desk, name: str, wanted: Mapping[str, Any], where: str) -> Iterable[Entry]:
    desk.store.forget_idle()
    users = desk.load(name).world.users if "user" in wanted else ()
    return chosen(desk.journal.newest_first(name), wanted, desk.examples.answers, users, where)
