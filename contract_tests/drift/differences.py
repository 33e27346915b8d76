"""Differences as the report shows them: equal ones are one row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Key = tuple[str, str, str, str, str]
# Places of one difference that are named.
MANY = 4


@dataclass(frozen=True)
class Difference:
    """What differs between the left and the right side.

    `where` are situations, statuses or values; `path` is the place in the body; `curls` repeat it
    on the left and right. `sure` is False where other data on one side might explain it.
    """

    kind: str
    operation: str
    what: str
    left: str
    right: str
    where: tuple[str, ...] = ()
    path: str = ""
    sure: bool = True
    evidence: str = ""
    curls: tuple[str, str] = ("", "")

    @property
    def key(self) -> Key:
        """What makes it the same difference, wherever it is seen."""
        return (self.kind, self.operation, self.what, self.left, self.right)


@dataclass(frozen=True)
class Row:
    """One line of the report: the same difference on one or several operations."""

    operations: tuple[str, ...]
    difference: Difference


def merged(found: Iterable[Difference]) -> list[Difference]:
    """Put together what differs in the same way in several places of one operation."""
    known: dict[Key, Difference] = {}
    for each in found:
        first = known.setdefault(each.key, each)
        where = tuple(dict.fromkeys((*first.where, *each.where)))
        # One place where it is sure makes it sure.
        known[each.key] = replace(first, where=where, sure=first.sure or each.sure)
    return list(known.values())


def rows(found: Iterable[Difference]) -> list[Row]:
    """Put together what differs in the same way on several operations."""
    known: dict[tuple[object, ...], Row] = {}
    for each in found:
        key = (each.kind, each.what, each.left, each.right, each.where, each.sure)
        row = known.get(key, Row((), each))
        known[key] = replace(row, operations=(*row.operations, each.operation))
    return list(known.values())


def listed(names: Sequence[str]) -> str:
    """Return the first names in one line, and how many more there are."""
    text = ", ".join(names[:MANY])
    more = len(names) - MANY
    return f"{text} and {more} more" if more > 0 else text
