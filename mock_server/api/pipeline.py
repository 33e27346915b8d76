"""The way of a request, from top to bottom: what it needs, then its reply and the next sandbox.

Nothing here waits, keeps anything or knows a store. Whoever calls loads the sandbox, and commits
what comes of it.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import orjson
from werkzeug.exceptions import MethodNotAllowed as WerkzeugMethodNotAllowed
from werkzeug.exceptions import NotFound as WerkzeugNotFound

from mock_server.behaviours.handler import Answer, Call, Handler
from mock_server.config import Settings
from mock_server.contract.compiled import Contract, Operation
from mock_server.contract.route_hints import nearest
from mock_server.control.control_context import (
    Changes,
    ControlContext,
    ControlOperation,
    Loader,
    Stream,
)
from mock_server.errors import (
    ApiError,
    ClientError,
    InternalError,
    MethodNotAllowed,
    NotFound,
    error_body,
)
from mock_server.http.authentication import admit, count_call, find_refreshed, find_session
from mock_server.http.planned_replies import overlay, planned
from mock_server.http.replies import (
    NO_STORE,
    About,
    Reply,
    json_reply,
    refusal,
    stream_reply,
    text_reply,
)
from mock_server.journal import masking
from mock_server.stores.store import DEFAULT, Access, Transition
from mock_server.world.overrides import NOTHING, Plan, choose
from mock_server.world.records import Session, World
from mock_server.world.sandbox import Sandbox

from . import cors, guard
from .incoming_request import Request
from .journal_entry import entry_of
from .prefer import parse_prefer
from .routing import FOR_CLIENTS, RouteKind
from .sandbox_address import NAME, wrong_name
from .validator import Validator

log = logging.getLogger("mock_server")


class Task(NamedTuple):
    """A request, and what has to be there before it can be answered.

    - `access` says what it wants of its sandbox.
    - `loads` says what else has to be loaded for its `call` of the control API, which is validated
      already.
    - `fault` is what it is refused with whatever its sandbox holds.
    - A web page from elsewhere `makes_none`: its request is refused where there is no such sandbox.
    """

    request: Request
    access: Access
    fault: Exception | None = None
    call: Call | None = None
    loads: Loader | None = None
    makes_none: bool = False


View = Callable[[Task, Sandbox, object], Transition[Reply]]
"""Return what comes of a request to one operation or page: what Flask dispatches to."""


class ClientOperation(NamedTuple):
    """An operation that clients of the API call.

    - `find_session` tells whose request it is.
    - Where it `authenticates`, that session is needed, and is used once more.
    - `behave` does what the operation does, and raises `ApiError`.
    - `announced` is the name by which followers of the journal are told, if they are.
    """

    operation: Operation
    validator: Validator
    find_session: Callable[[World, Request], Session | None]
    authenticates: bool
    behave: Callable[[Sandbox, Session | None, Call], tuple[Sandbox, Answer]]
    announced: str = ""


class Pipeline:
    """Turn requests into replies.

    `views` has what serves each endpoint, `controls` the rows of the control table in use.
    """

    def __init__(
        self,
        contract: Contract,
        control: Contract,
        context: ControlContext,
        settings: Settings,
        views: dict[str, View],
    ) -> None:
        self.api = Validator(contract)
        self.control = Validator(control)
        self.context = context
        self.settings = settings
        self.views = views
        self.controls: dict[str, tuple[Operation, ControlOperation]] = {}
        self._trusted_origins = (*settings.cors_origins, *settings.control_origins)

    def prepare(self, request: Request) -> Task:
        """Return what a request needs before it can be answered."""
        route = request.route
        fault = request.fault or route.error
        is_named = request.sandbox != DEFAULT
        if is_named and not NAME.fullmatch(request.sandbox):
            return Task(request, Access.NOTHING, fault or _name_fault(route.kind))
        makes_none = is_named and guard.is_foreign_page(request.headers, self._trusted_origins)
        if fault is None and route.kind is RouteKind.CONTROL:
            return self._prepare_control(request, makes_none=makes_none)
        access = _access(route.kind, is_refused=fault is not None, makes_none=makes_none)
        return Task(request, access, fault, makes_none=makes_none)

    def _prepare_control(self, request: Request, *, makes_none: bool) -> Task:
        operation, row = self.controls[request.endpoint]
        try:
            call = self.control.validate(operation, request, [])
        except ApiError as error:
            return Task(request, Access.NOTHING, error)
        access = Access.PRESENT if makes_none else row.access
        return Task(request, access, None, call, row.loads, makes_none)

    def respond(
        self,
        task: Task,
        sandbox: Sandbox,
        exists: bool,  # noqa: FBT001 - a store calls this
        loaded: object = None,
    ) -> Transition[Reply]:
        """Return the reply, the next sandbox, and the entry of the journal."""
        request = task.request
        is_for_clients = request.route.kind in FOR_CLIENTS
        is_without = task.makes_none and not exists

        change = self._dispatch(task, sandbox, loaded, is_without=is_without)
        reply = change.result
        if "origin" in request.headers:
            reply = self._with_permissions(request, reply, is_for_clients=is_for_clients)

        if not is_for_clients or is_without or task.access is Access.NOTHING:
            return change._replace(result=reply)
        hint = "" if request.route.rule else self.nearest(request.method, request.path)
        entry = entry_of(request, reply, change.sandbox, hint)
        return Transition(change.sandbox, reply, entry, change.clears, change.news)

    def _dispatch(
        self,
        task: Task,
        sandbox: Sandbox,
        loaded: object,
        *,
        is_without: bool,
    ) -> Transition[Reply]:
        """Return what the view of a request makes of it, or its refusal."""
        request = task.request
        fault = task.fault or (guard.no_sandbox() if is_without else None)
        if fault is not None:
            return Transition(sandbox, self.refuse(request, fault))
        try:
            return self.views[request.endpoint](task, sandbox, loaded)
        except Exception as error:  # noqa: BLE001 - the last line of defence; the log has it
            return Transition(sandbox, self.refuse(request, error))

    def serve_client(
        self,
        served: ClientOperation,
        task: Task,
        sandbox: Sandbox,
        _loaded: object,
    ) -> Transition[Reply]:
        """Return what comes of a request to the API.

        The reply is what the request or a rule wants, or else what the operation does.
        """
        request = task.request
        operation = served.operation
        session = served.find_session(sandbox.world, request)
        user = None if session is None else session.username

        plan, impossible = parse_prefer(
            self.context.examples, operation.id, request.headers.get("prefer"), request.query
        )
        if plan is NOTHING and not impossible and sandbox.rules:
            plan, sandbox = self._overridden(operation, request.sandbox, user, sandbox)
        if plan.answers and not impossible:
            reply = self._planned(served, plan, user)
            if reply is not None:
                return Transition(sandbox, reply)

        sandbox = _with_call_counted(served, sandbox, session)
        before = sandbox.world
        try:
            _authenticate(served, sandbox, session)
            call = served.validator.validate(operation, request, impossible)
            sandbox, answer = served.behave(sandbox, session, call)
        except ApiError as error:
            about = About(error.details, user, plan=plan)
            reply = served.validator.respond(
                operation, error.status, error_body(error), error.headers, about
            )
            return Transition(sandbox, reply)

        about = About((), user, _changes(before, sandbox.world, user), plan)
        reply = served.validator.respond(operation, answer.status, answer.body, None, about)
        news = (request.sandbox, served.announced) if served.announced else None
        return Transition(sandbox, reply, news=news)

    def serve_control(
        self,
        operation: Operation,
        row: ControlOperation,
        task: Task,
        sandbox: Sandbox,
        loaded: object,
    ) -> Transition[Reply]:
        """Return what comes of a call of the control API."""
        call = task.call
        assert call is not None, "it was validated when the request was prepared"
        context = self.context if row.loads is None else replace(self.context, loaded=loaded)
        sandbox, answer = row.handler(context, sandbox, call)
        if isinstance(answer, Stream):
            return Transition(sandbox, stream_reply(answer.events))
        reply = self.control.respond(operation, answer.status, answer.body)
        news = None
        if row.changes is Changes.SANDBOX:
            news = task.request.sandbox, operation.id
        elif row.changes is Changes.NAMED:
            news = call.parameters["name"], operation.id
        return Transition(sandbox, reply, clears=row.clears_journal, news=news)

    def refuse(self, request: Request, error: Exception) -> Reply:
        """Return the reply where no operation gives one.

        That is for unknown paths, wrong methods, and failures of ours, which are logged.
        """
        if isinstance(error, ApiError):
            return refusal(error, NO_STORE)
        if isinstance(error, WerkzeugMethodNotAllowed):
            methods = {"OPTIONS", *(error.valid_methods or ())}
            allow = {"Allow": ", ".join(sorted(methods))}
            if request.method == "OPTIONS":
                return json_reply(204, None, allow)
            return refusal(MethodNotAllowed(headers=allow))
        if isinstance(error, WerkzeugNotFound):
            if cors.is_preflight(request.method, request.headers):
                return json_reply(204, None)
            return refusal(NotFound())
        log.error("%s %s failed", request.method, masking.path(request.path), exc_info=error)
        return refusal(InternalError(), NO_STORE)

    def nearest(self, method: str, path: str) -> str:
        """Say which operation a request came close to that matched none."""
        known = list(self.api.contract.operations.values())
        # Not all of the control API is always served.
        control = self.control.contract.operations.values()
        known += [operation for operation in control if operation.id in self.views]
        return nearest(known, method, masking.path(path))

    def _with_permissions(self, request: Request, reply: Reply, *, is_for_clients: bool) -> Reply:
        origin = request.headers["origin"]
        may = (
            cors.may_call(origin, self.settings.cors_origins)
            if is_for_clients
            else origin in self.settings.control_origins
        )
        return cors.with_permissions(request, reply, may=may)

    def _overridden(
        self,
        operation: Operation,
        name: str,
        user: str | None,
        sandbox: Sandbox,
    ) -> tuple[Plan, Sandbox]:
        """Return the plan of the rule that applies, and the sandbox in which it is counted."""
        seed = f"{self.settings.seed}:{name}"
        plan, rules = choose(sandbox.rules, operation.id, user, seed)
        return plan, (sandbox if rules is sandbox.rules else replace(sandbox, rules=rules))

    def _planned(self, served: ClientOperation, plan: Plan, user: str | None) -> Reply | None:
        """Return the reply of a plan, `None` where the contract has it no more."""
        operation = served.operation
        about = About(user=user, plan=plan)
        try:
            status, body, headers = planned(self.context.examples, operation.id, plan)
        except LookupError as reason:
            # The contract was read again after the rule had been made.
            log.warning("a rule for %s is idle: its answer %s", operation.id, reason)
            return None
        headers = overlay(NO_STORE, headers)
        if plan.undocumented:
            return text_reply(status, body, headers, about)
        return served.validator.respond(operation, status, body, headers, about)


def _access(kind: RouteKind, *, is_refused: bool, makes_none: bool) -> Access:
    """Return what a request wants of its sandbox."""
    # One that is refused is noted in the journal of its sandbox, where there is one.
    if is_refused:
        return Access.PRESENT if kind in FOR_CLIENTS else Access.NOTHING
    if makes_none:
        return Access.PRESENT
    return Access.NOTHING if kind is RouteKind.PAGE else Access.MADE


def _name_fault(kind: RouteKind) -> ClientError | None:
    """Return the refusal of an impossible name of a sandbox.

    Pages for people have no sandbox.
    """
    return None if kind is RouteKind.PAGE else wrong_name()


def _with_call_counted(
    served: ClientOperation, sandbox: Sandbox, session: Session | None
) -> Sandbox:
    if not served.authenticates:
        return sandbox
    world = count_call(sandbox.world, session)
    return sandbox if world is sandbox.world else replace(sandbox, world=world)


def _authenticate(served: ClientOperation, sandbox: Sandbox, session: Session | None) -> None:
    """Raise `Unauthorized` where an operation needs a session, and this one is not valid."""
    if served.authenticates:
        admit(session, sandbox.clock.now())


def _changes(
    before: World, after: World, user: str | None
) -> tuple[tuple[str, object, object], ...]:
    """Return what a request changed of its user."""
    return () if after is before or user is None else before.changes(after, user)


def session_of_bearer(world: World, request: Request) -> Session | None:
    """Return the session whose token the request carries, valid or not."""
    return find_session(world, request.headers.get("authorization"))


def session_of_refresh_token(world: World, request: Request) -> Session | None:
    """Return the session whose refresh token is in the body, valid or not."""
    try:
        body = orjson.loads(request.body)
    except ValueError:
        return None
    refresh_token = body.get("refreshToken") if isinstance(body, dict) else None
    return find_refreshed(world, refresh_token)


def behave(
    handler: Handler,
    sandbox: Sandbox,
    session: Session,
    call: Call,
) -> tuple[Sandbox, Answer]:
    """Do what an operation of the API does, in the world of a sandbox."""
    world, answer = handler(sandbox.world, session, call)
    return (sandbox if world is sandbox.world else sandbox.with_world(world)), answer
