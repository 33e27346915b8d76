"""The judge of the cluster tests: what it accepts, and what it must not."""

import pytest

from tests.linearizability import NEVER, Seen, explained


def write(value: str, since: float, until: float = NEVER) -> Seen:
    return Seen(True, value, since, until)  # noqa: FBT003 - the table reads as a sentence


def read(value: str, since: float, until: float) -> Seen:
    return Seen(False, value, since, until)  # noqa: FBT003 - likewise


TABLE = {
    "nothing happened": ([], True),
    "one after the other": (
        [write("a", 0, 1), read("a", 2, 3), write("b", 4, 5), read("b", 6, 7)],
        True,
    ),
    "a read beside a write sees the old value": (
        [write("a", 0, 10), read("start", 1, 2), read("a", 3, 4)],
        True,
    ),
    "then no later one sees the older": (
        [write("a", 0, 10), read("a", 1, 2), read("start", 3, 4)],
        False,
    ),
    "an acknowledged write is lost": ([write("a", 0, 1), read("start", 2, 3)], False),
    "a value that nobody wrote": ([read("b", 0, 1)], False),
    "two writes at once, in either order": (
        [write("a", 0, 9), write("b", 0, 9), read("b", 10, 11)],
        True,
    ),
    "two readers disagree on the order": (
        [write("a", 0, 9), write("b", 0, 9), read("a", 1, 2), read("b", 3, 4), read("a", 5, 6)],
        False,
    ),
    "an unanswered write may be seen late": (
        [write("a", 0), read("start", 2, 3), read("a", 4, 5)],
        True,
    ),
    "or never": ([write("a", 0), read("start", 2, 3), read("start", 4, 5)], True),
    "but not before it was sent": ([read("a", 0, 1), write("a", 2)], False),
    "nor come twice": (
        [write("a", 0), read("a", 1, 2), write("b", 3, 4), read("b", 5, 6), read("a", 7, 8)],
        False,
    ),
    "a stale read": ([write("a", 0, 1), write("b", 2, 3), read("a", 4, 5)], False),
}


@pytest.mark.parametrize("name", TABLE)
def test_only_what_one_order_explains_is_accepted(name: str) -> None:
    history, fine = TABLE[name]
    assert explained(history, "start") is fine, name
