"""The shape of many responses taken together, and the differences of two shapes."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from contract_tests.drift.differences import Difference
from contract_tests.drift.response_facts import format_of, kind_of, spelling_of, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENOUGH = 3
"""Different objects in which a key must be absent before that is more than chance."""
PLENTY = 10
"""Objects of each side that must be seen before "always" is told from "sometimes"."""
SUCCESS = "success"
WORDS = re.compile(r"/type$")
"""Places whose texts are words of a list that the contract leaves open."""
TIMED = re.compile(r"(At|_at|[Dd]ate|[Tt]ime|[Tt]imestamp)$")
"""Places whose texts are times; elsewhere a text may look like one by chance."""
CLOSED = re.compile(r"/details/\*/in$")
"""Places whose texts the contract lists; those of `code` are compared as the name of the error."""
LISTED = ("body", "header", "path", "query")
KEY = re.compile(r"[A-Za-z_$@][A-Za-z_$@.-]{0,40}\d{0,2}")
"""A key that is a word; any other may be the name of a person or a thing."""


@dataclass
class Part:
    """What stands at one place, over all that was seen."""

    seen: int = 0
    types: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    strangers: set[str] = field(default_factory=set)

    @property
    def kinds(self) -> set[str]:
        """The types other than null."""
        return set(self.types) - {"null"}


def shape(values: Iterable[Any]) -> dict[str, Part]:
    """Return the parts of many values by their place.

    The same object counts once, however often it was read.
    """
    found: dict[str, Part] = {}
    known_objects: set[tuple[str, str]] = set()
    for value in values:
        for path, part in walk(value, known_objects):
            known = found.setdefault(path, Part())
            known.seen += 1
            known.types[kind_of(part)] += 1
            if isinstance(part, str):
                known.formats[format_of(part)] += 1
                if WORDS.search(path):
                    known.words[spelling_of(part)] += 1
                if CLOSED.search(path) and part not in LISTED:
                    known.strangers.add(part)
    return found


def differences(
    operation: str, where: str, left: dict[str, Part], right: dict[str, Part]
) -> Iterator[Difference]:
    """Yield the differences of two shapes; one within another is left out."""
    told: list[str] = []
    for path in sorted({*left, *right}, key=lambda path: (path.count("/"), path)):
        if any(path.startswith(f"{place}/") for place in told):
            continue
        found = list(_at(operation, where, path, left, right))
        told += [path] * bool(found and found[0].kind in ("presence", "type"))
        yield from found


def _at(
    operation: str, where: str, path: str, left: dict[str, Part], right: dict[str, Part]
) -> Iterator[Difference]:
    key = path.rpartition("/")[2]
    if path and key != "*":
        presence = _presence(operation, where, path, left, right)
        if presence:
            yield presence
            return
    if path not in left or path not in right:
        return
    mine, theirs = left[path], right[path]
    what = f"field {shown(path)}" if path else "body"
    if mine.kinds and theirs.kinds and mine.kinds != theirs.kinds:
        if {*mine.kinds, *theirs.kinds} == {"integer", "number"} and min(
            mine.seen, theirs.seen
        ) < ENOUGH:
            return
        sure = not mine.kinds & theirs.kinds
        yield Difference(
            "type",
            operation,
            what,
            _list(mine.kinds),
            _list(theirs.kinds),
            (where,),
            path,
            sure=sure,
        )
        return
    yield from _texts(operation, where, path, mine, theirs)


def _texts(operation: str, where: str, path: str, mine: Part, theirs: Part) -> Iterator[Difference]:
    what = f"field {shown(path)}"
    one, other = set(mine.formats), set(theirs.formats)
    if TIMED.search(path) and len(one) == len(other) == 1 and one != other:
        yield Difference("format", operation, what, _list(one), _list(other), (where,), path)
    one, other = set(mine.words), set(theirs.words)
    if one and other and not one & other:
        sure = min(mine.seen, theirs.seen) >= ENOUGH
        what = f"spelling of {shown(path)}"
        yield Difference(
            "enum values", operation, what, _list(one), _list(other), (where,), path, sure=sure
        )
    if bool(mine.strangers) != bool(theirs.strangers):
        left, right = (
            "values that the contract does not list" if part.strangers else "listed"
            for part in (mine, theirs)
        )
        yield Difference("enum values", operation, what, left, right, (where,), path)


def _presence(
    operation: str, where: str, path: str, left: dict[str, Part], right: dict[str, Part]
) -> Difference | None:
    """Tell a key that one side has from one that is absent because of the data."""
    parent = path.rpartition("/")[0]
    parents = [side[parent].types["object"] if parent in side else 0 for side in (left, right)]
    if not all(parents):
        return None
    seen = [side[path].seen if path in side else 0 for side in (left, right)]
    words = [_how_often(number, of) for number, of in zip(seen, parents, strict=True)]
    nulls = [side[path].types["null"] if path in side else 0 for side in (left, right)]
    if words[0] == words[1]:
        return None
    if (
        "sometimes" in words
        and not (min(parents) >= PLENTY and "never" in words)
        and not _telling(words, nulls, parents)
    ):
        return None
    absent = words.index("never") if "never" in words else words.index("sometimes")
    enough = parents[absent] >= ENOUGH or where != SUCCESS or bool(nulls[1 - absent])
    sure = "never" in words and enough
    evidence = f"{seen[0]} of {parents[0]} and {seen[1]} of {parents[1]} objects have it"
    what = f"field {shown(path)}"
    return Difference(
        "presence",
        operation,
        what,
        words[0],
        words[1],
        (where,),
        path,
        sure=sure,
        evidence=evidence,
    )


def _telling(words: list[str], nulls: list[int], parents: list[int]) -> bool:
    """Whether one side writes null where the other leaves the key out, or both were seen often enough."""
    always = words.index("always") if "always" in words else -1
    return always >= 0 and "sometimes" in words and (bool(nulls[always]) or min(parents) >= PLENTY)


def _how_often(number: int, of: int) -> str:
    return "never" if not number else "always" if number == of else "sometimes"


def shown(path: str) -> str:
    """Return the place without keys that may be data."""
    return "/".join(
        part if part in ("", "*") or KEY.fullmatch(part) else "…" for part in path.split("/")
    )


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
