"""Sessions: made, changed, revoked, and renewed by their refresh token."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mock_server.behaviours.handler import Answer, Call
from mock_server.errors import NotFound, Violation
from mock_server.http.authentication import LIFETIME, REFRESH_LIFETIME, refresh
from mock_server.world.clock import written
from mock_server.world.records import Session
from mock_server.world.sandbox import Sandbox

from .control_context import DONE, Desk


def listSessions(desk: Desk, name: str, _call: Call) -> Answer:
    """List the sessions."""
    sessions = desk.load(name).world.sessions
    return Answer(200, {"sessions": [_shown(sessions[token]) for token in sorted(sessions)]})


def createSession(desk: Desk, name: str, call: Call) -> Answer:
    """Sign a user in."""
    username = call.body["username"]

    def step(box: Sandbox) -> tuple[Sandbox, Session]:
        if username not in box.world.users:
            raise NotFound([Violation("body", "/username", f"there is no user {username!r}")])
        token, box = box.name(desk.seed, "session")
        refresh_token, box = box.name(desk.seed, "refresh")
        now = box.clock.now()
        usual = Session(token, username, now + LIFETIME, now + REFRESH_LIFETIME, refresh_token)
        session = _changed(usual, call.body, now)
        return box.become(box.world.with_session(session)), session

    return Answer(201, _shown(desk.change(name, step)))


def changeSession(desk: Desk, name: str, call: Call) -> Answer:
    """Let a session expire, or refuse it once."""

    def step(box: Sandbox) -> tuple[Sandbox, Session]:
        session = _changed(_known(box, call), call.body, box.clock.now())
        return box.become(box.world.with_session(session)), session

    return Answer(200, _shown(desk.change(name, step)))


def revokeSession(desk: Desk, name: str, call: Call) -> Answer:
    """Sign a session out."""
    desk.change(
        name, lambda box: (box.become(box.world.without_session(_known(box, call).token)), None)
    )
    return DONE


def refreshSession(desk: Desk, name: str, call: Call) -> Answer:
    """Return a new session token, or the 401 that applies to the refresh token."""

    def step(box: Sandbox) -> tuple[Sandbox, str]:
        token, named = box.name(desk.seed, "session")
        return named.become(
            refresh(box.world, call.body["refreshToken"], token, box.clock.now())
        ), token

    return Answer(200, {"sessionToken": desk.change(name, step)})


def _known(box: Sandbox, call: Call) -> Session:
    session = box.world.sessions.get(call.parameters["token"])
    if session is None:
        raise NotFound([Violation("path", "token", "there is no session with this token")])
    return session


def _changed(session: Session, wanted: dict[str, Any], now: datetime) -> Session:
    if "expiresIn" in wanted:
        session = replace(session, expires_at=_end(now, wanted["expiresIn"]))
    if "refreshExpiresIn" in wanted:
        session = replace(session, refresh_expires_at=_end(now, wanted["refreshExpiresIn"]))
    calls, refuse = wanted.get("calls", session.calls), wanted.get("refuseOnce", session.refuse)
    return replace(session, calls=None if calls is None else int(calls), refuse=refuse)


def _end(now: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else now + timedelta(seconds=seconds)


def _shown(session: Session) -> dict[str, object]:
    ends = {"expiresAt": session.expires_at, "refreshExpiresAt": session.refresh_expires_at}
    times = {name: None if moment is None else written(moment) for name, moment in ends.items()}
    rest = {
        "refreshToken": session.refresh_token,
        "calls": session.calls,
        "refuseOnce": session.refuse,
    }
    return {"token": session.token, "username": session.username, **times, **rest}
