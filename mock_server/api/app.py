"""The core: a Flask application that takes a whole request, never waits, and answers in a fraction of a millisecond."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from time import perf_counter
from typing import Any, cast

from flask import Flask, Request, Response, request
from flask.sessions import NullSession, SessionInterface
from werkzeug.exceptions import MethodNotAllowed as WerkzeugMethodNotAllowed
from werkzeug.exceptions import NotFound as WerkzeugNotFound

from mock_server import __version__
from mock_server.config import Options
from mock_server.contract.compiled import Contract, Operation
from mock_server.contract.examples import REFRESH, Examples
from mock_server.contract.route_hints import nearest
from mock_server.control.control_context import Desk
from mock_server.errors import ApiError, InternalError, MethodNotAllowed, NotFound
from mock_server.http.broken_connections import broken_answer
from mock_server.http.replies import NO_STORE, Reply, empty_response, refusal
from mock_server.journal import capture, masking
from mock_server.journal.entries import Journal, Records
from mock_server.scenarios.catalogue import Scenarios
from mock_server.stores.memory import DEFAULT, MemoryStore, Store
from mock_server.ui import pages
from mock_server.world.overrides import NOTHING
from mock_server.world.records import World
from mock_server.world.sandbox import REAL, Sandbox

from . import cors, guard
from .pipeline import Pipeline
from .routing import FOR_CLIENTS, Kind, Route, Router
from .sandbox_address import SANDBOX, address, sandbox_name

log = logging.getLogger("mock_server")

Headers = Iterable[tuple[str, str]]

STARTED = "mock_server.started"
"""Key in the WSGI environment: when the request came, by `time.perf_counter`."""
FAULT = "mock_server.fault"
"""Key in the WSGI environment: the `ApiError` that ended the request before it was whole, where one did."""
ROUTE = "mock_server.route"
"""Key in the WSGI environment: the `Route` that was found."""


class NoSession(SessionInterface):
    """Keeps Flask from looking for a cookie: the API's sessions travel in `Authorization`."""

    def open_session(self, _app: Flask, _request: Request) -> NullSession:
        """Return a session that cannot be used."""
        return NullSession()

    def save_session(self, *_: object) -> None:
        """Save nothing."""


class Core(Flask):
    """Flask with routes from the contract and from `control.yaml`, matched on the path as it was sent."""

    session_interface = NoSession()

    def __init__(  # noqa: PLR0913, PLR0917 - where everything is put together
        self,
        contract: Contract,
        control: Contract,
        store: Store,
        scenarios: Scenarios,
        options: Options | None = None,
        journal: Records | None = None,
    ) -> None:
        super().__init__("mock_server", static_folder=None)
        self.contract, self.control, self.store, self.options = (
            contract,
            control,
            store,
            options or Options(),
        )
        self.journal: Records = journal or Journal(
            self.options.max_requests, self.options.max_journal_bytes
        )
        self.examples = Examples(contract, control if self.options.refresh_session else None)
        self.desk = Desk(
            store, self.journal, self.examples, scenarios, __version__, self.options.seed
        )
        if isinstance(store, MemoryStore):
            store.forgotten = self.journal.clear
        self.pipeline = Pipeline(contract, control, self.desk, self.options)
        self.router = Router(self.url_map)
        for operation in contract.operations.values():
            self._route(operation, self.pipeline.serve)
        for operation in control.operations.values():
            if operation.id != REFRESH:
                self._route(operation, self.pipeline.steer)
            elif self.options.refresh_session:
                self._route(operation, self.pipeline.refresh)
        for rule, page in pages.PAGES.items():
            self.add_url_rule(
                rule, f"page {rule}", partial(page, request), provide_automatic_options=False
            )
            self.router.kinds[f"page {rule}"] = Kind.PAGE
        self.register_error_handler(Exception, self.refuse)
        self.after_request(self.finish)

    def _route(self, operation: Operation, view: Callable[..., Reply]) -> None:
        rule = re.sub(r"\{(.+?)\}", r"<\1>", operation.path)
        methods = [operation.method]
        self.add_url_rule(
            rule,
            operation.id,
            partial(view, operation),
            methods=methods,
            provide_automatic_options=False,
        )
        self.router.kinds[operation.id] = (
            Kind.CONTROL if operation.path.startswith(guard.PREFIX) else Kind.API
        )

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function: none here is asynchronous, and finding that out anew each time costs microseconds."""
        return func

    def request_context(self, environ: dict[str, Any]) -> Any:
        """Match a request on its path as it was sent, after the sandbox that it is for was taken off."""
        environ.setdefault(STARTED, perf_counter())
        route = self.matched(environ)
        context = super().request_context(environ)
        asked = context.request
        asked.url_rule, asked.view_args, asked.routing_exception = (
            route.rule,
            route.names,
            route.error,
        )
        return context

    def create_url_adapter(self, _request: Request | None) -> None:
        """Leave matching to the router."""

    def matched(self, environ: dict[str, Any]) -> Route:
        """Return what a request is for; it is found once."""
        if ROUTE not in environ:
            address(environ)
            path = environ["REQUEST_URI"].partition("?")[0]
            environ[ROUTE] = self.router.find(environ["REQUEST_METHOD"], path)
        found: Route = environ[ROUTE]
        return found

    def admit(self, environ: dict[str, Any]) -> None:
        """Raise what is wrong with a request whatever its body holds and its sandbox knows."""
        if FAULT in environ:
            raise environ[FAULT]
        route, options = self.matched(environ), self.options
        is_own = options.any_host or guard.is_own(environ, options.allowed_hosts)
        if route.kind in FOR_CLIENTS:
            if not is_own:
                raise guard.misdirected(environ, guard.StrangeHostError)
            return
        if not is_own and options.control_token is None:
            raise guard.misdirected(environ, guard.MisdirectedError)
        if route.kind is Kind.CONTROL and route.rule is not None:
            # The control API's document has a GET for everything that changes nothing.
            changes = environ["REQUEST_METHOD"] not in {"GET", "HEAD"}
            guard.check(environ, options.control_token, options.control_origins, changes=changes)

    def dispatch_request(self) -> Any:
        """Check who asks before anything else; a page from elsewhere makes no sandbox."""
        environ = request.environ
        self.admit(environ)
        is_named = environ[SANDBOX] != DEFAULT and environ[ROUTE].rule is not None
        if (
            is_named
            and self._is_foreign(environ)
            and self.store.peek(sandbox_name(environ)) is None
        ):
            raise guard.no_sandbox()
        return super().dispatch_request()

    def _is_foreign(self, environ: dict[str, Any]) -> bool:
        return guard.is_foreign_page(
            environ, (*self.options.cors_origins, *self.options.control_origins)
        )

    def refuse(self, error: Exception) -> Reply:
        """Return the reply where no operation gives one: unknown paths, wrong methods, failures of ours (logged)."""
        if isinstance(error, ApiError):
            reply = refusal(error)
            reply.headers.setdefault(
                "Cache-Control", NO_STORE["Cache-Control"]
            )  # an operation's refusal, by its contract
            return reply
        if isinstance(error, WerkzeugMethodNotAllowed):
            allow = ", ".join(sorted({*(error.valid_methods or ()), "OPTIONS"}))
            if request.environ["REQUEST_METHOD"] == "OPTIONS":
                return empty_response({"Allow": allow})
            refused: ApiError = MethodNotAllowed(headers={"Allow": allow})
        elif isinstance(error, WerkzeugNotFound):
            if cors.is_preflight(request):
                return empty_response({})
            refused = NotFound()
        else:
            log.error("%s %s failed", request.method, masking.path(request.path), exc_info=error)
            refused = InternalError(headers=NO_STORE)
        return refusal(refused)

    def finish(self, reply: Response) -> Response:
        """Write a request to the API into the journal, and say which web pages may read the answer."""
        asked = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - the proxy costs each time
        environ = asked.environ
        route: Route = environ[ROUTE]
        is_api = route.kind in FOR_CLIENTS
        origin, options = environ.get("HTTP_ORIGIN"), self.options
        if origin is not None:
            may = (
                cors.may_call(origin, options.cors_origins)
                if is_api
                else origin in options.control_origins
            )
            reply = cors.allow(asked, reply, may=may)
        if is_api and isinstance(reply, Reply):
            self.record(environ, route, reply)
        return reply

    def record(self, environ: dict[str, Any], route: Route, reply: Reply) -> None:
        """Write a request into the journal."""
        try:
            name = sandbox_name(environ)
            box = self._seen(name, environ)
            world = (box or self.store.load(DEFAULT)).world
        except ApiError:
            return  # there is no sandbox of that name
        method, path = environ["REQUEST_METHOD"], environ["REQUEST_URI"].partition("?")[0]
        if route.rule is None or route.names:
            path = _without_tokens(path, world)
        plan, headers, sent = (
            reply.plan,
            cast("Headers", reply.headers),
            reply.sent if method != "HEAD" else b"",
        )
        if plan.fault:
            headers, sent = broken_answer(plan.fault)
        waited = (
            0.0 if plan is NOTHING else plan.delay + (plan.body if sent and not plan.fault else 0.0)
        )
        self.journal.record(
            name,
            (REAL if box is None else box.clock).now(),
            method,
            path,
            environ["QUERY_STRING"],
            route.rule.endpoint if route.rule else "",
            reply.user,
            0 if plan.fault else reply.status_code,
            (perf_counter() - environ[STARTED] + waited) * 1000,
            reply.violations,
            reply.changes,
            "" if route.rule else self.nearest(method, masking.path(path)),
            plan.fault,
            "",
            capture.keep(environ, headers, sent),
            override=None if plan is NOTHING else plan.as_json() or None,
        )

    def _seen(self, name: str, environ: dict[str, Any]) -> Sandbox | None:
        """Return a sandbox, if there is one; raise `NotFound` where there is none, and a page from elsewhere asks for it."""
        box = self.store.peek(name)
        if box is None and self._is_foreign(environ):
            raise NotFound
        return box

    def nearest(self, method: str, path: str) -> str:
        """Say which operation a request came close to that matched none."""
        offered = (
            each for each in self.control.operations.values() if each.id in self.view_functions
        )
        return nearest((*self.contract.operations.values(), *offered), method, path)

    def answer(self, environ: dict[str, Any]) -> Reply:
        """Return the reply to one request, given as a WSGI environment (PEP 3333) with `REQUEST_URI`."""
        context = self.request_context(environ)
        context.push()
        try:
            return cast("Reply", self.full_dispatch_request())
        except Exception as error:  # noqa: BLE001 - the last line of defence; the log has it
            return self.refuse(error)
        finally:
            context.pop()


def _without_tokens(path: str, world: World) -> str:
    """Return a path in which no token that the sandbox knows stands."""
    hidden = masking.HIDDEN
    return "/".join(
        hidden if part in world.sessions or part in world.refreshable else part
        for part in path.split("/")
    )


def check_operations(contract: Contract, handlers: Mapping[str, object]) -> list[str]:
    """List the difference between a document's operationIds and the handlers that there are."""
    ours, theirs = set(handlers), set(contract.operations)
    missing = [
        f"operation {name!r} of the contract has no handler" for name in sorted(theirs - ours)
    ]
    return missing + [
        f"operation {name!r} is not in the contract" for name in sorted(ours - theirs)
    ]
