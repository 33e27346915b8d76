"""Print how easy both packages are to enter: `make shape`, or `python -m tests.shape --check` to fail over a limit.

Nothing here runs the programs: the figures come from the source alone.
"""

import ast
import io
import statistics
import sys
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import click
import grimp

ROOT = Path(__file__).parent.parent
PACKAGES = ("mock_server", "contract_tests")

MODULES_A_ROOM = 12
NODES_A_LINE = 5.5
COMMENT_SHARE = 3.0
# What both packages had before they were put in order; more would mean that order was bought with code.
TOTAL_NODES = 96_104

# Every folder may have one of these.
REPEATED_NAMES = {"__init__.py", "__main__.py", "conftest.py"}
# An operator says nothing that the node around it does not say.
UNCOUNTED_NODES = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)
UNCOUNTED_TOKENS = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | Function


class Source(NamedTuple):
    """What is counted in one file."""

    nodes: int
    code_lines: int
    comments: int
    function_lines: list[int]
    answering_docstrings: int


class Row(NamedTuple):
    """A line of the table; `is_met` is None where there is no limit."""

    what: str
    value: str
    limit: str = ""
    is_met: bool | None = None

    def line(self) -> str:
        """Return the row as a line of text."""
        verdict = {None: "", True: "ok", False: "NOT OK"}[self.is_met]
        return f"{self.what:52} {self.value:>8}  {self.limit:10} {verdict}".rstrip()


def measure(text: str) -> Source:
    """Count in the source of one module."""
    tree = ast.parse(text)
    docstrings = list(docstrings_of(tree))
    code_lines, comments = lines_of(text)
    for docstring in docstrings:
        code_lines -= set(range(docstring.lineno, last_line(docstring) + 1))
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    return Source(
        nodes=sum(not isinstance(node, UNCOUNTED_NODES) for node in ast.walk(tree)),
        code_lines=len(code_lines),
        comments=comments,
        function_lines=[last_line(function) - function.lineno + 1 for function in functions],
        answering_docstrings=sum(is_answering(docstring) for docstring in docstrings),
    )


def docstrings_of(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield the docstrings of a module and of everything in it."""
    for node in ast.walk(tree):
        if not isinstance(node, Documented):
            continue
        match node.body:
            case [ast.Expr(value=ast.Constant(value=str()) as docstring), *_]:
                yield docstring


def is_answering(docstring: ast.Constant) -> bool:
    """Tell whether a docstring begins with "Answer" instead of a verb of the field."""
    words = str(docstring.value).split(maxsplit=1)
    return bool(words) and words[0].rstrip(".,:;") == "Answer"


def last_line(node: ast.expr | ast.stmt) -> int:
    """Return the number of a node's last line, which the parser always knows."""
    assert node.end_lineno is not None
    return node.end_lineno


def lines_of(text: str) -> tuple[set[int], int]:
    """Return the numbers of the lines with code, docstrings among them, and how many comments there are."""
    numbers: set[int] = set()
    comments = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            comments += 1
        elif token.type not in UNCOUNTED_TOKENS:
            numbers |= set(range(token.start[0], token.end[0] + 1))
    return numbers, comments


def cycles(imports: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other, directly or by way of others."""
    reached = {module: reachable(imports, module) for module in imports}
    groups = {
        tuple(sorted(other for other in reached[module] if module in reached.get(other, ())))
        for module in imports
        if module in reached[module]
    }
    return [list(group) for group in sorted(groups)]


def reachable(imports: Mapping[str, Iterable[str]], start: str) -> set[str]:
    """Return what a module imports, directly or by way of others; itself only where it is in a cycle."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = set(imports.get(waiting.pop(), ())) - found
        found |= new
        waiting.extend(new)
    return found


def imports_of(package: str) -> dict[str, set[str]]:
    """Return what each module of a package imports of it; imports for type checkers count like all others."""
    graph = grimp.build_graph(package, exclude_type_checking_imports=False, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def rooms(files: Iterable[Path]) -> dict[Path, int]:
    """Return how many modules stand in each folder, without those below it and without `__init__`."""
    return dict(
        sorted(Counter(file.parent for file in files if file.name != "__init__.py").items())
    )


def repeated(files: Iterable[Path]) -> list[str]:
    """Return the file names that occur more than once."""
    counts = Counter(file.name for file in files)
    return sorted(
        name for name, count in counts.items() if count > 1 and name not in REPEATED_NAMES
    )


def package_rows(package: str, files: list[Path], sources: list[Source]) -> Iterator[Row]:
    """Yield the rows that each package has of its own."""
    for room, count in rooms(files).items():
        name = room.relative_to(ROOT).as_posix()
        yield Row(f"modules in {name}/", str(count), f"≤ {MODULES_A_ROOM}", count <= MODULES_A_ROOM)

    circles = cycles(imports_of(package))
    yield Row(f"import cycles in {package}", str(len(circles)), "0", not circles)
    for circle in circles:
        yield Row(f"  {' '.join(circle)}", "")

    lengths = [lines for source in sources for lines in source.function_lines]
    ninetieth = statistics.quantiles(lengths, n=10)[-1]
    yield Row(f"lines of a function of {package}, median", f"{statistics.median(lengths):.0f}")
    yield Row(f"lines of a function of {package}, 90th percentile", f"{ninetieth:.0f}")

    code_lines = sum(source.code_lines for source in sources)
    density = sum(source.nodes for source in sources) / code_lines
    yield Row(
        f"syntax nodes a code line of {package}",
        f"{density:.2f}",
        f"≤ {NODES_A_LINE}",
        density <= NODES_A_LINE,
    )
    share = 100 * sum(source.comments for source in sources) / code_lines
    yield Row(
        f"comments a hundred code lines of {package}",
        f"{share:.1f}",
        f"≥ {COMMENT_SHARE:.0f}",
        share >= COMMENT_SHARE,
    )
    answering = sum(source.answering_docstrings for source in sources)
    yield Row(f'docstrings of {package} that begin "Answer"', str(answering), "0", answering == 0)


def table() -> Iterator[Row]:
    """Yield all rows, package by package, and those of both together."""
    all_files: list[Path] = []
    nodes = 0
    for package in PACKAGES:
        files = sorted((ROOT / package).rglob("*.py"))
        sources = [measure(file.read_text(encoding="utf-8")) for file in files]
        all_files += files
        nodes += sum(source.nodes for source in sources)
        yield from package_rows(package, files, sources)
    names = repeated(all_files)
    yield Row("file names that occur twice", str(len(names)), "0", not names)
    if names:
        yield Row(f"  {' '.join(names)}", "")
    yield Row(
        "syntax nodes of both packages", f"{nodes:,}", f"< {TOTAL_NODES:,}", nodes < TOTAL_NODES
    )


@click.command(help=__doc__)
@click.option("--check", is_flag=True, help="Exit with 1 where a limit is not kept.")
def main(*, check: bool) -> None:
    """Print the table."""
    is_broken = False
    for row in table():
        click.echo(row.line())
        is_broken = is_broken or row.is_met is False
    if check and is_broken:
        sys.exit(1)


if __name__ == "__main__":
    main()
