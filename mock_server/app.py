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
from werkzeug.routing import MapAdapter

from . import __version__, cors, guard, masking, window, wire
from .addressing import address, sandbox_name
from .answers import NO_STORE, Reply, empty_response, refusal
from .connections import broken_answer
from .contract import Contract, Operation
from .control.desk import Desk
from .decoding import canonical_path
from .errors import ApiError, InternalError, MethodNotAllowed, NotFound
from .examples import REFRESH, Examples
from .journal import Journal, Records
from .nearest import nearest
from .options import Options
from .pipeline import Pipeline
from .rules import NOTHING
from .scenarios import Scenarios
from .store import MemoryStore, Store
from .world import World

log = logging.getLogger("mock_server")

Headers = Iterable[tuple[str, str]]

STARTED = "mock_server.started"
"""Key in the WSGI environment: when the request came, by `time.perf_counter`."""


class NoSession(SessionInterface):
    """Keeps Flask from looking for a cookie: the API's sessions travel in `Authorization`."""

    def open_session(self, _app: Flask, _request: Request) -> NullSession:
        """Answer a session that cannot be used."""
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
        self.contract, self.control, self.store, self.options = contract, control, store, options or Options()
        self.journal: Records = journal or Journal(self.options.max_requests, self.options.max_journal_bytes)
        self.examples = Examples(contract, control if self.options.refresh_session else None)
        self.desk = Desk(store, self.journal, self.examples, scenarios, __version__, self.options.seed)
        if isinstance(store, MemoryStore):
            store.forgotten = self.journal.clear
        self.pipeline = Pipeline(contract, control, self.desk, self.options)
        self.url_map.merge_slashes = False
        for operation in contract.operations.values():
            self._route(operation, self.pipeline.serve)
        for operation in control.operations.values():
            if operation.id != REFRESH:
                self._route(operation, self.pipeline.steer)
            elif self.options.refresh_session:
                self._route(operation, self.pipeline.refresh)
        for rule, page in window.PAGES.items():
            self.add_url_rule(rule, f"page {rule}", partial(self.show, page), provide_automatic_options=False)
        self.register_error_handler(Exception, self.refuse)
        self.after_request(self.finish)

    def _route(self, operation: Operation, view: Callable[..., Reply]) -> None:
        rule = re.sub(r"\{(.+?)\}", r"<\1>", operation.path)
        methods = [operation.method]
        self.add_url_rule(rule, operation.id, partial(view, operation), methods=methods, provide_automatic_options=False)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Answer the function: none here is asynchronous, and finding that out anew each time costs microseconds."""
        return func

    def request_context(self, environ: dict[str, Any]) -> Any:
        """Find out which sandbox a request is for before it is matched."""
        address(environ)
        environ.setdefault(STARTED, perf_counter())
        return super().request_context(environ)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Match the path as it was sent, so that an encoded slash stays part of a name."""
        if request is None:
            return None
        path = canonical_path(request.environ["REQUEST_URI"].partition("?")[0])
        return self.url_map.bind("", path_info=path, default_method=request.method)

    def refuse(self, error: Exception) -> Reply:
        """Answer what no operation answers: unknown paths, wrong methods, and failures of ours, which go to the log."""
        if isinstance(error, ApiError):
            return refusal(error)
        if isinstance(error, WerkzeugMethodNotAllowed):
            allow = ", ".join(sorted({*(error.valid_methods or ()), "OPTIONS"}))
            if request.method == "OPTIONS":
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

    def show(self, page: window.Page, **names: str) -> Reply:
        """Answer a page for people, or a file of one."""
        if self.options.control_token is None and not guard.is_local_name(request.environ.get("HTTP_HOST", "")):
            raise guard.MisdirectedError
        return page(request, **names)

    def finish(self, reply: Response) -> Response:
        """Write a request to the API into the journal, and say which web pages may read the answer."""
        asked = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - the proxy costs each time
        is_control = asked.environ["REQUEST_URI"].startswith(guard.PREFIX)
        response = cors.allow(asked, reply, self.options.control_origins if is_control else None)
        if not is_control and isinstance(response, Reply) and not response.is_page:
            self.record(asked, response)
        return response

    def record(self, asked: Request, reply: Reply) -> None:
        """Write a request into the journal."""
        environ, rule = asked.environ, asked.url_rule
        try:
            name = sandbox_name(environ)
            box = self.desk.load(name)
        except ApiError:
            return  # refused before there was a sandbox
        method, path = asked.method, environ["REQUEST_URI"].partition("?")[0]
        if rule is None or asked.view_args:
            path = _without_tokens(path, box.world)
        plan, headers, sent = reply.plan, cast("Headers", reply.headers), reply.sent if method != "HEAD" else b""
        if plan.fault:
            headers, sent = broken_answer(plan.fault)
        waited = 0.0 if plan is NOTHING else plan.delay + (plan.body if sent and not plan.fault else 0.0)
        self.journal.record(
            name,
            box.clock.now(),
            method,
            path,
            environ["QUERY_STRING"],
            rule.endpoint if rule else "",
            reply.user,
            0 if plan.fault else reply.status_code,
            (perf_counter() - environ[STARTED] + waited) * 1000,
            reply.violations,
            reply.changes,
            "" if rule else nearest(self.contract.operations.values(), method, masking.path(path)),
            plan.fault,
            "",
            wire.keep(environ, headers, sent),
            override=None if plan is NOTHING else plan.as_json() or None,
        )

    def answer(self, environ: dict[str, Any]) -> Reply:
        """Answer one request, given as a WSGI environment (PEP 3333) with `REQUEST_URI`."""
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
    return "/".join(hidden if part in world.sessions or part in world.refreshable else part for part in path.split("/"))


def check_operations(contract: Contract, handlers: Mapping[str, object]) -> list[str]:
    """List the difference between a document's operationIds and the handlers that there are."""
    ours, theirs = set(handlers), set(contract.operations)
    missing = [f"operation {name!r} of the contract has no handler" for name in sorted(theirs - ours)]
    return missing + [f"operation {name!r} is not in the contract" for name in sorted(ours - theirs)]
