"""Who sends a request: a session, or the one of the three 401 errors that applies."""

from dataclasses import replace
from datetime import datetime, timedelta
from heapq import nsmallest
from operator import attrgetter

from mock_server.errors import RefreshTokenExpired, SessionTokenExpired, Unauthorized
from mock_server.world.records import Session, World

CHALLENGE = {"WWW-Authenticate": "Bearer"}
ERRORS: dict[str, type[Unauthorized]] = {
    each.code: each for each in (Unauthorized, SessionTokenExpired, RefreshTokenExpired)
}
LIFETIME = timedelta(minutes=10)
"""How long a session token lives, by the API's documentation of its authentication."""
REFRESH_LIFETIME = timedelta(days=30)
"""How long a refresh token lives, by the same."""
MOST_SESSIONS = 10_000
"""With so many, a renewal forgets old ones."""


def find_session(world: World, authorization: str | None) -> Session | None:
    """Return the session of a bearer token (RFC 6750), valid or not; `None` where there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    return world.sessions.get(token.strip(" ")) if scheme.lower() == "bearer" else None


def admit(session: Session | None, now: datetime) -> Session:
    """Return the session if it is valid; raise `Unauthorized` or one of its two special cases."""
    if session is None:
        raise Unauthorized(headers=CHALLENGE)
    # Before the times: a test that wants one of the errors gets that one.
    if session.refuse is not None:
        raise ERRORS[session.refuse](headers=CHALLENGE)
    if session.refresh_expires_at is not None and session.refresh_expires_at <= now:
        raise RefreshTokenExpired(headers=CHALLENGE)
    has_ended = session.expires_at is not None and session.expires_at <= now
    if has_ended or session.calls == 0:
        raise SessionTokenExpired(headers=CHALLENGE)
    return session


def count_call(world: World, session: Session | None) -> World:
    """Return the world in which the session has been used once more.

    It is the same world where nobody counts.
    """
    if session is None:
        return world
    # A call that is refused for a test does not count.
    if session.refuse is not None:
        return world.with_session(replace(session, refuse=None))
    if session.calls:
        return world.with_session(replace(session, calls=session.calls - 1))
    return world


def find_refreshed(world: World, refresh_token: object) -> Session | None:
    """Return the session of a refresh token, valid or not; `None` where there is none."""
    if not isinstance(refresh_token, str):
        return None
    token = world.refreshable.get(refresh_token, "")
    return world.sessions.get(token)


def refresh(
    world: World,
    refresh_token: str,
    token: str,
    now: datetime,
) -> World:
    """Return the world in which the user of a refresh token has a fresh session `token`.

    Raise as `admit` does.
    """
    old = find_refreshed(world, refresh_token)
    if old is None:
        raise Unauthorized(headers=CHALLENGE)
    if old.refresh_expires_at is not None and old.refresh_expires_at <= now:
        raise RefreshTokenExpired(headers=CHALLENGE)
    fresh = Session(token, old.username, now + LIFETIME, old.refresh_expires_at, refresh_token)
    return with_room(world, MOST_SESSIONS).with_session(fresh)


def with_room(world: World, most: int) -> World:
    """Return the world in which one more session may be known.

    It is the same world where fewer than `most` are. Else those that end first are forgotten, a
    quarter at once: a client that renews its session again and again would leave any number of
    them. The one that a refresh token belongs to stays.
    """
    if len(world.sessions) < most:
        return world
    newest = set(world.refreshable.values())
    ending = [each for each in world.sessions.values() if each.expires_at is not None]
    renewed = [each for each in ending if each.token not in newest]
    for session in nsmallest(most // 4, renewed, key=attrgetter("expires_at")):
        world = world.without_session(session.token)
    return world
