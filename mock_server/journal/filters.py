"""Which entries of the journal are wanted. What could never be found is refused: a typo must not pass for "never called"."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import orjson

from mock_server.errors import ApiError, ClientError, Conflict, Violation

from . import masking
from .capture import MOST, Wire
from .entries import Entry

Test = Callable[[Entry], bool]

ONLY: dict[str, Test] = {
    "violations": lambda entry: bool(entry.violations),
    "unmatched": lambda entry: not entry.operation,
    "changes": lambda entry: bool(entry.changes),
}
SPECIAL = frozenset({"only", "body", "path", "text", "method"})
"""Criteria that are no fields of entries, or are compared otherwise."""
MOST_HIDDEN = 2 * 1024 * 1024
"""From how many bytes of bodies one search takes the secrets: that needs most of a second, in which nobody else is served."""
NOTHING: object = object()
"""What no JSON is equal to."""


def chosen(
    kept: Iterable[Entry],
    wanted: Mapping[str, Any],
    operations: Collection[str],
    users: Collection[str],
    where: str,
) -> Iterable[Entry]:
    """Return the entries that are wanted; raise `ApiError` where there can be none, or where it cannot be told.

    Each key of `wanted` is a field of entries; `only` is one of `ONLY`; `body` is JSON that has to be in that of the request;
    `text` has to be in what is shown of target and bodies, and `method` is meant in whichever case.
    `where` is the place of the criteria, `query` or `body`.
    """
    operation = wanted.get("operation")
    if operation is not None and operation not in operations:
        raise _refused(where, "operation", f"must be one of {', '.join(operations)}", ClientError)
    fields = [
        (name, value) for name, value in wanted.items() if name not in SPECIAL and value is not None
    ]
    path, method, entries = wanted.get("path"), wanted.get("method"), tuple(kept)
    if path is not None:
        if path != "*" and (not path.startswith("/") or {"?", "#"} & set(path)):
            raise _refused(where, "path", "must begin with a slash and end before the query")
        fields.append(("path", masking.path(path)))
    if (
        (user := wanted.get("user")) is not None
        and user not in users
        and all(entry.user != user for entry in entries)
    ):
        raise _refused(
            where,
            "user",
            f"is nobody here; there is {', '.join(islice(users, 10)) or 'no user that is known'}",
        )
    only: Test = ONLY.get(str(wanted.get("only")), lambda _: True)
    body = _body(wanted, where)

    def is_wanted(entry: Entry) -> bool:
        is_method = method is None or entry.method.upper() == method.upper()
        return (
            is_method
            and only(entry)
            and all(getattr(entry, name) == value for name, value in fields)
        )

    found: Iterable[Entry] = (entry for entry in entries if is_wanted(entry))
    if wanted.get("text") is not None:
        found = _with_text(found, str(wanted["text"]).casefold(), where)
    return found if body is NOTHING else (entry for entry in found if _has_body(entry, body, where))


def holds(found: object, wanted: object) -> bool:
    """Tell whether JSON is what is wanted; objects may have further members, at any depth."""
    waiting = [(found, wanted)]
    while waiting:
        have, want = waiting.pop()
        if isinstance(want, dict) and isinstance(have, dict):
            waiting += [(have.get(key, NOTHING), value) for key, value in want.items()]
        elif isinstance(want, list) and isinstance(have, list) and len(want) == len(have):
            waiting += zip(have, want, strict=True)
        elif (
            isinstance(want, bool) is not isinstance(have, bool)
            or have != want
            or isinstance(want, (dict, list))
        ):
            return False
    return True


def _body(wanted: Mapping[str, Any], where: str) -> object:
    """Return the body that is wanted, which a query has as text; raise `ApiError` where none can be compared with it."""
    body = wanted.get("body", NOTHING)
    if body is NOTHING or (body is None and where == "query"):
        return NOTHING
    try:
        text = str(body) if where == "query" else orjson.dumps(body).decode()
        body = orjson.loads(text)
    except TypeError:
        raise _refused(where, "body", "is nested too deeply") from None
    except ValueError:
        raise _refused(where, "body", "must be JSON") from None
    if masking.body(text) != text:
        raise _refused(where, "body", "holds a secret, and the journal keeps none: leave it out")
    return body


def _has_body(entry: Entry, wanted: object, where: str) -> bool:
    if entry.wire is None:
        raise _refused(where, "body", "cannot be compared: no bodies are kept here")
    if entry.wire.length > MOST:
        reason = f"cannot be compared: request {entry.id} sent {entry.wire.length} bytes, and the journal keeps {MOST}"
        raise _refused(where, "body", reason)
    try:
        return holds(orjson.loads(entry.wire.body), wanted)
    except ValueError:
        return False


def _with_text(entries: Iterable[Entry], text: str, where: str) -> Iterator[Entry]:
    left = MOST_HIDDEN
    for entry in entries:
        if text in f"{entry.path}?{entry.query}".casefold():
            yield entry
            continue
        for body, shown in _bodies(entry.wire):
            if text not in body.decode(errors="replace").casefold():
                continue  # most are out without the pains of hiding
            left -= len(body)
            if left < 0:
                ways = "operation, status or user" + (
                    ", or by a lower limit" if where == "query" else ""
                )
                raise _refused(
                    where,
                    "text",
                    f"is in over {MOST_HIDDEN} bytes of bodies, too much to search: narrow it down by {ways}",
                )
            if text in str(shown()["body"]).casefold():
                yield entry
                break


def _bodies(kept: Wire | None) -> list[tuple[bytes, Callable[[], Mapping[str, object]]]]:
    return [(kept.body, kept.asked), (kept.answer, kept.answered)] if kept else []


def _refused(where: str, name: str, reason: str, kind: type[ApiError] = Conflict) -> ApiError:
    return kind([Violation(where, name if where == "query" else f"/{name}", reason)])
