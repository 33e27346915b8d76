"""The core: a Flask application that takes a whole request, never waits, and answers in a fraction of a millisecond."""

import logging
import re
from collections.abc import Callable
from functools import cached_property, partial
from time import perf_counter, time
from typing import Any, cast

from flask import Flask, Request, Response, request
from flask.sessions import NullSession, SessionInterface
from werkzeug.exceptions import MethodNotAllowed as WerkzeugMethodNotAllowed
from werkzeug.exceptions import NotFound as WerkzeugNotFound
from werkzeug.routing import MapAdapter

from . import __version__, cors
from .answers import Reply, empty_response, json_response, refusal
from .authentication import authenticate
from .clock import Clock, real_clock
from .contract import Contract, Operation, RawRequest, accept, decode, response_faults
from .control import control
from .decoding import canonical_path
from .errors import ApiError, ClientError, InternalError, MethodNotAllowed, NotFound, Violation, error_body
from .faults import wished_delay
from .journal import Entry, Journal
from .operations import OPERATIONS
from .operations.handler import Answer, Call
from .store import Store

log = logging.getLogger("mock_server")

OVERSIZED = "mock_server.oversized"
"""Key in the WSGI environment: the limit in bytes that the body broke, where it did; the body itself is then not there."""
STARTED = "mock_server.started"
"""Key in the WSGI environment: when the request came, by `time.perf_counter`."""
NO_STORE = {"Cache-Control": "no-store"}
MAX_REQUESTS = 1000
"""How many requests the journal keeps unless told otherwise."""


class NoSession(SessionInterface):
    """Keeps Flask from looking for a cookie: the API's sessions travel in `Authorization`."""

    def open_session(self, _app: Flask, _request: Request) -> NullSession:
        """Answer a session that cannot be used."""
        return NullSession()

    def save_session(self, *_: object) -> None:
        """Save nothing."""


class Core(Flask):
    """Flask with routes from the contract, matched on the path as it was sent."""

    session_interface = NoSession()

    def __init__(self, contract: Contract, store: Store, clock: Clock = real_clock, max_requests: int = MAX_REQUESTS) -> None:
        super().__init__("mock_server", static_folder=None)
        self.contract, self.store, self.clock = contract, store, clock
        self.journal = Journal(max_requests)
        self.url_map.merge_slashes = False
        for operation in contract.operations.values():
            rule = re.sub(r"\{(.+?)\}", r"<\1>", operation.path)
            view = partial(self.serve, operation)
            methods = [operation.method]
            self.add_url_rule(rule, operation.id, view, methods=methods, provide_automatic_options=False)
        self.register_blueprint(control(self.journal, __version__))
        self.register_error_handler(Exception, self.refuse)
        self.after_request(self.record)
        self.after_request(cors.allow)

    @cached_property
    def explain(self) -> Callable[..., Any]:
        """Import openapi-core and compile the contract for it, when the first request is refused."""
        from .authority import Authority  # noqa: PLC0415 - a third of a second that a good answer does not need

        return Authority(self.contract.document).explain

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Match the path as it was sent, so that an encoded slash stays part of a name."""
        if request is None:
            return None
        path = canonical_path(request.environ["REQUEST_URI"].partition("?")[0])
        return self.url_map.bind("", path_info=path, default_method=request.method)

    def serve(self, operation: Operation, **path: str) -> Reply:
        """Take a request through the pipeline: authenticate → validate → operate → validate, and say how long to wait."""
        delay, impossible = wished_delay(request.environ.get("HTTP_PREFER"))
        try:
            answer = self.operate(operation, path, impossible)
            reply = self.respond(operation, answer.status, answer.body)
        except ApiError as error:
            reply = self.respond(operation, error.status, error_body(error), error.headers)
            reply.violations = error.details
        reply.delay = delay
        return reply

    def operate(self, operation: Operation, path: dict[str, str], impossible: list[Violation]) -> Answer:
        """Authenticate, validate, and run the handler until its change is the newest; raises `ApiError`."""
        session = authenticate(self.store.load(), request.environ.get("HTTP_AUTHORIZATION"), self.clock())
        call = self.validate(operation, path, impossible)
        while True:
            before = self.store.load()
            after, answer = OPERATIONS[operation.id](before, session, call)
            if after is before or self.store.commit(before, after):
                return answer

    def validate(self, operation: Operation, path: dict[str, str], impossible: list[Violation]) -> Call:
        """Decode a request that the contract allows; raises `ClientError` with all that is wrong with it."""
        environ = request.environ
        media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        body = request.get_data() if operation.body is not None else b""
        raw = RawRequest(path, environ["QUERY_STRING"], media_type, body, environ.get(OVERSIZED))
        decoded = decode(operation, raw)
        accepted = accept(operation, raw, decoded)
        if accepted is None or impossible:
            violations = [*impossible, *self.explain(operation, raw, decoded)]
            if not violations:
                log.error("the two tiers disagree about %s %s; please report this", operation.id, raw.query)
                raise InternalError
            raise ClientError(violations)
        return Call(*accepted)

    def respond(self, operation: Operation, status: int, body: object, headers: Any = None) -> Reply:
        """Build an answer of an operation and check it against the contract; a wrong one is a bug of ours, hence 500."""
        headers = {**NO_STORE, **headers} if headers else NO_STORE
        faults = response_faults(operation, status, headers, body)
        if faults:
            log.error("%s: the answer breaks the contract: %s", operation.id, "; ".join(faults))
            status, body, headers = InternalError.status, error_body(InternalError()), NO_STORE
        return json_response(status, body, headers)

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
            log.error("%s %s failed", request.method, request.path, exc_info=error)
            refused = InternalError(headers=NO_STORE)
        return refusal(refused)

    def record(self, reply: Response) -> Response:
        """Write a request into the journal, except those about the journal."""
        environ, rule = request.environ, request.url_rule
        path = environ["REQUEST_URI"].partition("?")[0]
        if not path.startswith("/__mock/"):
            spent = (perf_counter() - environ.get(STARTED, perf_counter())) * 1000
            violations = tuple(reply.violations) if isinstance(reply, Reply) else ()
            operation, query = rule.endpoint if rule else "", environ["QUERY_STRING"]
            self.journal.record(Entry(time(), request.method, path, query, operation, reply.status_code, spent, violations))
        return reply

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


def check_operations(contract: Contract) -> list[str]:
    """List the difference between the contract's operationIds and the handlers that there are."""
    ours, theirs = set(OPERATIONS), set(contract.operations)
    missing = [f"operation {name!r} of the contract has no handler" for name in sorted(theirs - ours)]
    return missing + [f"operation {name!r} is not in the contract" for name in sorted(ours - theirs)]
