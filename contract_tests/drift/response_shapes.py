"""The shape of many responses taken together, and the differences of two shapes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from contract_tests.drift.differences import Difference
from contract_tests.drift.response_facts import format_of, kind_of, spelling_of, walk
from contract_tests.redaction.secret_table import WORD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Different objects in which a key must be absent before that is more than chance.
ENOUGH = 3
# Objects of each side that must be seen before "always" is told from "sometimes".
PLENTY = 10
SUCCESS = "success"
# Places whose texts are words of a list that the contract leaves open.
WORDS = re.compile(r"/type$")
# Places whose texts are times; elsewhere a text may look like one by chance.
TIMED = re.compile(r"(At|_at|[Dd]ate|[Tt]ime|[Tt]imestamp)$")
# Places whose texts the contract lists; those of `code` are compared as the name of the error.
CLOSED = re.compile(r"/details/\*/in$")
LISTED = ("body", "header", "path", "query")
UNLISTED = "values that the contract does not list"


@dataclass
class Part:
    """What stands at one place, over all that was seen."""

    seen: int = 0
    types: Counter[str] = field(default_factory=Counter)
    formats: set[str] = field(default_factory=set)
    spellings: set[str] = field(default_factory=set)
    has_unlisted: bool = False

    def add(self, path: str, value: Any) -> None:
        """Note one more value at this place."""
        self.seen += 1
        self.types[kind_of(value)] += 1
        if not isinstance(value, str):
            return
        self.formats.add(format_of(value))
        if WORDS.search(path):
            self.spellings.add(spelling_of(value))
        if CLOSED.search(path) and value not in LISTED:
            self.has_unlisted = True

    @property
    def kinds(self) -> set[str]:
        """The types other than null."""
        return set(self.types) - {"null"}


Shape = dict[str, Part]


def shape(values: Iterable[Any]) -> Shape:
    """Return the parts of many values by their place.

    The same object counts once, however often it was read.
    """
    found: Shape = defaultdict(Part)
    known_objects: set[tuple[str, str]] = set()
    for value in values:
        for path, part in walk(value, known_objects):
            found[path].add(path, part)
    return dict(found)


def differences(
    where: str,
    left: Shape,
    right: Shape,
) -> Iterator[Difference]:
    """Yield the differences of two shapes; one within another is left out.

    `where` is `SUCCESS` or the status of errors. The caller adds the operation and the requests.
    """
    reported: tuple[str, ...] = ()
    for path in sorted({*left, *right}, key=lambda path: (path.count("/"), path)):
        if path.startswith(reported):
            continue
        for each in _at(path, where, left, right):
            if each.kind in ("presence", "type"):
                reported += (f"{path}/",)
            yield replace(each, where=(where,), path=path)


def _at(
    path: str,
    where: str,
    left: Shape,
    right: Shape,
) -> Iterator[Difference]:
    if path and not path.endswith("/*"):
        presence = _presence(path, where, left, right)
        if presence:
            yield presence
            return
    if path not in left or path not in right:
        return
    mine, theirs = left[path], right[path]
    kinds, other_kinds = mine.kinds, theirs.kinds
    if not kinds or not other_kinds or kinds == other_kinds:
        yield from _texts(path, mine, theirs)
        return
    # The few amounts that were seen may be whole numbers by chance.
    is_chance = kinds | other_kinds == {"integer", "number"} and _fewest(mine, theirs) < ENOUGH
    if not is_chance:
        what = f"field {shown(path)}" if path else "body"
        sure = kinds.isdisjoint(other_kinds)
        yield _difference(
            "type",
            what,
            kinds,
            other_kinds,
            sure=sure,
        )


def _texts(
    path: str,
    mine: Part,
    theirs: Part,
) -> Iterator[Difference]:
    what = f"field {shown(path)}"
    one, other = mine.formats, theirs.formats
    if TIMED.search(path) and len(one) == len(other) == 1 and one != other:
        yield _difference("format", what, one, other)
    one, other = mine.spellings, theirs.spellings
    if one and other and one.isdisjoint(other):
        sure = _fewest(mine, theirs) >= ENOUGH
        yield _difference(
            "enum values",
            f"spelling of {shown(path)}",
            one,
            other,
            sure=sure,
        )
    if mine.has_unlisted != theirs.has_unlisted:
        one, other = ({UNLISTED if part.has_unlisted else "listed"} for part in (mine, theirs))
        yield _difference("enum values", what, one, other)


def _presence(
    path: str,
    where: str,
    left: Shape,
    right: Shape,
) -> Difference | None:
    """Tell a key that one side has from one that is absent because of the data."""
    parent = path.rpartition("/")[0]
    objects = [_part(side, parent).types["object"] for side in (left, right)]
    if not all(objects):
        return None
    parts = [_part(side, path) for side in (left, right)]
    seen = [part.seen for part in parts]
    words = [_how_often(*counts) for counts in zip(seen, objects, strict=True)]
    if words[0] == words[1]:
        return None
    # One side may write null where the other leaves the key out.
    nulls = [part.types["null"] for part in parts]
    is_null = "always" in words and nulls[words.index("always")]
    if "sometimes" in words and min(objects) < PLENTY and not is_null:
        return None
    sure = False
    if "never" in words:
        absent = words.index("never")
        sure = objects[absent] >= ENOUGH or where != SUCCESS or bool(nulls[1 - absent])
    found = _difference(
        "presence",
        f"field {shown(path)}",
        words[:1],
        words[1:],
        sure=sure,
    )
    counts = f"{seen[0]} of {objects[0]} and {seen[1]} of {objects[1]}"
    return replace(found, evidence=f"{counts} objects have it")


def _part(side: Shape, path: str) -> Part:
    return side.get(path, Part())


def _fewest(mine: Part, theirs: Part) -> int:
    return min(mine.seen, theirs.seen)


def _how_often(number: int, of: int) -> str:
    if not number:
        return "never"
    return "always" if number == of else "sometimes"


def shown(path: str) -> str:
    """Return the place without keys that may be data."""
    return "/".join(_shown_key(part) for part in path.split("/"))


def _shown_key(key: str) -> str:
    return key if key in ("", "*") or WORD.fullmatch(key) else "…"


def _difference(
    kind: str,
    what: str,
    left: Iterable[str],
    right: Iterable[str],
    *,
    sure: bool = True,
) -> Difference:
    return Difference(
        kind,
        "",
        what,
        _list(left),
        _list(right),
        sure=sure,
    )


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
