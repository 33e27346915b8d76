"""The command `mock-server`: flags and environment variables to settings, one clear message for every mistake."""

import errno
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from . import __version__
from .app import MAX_REQUESTS, Core
from .documents import FileError
from .serving import DEFAULT_CONTRACT, DEFAULT_FIXTURES, Settings, free_port, load_core, serve
from .world import Session

LEVELS = ["debug", "info", "warning", "error"]


class UsageProblem(click.ClickException):
    """Something that the user can put right."""

    exit_code = 2


@click.command(
    context_settings={"auto_envvar_prefix": "MOCK_SERVER", "help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option("--host", default="127.0.0.1", show_default=True, show_envvar=True, help="Address to listen on.")
@click.option(
    "--port",
    "-p",
    type=click.IntRange(0, 65535),
    default=4010,
    show_default=True,
    show_envvar=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--openapi",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONTRACT,
    show_default="the packaged one",
    show_envvar=True,
    metavar="FILE",
    help="The contract to enforce.",
)
@click.option(
    "--fixtures",
    type=click.Path(path_type=Path),
    default=DEFAULT_FIXTURES,
    show_default="the packaged ones",
    show_envvar=True,
    metavar="FILE|DIR",
    help="A scenario, or a directory of scenarios.",
)
@click.option(
    "--scenario",
    default="default",
    show_default=True,
    show_envvar=True,
    metavar="NAME",
    help="The scenario of the directory to start from: default, empty, busy, edge or one of yours.",
)
@click.option("--watch", "-w", is_flag=True, show_envvar=True, help="Reload contract and scenario whenever they are saved.")
@click.option(
    "--max-body",
    type=click.IntRange(min=1),
    default=1024 * 1024,
    show_default=True,
    show_envvar=True,
    metavar="BYTES",
    help="The largest request body.",
)
@click.option(
    "--max-requests",
    type=click.IntRange(min=0),
    default=MAX_REQUESTS,
    show_default=True,
    show_envvar=True,
    metavar="N",
    help="How many requests the journal keeps (GET /__mock/requests).",
)
@click.option(
    "--log-level",
    type=click.Choice(LEVELS),
    default="info",
    show_default=True,
    show_envvar=True,
    help="How much to say; debug has a line for each request.",
)
@click.version_option(__version__, prog_name="mock-server")
def main(  # noqa: PLR0913, PLR0917 - one argument for each flag
    host: str,
    port: int,
    openapi: Path,
    fixtures: Path,
    scenario: str,
    log_level: str,
    max_body: int,
    max_requests: int,
    *,
    watch: bool,
) -> None:
    """Serve a stateful mock of the User Profile API.

    Every request and every answer is checked against the contract, and what a client changes is remembered until the server
    stops. Each flag can also be set by the environment variable beside it.
    """
    logging.basicConfig(level=log_level.upper(), format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    try:
        settings = Settings(host, free_port(host, port), openapi, fixtures, scenario, watch, max_body, max_requests)
        core = load_core(settings)
    except FileError as error:
        raise UsageProblem(str(error)) from None
    except (OSError, OverflowError) as error:
        raise UsageProblem(_address_problem(host, port, error)) from None
    serve(settings, core, lambda: click.echo(greeting(settings, core)))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # Granian's threads abort noisily where the interpreter is torn down under them


def _address_problem(host: str, port: int, error: OSError | OverflowError) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken; choose another with --port, or 0 for any free one"
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return f"port {port} of {host} needs privileges; choose one above 1023 with --port"
    return f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}"


def greeting(settings: Settings, core: Core) -> str:
    """Say where the mock listens, with which sessions, and one line to try."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{settings.port}"
    source = settings.fixtures.name if settings.fixtures.is_file() else settings.scenario
    sessions = sorted(core.store.load().sessions.values(), key=lambda session: (_state(session) != "", session.token))
    rows = [f"  {session.token:<24} {session.username}{_state(session)}" for session in sessions[:10]]
    more = [f"  … and {len(sessions) - 10} more"] if len(sessions) > 10 else []  # noqa: PLR2004
    token = sessions[0].token if sessions else "TOKEN"
    curl = f"  curl -H 'Authorization: Bearer {token}' '{url}/v1/user/profile?fields=displayName&fields=handle'"
    return "\n".join(
        [
            f"User Profile API mock listens on {url} (scenario {source})",
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
