"""What a trial gives back, and the table that is made of it."""

from collections.abc import Callable, Mapping
from pathlib import Path

Figures = dict[str, object]
Trial = Callable[[float, int], Figures]
"""Takes how many seconds it may last and a seed; raises `AssertionError` with the evidence."""

BEGIN, END = "<!-- figures: written by `make soak ARGS=--write` -->", "<!-- end of figures -->"


def write(page: Path, found: Mapping[str, Figures]) -> None:
    """Replace the figures of these trials in the page; those of others stay."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    table, _, after = rest.partition(END)
    rows = dict(_row(line) for line in table.splitlines() if line.startswith("| `"))
    for name, figures in found.items():
        rows[name] = "; ".join(f"{what}: {value}" for what, value in figures.items())
    lines = [
        "| trial | figures |",
        "|---|---|",
        *(f"| `{name}` | {text} |" for name, text in rows.items()),
    ]
    page.write_text("\n".join([before + BEGIN, *lines, END + after]), encoding="utf-8")


def _row(line: str) -> tuple[str, str]:
    _, name, text, _ = (part.strip() for part in line.split("|"))
    return name.strip("`"), text
