"""The command `mock-server`: flags and environment variables to settings, one clear message for every mistake."""

import logging
import os
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from . import __version__
from .documents import FileError, write_document
from .greeting import greeting
from .options import Options
from .proxy.command import proxy
from .scenarios import scenario_of
from .serving import DEFAULT_CONTRACT, DEFAULT_FIXTURES, MEMORY, Settings, free_port, is_loopback, load_shell, serve
from .shared.errors import StoreError, StoreUrlError
from .shell import Shell
from .usage import LEVELS, UsageProblem, address_problem
from .workers import Workers


@click.group(
    invoke_without_command=True,
    context_settings={"auto_envvar_prefix": "MOCK_SERVER", "help_option_names": ["-h", "--help"], "max_content_width": 100},
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
    default=1000,
    show_default=True,
    show_envvar=True,
    metavar="N",
    help="How many requests the journal keeps of each sandbox (GET /__mock/requests).",
)
@click.option(
    "--max-journal",
    type=click.IntRange(min=0),
    default=64 * 1024 * 1024,
    show_default=True,
    show_envvar=True,
    metavar="BYTES",
    help="How much the journals of all sandboxes may take.",
)
@click.option(
    "--max-sandboxes",
    type=click.IntRange(min=0),
    default=10_000,
    show_default=True,
    show_envvar=True,
    metavar="N",
    help="How many named sandboxes may exist; the longest unused goes first.",
)
@click.option(
    "--sandbox-idle",
    type=click.FloatRange(min=1),
    default=3600.0,
    show_default=True,
    show_envvar=True,
    metavar="SECONDS",
    help="How long an unused sandbox is kept.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    show_envvar=True,
    help="Decides tokens, ids and draws: same seed, same answers.",
)
@click.option(
    "--import",
    "import_file",
    type=click.Path(path_type=Path),
    show_envvar=True,
    metavar="FILE",
    help="Start from this state instead of the scenario's.",
)
@click.option(
    "--export-on-exit",
    type=click.Path(path_type=Path),
    show_envvar=True,
    metavar="FILE",
    help="Write the state there when the server stops: .json or .yaml, usable as a scenario.",
)
@click.option(
    "--store",
    default=MEMORY,
    show_default=True,
    show_envvar=True,
    metavar="memory|URL",
    help="Where the state is kept: in this process, or in a Redis server (redis://host:6379/0) that many processes share.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    show_envvar=True,
    metavar="N",
    help="How many processes serve; more than one need a store that they share.",
)
@click.option(
    "--refresh-session/--no-refresh-session",
    default=True,
    show_default=True,
    show_envvar=True,
    help="Answer POST /v1/user/auth/refresh-session.",
)
@click.option(
    "--control-token",
    show_envvar=True,
    metavar="TOKEN",
    help="What X-Mock-Control must say for every call under /__mock/; required beyond loopback.",
)
@click.option(
    "--control-origin",
    "control_origins",
    multiple=True,
    show_envvar=True,
    metavar="ORIGIN",
    help="A web page of this origin may call /__mock/, such as http://localhost:3000; may be repeated.",
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
@click.pass_context
def main(  # noqa: PLR0913, PLR0917 - one argument for each flag
    context: click.Context,
    /,
    host: str,
    port: int,
    openapi: Path,
    fixtures: Path,
    scenario: str,
    log_level: str,
    max_body: int,
    max_sandboxes: int,
    sandbox_idle: float,
    import_file: Path | None,
    export_on_exit: Path | None,
    store: str,
    workers: int,
    *,
    watch: bool,
    **options: Any,
) -> None:
    """Serve a stateful mock of the User Profile API.

    Every request and every answer is checked against the contract, and what a client changes is remembered until the server
    stops. Each flag can also be set by the environment variable beside it.
    """
    if context.invoked_subcommand is not None:
        _check_order(context)
        return
    logging.basicConfig(level=log_level.upper(), format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    keeping = _keeping(store, workers, watch=watch)
    try:
        port = free_port(host, port)
        known = _imported(import_file, export_on_exit)
        rest = max_body, max_sandboxes, sandbox_idle, known, *keeping, _options(host, **options)
        settings = Settings(host, port, openapi, fixtures, scenario, watch, *rest)
        shell = load_shell(settings)
        world = shell.default().world
    except (FileError, StoreUrlError) as error:
        raise UsageProblem(str(error)) from None
    except StoreError as error:
        raise UsageProblem(f"the store {error}") from None
    except (OSError, OverflowError) as error:
        raise UsageProblem(address_problem(host, port, error)) from None
    run = partial(serve, settings, shell)
    ready = partial(click.echo, greeting(settings, world))
    run(ready) if workers == 1 else Workers(run).run(workers, ready)
    code = 0 if export_on_exit is None else _export(export_on_exit, shell)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # Granian's threads abort noisily where the interpreter is torn down under them


def _check_order(context: click.Context) -> None:
    """Refuse flags of the mock before a command that would not hear them."""
    for param in context.command.params:
        if context.get_parameter_source(str(param.name)) is ParameterSource.COMMANDLINE:
            raise UsageProblem(
                f"{param.opts[0]} is a flag of the mock; those of {context.invoked_subcommand} stand after its name"
            )


def _keeping(store: str, workers: int, *, watch: bool) -> tuple[str, int]:
    if store == MEMORY:
        if workers > 1:
            raise UsageProblem(
                f"--workers {workers} would be {workers} mocks that know nothing of each other: "
                "give them a store that they share, such as --store redis://127.0.0.1:6379/0"
            )
        return store, workers
    if find_spec("redis") is None:
        raise UsageProblem("--store needs a package that is not installed: pip install 'user-profile-api-mock[redis]'")
    if watch:
        raise UsageProblem("--watch would reset the state of everybody who shares the store; use it with --store memory")
    return store, workers


def _options(host: str, max_journal: int, control_origins: tuple[str, ...], control_token: str | None, **rest: Any) -> Options:
    if control_token is None and not is_loopback(host):
        raise UsageProblem(f"{host} can be reached from other machines: protect the control API with --control-token")
    return Options(max_journal_bytes=max_journal, control_token=control_token, control_origins=tuple(control_origins), **rest)


def _imported(file: Path | None, export: Path | None) -> Path | None:
    """Answer the state to start from; none at the first start with a file that the exit is going to write."""
    return None if file is not None and file == export and not file.exists() else file


def _export(path: Path, shell: Shell) -> int:
    try:
        write_document(path, scenario_of(shell.default().world))
    except (FileError, StoreError) as error:
        click.echo(f"Error: {error}", err=True)
        return 1
    click.echo(f"State written to {path}")
    return 0


main.add_command(proxy)
