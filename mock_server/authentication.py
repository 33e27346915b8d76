"""Who is asking: from the Authorization header to a session, or to the one of the three 401 errors that applies."""

from datetime import datetime

from .errors import RefreshTokenExpired, SessionTokenExpired, Unauthorized
from .world import Session, World

CHALLENGE = {"WWW-Authenticate": "Bearer"}


def authenticate(world: World, authorization: str | None, now: datetime) -> Session:
    """Answer the session of a bearer token (RFC 6750); raises `Unauthorized` or one of its two special cases."""
    scheme, _, token = (authorization or "").partition(" ")
    session = world.sessions.get(token.strip(" ")) if scheme.lower() == "bearer" else None
    if session is None:
        raise Unauthorized(headers=CHALLENGE)
    if session.refresh_expires_at is not None and session.refresh_expires_at <= now:
        raise RefreshTokenExpired(headers=CHALLENGE)
    if session.expires_at is not None and session.expires_at <= now:
        raise SessionTokenExpired(headers=CHALLENGE)
    return session
