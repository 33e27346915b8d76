"""Tables of text fit their terminal, are plain, and show what a target says as text."""

import os
from collections.abc import Callable

import pytest
from rich.cells import cell_len

from contract_tests.reports.text_table import text_table

ROWS = [("1", "getProfile", "short"), ("2", "listReferrals", "a reason " * 20)]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def of(columns: int) -> None:
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        monkeypatch.setattr("shutil.get_terminal_size", lambda *_: os.terminal_size((columns, 24)))

    return of


def letters(*texts: str) -> list[str]:
    return sorted("".join("".join(texts).split()))


def test_columns_stand_below_each_other() -> None:
    assert text_table([("1", "a", "long"), ("22", "bbb", "")], ("", "head", "what")) == (
        "    head  what\n--- ----- ----\n1   a     long\n22  bbb"
    )


def test_without_a_terminal_no_line_is_broken() -> None:
    assert [len(line) for line in text_table(ROWS).splitlines()] == [23, 197]


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_a_terminal_is_wide_enough(columns: int, terminal: Callable[[int], None]) -> None:
    terminal(columns)
    shown = text_table(ROWS)
    assert max(map(len, shown.splitlines())) <= columns
    assert letters(shown) == letters(*(cell for row in ROWS for cell in row)), "nothing is cut"


def test_a_column_has_its_bound_and_a_word_that_is_longer_goes_on() -> None:
    assert text_table([("x" * 10, "y")], ("a", "b"), (4, None)).splitlines()[2:] == [
        "xxxx  y",
        "xxxx",
        "xx",
    ]


def test_wide_characters_take_two_columns() -> None:
    first, second = text_table([("漢字", "|"), ("abcd", "|")]).splitlines()
    assert cell_len(first) == cell_len(second) == 7


@pytest.mark.parametrize(
    "evil", ["[red]x[/red]", "[/]", "\x1b[2Jx", "a\nb", "a\rb", ":smile:", "\u202ex"]
)
def test_what_a_target_says_is_text(evil: str, terminal: Callable[[int], None]) -> None:
    terminal(80)
    shown = text_table([(evil, "|")])
    assert shown.isprintable(), "one line, without a sequence that steers the terminal"
    assert all(part in shown for part in evil.split() if part.isascii() and part.isprintable())
