"""What the mock says when it listens."""

from datetime import UTC, datetime

from mock_server.server.lifecycle import Settings
from mock_server.world.records import Session, World


def address(host: str, port: int) -> str:
    """Return the base URL of a server."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def greeting(settings: Settings, world: World) -> str:
    """Say where the mock listens, where its window is, with which sessions, and one line to try."""
    url = address(settings.host, settings.port)
    source = settings.fixtures.name if settings.fixtures.is_file() else settings.scenario
    sessions = sorted(
        world.sessions.values(), key=lambda session: (_state(session) != "", session.token)
    )
    rows = [
        f"  {session.token:<24} {session.username}{_state(session)}" for session in sessions[:10]
    ]
    more = [f"  … and {len(sessions) - 10} more"] if len(sessions) > 10 else []  # noqa: PLR2004
    token = sessions[0].token if sessions else "TOKEN"
    curl = f"  curl -H 'Authorization: Bearer {token}' '{url}/v1/user/profile?fields=displayName&fields=handle'"
    return "\n".join(
        [
            f"User Profile API mock listens on {url} (scenario {source})",
            f"Its window, for a browser: {url}/__mock/ui",
            "",
            "Sessions:",
            *rows,
            *more,
            "",
            "Try:",
            curl,
            "",
            "Stop with Ctrl-C.",
        ]
    )


def _state(session: Session) -> str:
    now = datetime.now(UTC)
    if session.refresh_expires_at is not None and session.refresh_expires_at <= now:
        return " (refresh token expired)"
    return " (expired)" if session.expires_at is not None and session.expires_at <= now else ""
