"""The journal: read, counted, cleared, followed."""

from itertools import islice

from flask import request

from mock_server.authentication import find_session
from mock_server.errors import NotFound, Violation
from mock_server.journal import criteria
from mock_server.operations.handler import Answer, Call

from .desk import DONE, Desk, Stream


def listRequests(desk: Desk, name: str, call: Call) -> Answer:
    """Read the journal."""
    wanted = dict(call.parameters)
    limit = int(wanted.pop("limit"))
    found = filter(criteria(wanted), desk.journal.newest_first(name))
    return Answer(200, {"requests": [entry.as_json() for entry in islice(found, limit)]})


def getRequest(desk: Desk, name: str, call: Call) -> Answer:
    """Read one request whole."""
    entry = desk.journal.find(name, int(call.parameters["id"]))
    if entry is None or entry.wire is None:
        raise NotFound([Violation("path", "id", "there is no such request, or it is no longer kept")])
    session = find_session(desk.load(name).world, entry.wire.authorization)
    more = {"session": session and session.token, "asked": entry.wire.asked(), "answered": entry.wire.answered()}
    return Answer(200, {**entry.as_json(), **more})


def countRequests(desk: Desk, name: str, call: Call) -> Answer:
    """Count requests."""
    test = criteria(call.body or {})
    return Answer(200, {"count": sum(map(test, desk.journal.newest_first(name)))})


def clearRequests(desk: Desk, name: str, _call: Call) -> Answer:
    """Empty the journal."""
    desk.journal.clear(name)
    return DONE


def streamRequests(desk: Desk, name: str, call: Call) -> Stream:
    """Follow the journal; a browser that reconnects says by itself what it has seen."""
    seen = request.headers.get("Last-Event-ID", "")
    after = int(seen) if seen.isascii() and seen.isdigit() else call.parameters["after"]
    return Stream(desk.journal.follow(name, after))
