"""From settings to a listening server: what is loaded, reloaded and stopped."""

import asyncio
import ipaddress
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from .app import Core, check_operations
from .bundle import control_document, without_headers
from .contract import Contract, ContractError
from .documents import FileError, read_document
from .fixtures import find_scenario, load_world
from .journal import Journal
from .operations import OPERATIONS
from .options import Options
from .sandbox import Sandbox
from .scenarios import Scenarios
from .shell import Shell
from .store import MemoryStore, Store

log = logging.getLogger("mock_server")

PACKAGED = Path(__file__).parent / "data"
DATA = PACKAGED if PACKAGED.is_dir() else Path(__file__).parent.parent
DEFAULT_CONTRACT = DATA / "openapi.yaml"
DEFAULT_FIXTURES = DATA / "fixtures"
DEADLINE = 20.0
"""Seconds in which a server has to start and to stop."""
BACKLOG = 1024
CONNECTIONS = 65_536
"""How many connections are served at once; Granian's own bound, 128, would leave the others waiting for ever."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line decides; `max_body` in bytes, `sandbox_idle` in seconds."""

    host: str = "127.0.0.1"
    port: int = 4010
    openapi: Path = DEFAULT_CONTRACT
    fixtures: Path = DEFAULT_FIXTURES
    scenario: str = "default"
    watch: bool = False
    max_body: int = 1024 * 1024
    max_sandboxes: int = 10_000
    sandbox_idle: float = 3600.0
    import_file: Path | None = None
    options: Options = field(default_factory=Options)

    @property
    def start(self) -> str:
        """The name of the scenario to start from."""
        return self.fixtures.stem if self.fixtures.is_file() else self.scenario


def load_contract(path: Path) -> Contract:
    """Read and compile a contract; raises `FileError`. The one that comes with the package is known to be valid."""
    document = read_document(path)
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3.1"):
        raise FileError(path, "is not an OpenAPI 3.1 document", 1)
    if path != DEFAULT_CONTRACT:
        _check_document(path, document)
    try:
        contract = Contract(document)
    except ContractError as error:
        raise FileError(path, str(error)) from None
    except ValueError as error:
        raise FileError(path, f"a schema cannot be compiled: {error}") from None
    if faults := check_operations(contract, OPERATIONS):
        raise FileError(path, "; ".join(faults))
    return contract


def _check_document(path: Path, document: dict[str, object]) -> None:
    from openapi_spec_validator import OpenAPIV31SpecValidator  # noqa: PLC0415 - slow to import, seldom needed

    from .documents import line_of  # noqa: PLC0415 - likewise

    for error in OpenAPIV31SpecValidator(document).iter_errors():
        place = list(error.absolute_path)
        raise FileError(path, f"{'/'.join(map(str, place)) or 'the document'}: {error.message}", line_of(path, place))


def load_core(settings: Settings, store: Store | None = None, journal: Journal | None = None) -> Core:
    """Build a core; with a `store` its state is kept, without one the scenario is read. Raises `FileError`."""
    contract = load_contract(settings.openapi)
    control = Contract(without_headers(control_document(contract.document)))
    scenarios = Scenarios(settings.fixtures, control)
    if store is None:
        world = scenarios.world(settings.start)
        if settings.import_file is not None:
            world = load_world(settings.import_file, control)
        store = MemoryStore(Sandbox.of(world, settings.start), settings.max_sandboxes, settings.sandbox_idle)
    return Core(contract, control, store, scenarios, settings.options, journal)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach the address; raises `OSError` where it cannot be looked up."""
    return ipaddress.ip_address(socket.getaddrinfo(host, None)[0][4][0]).is_loopback


def free_port(host: str, port: int) -> int:
    """Answer the port, or a free one for 0; raises `OSError` where it is taken or the host is not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        bound: int = probe.getsockname()[1]
        return bound


def serve(settings: Settings, core: Core, ready: Callable[[], None]) -> Core:
    """Serve until SIGINT or SIGTERM and answer the core that served last; `ready` is called when connections are accepted."""
    shell = Shell(core, settings.max_body)
    done = threading.Event()
    if settings.watch:
        threading.Thread(target=watch, args=(settings, shell, done), daemon=True).start()

    def begin(stop: Callable[[], None]) -> None:
        for signum in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signum, stop)
        ready()

    try:
        asyncio.run(_serve(settings, shell, begin, log_errors=True))
    finally:
        done.set()
    return shell.core


@contextmanager
def running(settings: Settings) -> Iterator[str]:
    """Serve from a thread of this process for the length of the block; answers the base URL.

    Raises `FileError`, `OSError` where the port is taken, and `RuntimeError` where the server did not start.
    """
    settings = replace(settings, port=free_port(settings.host, settings.port))
    shell = Shell(load_core(settings), settings.max_body)
    loop, started = asyncio.new_event_loop(), threading.Event()
    stops: list[Callable[[], None]] = []

    def begin(stop: Callable[[], None]) -> None:
        stops.append(stop)
        started.set()

    serving = _serve(settings, shell, begin, log_errors=False)
    thread = threading.Thread(target=loop.run_until_complete, args=(serving,), daemon=True)
    thread.start()
    if not started.wait(DEADLINE):
        raise RuntimeError(f"the mock did not start within {DEADLINE:.0f} seconds")
    try:
        yield f"http://{settings.host}:{settings.port}"
    finally:
        loop.call_soon_threadsafe(stops[0])
        thread.join(DEADLINE)
        loop.close()


async def _serve(settings: Settings, shell: Shell, begin: Callable[[Callable[[], None]], None], *, log_errors: bool) -> None:
    server = Server(
        shell,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        backpressure=CONNECTIONS,
        log_enabled=log_errors,
        log_level=LogLevels.error,
        log_dictconfig={"version": 1, "disable_existing_loggers": False},
    )

    def stop() -> None:
        shell.stopping.set()
        server.stop()  # type: ignore[no-untyped-call]

    serving = asyncio.create_task(server.serve())
    await _listening(settings)
    if not serving.done():
        begin(stop)
        # openapi-core explains refusals; loading it here keeps the first refusal from holding up everybody else.
        threading.Thread(target=lambda: shell.core.pipeline.api.explain, daemon=True).start()
    await serving


async def _listening(settings: Settings) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection(settings.host, settings.port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return


def watch(settings: Settings, shell: Shell, stop: threading.Event) -> None:
    """Reload on every save; a broken edit keeps the last good state serving and says why."""
    import watchfiles  # noqa: PLC0415 - only --watch needs it

    folder = settings.fixtures if settings.fixtures.is_dir() else settings.fixtures.parent
    for changes in watchfiles.watch(settings.openapi.parent, folder, stop_event=stop, recursive=False):
        changed = {Path(path).resolve() for _, path in changes}
        try:
            scenario = find_scenario(settings.fixtures, settings.scenario)
            if scenario.resolve() in changed:
                shell.core = load_core(settings, None, shell.core.journal)
                log.warning("reloaded: the state is that of %s again", scenario.name)
            elif settings.openapi.resolve() in changed:
                shell.core = load_core(settings, shell.core.store, shell.core.journal)
                log.warning("reloaded %s; the state is kept", settings.openapi.name)
        except FileError as error:
            log.error("not reloaded, the last good state goes on: %s", error)  # noqa: TRY400 - the message says it all
