"""Requests and answers judged by one document, with both tiers.

The compiled tier decides, within microseconds; openapi-core says what is wrong.
"""

import logging
from collections.abc import Callable, Mapping
from functools import cached_property

from mock_server.behaviours.handler import Call
from mock_server.contract.compiled import (
    Contract,
    Operation,
    RawRequest,
    accept,
    decode,
    response_faults,
)
from mock_server.errors import ClientError, InternalError, Violation, error_body
from mock_server.http.message_framing import encoded
from mock_server.http.replies import NO_STORE, NOTHING_MORE, About, Reply, json_reply
from mock_server.journal import masking

from .incoming_request import Request

log = logging.getLogger("mock_server")


class Validator:
    """Validate requests and answers of the operations of one document."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    @cached_property
    def explain(self) -> Callable[..., list[Violation]]:
        """What says what is wrong with a request, made when the first one is refused."""
        # A third of a second that a good answer does not need.
        from mock_server.contract.explain import Authority  # noqa: PLC0415

        return Authority(self.contract).explain

    def validate(self, operation: Operation, request: Request, impossible: list[Violation]) -> Call:
        """Decode a request that the document allows.

        Raise `ClientError` with all that is wrong with another one.
        """
        headers = request.headers
        body = b""
        unread = request.unread
        if operation.body is not None:
            body = request.body
            if body and unread is None and "content-encoding" in headers:
                unread = encoded(headers["content-encoding"])
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        raw = RawRequest(request.route.names, request.query, media_type, body, unread)
        decoded = decode(operation, raw)
        accepted = accept(operation, raw, decoded)
        if accepted is not None and not impossible:
            return Call(*accepted, headers)
        violations = [*impossible, *self.explain(operation, raw, decoded)]
        if not violations:
            log.error(
                "the two tiers disagree about %s %s; please report this",
                operation.id,
                masking.query(raw.query),
            )
            raise InternalError
        raise ClientError(violations)

    @staticmethod
    def respond(
        operation: Operation,
        status: int,
        body: object,
        headers: Mapping[str, str] | None = None,
        about: About = NOTHING_MORE,
    ) -> Reply:
        """Return an answer of an operation, checked against the document."""
        headers = {**NO_STORE, **headers} if headers else NO_STORE
        faults = response_faults(operation, status, headers, body)
        if faults:
            # This is a bug of ours.
            log.error("%s: the answer breaks the contract: %s", operation.id, "; ".join(faults))
            error = InternalError()
            return json_reply(error.status, error_body(error), NO_STORE, about)
        return json_reply(status, body, headers, about)
