"""Banner that the mock prints when it listens."""

from datetime import UTC, datetime

from mock_server.config import Settings
from mock_server.world.records import Session, World

MOST_SHOWN = 10
"""How many sessions the banner lists."""


def address(host: str, port: int) -> str:
    """Return the base URL of a server."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def greeting(settings: Settings, world: World) -> str:
    """Return where the mock listens, where its window is, its sessions, and one line to try."""
    url = address(settings.host, settings.port)
    source = settings.fixtures.name if settings.fixtures.is_file() else settings.scenario
    # Valid sessions first: the example has to work.
    sessions = sorted(world.sessions.values(), key=_order)
    token = sessions[0].token if sessions else "TOKEN"
    example = f"{url}/v1/user/profile?fields=displayName&fields=handle"
    lines = [
        f"User Profile API mock listens on {url} (scenario {source})",
        f"Its window, for a browser: {url}/__mock/ui",
        "",
        "Sessions:",
    ]
    shown = sessions[:MOST_SHOWN]
    lines += [f"  {each.token:<24} {each.username}{_state(each)}" for each in shown]
    if len(sessions) > MOST_SHOWN:
        lines.append(f"  … and {len(sessions) - MOST_SHOWN} more")
    lines += [
        "",
        "Try:",
        f"  curl -H 'Authorization: Bearer {token}' '{example}'",
        "",
        "Stop with Ctrl-C.",
    ]
    return "\n".join(lines)


def _order(session: Session) -> tuple[bool, str]:
    return _state(session) != "", session.token


def _state(session: Session) -> str:
    now = datetime.now(UTC)
    if session.refresh_expires_at is not None and session.refresh_expires_at <= now:
        return " (refresh token expired)"
    if session.expires_at is not None and session.expires_at <= now:
        return " (expired)"
    return ""
