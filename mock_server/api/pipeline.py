"""The way of a request: sandbox → fault → authenticate → validate → operate → validate."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import orjson
from flask import request

from mock_server.behaviours.handler import Answer, Call
from mock_server.behaviours.operations import OPERATIONS
from mock_server.config import Options
from mock_server.contract.compiled import (
    Contract,
    Operation,
    RawRequest,
    accept,
    decode,
    response_faults,
)
from mock_server.control.control_context import Desk, Stream
from mock_server.control.handlers import CONTROL
from mock_server.control.sessions import refreshSession
from mock_server.errors import ApiError, ClientError, InternalError, Violation, error_body
from mock_server.http.authentication import find_refreshed, find_session
from mock_server.http.message_framing import encoded
from mock_server.http.planned_replies import overlay, planned
from mock_server.http.replies import NO_STORE, Reply, json_response, stream_response, text_response
from mock_server.journal import masking
from mock_server.journal.entries import LISTED
from mock_server.world.overrides import NOTHING, Plan, choose
from mock_server.world.records import Session, World
from mock_server.world.sandbox import Sandbox

from .attempt import attempt
from .prefer import wish
from .sandbox_address import sandbox_name

log = logging.getLogger("mock_server")

UNREAD = "mock_server.unread"
"""Key in the WSGI environment: a `Violation` that kept the body from being read, where there is one."""

Environ = dict[str, Any]
Paths = Mapping[str, str]


class Gate:
    """Validates requests and answers of one document, with both tiers."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    @cached_property
    def explain(self) -> Callable[..., list[Violation]]:
        """Import openapi-core and compile the document for it, when the first request is refused."""
        from mock_server.contract.explain import Authority  # noqa: PLC0415 - a third of a second that a good answer does not need

        return Authority(self.contract).explain

    def validate(
        self, operation: Operation, environ: Environ, path: Paths, impossible: list[Violation]
    ) -> Call:
        """Decode a request that the document allows; raises `ClientError` with all that is wrong with it."""
        media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        body, unread = b"", environ.get(UNREAD)
        if operation.body is not None:
            body = environ["wsgi.input"].getvalue()
            if body and "HTTP_CONTENT_ENCODING" in environ:
                unread = unread or encoded(environ["HTTP_CONTENT_ENCODING"])
        raw = RawRequest(path, environ["QUERY_STRING"], media_type, body, unread)
        decoded = decode(operation, raw)
        accepted = accept(operation, raw, decoded)
        if accepted is None or impossible:
            violations = [*impossible, *self.explain(operation, raw, decoded)]
            if not violations:
                log.error(
                    "the two tiers disagree about %s %s; please report this",
                    operation.id,
                    masking.query(raw.query),
                )
                raise InternalError
            raise ClientError(violations)
        return Call(*accepted)

    @staticmethod
    def respond(
        operation: Operation, status: int, body: object, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Build an answer of an operation and check it against the document; a wrong one is a bug of ours, hence 500."""
        headers = {**NO_STORE, **headers} if headers else NO_STORE
        faults = response_faults(operation, status, headers, body)
        if faults:
            log.error("%s: the answer breaks the contract: %s", operation.id, "; ".join(faults))
            status, body, headers = InternalError.status, error_body(InternalError()), NO_STORE
        return json_response(status, body, headers)


class Pipeline:
    """What happens to a request once its operation is known."""

    def __init__(self, contract: Contract, control: Contract, desk: Desk, options: Options) -> None:
        self.api, self.control, self.desk, self.options = (
            Gate(contract),
            Gate(control),
            desk,
            options,
        )

    def serve(self, operation: Operation, **path: str) -> Reply:
        """Return the reply to a request to the API: the true one, or what the request or a rule asks for."""
        environ = request.environ
        name, authorization = sandbox_name(environ), environ.get("HTTP_AUTHORIZATION")

        def truly(impossible: list[Violation]) -> Reply:
            def run(world: World, session: Session) -> tuple[World, Answer]:
                return OPERATIONS[operation.id](
                    world, session, self.api.validate(operation, environ, path, impossible)
                )

            return self.perform(operation, name, authorization, run)

        return self.as_wished(
            operation, name, lambda world: find_session(world, authorization), truly
        )

    def refresh(self, operation: Operation) -> Reply:
        """Renew a session: truly, or as the request or a rule wishes. The refresh token says whose session it is."""
        environ = request.environ
        name, token = sandbox_name(environ), _refresh_token(environ["wsgi.input"].getvalue())

        def truly(impossible: list[Violation]) -> Reply:
            try:
                answer = refreshSession(
                    self.desk, name, self.control.validate(operation, environ, {}, impossible)
                )
            except ApiError as error:
                reply = self.control.respond(
                    operation, error.status, error_body(error), error.headers
                )
                reply.violations = error.details
            else:
                self.desk.journal.changed(name, operation.id)
                reply = self.control.respond(operation, answer.status, answer.body)
            session = find_refreshed(self.desk.load(name).world, token)
            reply.user = session.username if session else None
            return reply

        return self.as_wished(operation, name, lambda world: find_refreshed(world, token), truly)

    def as_wished(
        self,
        operation: Operation,
        name: str,
        find: Callable[[World], Session | None],
        truly: Callable[[list[Violation]], Reply],
    ) -> Reply:
        """Return what the request or a rule asks for, and else the true reply; `find` tells whose request it is."""
        environ = request.environ
        plan, impossible = wish(
            self.desk.examples, operation.id, environ.get("HTTP_PREFER"), environ["QUERY_STRING"]
        )
        if plan is NOTHING and not impossible and self.desk.load(name).rules:
            plan = self.overridden(operation, name, find)
        reply = self.planned(operation, plan) if plan.answers and not impossible else None
        if reply is not None:
            session = find(self.desk.load(name).world)
            reply.user = session.username if session else None
        else:
            reply = truly(impossible)
        reply.plan = plan
        return reply

    def planned(self, operation: Operation, plan: Plan) -> Reply | None:
        """Build the answer that a wish or a rule asks for; `None` where the contract was read again and has it no more."""
        try:
            status, body, headers = planned(self.desk.examples, operation.id, plan)
        except LookupError as reason:
            log.warning("a rule for %s is idle: its answer %s", operation.id, reason)
            return None
        build = text_response if plan.undocumented else partial(self.api.respond, operation)
        return build(status, body, overlay(NO_STORE, headers))

    def overridden(
        self, operation: Operation, name: str, find: Callable[[World], Session | None]
    ) -> Plan:
        """Return the plan of the override rule that applies, and count it."""

        def step(box: Sandbox) -> tuple[Sandbox, Plan]:
            session = find(box.world)
            user = session.username if session else None
            plan, rules = choose(box.rules, operation.id, user, f"{self.options.seed}:{name}")
            return (box if rules is box.rules else replace(box, rules=rules)), plan

        return self.desk.change(name, step)

    def perform(
        self,
        operation: Operation,
        name: str,
        authorization: str | None,
        run: Callable[[World, Session], tuple[World, Answer]],
    ) -> Reply:
        """Authenticate and run the handler, again until its change is the newest; a refusal changes nothing."""
        outcome = self.desk.change(name, lambda box: attempt(box, authorization, run))
        answer, session = outcome.answer, outcome.session
        if isinstance(answer, ApiError):
            reply = self.api.respond(operation, answer.status, error_body(answer), answer.headers)
            reply.violations = answer.details
        else:
            reply = self.api.respond(operation, answer.status, answer.body)
        if session is not None:
            reply.user = session.username
            if outcome.after is not outcome.before:
                reply.changes = outcome.before.changes(outcome.after, session.username)
        return reply

    def steer(self, operation: Operation, **path: str) -> Reply:
        """Return the reply to a request to the control API."""
        environ = request.environ
        name = sandbox_name(environ)
        call = self.control.validate(operation, environ, path, [])
        answer = CONTROL[operation.id](self.desk, name, call)
        if isinstance(answer, Stream):
            return stream_response(answer.events)
        if operation.method != "GET" and operation.id != "countRequests":
            self.desk.journal.changed(
                call.parameters["name"] if operation.id in LISTED else name, operation.id
            )
        return self.control.respond(operation, answer.status, answer.body)


def _refresh_token(body: bytes) -> object:
    """Return the refresh token in a body, `None` where there is none."""
    try:
        sent = orjson.loads(body)
    except ValueError:
        return None
    return sent.get("refreshToken") if isinstance(sent, dict) else None
