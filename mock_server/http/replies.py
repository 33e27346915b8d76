"""How answers are written."""

from collections.abc import AsyncIterator, Mapping, Sequence

import orjson
from flask import Response

from mock_server.errors import ApiError, Violation, error_body
from mock_server.journal.entries import Change
from mock_server.world.overrides import NOTHING, Plan

JSON = "application/json"
NO_STORE = {"Cache-Control": "no-store"}


class Reply(Response):
    """A response, and what the shell and the journal want to know of it: how to send it, and what it was about."""

    violations: Sequence[Violation] = ()
    plan: Plan = NOTHING
    user: str | None = None
    changes: Sequence[Change] = ()
    events: AsyncIterator[bytes] | None = None
    is_page: bool = False

    @property
    def sent(self) -> bytes:
        """The body, which is there as a whole; `get_data` would join and copy."""
        body = self.response
        return body[0] if isinstance(body, list) and body else b""


def json_response(status: int, body: object, headers: Mapping[str, str] | None = None) -> Reply:
    """Build a response with a JSON body; `None` is no body and no content type."""
    if body is None:
        return empty_response(headers, status)
    written = to_json(body)
    described = {**(headers or {}), "Content-Type": JSON, "Content-Length": str(len(written))}
    return Reply(
        [written], status, described
    )  # a list is taken as it is; bytes would be looked at for all that is known here


def empty_response(headers: Mapping[str, str] | None = None, status: int = 204) -> Reply:
    """Build a response without a body and without a content type."""
    response = Reply(status=status, headers=headers)
    del response.headers["Content-Type"]
    return response


def text_response(status: int, body: str | None, headers: Mapping[str, str]) -> Reply:
    """Build a response whose body is this text, which the headers describe; `None` is no body and no content type."""
    if body is None:
        return empty_response(headers, status)
    written = body.encode()
    return Reply([written], status, {**headers, "Content-Length": str(len(written))})


def stream_response(events: AsyncIterator[bytes]) -> Reply:
    """Build an answer of server-sent events, which the shell sends as they come."""
    reply = Reply(
        status=200,
        headers={"Cache-Control": "no-store"},
        content_type="text/event-stream; charset=utf-8",
    )
    del reply.headers["Content-Length"]
    reply.events = events
    return reply


def to_json(body: object) -> bytes:
    """Write JSON; `orjson` refuses whole numbers over 64 bits, which an echoed page may be."""
    try:
        return orjson.dumps(body)
    except TypeError:
        import json  # noqa: PLC0415 - for the few answers that need it

        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def refusal(error: ApiError) -> Reply:
    """Build the answer of an error."""
    reply = json_response(error.status, error_body(error), error.headers)
    reply.violations = error.details
    return reply
