"""Replies as values, and how their bodies are written."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple

import orjson

from mock_server.errors import ApiError, Violation, error_body
from mock_server.world.overrides import NOTHING, Plan
from mock_server.world.records import Change

JSON = "application/json"
NO_STORE = {"Cache-Control": "no-store"}


class About(NamedTuple):
    """What the journal and the server want to know of an answer beside its bytes.

    `plan` says how it is sent, and what planned it. `user` is whose request was answered, where
    that is known.
    """

    violations: Sequence[Violation] = ()
    user: str | None = None
    changes: Sequence[Change] = ()
    plan: Plan = NOTHING


NOTHING_MORE = About()


class Reply(NamedTuple):
    """An answer, whole. `events` go on where they are not `None`, and then there is no body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    about: About = NOTHING_MORE
    events: AsyncIterator[bytes] | None = None


def json_reply(
    status: int,
    body: object,
    headers: Mapping[str, str] | None = None,
    about: About = NOTHING_MORE,
) -> Reply:
    """Return an answer with a JSON body; `None` is no body and no content type."""
    given = {} if headers is None else headers
    if body is None:
        return Reply(status, given, b"", about)
    written = to_json(body)
    described = {**given, "Content-Type": JSON, "Content-Length": str(len(written))}
    return Reply(status, described, written, about)


def text_reply(
    status: int,
    body: str | None,
    headers: Mapping[str, str],
    about: About = NOTHING_MORE,
) -> Reply:
    """Return an answer whose body is this text, which the headers describe; `None` is no body."""
    if body is None:
        return Reply(status, headers, b"", about)
    written = body.encode()
    return Reply(status, {**headers, "Content-Length": str(len(written))}, written, about)


def stream_reply(events: AsyncIterator[bytes]) -> Reply:
    """Return an answer of server-sent events, which are sent as they come."""
    headers = {**NO_STORE, "Content-Type": "text/event-stream; charset=utf-8"}
    return Reply(200, headers, events=events)


def to_json(body: object) -> bytes:
    """Write JSON; `orjson` refuses whole numbers over 64 bits, which an echoed page may be."""
    try:
        return orjson.dumps(body)
    except TypeError:
        import json  # noqa: PLC0415 - for the few answers that need it

        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def refusal(error: ApiError, headers: Mapping[str, str] | None = None) -> Reply:
    """Return the answer of an error; its own headers stand over `headers`."""
    about = About(violations=error.details)
    return json_reply(error.status, error_body(error), {**(headers or {}), **error.headers}, about)
