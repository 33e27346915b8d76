"""Sessions: made, changed, revoked, and renewed by their refresh token."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mock_server.behaviours.handler import Answer, Call
from mock_server.http.authentication import LIFETIME, REFRESH_LIFETIME, refresh
from mock_server.world.clock import written
from mock_server.world.records import Session
from mock_server.world.sandbox import Sandbox

from .control_context import DONE, ControlContext, Result, not_found


def listSessions(_: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """List the sessions."""
    sessions = sandbox.world.sessions
    shown = [_shown(sessions[token]) for token in sorted(sessions)]
    return sandbox, Answer(200, {"sessions": shown})


def createSession(context: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Sign a user in."""
    username = call.body["username"]
    if username not in sandbox.world.users:
        raise not_found("body", "/username", f"there is no user {username!r}")
    token, sandbox = sandbox.name(context.seed, "session")
    refresh_token, sandbox = sandbox.name(context.seed, "refresh")
    now = sandbox.clock.now()
    usual = Session(
        token,
        username,
        expires_at=now + LIFETIME,
        refresh_expires_at=now + REFRESH_LIFETIME,
        refresh_token=refresh_token,
    )
    session = _changed(usual, call.body, now)
    return _with_session(sandbox, session), Answer(201, _shown(session))


def changeSession(_: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Let a session expire, or refuse it once."""
    session = _changed(_find(sandbox, call), call.body, sandbox.clock.now())
    return _with_session(sandbox, session), Answer(200, _shown(session))


def revokeSession(_: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Sign a session out."""
    token = _find(sandbox, call).token
    world = sandbox.world.without_session(token)
    return sandbox.with_world(world), DONE


def refreshSession(context: ControlContext, sandbox: Sandbox, call: Call) -> Result:
    """Return a new session token, or the 401 that applies to the refresh token."""
    # A refusal changes nothing, so that the next renewal gets this token.
    token, named = sandbox.name(context.seed, "session")
    refresh_token = call.body["refreshToken"]
    world = refresh(sandbox.world, refresh_token, token, sandbox.clock.now())
    return named.with_world(world), Answer(200, {"sessionToken": token})


def _find(sandbox: Sandbox, call: Call) -> Session:
    """Return the session that the path names; raise `NotFound`."""
    session = sandbox.world.sessions.get(call.parameters["token"])
    if session is None:
        raise not_found("path", "token", "there is no session with this token")
    return session


def _with_session(sandbox: Sandbox, session: Session) -> Sandbox:
    world = sandbox.world.with_session(session)
    return sandbox.with_world(world)


def _changed(session: Session, body: dict[str, Any], now: datetime) -> Session:
    """Return a session with what the body says of it; what it does not say stays."""
    changes: dict[str, Any] = {}
    if "expiresIn" in body:
        changes["expires_at"] = _end(now, body["expiresIn"])
    if "refreshExpiresIn" in body:
        changes["refresh_expires_at"] = _end(now, body["refreshExpiresIn"])
    if "calls" in body:
        calls = body["calls"]
        # In JSON Schema 2.0 is an integer, too.
        changes["calls"] = None if calls is None else int(calls)
    if "refuseOnce" in body:
        changes["refuse"] = body["refuseOnce"]
    return replace(session, **changes)


def _end(now: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else now + timedelta(seconds=seconds)


def _shown(session: Session) -> dict[str, object]:
    """Return the `Session` of `control.yaml`."""
    return {
        "token": session.token,
        "username": session.username,
        "expiresAt": _written(session.expires_at),
        "refreshExpiresAt": _written(session.refresh_expires_at),
        "refreshToken": session.refresh_token,
        "calls": session.calls,
        "refuseOnce": session.refuse,
    }


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else written(moment)
