"""Tables of plain text, as wide as the terminal where there is one.

`rich` lays them out, since it knows how many columns a character takes. Colours are not used: what
is written goes through `terminal_text.Screen`, which shows every escape sequence as text, whoever
it comes from.
"""

from __future__ import annotations

import io
import shutil
import sys
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.box import Box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contract_tests.redaction.terminal_text import line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Nothing but a line under the head.
RULE = Box("    \n    \n -  \n" + "    \n" * 5, ascii=True)
# Columns of what is no terminal: a file has room for any line.
UNLIMITED = 10_000


def text_table(
    rows: Iterable[Sequence[str]], head: Sequence[str] = (), widest: Sequence[int | None] = ()
) -> str:
    """Return the rows as a table; a cell that is too wide for its column goes on in the next line.

    `head` has a title for each column, `widest` how wide each may become.
    """
    table = Table(
        box=RULE, show_header=bool(head), show_edge=False, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for title, width in zip_longest(head, widest):
        table.add_column(Text(title), max_width=width, overflow="fold")
    for row in rows:
        # A `Text` is not read as markup; a line has no character that moves the cursor.
        table.add_row(*(Text(line(cell), overflow="fold") for cell in row))
    written = io.StringIO()
    Console(file=written, width=_columns(), color_system=None).print(table)
    return "\n".join(each.rstrip() for each in written.getvalue().splitlines())


def _columns() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else UNLIMITED
