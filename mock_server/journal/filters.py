"""Filters of the journal: which entries are wanted.

What could never be found is refused, so that a typo does not pass for "was never called".
"""

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
"""Criteria that are no fields of entries, or are compared in another way."""
MOST_HIDDEN = 2 * 1024 * 1024
"""How many bytes of bodies one search may mask: that takes most of a second, which all wait for."""
NOTHING: object = object()
"""A value to which no JSON is equal."""


def chosen(
    kept: Iterable[Entry],
    criteria: Mapping[str, Any],
    operations: Collection[str],
    users: Collection[str],
    where: str,
) -> Iterable[Entry]:
    """Return the entries that meet all criteria; raise `ApiError` where none ever could.

    Each key of `criteria` is a field of entries, but for these: `only` is one of `ONLY`; `body` is
    JSON that the request's body has to hold; `text` has to be in target or bodies as they are
    shown; `method` is meant in upper or lower case. `where` is the place of the criteria, `query`
    or `body`.
    """
    operation = criteria.get("operation")
    if operation is not None and operation not in operations:
        raise _refused(where, "operation", f"must be one of {', '.join(operations)}", ClientError)
    _check_path(criteria.get("path"), where)
    entries = tuple(kept)
    _check_user(criteria.get("user"), users, entries, where)
    body = _body(criteria, where)
    found: Iterable[Entry] = filter(_test(criteria), entries)
    if criteria.get("text") is not None:
        found = _with_text(found, str(criteria["text"]).casefold(), where)
    if body is NOTHING:
        return found
    return (entry for entry in found if _has_body(entry, body, where))


def _check_path(path: str | None, where: str) -> None:
    if path is None or path == "*":
        return
    if not path.startswith("/") or {"?", "#"} & set(path):
        raise _refused(where, "path", "must begin with a slash and end before the query")


def _check_user(
    user: str | None, users: Collection[str], entries: Iterable[Entry], where: str
) -> None:
    # A user that is gone from the state may still stand in older entries.
    if user is None or user in users or any(entry.user == user for entry in entries):
        return
    known = ", ".join(islice(users, 10)) or "no user that is known"
    raise _refused(where, "user", f"is nobody here; there is {known}")


def _test(criteria: Mapping[str, Any]) -> Test:
    """Return a function that tells whether an entry meets the criteria about its fields."""
    fields = _fields(criteria)
    only = ONLY.get(str(criteria.get("only")))
    method = criteria.get("method")

    def is_wanted(entry: Entry) -> bool:
        if method is not None and entry.method.upper() != method.upper():
            return False
        if only is not None and not only(entry):
            return False
        return all(getattr(entry, name) == value for name, value in fields.items())

    return is_wanted


def _fields(criteria: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that fields of an entry must have."""
    fields = {
        name: value for name, value in criteria.items() if name not in SPECIAL and value is not None
    }
    path = criteria.get("path")
    if path is not None:
        # Entries have no secrets in their paths either.
        fields["path"] = masking.path(path)
    return fields


def holds(found: object, wanted: object) -> bool:
    """Tell whether JSON is what is wanted; objects may have further members, at any depth."""
    # A list of what is left to compare: recursion would end at some depth.
    waiting = [(found, wanted)]
    while waiting:
        have, want = waiting.pop()
        if isinstance(want, dict) and isinstance(have, dict):
            waiting += [(have.get(key, NOTHING), value) for key, value in want.items()]
        elif isinstance(want, list) and isinstance(have, list) and len(want) == len(have):
            waiting += zip(have, want, strict=True)
        elif not _is_same(have, want):
            return False
    return True


def _is_same(found: object, wanted: object) -> bool:
    """Tell whether two values of JSON, of which no two are containers of one kind, are the same."""
    if isinstance(wanted, (dict, list)):
        return False
    # To Python, `True` is 1.
    return isinstance(wanted, bool) is isinstance(found, bool) and found == wanted


def _body(criteria: Mapping[str, Any], where: str) -> object:
    """Return the body that is wanted, `NOTHING` where none is.

    Raises `ApiError` where no body could be compared with it. In a query it is text.
    """
    body = criteria.get("body", NOTHING)
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
    length = entry.wire.length
    if length > MOST:
        sizes = f"request {entry.id} sent {length} bytes, and the journal keeps {MOST}"
        raise _refused(where, "body", f"cannot be compared: {sizes}")
    try:
        return holds(orjson.loads(entry.wire.body), wanted)
    except ValueError:
        return False


def _with_text(entries: Iterable[Entry], text: str, where: str) -> Iterator[Entry]:
    budget = _Budget(where)
    for entry in entries:
        target = f"{entry.path}?{entry.query}".casefold()
        if text in target or _is_in_bodies(text, entry.wire, budget):
            yield entry


class _Budget:
    """The bytes of bodies that one search may still mask."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._left = MOST_HIDDEN

    def spend(self, size: int) -> None:
        """Take some bytes; raise `ApiError` where there are no more."""
        self._left -= size
        if self._left < 0:
            raise _too_much(self._where)


def _is_in_bodies(text: str, wire: Wire | None, budget: _Budget) -> bool:
    for body, shown in _bodies_with(text, wire):
        budget.spend(len(body))
        # Again without secrets: a search must not tell whether a guessed one is in a body.
        if text in str(shown()["body"]).casefold():
            return True
    return False


def _bodies_with(
    text: str, wire: Wire | None
) -> Iterator[tuple[bytes, Callable[[], Mapping[str, object]]]]:
    """Yield the bodies that hold a text, each with a function that shows it without secrets."""
    if wire is None:
        return
    for body, shown in ((wire.body, wire.request_as_json), (wire.answer, wire.reply_as_json)):
        if text in body.decode(errors="replace").casefold():
            yield body, shown


def _too_much(where: str) -> ApiError:
    ways = "operation, status or user"
    if where == "query":
        ways += ", or by a lower limit"
    reason = (
        f"is in over {MOST_HIDDEN} bytes of bodies, too much to search: narrow it down by {ways}"
    )
    return _refused(where, "text", reason)


def _refused(where: str, name: str, reason: str, kind: type[ApiError] = Conflict) -> ApiError:
    return kind([Violation(where, name if where == "query" else f"/{name}", reason)])
