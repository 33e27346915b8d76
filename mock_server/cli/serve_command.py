"""Command `mock-server`: flags and environment to settings, one clear message for every mistake."""

from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from mock_server import __version__
from mock_server.config import DEFAULT_FIXTURES, MEMORY, Settings
from mock_server.contract.files import FileError
from mock_server.scenarios.atomic_files import check_target, rescue_document, write_document
from mock_server.scenarios.catalogue import scenario_of
from mock_server.server.asgi_app import AsgiApp
from mock_server.server.lifecycle import load_app
from mock_server.server.reload import Watch
from mock_server.server.stop_signals import Ending
from mock_server.stores.store_errors import StoreError, StoreUrlError

from .banner import address, greeting
from .proxy_command import proxy
from .running import run
from .server_output import ServerOutput
from .shared_flags import (
    CONTROL,
    LISTENING,
    LONGEST,
    MOST,
    OUTPUT,
    Seconds,
    flags,
    option,
    settings_of,
)
from .standard_streams import harden
from .usage_errors import UsageProblem


class Command(click.Group):
    """A command that no output can make fail: neither a closed pipe nor a character."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run, as a program or from Python."""
        harden()
        return super().main(*args, **extra)


@click.group(
    cls=Command,
    invoke_without_command=True,
    context_settings={
        "auto_envvar_prefix": "MOCK_SERVER",
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
    },
)
@flags(LISTENING)
@option(
    "--fixtures",
    type=click.Path(path_type=Path),
    default=DEFAULT_FIXTURES,
    show_default="the packaged ones",
    metavar="FILE|DIR",
    help="A scenario, or a directory of scenarios.",
)
@option(
    "--scenario",
    default="default",
    show_default=True,
    metavar="NAME",
    help="The scenario of the directory to start from: default, empty, busy, edge or one of yours.",
)
@option(
    "--watch",
    "-w",
    is_flag=True,
    help="Reload contract and scenario whenever they are saved.",
)
@option(
    "--max-body",
    type=click.IntRange(1, MOST),
    default=1024 * 1024,
    show_default=True,
    metavar="BYTES",
    help="The largest request body.",
)
@option(
    "--max-sandboxes",
    type=click.IntRange(0, MOST),
    default=10_000,
    show_default=True,
    metavar="N",
    help="How many named sandboxes may exist; the longest unused goes first.",
)
@option(
    "--sandbox-idle",
    type=Seconds(1, LONGEST),
    default=3600.0,
    show_default=True,
    metavar="SECONDS",
    help="How long an unused sandbox is kept.",
)
@option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Decides tokens, ids and draws: same seed, same answers.",
)
@option(
    "--import",
    "import_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Start from this state instead of the scenario's.",
)
@option(
    "--export-on-exit",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the state there when the server stops: .json or .yaml, usable as a scenario.",
)
@option(
    "--store",
    default=MEMORY,
    show_default=True,
    metavar="memory|URL",
    help="Where the state is kept: in this process, or in a Redis server (redis://host:6379/0) "
    "that many processes share.",
)
@option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    metavar="N",
    help="How many processes serve; more than one need a store that they share.",
)
@option(
    "--refresh-session/--no-refresh-session",
    default=True,
    show_default=True,
    help="Answer POST /v1/user/auth/refresh-session.",
)
@flags(CONTROL, OUTPUT)
@click.version_option(__version__, prog_name="mock-server")
@click.pass_context
def main(context: click.Context, /, **given: Any) -> None:
    """Serve a stateful mock of the User Profile API.

    Every request and every answer is checked against the contract, and what a client changes is
    remembered until the server stops. Each flag can also be set by the environment variable beside
    it.
    """
    if context.invoked_subcommand is not None:
        _check_order(context)
        return
    # First of all: a signal that comes while files are read must not be lost.
    ending = Ending()
    ending.listen()
    settings = settings_of(**given)
    output = ServerOutput(settings)
    _check_store(settings)
    try:
        # Now, and not when there is a state to lose.
        if settings.export_on_exit is not None:
            check_target(settings.export_on_exit)
        settings = _without_first_import(settings)
        # Before anything is read: what is saved meanwhile must not be missed.
        watch = Watch(settings) if settings.watch else None
        app = load_app(settings)
        world = app.core.store.default().world
    except (FileError, StoreUrlError) as error:
        raise UsageProblem(str(error)) from None
    except StoreError as error:
        raise UsageProblem(f"the store {error}") from None
    facts: dict[str, object] = {
        "url": address(settings.host, settings.port),
        "scenario": settings.start,
    }
    run(
        app,
        ending,
        output,
        ready=partial(output.announce, greeting(settings, world), facts),
        finish=partial(_export, settings.export_on_exit, app),
        beside=None if watch is None else partial(watch.run, app),
    )


def _check_order(context: click.Context) -> None:
    """Raise `UsageProblem` for flags of the mock before a command, which would ignore them."""
    # Variables of the environment are no mistake: they may be set for all commands.
    for param in context.command.params:
        if context.get_parameter_source(str(param.name)) is ParameterSource.COMMANDLINE:
            command = context.invoked_subcommand
            advice = f"those of {command} stand after its name"
            raise UsageProblem(f"{param.opts[0]} is a flag of the mock; {advice}")


def _check_store(settings: Settings) -> None:
    """Raise `UsageProblem` where the store cannot do what other flags want."""
    workers = settings.workers
    if settings.store == MEMORY:
        if workers > 1:
            raise UsageProblem(
                f"--workers {workers} would be {workers} mocks that know nothing of each other: "
                "give them a store that they share, such as --store redis://127.0.0.1:6379/0"
            )
        return
    # Looked for and not imported: the store does that, and it takes its time.
    if find_spec("redis") is None:
        raise UsageProblem(
            "--store needs packages that are not installed: "
            "in the project's folder, pip install '.[redis]'"
        )
    if settings.watch:
        raise UsageProblem(
            "--watch would reset the state of everybody who shares the store; "
            "use it with --store memory"
        )


def _without_first_import(settings: Settings) -> Settings:
    """Return the settings without a file to import that only the exit of this process writes.

    So one file can be given for both, and the first start needs none.
    """
    file = settings.import_file
    if file is not None and file == settings.export_on_exit and not file.exists():
        return replace(settings, import_file=None)
    return settings


def _export(path: Path | None, app: AsgiApp) -> tuple[str, bool]:
    """Write the state; return a message about it, and whether that is an error."""
    if path is None:
        return "", False
    try:
        state = scenario_of(app.core.store.default().world)
    except StoreError as error:
        return f"{path} was not written: the store {error}", True
    try:
        write_document(path, state)
    except FileError as error:
        return f"{error}; {rescue_document(path, state)}", True
    return f"State written to {path}", False


main.add_command(proxy)
