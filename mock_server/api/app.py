"""The core: a Flask application whose routes are the contract's.

Its views are pure functions of a sandbox.
"""

import re
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from time import perf_counter
from typing import Any, TypeVar, cast

from flask import Flask
from werkzeug.datastructures import EnvironHeaders

from mock_server import __version__
from mock_server.behaviours.handler import Answer, Call
from mock_server.behaviours.operations import OPERATIONS
from mock_server.config import Settings
from mock_server.contract.compiled import Contract, Operation
from mock_server.contract.examples import Examples
from mock_server.control.control_context import FULL, ControlContext, ControlOperation
from mock_server.control.handlers import CONTROL
from mock_server.errors import ApiError, ClientError, Violation
from mock_server.http.replies import Reply
from mock_server.journal.capture import HEADER
from mock_server.scenarios.catalogue import Scenarios
from mock_server.stores.store import Access, SandboxesFullError, Store, Transition
from mock_server.ui import pages
from mock_server.world.records import Session
from mock_server.world.sandbox import Sandbox

from . import guard
from .incoming_request import Request
from .pipeline import (
    ClientOperation,
    Pipeline,
    Task,
    View,
    behave,
    session_of_bearer,
    session_of_refresh_token,
)
from .routing import RouteKind, Router
from .sandbox_address import address, no_address

T = TypeVar("T")
PHRASES = {int(status): status.phrase for status in HTTPStatus}


class Core(Flask):
    """Flask with routes from the contract and from `control.yaml`.

    Flask's map finds the route of a request, and its `view_functions` have what answers it. No view
    waits or keeps anything: `answer` loads, calls and commits.
    """

    def __init__(
        self,
        contract: Contract,
        control: Contract,
        store: Store,
        scenarios: Scenarios,
        settings: Settings,
    ) -> None:
        super().__init__("mock_server", static_folder=None)
        self.contract = contract
        self.control = control
        self.store = store
        self.settings = settings
        self.examples = Examples(contract, control if settings.refresh_session else None)
        self.context = ControlContext(
            self.examples, scenarios, __version__, settings.seed, settings.proxy
        )
        self._address = address if settings.proxy is None else no_address
        # To Flask a view takes no arguments and returns its response.
        views: Any = self.view_functions
        self.pipeline = Pipeline(contract, control, self.context, settings, views)
        self.router = Router(self.url_map)
        for operation in contract.operations.values():
            self._add_client_operation(operation)
        for operation in control.operations.values():
            self._add_control_operation(operation, CONTROL[operation.id])
        for rule, page in pages.PAGES.items():
            # All others of a proxy are the upstream's.
            if settings.proxy is None or rule.startswith(guard.PREFIX):
                self._add(f"page {rule}", rule, "GET", partial(_show, page), RouteKind.PAGE)

    def _add_client_operation(self, operation: Operation) -> None:
        if self.settings.proxy is not None:
            # The upstream answers it, so that there is a route and no view.
            self._add_operation(operation, None, RouteKind.API)
            return
        served = ClientOperation(
            operation,
            self.pipeline.api,
            session_of_bearer,
            authenticates=True,
            behave=partial(behave, OPERATIONS[operation.id]),
        )
        view = partial(self.pipeline.serve_client, served)
        self._add_operation(operation, view, RouteKind.API)

    def _add_control_operation(self, operation: Operation, row: ControlOperation) -> None:
        if self.settings.proxy is not None and not row.in_proxy:
            return
        if row.for_clients and not self.settings.refresh_session:
            return
        pipeline = self.pipeline
        pipeline.controls[operation.id] = operation, row
        if not row.for_clients:
            view = partial(pipeline.serve_control, operation, row)
            self._add_operation(operation, view, RouteKind.CONTROL)
            return
        served = ClientOperation(
            operation,
            pipeline.control,
            session_of_refresh_token,
            authenticates=False,
            behave=partial(_control, self.context, row),
            announced=operation.id,
        )
        view = partial(pipeline.serve_client, served)
        self._add_operation(operation, view, RouteKind.API)

    def _add_operation(self, operation: Operation, view: View | None, kind: RouteKind) -> None:
        rule = re.sub(r"\{(.+?)\}", r"<\1>", operation.path)
        self._add(operation.id, rule, operation.method, view, kind)

    def _add(
        self,
        endpoint: str,
        rule: str,
        method: str,
        view: View | None,
        kind: RouteKind,
    ) -> None:
        # Flask would answer OPTIONS by itself, without CORS and journal.
        self.add_url_rule(
            rule, endpoint, cast("Any", view), methods=[method], provide_automatic_options=False
        )
        self.router.kinds[endpoint] = kind

    def receive(  # noqa: PLR0913, PLR0917 - all that came over HTTP
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        raw_headers: Sequence[tuple[bytes, bytes]],
        headers_size: int,
        fault: ApiError | None = None,
    ) -> Request:
        """Return the request that came, still without its body.

        It has its sandbox, its route, and what it is refused with.
        """
        started = perf_counter()
        sandbox, path = self._address(path, headers)
        route = self.router.find(method, path)
        if fault is None:
            fault = guard.refusal(route, method, headers, self.settings)
        return Request(
            method,
            path,
            query,
            headers,
            raw_headers,
            headers_size,
            started,
            sandbox,
            route,
            fault,
        )

    def largest_body(self, request: Request, usual: int) -> int | None:
        """Return how many bytes the body may have.

        It is `None` where the request is refused whatever they are.
        """
        if request.fault is not None or request.route.rule is None:
            return None
        if request.route.kind is not RouteKind.CONTROL:
            return usual
        _, row = self.pipeline.controls[request.endpoint]
        return max(usual, row.largest_body)

    async def answer(self, request: Request) -> Reply:
        """Load what a request needs, answer it, and keep what comes of it."""
        try:
            return await self._answer(self.pipeline.prepare(request))
        except Exception as error:  # noqa: BLE001 - the last line of defence; the log has it
            return self.pipeline.refuse(request, error)

    async def _answer(self, task: Task) -> Reply:
        name = task.request.sandbox
        respond = self.pipeline.respond
        loaded = None
        try:
            if task.loads is not None and task.call is not None:
                loaded = await task.loads(self.context, self.store, name, task.call)
            if task.access is Access.NOTHING:
                change = respond(task, self.store.start, exists=False, loaded=loaded)
                if change.news is not None:
                    await self.store.announce(*change.news)
                return change.result
            step = partial(respond, task, loaded=loaded)
            return await self.store.transact(name, step, makes=task.access is Access.MADE)
        # The refusal is noted in the journal of the sandbox, if that is there by now.
        except SandboxesFullError:
            refused = task._replace(fault=_no_room(), access=Access.PRESENT, loads=None)
            return await self._answer(refused)
        # Of the store, or of what was to be loaded.
        except ApiError as error:
            refused = task._replace(fault=task.fault or error, access=Access.NOTHING)
            return respond(refused, self.store.start, exists=False).result

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request as WSGI has it (PEP 3333), over a store that never waits.

        Flask's test client calls this, and no server.
        """
        headers = {name.lower(): value for name, value in EnvironHeaders(environ)}
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        size = sum(HEADER + len(name) + len(value) for name, value in raw)
        path = environ["REQUEST_URI"].partition("?")[0]
        method = environ["REQUEST_METHOD"]
        query = environ["QUERY_STRING"]
        request = self.receive(method, path, query, headers, raw, size)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        reply = _finish(self.answer(request._replace(body=body)))
        phrase = PHRASES.get(reply.status, "UNKNOWN")
        start_response(f"{reply.status} {phrase}", list(reply.headers.items()))
        return [b"" if method == "HEAD" else reply.body]


def _show(
    page: pages.Page,
    task: Task,
    sandbox: Sandbox,
    _loaded: object,
) -> Transition[Reply]:
    """Return a page for people."""
    return Transition(sandbox, page(task.request.headers, **task.request.route.names))


def _control(
    context: ControlContext,
    row: ControlOperation,
    sandbox: Sandbox,
    _session: Session | None,
    call: Call,
) -> tuple[Sandbox, Answer]:
    """Do what a call of the control API does that clients of the API make."""
    sandbox, answer = row.handler(context, sandbox, call)
    assert isinstance(answer, Answer), "clients of the API follow no stream"
    return sandbox, answer


def _no_room() -> ClientError:
    return ClientError([Violation("header", "X-Mock-Sandbox", FULL)])


def _finish(waiting: Coroutine[Any, Any, T]) -> T:
    """Return what comes of a coroutine that never waits."""
    try:
        waiting.send(None)
    except StopIteration as done:
        found: T = done.value
        return found
    waiting.close()
    raise RuntimeError("only a store in memory answers without waiting")


def check_operations(contract: Contract, handlers: Mapping[str, object]) -> list[str]:
    """List the difference between a document's operationIds and the handlers that there are."""
    without_handler = sorted(contract.operations.keys() - handlers.keys())
    unknown = sorted(handlers.keys() - contract.operations.keys())
    return [
        *(f"operation {name!r} of the contract has no handler" for name in without_handler),
        *(f"operation {name!r} is not in the contract" for name in unknown),
    ]
