"""Control API of the proxy: health, contract, pages, and the same journal calls as the mock."""

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
from mock_server.proxy.messages.proxy_request import ProxyRequest
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
NOTHING_ELSE = (
    "the proxy keeps no state: "
    "it has health, requests, requests/count, requests/stream, openapi.json, ui and docs"
)


@dataclass(frozen=True, slots=True)
class ControlResponse:
    """A reply of the control API; `events` is the body of one that goes on, `None` for others."""

    status: int
    headers: Headers
    body: bytes = b""
    events: AsyncIterator[bytes] | None = None


class Control:
    """Serves what is under `/__mock/`; `api` is the contract that traffic is judged by."""

    def __init__(
        self,
        document: Contract,
        api: Contract,
        journal: Journal,
        health: Callable[[], object],
        options: Options,
    ) -> None:
        self._api = api.document
        self._known = api.operations
        self._validator = Validator(document)
        self._journal = journal
        self._health = health
        self._options = options
        self._operations = {
            (each.method, each.path): each
            for each in document.operations.values()
            if each.id in OFFERED
        }

    def warm(self) -> object:
        """Load what explains refusals."""
        return self._validator.explain

    def admit(self, request: ProxyRequest) -> Operation | None:
        """Return the operation of a request, `None` for a page.

        Raises `ApiError` where the client may not call it.
        """
        options = self._options
        headers = request.by_name
        # A page of another site can reach this machine by DNS rebinding, but not without its own
        # name in `Host`.
        is_own = options.any_host or guard.is_own(headers, options.allowed_hosts)
        if not is_own and options.control_token is None:
            raise guard.misdirected(headers, guard.MisdirectedError)
        operation = self._find(request)
        if operation is not None:
            guard.check(
                headers,
                options.control_token,
                options.control_origins,
                changes=operation.method != "GET",
            )
        return operation

    def answer(
        self, operation: Operation | None, request: ProxyRequest, body: bytes
    ) -> ControlResponse:
        """Return the reply to one call; refusals too."""
        try:
            if operation is None:
                return self._show(request)
            parameters, value = self._validated(operation, request, body)
            return self._perform(operation, request, parameters, value)
        except ApiError as error:
            return refused(error)

    def _show(self, request: ProxyRequest) -> ControlResponse:
        """Return a page for people; anybody may read it, since it holds no data."""
        try:
            reply = page(request)
        except NotFound:
            raise NotFound([Violation("path", "", NOTHING_ELSE)]) from None
        body = b"" if request.method == "HEAD" else reply.body
        return ControlResponse(reply.status, _raw(dict(reply.headers)), body)

    def _find(self, request: ProxyRequest) -> Operation | None:
        found = self._operations.get((request.method, request.path))
        if found is not None:
            return found
        allowed = sorted(method for method, path in self._operations if path == request.path)
        if allowed:
            raise MethodNotAllowed(headers={"Allow": ", ".join(allowed)})
        return None

    def _validated(
        self, operation: Operation, request: ProxyRequest, body: bytes
    ) -> tuple[dict[str, Any], Any]:
        body = body if operation.body else b""
        unread = encoded(request.by_name.get("content-encoding", "")) if body else None
        raw = RawRequest({}, request.query, media_type(request.by_name), body, unread)
        decoded = decode(operation, raw)
        accepted = accept(operation, raw, decoded)
        if accepted is None:
            raise ClientError(self._validator.explain(operation, raw, decoded))
        return accepted

    def _perform(
        self, operation: Operation, request: ProxyRequest, parameters: dict[str, Any], body: Any
    ) -> ControlResponse:
        match operation.id:
            case "health":
                return _json(self._health())
            case "getContract":
                is_for_clients = parameters["view"] == "client"
                return _json(client_document(self._api, None) if is_for_clients else self._api)
            case "listRequests":
                limit = int(parameters.pop("limit"))
                entries = self._journal.newest_first(DEFAULT)
                found = chosen(entries, parameters, self._known, (), "query")
                return _json({"requests": [entry.as_json() for entry in islice(found, limit)]})
            case "countRequests":
                entries = self._journal.newest_first(DEFAULT)
                found = chosen(entries, body or {}, self._known, (), "body")
                return _json({"count": sum(1 for _ in found)})
            case "streamRequests":
                after = last_seen(request.by_name.get("last-event-id", ""), parameters["after"])
                headers = _raw({**NO_STORE, "Content-Type": "text/event-stream; charset=utf-8"})
                return ControlResponse(200, headers, events=self._journal.follow(DEFAULT, after))
        self._journal.clear(DEFAULT)
        self._journal.changed(DEFAULT, operation.id)
        return ControlResponse(204, _raw(NO_STORE))


def refused(error: ApiError) -> ControlResponse:
    """Return the reply that an error stands for."""
    headers = {**NO_STORE, "Content-Type": "application/json", **error.headers}
    return ControlResponse(error.status, _raw(headers), to_json(error_body(error)))


def _json(body: object) -> ControlResponse:
    return ControlResponse(
        200, _raw({**NO_STORE, "Content-Type": "application/json"}), to_json(body)
    )


def _raw(headers: dict[str, str]) -> Headers:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
