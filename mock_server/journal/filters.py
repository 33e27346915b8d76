"""Filters of the journal: which entries are wanted.

What could never be found is refused, so that a typo does not pass for "was never called".
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import orjson

from mock_server.errors import ApiError, ClientError, Conflict, Violation

from . import masking
from .capture import MOST, Capture
from .entries import Entry

Test = Callable[[Entry], bool]

ONLY: dict[str, Test] = {
    "violations": lambda entry: bool(entry.violations),
    "unmatched": lambda entry: not entry.operation,
    "changes": lambda entry: bool(entry.changes),
}
SPECIAL = frozenset({"only", "body", "text", "method"})
"""Criteria that are no fields of entries, or are compared in another way."""
MOST_HIDDEN = 2 * 1024 * 1024
"""How many bytes of bodies one search may mask: that takes most of a second, which all wait for."""
NOTHING: object = object()
"""A value to which no JSON is equal."""


def chosen(
    entries: Iterable[Entry],
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
    entries = tuple(entries)
    given = {name: value for name, value in criteria.items() if value is not None}
    operation = given.get("operation")
    if operation is not None and operation not in operations:
        raise _refused(where, "operation", f"must be one of {', '.join(operations)}", ClientError)
    if "path" in given:
        given["path"] = _path(given["path"], where)
    if "user" in given:
        _check_user(given["user"], users, entries, where)
    found: Iterator[Entry] = filter(_test(given), entries)
    if "text" in given:
        found = _with_text(found, str(given["text"]).casefold(), where)
    # That a body is `null` may be a criterion, too, but a query cannot say so.
    has_body = "body" in (criteria if where == "body" else given)
    return _with_body(found, criteria["body"], where) if has_body else found


def _path(path: str, where: str) -> str:
    """Return a path as entries have it, without secrets."""
    if path != "*" and (not path.startswith("/") or not {"?", "#"}.isdisjoint(path)):
        raise _refused(where, "path", "must begin with a slash and end before the query")
    return masking.path(path)


def _check_user(
    user: str,
    users: Collection[str],
    entries: Iterable[Entry],
    where: str,
) -> None:
    # A user that is gone from the state may still stand in older entries.
    if user in users or any(entry.user == user for entry in entries):
        return
    known = ", ".join(islice(users, 10)) or "no user that is known"
    raise _refused(where, "user", f"is nobody here; there is {known}")


def _test(criteria: Mapping[str, Any]) -> Test:
    """Return a function that tells whether an entry meets the criteria about its fields."""
    fields = {name: value for name, value in criteria.items() if name not in SPECIAL}
    only = ONLY.get(str(criteria.get("only")))
    method = criteria.get("method")

    def is_wanted(entry: Entry) -> bool:
        if method is not None and entry.method.upper() != method.upper():
            return False
        if only is not None and not only(entry):
            return False
        return all(getattr(entry, name) == value for name, value in fields.items())

    return is_wanted


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


def _with_body(
    entries: Iterable[Entry],
    body: object,
    where: str,
) -> Iterator[Entry]:
    """Return the entries with a body that is wanted; in a query it is text.

    Raises `ApiError` where no body could be compared with it.
    """
    try:
        text = str(body) if where == "query" else orjson.dumps(body).decode()
        wanted = orjson.loads(text)
    except TypeError:
        raise _refused(where, "body", "is nested too deeply") from None
    except ValueError:
        raise _refused(where, "body", "must be JSON") from None
    # It would never be found, and who searches for it should not believe that it never came.
    if masking.body(text) != text:
        raise _refused(where, "body", "holds a secret, and the journal keeps none: leave it out")
    return (entry for entry in entries if _has_body(entry, wanted, where))


def _has_body(
    entry: Entry,
    wanted: object,
    where: str,
) -> bool:
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


def _with_text(
    entries: Iterable[Entry],
    text: str,
    where: str,
) -> Iterator[Entry]:
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


def _is_in_bodies(
    text: str,
    wire: Capture | None,
    budget: _Budget,
) -> bool:
    if wire is None:
        return False
    for body, as_json in ((wire.body, wire.request_as_json), (wire.answer, wire.reply_as_json)):
        if text not in body.decode(errors="replace").casefold():
            continue
        budget.spend(len(body))
        # Again without secrets: a search must not tell whether a guessed one is in a body.
        if text in str(as_json()["body"]).casefold():
            return True
    return False


def _too_much(where: str) -> ApiError:
    ways = "operation, status or user"
    if where == "query":
        ways += ", or by a lower limit"
    size = f"is in over {MOST_HIDDEN} bytes of bodies"
    return _refused(where, "text", f"{size}, too much to search: narrow it down by {ways}")


def _refused(
    where: str,
    name: str,
    reason: str,
    kind: type[ApiError] = Conflict,
) -> ApiError:
    place = name if where == "query" else f"/{name}"
    return kind([Violation(where, place, reason)])
