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

from .control_context import DONE, ControlContext


def listSessions(_: ControlContext, sandbox: Sandbox, _call: Call) -> tuple[Sandbox, Answer]:
    """List the sessions."""
    sessions = sandbox.world.sessions
    shown = [_shown(sessions[token]) for token in sorted(sessions)]
    return sandbox, Answer(200, {"sessions": shown})


def createSession(context: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Sign a user in."""
    username = call.body["username"]
    if username not in sandbox.world.users:
        raise NotFound([Violation("body", "/username", f"there is no user {username!r}")])
    token, sandbox = sandbox.name(context.seed, "session")
    refresh_token, sandbox = sandbox.name(context.seed, "refresh")
    now = sandbox.clock.now()
    usual = Session(token, username, now + LIFETIME, now + REFRESH_LIFETIME, refresh_token)
    session = _changed(usual, call.body, now)
    return _with_session(sandbox, session), Answer(201, _shown(session))


def changeSession(_: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Let a session expire, or refuse it once."""
    session = _changed(_known(sandbox, call), call.body, sandbox.clock.now())
    return _with_session(sandbox, session), Answer(200, _shown(session))


def revokeSession(_: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Sign a session out."""
    token = _known(sandbox, call).token
    return sandbox.with_world(sandbox.world.without_session(token)), DONE


def refreshSession(context: ControlContext, sandbox: Sandbox, call: Call) -> tuple[Sandbox, Answer]:
    """Return a new session token, or the 401 that applies to the refresh token."""
    token, named = sandbox.name(context.seed, "session")
    now = sandbox.clock.now()
    world = refresh(sandbox.world, call.body["refreshToken"], token, now)
    return named.with_world(world), Answer(200, {"sessionToken": token})


def _with_session(sandbox: Sandbox, session: Session) -> Sandbox:
    return sandbox.with_world(sandbox.world.with_session(session))


def _known(sandbox: Sandbox, call: Call) -> Session:
    session = sandbox.world.sessions.get(call.parameters["token"])
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
