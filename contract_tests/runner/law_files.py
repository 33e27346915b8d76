"""Where the laws stand, by the names that people and reports give them."""

from __future__ import annotations

import ast
from pathlib import Path

import contract_tests

PROGRAM = Path(contract_tests.__file__).parent
LAWS = PROGRAM / "laws"
FILES = {path.stem.removeprefix("test_"): path for path in sorted(LAWS.rglob("test_*.py"))}
FAMILIES = sorted(FILES)


def laws_of(family: str) -> list[str]:
    """Return the names of the laws of a family, as reports give them.

    The file is not imported: some laws cannot be made before the run has its settings.
    """
    tree = ast.parse(FILES[family].read_text(encoding="utf-8"))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    tests = [name for name in functions if name.startswith("test_")]
    return sorted(name.removeprefix("test_").replace("_", " ") for name in tests)


def pytest_place(law: str) -> str:
    """Return where pytest finds a family of laws, or one law of it."""
    family, _, name = law.partition(": ")
    place = str(FILES[family])
    return f"{place}::test_{name.replace(' ', '_')}" if name else place
