"""The control API of the proxy: health, contract, window, and the journal: read, counted, cleared, followed as the mock's."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from mock_server.api import guard
from mock_server.api.validator import Validator
from mock_server.config import Options
from mock_server.contract.compiled import Contract, Operation, RawRequest, accept, decode
from mock_server.contract.control_document import client_document
from mock_server.errors import (
    ApiError,
    ClientError,
    MethodNotAllowed,
    NotFound,
    Violation,
    error_body,
)
from mock_server.http.message_framing import encoded
from mock_server.http.replies import NO_STORE, to_json
from mock_server.journal.entries import Journal, last_seen
from mock_server.journal.filters import chosen
from mock_server.proxy.messages.end_to_end_headers import Headers, media_type
from mock_server.proxy.messages.proxy_request import Incoming
from mock_server.stores.store import DEFAULT

from .proxy_pages import page

OFFERED = (
    "health",
    "getContract",
    "listRequests",
    "countRequests",
    "clearRequests",
    "streamRequests",
)
NOTHING_ELSE = "the proxy keeps no state: it has health, requests, requests/count, requests/stream, openapi.json, ui and docs"


@dataclass(frozen=True, slots=True)
class Told:
    """An answer of the control API; `events` goes on where it is not `None`."""

    status: int
    headers: Headers
    body: bytes = b""
    events: AsyncIterator[bytes] | None = None


class Control:
    """Answers what is under `/__mock/`; `api` is the contract that is judged by."""

    def __init__(
        self,
        document: Contract,
        api: Contract,
        journal: Journal,
        health: Callable[[], object],
        options: Options,
    ) -> None:
        self._api, self._known = api.document, api.operations
        self._validator, self._journal, self._health, self._options = (
            Validator(document),
            journal,
            health,
            options,
        )
        self._operations = {
            (each.method, each.path): each
            for each in document.operations.values()
            if each.id in OFFERED
        }

    def warm(self) -> object:
        """Load what explains refusals."""
        return self._validator.explain

    def admit(self, asked: Incoming) -> Operation | None:
        """Return the operation that is asked for, `None` for a page; raise `ApiError` where it may not be asked for."""
        options, headers = self._options, asked.by_name
        is_own = options.any_host or guard.is_own(headers, options.allowed_hosts)
        if not is_own and options.control_token is None:
            raise guard.misdirected(headers, guard.MisdirectedError)
        operation = self._find(asked)
        if operation is not None:
            guard.check(
                headers,
                options.control_token,
                options.control_origins,
                changes=operation.method != "GET",
            )
        return operation

    def answer(self, operation: Operation | None, asked: Incoming, body: bytes) -> Told:
        """Return the reply to one call; refusals too."""
        try:
            if operation is None:
                return self._show(asked)
            return self._perform(operation, asked, *self._understood(operation, asked, body))
        except ApiError as error:
            return refused(error)

    def _show(self, asked: Incoming) -> Told:
        """Return a page for people; it holds nothing that is anybody's."""
        try:
            reply = page(asked)
        except NotFound:
            raise NotFound([Violation("path", "", NOTHING_ELSE)]) from None
        return Told(
            reply.status,
            _raw(dict(reply.headers)),
            b"" if asked.method == "HEAD" else reply.body,
        )

    def _find(self, asked: Incoming) -> Operation | None:
        found = self._operations.get((asked.method, asked.path))
        if found is not None:
            return found
        allowed = sorted(method for method, path in self._operations if path == asked.path)
        if allowed:
            raise MethodNotAllowed(headers={"Allow": ", ".join(allowed)})
        return None

    def _understood(
        self, operation: Operation, asked: Incoming, body: bytes
    ) -> tuple[dict[str, Any], Any]:
        body = body if operation.body else b""
        unread = encoded(asked.by_name.get("content-encoding", "")) if body else None
        raw = RawRequest({}, asked.query, media_type(asked.by_name), body, unread)
        decoded = decode(operation, raw)
        accepted = accept(operation, raw, decoded)
        if accepted is None:
            raise ClientError(self._validator.explain(operation, raw, decoded))
        return accepted

    def _perform(
        self, operation: Operation, asked: Incoming, parameters: dict[str, Any], body: Any
    ) -> Told:
        match operation.id:
            case "health":
                return _json(self._health())
            case "getContract":
                return _json(
                    client_document(self._api, None)
                    if parameters["view"] == "client"
                    else self._api
                )
            case "listRequests":
                limit = int(parameters.pop("limit"))
                found = chosen(
                    self._journal.newest_first(DEFAULT), parameters, self._known, (), "query"
                )
                return _json({"requests": [entry.as_json() for entry in islice(found, limit)]})
            case "countRequests":
                found = chosen(
                    self._journal.newest_first(DEFAULT), body or {}, self._known, (), "body"
                )
                return _json({"count": sum(1 for _ in found)})
            case "streamRequests":
                after = last_seen(asked.by_name.get("last-event-id", ""), parameters["after"])
                headers = _raw({**NO_STORE, "Content-Type": "text/event-stream; charset=utf-8"})
                return Told(200, headers, events=self._journal.follow(DEFAULT, after))
        self._journal.clear(DEFAULT)
        self._journal.changed(DEFAULT, operation.id)
        return Told(204, _raw(NO_STORE))


def refused(error: ApiError) -> Told:
    """Return the answer of an error."""
    headers = {**NO_STORE, "Content-Type": "application/json", **error.headers}
    return Told(error.status, _raw(headers), to_json(error_body(error)))


def _json(body: object) -> Told:
    return Told(200, _raw({**NO_STORE, "Content-Type": "application/json"}), to_json(body))


def _raw(headers: dict[str, str]) -> Headers:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
