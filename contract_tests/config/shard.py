"""A part of a run, and which laws belong to it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from contract_tests.exceptions import UsageError

# The laws that stay in one part, the first: what is unread can be marked as read only once.
TOGETHER = "read"


@dataclass(frozen=True)
class Shard:
    """The part `number` of `of`, counted from 1."""

    number: int = 1
    of: int = 1

    def has(self, place: int, module: str) -> bool:
        """Tell whether the law at this place of the run belongs to the part."""
        if module == TOGETHER:
            return self.number == 1
        return place % self.of == self.number - 1


WHOLE = Shard()


def read(text: str) -> Shard:
    """Read `1/3`, the first of three parts; empty is the whole. Raises `UsageError`."""
    if not text:
        return WHOLE
    found = re.fullmatch(r"([1-9][0-9]{0,2})/([1-9][0-9]{0,2})", text)
    if found is None or int(found[1]) > int(found[2]):
        raise UsageError(
            f"--shard {text}: the number of the part and of all parts is expected, such as 1/3"
        )
    return Shard(int(found[1]), int(found[2]))
