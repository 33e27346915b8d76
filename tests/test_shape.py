"""The figures of `make shape`, on sources small enough to count by hand."""

from pathlib import Path

from click.testing import CliRunner

from tests import shape

SMALL = '''\
"""Answer nothing."""

# Two and two, where nobody looks.
FOUR = 2 + 2  # as always


def double(number):
    """Return twice a number.

    It is not rounded.
    """
    text = """one

    three"""
    return number * 2
'''


def test_docstrings_blank_lines_and_comments_are_no_code() -> None:
    assert shape.measure(SMALL).code_lines == len(["FOUR", "def", "text", "", "three", "return"])


def test_operators_and_contexts_are_no_nodes() -> None:
    # The module, the assignment, its target, the sum, and its two numbers.
    assert shape.measure("FOUR = 2 + 2").nodes == 6


def test_comments_count_wherever_they_stand() -> None:
    assert shape.measure(SMALL).comments == 2


def test_a_function_is_as_long_as_its_text() -> None:
    assert shape.measure(SMALL).function_lines == [9]


def test_only_docstrings_that_begin_with_the_word_are_counted() -> None:
    assert shape.measure(SMALL).answering_docstrings == 1
    assert shape.measure('"""Answers are kept."""').answering_docstrings == 0
    assert shape.measure('SAID = "Answer me."').answering_docstrings == 0


def test_a_cycle_is_one_however_many_ways_lead_round_it() -> None:
    imports = {
        "a": ["b", "c"],
        "b": ["a"],
        "c": ["b"],
        "d": ["a"],
        "e": ["f"],
        "f": ["e", "elsewhere"],
    }
    assert shape.cycles(imports) == [["a", "b", "c"], ["e", "f"]]


def test_what_only_imports_a_cycle_is_not_in_it() -> None:
    assert shape.cycles({"a": ["b"], "b": ["c"], "c": []}) == []


def test_a_room_is_a_folder_without_those_below_it() -> None:
    files = [Path("p/__init__.py"), Path("p/a.py"), Path("p/b.py"), Path("p/q/c.py")]
    assert shape.rooms(files) == {Path("p"): 2, Path("p/q"): 1}


def test_a_name_may_be_repeated_only_where_python_or_pytest_wants_it() -> None:
    files = [
        Path(name) for name in ("p/a.py", "q/a.py", "p/__init__.py", "q/__init__.py", "q/b.py")
    ]
    assert shape.repeated(files) == ["a.py"]


def test_the_flag_makes_it_fail_where_a_limit_is_not_kept() -> None:
    done = CliRunner().invoke(shape.main, ["--check"])
    assert done.exit_code == int("NOT OK" in done.output), done.output
    for package in shape.PACKAGES:
        assert f"modules in {package}/" in done.output
