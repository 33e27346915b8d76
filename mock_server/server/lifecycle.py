"""From settings to a listening server: what is loaded, reloaded and stopped."""

import asyncio
import ipaddress
import logging
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mock_server.api.app import Core, check_operations
from mock_server.behaviours.operations import OPERATIONS
from mock_server.config import DEFAULT_CONTRACT, MEMORY, Settings
from mock_server.contract.compiled import Contract, ContractError
from mock_server.contract.control_document import (
    MissingPartError,
    control_document,
    without_headers,
)
from mock_server.contract.files import FileError, line_of, read_document
from mock_server.contract.references import reference_faults
from mock_server.journal.entries import Journal
from mock_server.scenarios.catalogue import Scenarios
from mock_server.scenarios.loading import load_world
from mock_server.stores.memory import MemoryStore
from mock_server.world.sandbox import Sandbox

from .asgi_app import AsgiApp
from .asgi_server import listen
from .stop_signals import Ending

if TYPE_CHECKING:
    from mock_server.stores.store import Store

log = logging.getLogger("mock_server")

DEADLINE = 20.0
"""Seconds in which a server has to start and to stop."""


def load_contract(path: Path) -> Contract:
    """Read and compile a contract; raise `FileError`."""
    document = read_document(path, any_keys=True)
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3.1"):
        raise FileError(path, "is not an OpenAPI 3.1 document", 1)
    # The one that comes with the package is known to be valid.
    if path != DEFAULT_CONTRACT:
        _check_document(path, document)
    try:
        contract = Contract(document)
    except ContractError as error:
        raise FileError(path, str(error)) from None
    except ValueError as error:
        raise FileError(path, f"a schema cannot be compiled: {error}") from None
    faults = check_operations(contract, OPERATIONS)
    if faults:
        raise FileError(path, "; ".join(faults))
    return contract


def load_control(path: Path, contract: Contract) -> Contract:
    """Compile the control API's document.

    Raise `FileError` where it refers to what the contract, which is at `path`, lacks.
    """
    try:
        return Contract(without_headers(control_document(contract.document)), unique_keys=True)
    except MissingPartError as error:
        raise FileError(path, str(error)) from None


def _check_document(path: Path, document: dict[str, object]) -> None:
    """Raise `FileError` for the first mistake in a document."""
    for place, reason in reference_faults(document):
        shown = "/".join(map(str, place))
        raise FileError(path, f"{shown}: {reason}", line_of(path, place))
    # Slow to import, and seldom needed.
    from openapi_spec_validator import OpenAPIV31SpecValidator  # noqa: PLC0415

    for error in OpenAPIV31SpecValidator(document).iter_errors():
        place = list(error.absolute_path)
        shown = "/".join(map(str, place)) or "the document"
        # Further lines repeat the schema and all of the value.
        reason = error.message.partition("\n")[0]
        raise FileError(path, f"{shown}: {reason}", line_of(path, place))


def load_app(settings: Settings) -> AsgiApp:
    """Build what is served.

    Raise `FileError`, and `StoreUrlError` where the store's URL cannot be used.
    """
    contract, control, scenarios = load_documents(settings)
    store: Store
    if settings.store == MEMORY:
        store = new_store(settings, control, scenarios)
    else:
        # These need the extra `redis`.
        from mock_server.stores.redis.redis_store import RedisStore  # noqa: PLC0415
        from mock_server.stores.redis.sandbox_cache import Limits  # noqa: PLC0415

        limits = Limits(
            settings.max_sandboxes,
            settings.sandbox_idle,
            settings.max_requests,
            settings.max_journal,
        )
        store = RedisStore(settings.store, _start(settings, control, scenarios), limits)
    core = Core(contract, control, store, scenarios, settings)
    return AsgiApp(core, settings.max_body)


def new_store(
    settings: Settings,
    control: Contract,
    scenarios: Scenarios,
    journal: Journal | None = None,
) -> MemoryStore:
    """Return a store of sandboxes that start anew; raise `FileError`.

    A journal that there is already is kept.
    """
    return MemoryStore(
        _start(settings, control, scenarios),
        settings.max_sandboxes,
        settings.sandbox_idle,
        journal or Journal(settings.max_requests, settings.max_journal),
    )


def load_documents(settings: Settings) -> tuple[Contract, Contract, Scenarios]:
    """Read the contract and the control API's document; raise `FileError`.

    The scenarios are read each when it is needed.
    """
    contract = load_contract(settings.openapi)
    control = load_control(settings.openapi, contract)
    return contract, control, Scenarios(settings.fixtures, control)


def _start(settings: Settings, control: Contract, scenarios: Scenarios) -> Sandbox:
    """Return what a new sandbox is."""
    world = scenarios.world(settings.start)
    if settings.import_file is not None:
        world = load_world(settings.import_file, control)
    return Sandbox.of(world, settings.start)


def find_address(host: str) -> str:
    """Return the IP address of a host, of several one of version 4.

    Raise `OSError` where it has none.

    A server listens on one address, so `localhost` is 127.0.0.1, which clients try where they find
    nothing at ::1.
    """
    if not host:
        raise OSError("the host is empty; 0.0.0.0 means every address of this machine")
    # IPv6 addresses stand in brackets in a URL.
    name = host.removeprefix("[").removesuffix("]")
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError("this is not the name of a host") from None
    of_version_4 = [each for each in found if each[0] == socket.AF_INET]
    _, _, _, _, address = (of_version_4 or found)[0]
    return str(address[0])


def is_loopback(address: str) -> bool:
    """Tell whether only this machine can reach an IP address."""
    return ipaddress.ip_address(address).is_loopback


def free_port(host: str, port: int) -> int:
    """Return the port, or a free one for 0.

    Raise `OSError` where it is taken, or the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As the server will: connections that were closed just now keep no port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        bound: int = probe.getsockname()[1]
        return bound


Beside = Callable[[threading.Event], None]
"""Works beside the server until the event is set."""


def serve(
    app: AsgiApp,
    ending: Ending,
    beside: Beside | None,
    ready: Callable[[], None],
) -> None:
    """Serve until the process is asked to end; `ready` is called when connections are accepted.

    `beside` runs in a thread as long, and ends when its argument is set.
    """
    done = threading.Event()
    if beside is not None:
        threading.Thread(target=beside, args=(done,), daemon=True).start()

    def begin(stop: Callable[[], None]) -> None:
        if not ending.requested:
            ready()
        ending.then_in_loop(stop)

    settings = app.core.settings
    try:
        asyncio.run(listen(app, settings.host, settings.port, begin, alone=True))
    finally:
        ending.leave_loop()
        done.set()


@contextmanager
def running(settings: Settings) -> Iterator[str]:
    """Serve from a thread of this process for the length of the block; yield the base URL.

    Raise `FileError`, `OSError` where the port is taken, and `RuntimeError` where the server did
    not start.
    """
    # Modules may warn while they are loaded. They are all loaded here, by one thread.
    with warnings.catch_warnings(action="ignore"):
        host = find_address(settings.host)
        settings = replace(settings, host=host, port=free_port(host, settings.port))
        app = load_app(settings)
        app.warm()
    begun: Future[Callable[[], object]] = Future()
    thread = threading.Thread(target=_run, args=(app, begun), daemon=True)
    thread.start()
    try:
        try:
            begun.result(DEADLINE)
        except Exception as error:
            raise RuntimeError(
                f"the mock did not start: {error or type(error).__name__}"
            ) from error
        yield f"http://{settings.host}:{settings.port}"
    finally:
        # At once, or as soon as there is something to stop.
        begun.add_done_callback(_stop)
        thread.join(DEADLINE)


def _run(app: AsgiApp, begun: Future[Callable[[], object]]) -> None:
    def begin(stop: Callable[[], None]) -> None:
        begun.set_result(partial(asyncio.get_running_loop().call_soon_threadsafe, stop))

    settings = app.core.settings
    try:
        asyncio.run(listen(app, settings.host, settings.port, begin, alone=False))
    except Exception as error:  # noqa: BLE001 - who waits gets it
        begun.set_exception(error)
    finally:
        begun.cancel()


def _stop(begun: Future[Callable[[], object]]) -> None:
    # It may never have started, or have ended.
    with suppress(Exception):
        stop = begun.result()
        stop()
