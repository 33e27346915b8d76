"""Text that is safe to show: nothing in it moves the cursor or hides anything."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, TextIO
from unicodedata import category

if TYPE_CHECKING:
    from collections.abc import Iterable

# Categories of characters that are no signs: controls, marks of direction, zero width, halves,
# separators of lines.
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
SUSPECT = re.compile(r"[^\n\t -~]")
ERASE = "\r\x1b[K"


def shown(text: str) -> str:
    """Return a text in which every character can be seen.

    What cannot is spelt as JSON spells it.
    """
    return SUSPECT.sub(_spelt, text)


def line(text: str, most: int = sys.maxsize) -> str:
    """Return a text that is safe to show on one line, cut after `most` characters."""
    seen = shown(text).replace("\n", "\\n").replace("\t", "\\t")
    return seen if len(seen) <= most else f"{seen[:most]}…"


def _spelt(match: re.Match[str]) -> str:
    character = match[0]
    if category(character) not in HIDDEN:
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(
        f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2)
    )


class Screen:
    """A stream on which everything is `shown`, whoever writes to it.

    Only `erase` moves the cursor.
    """

    # What click has to see, lest it go around this to the bytes. What the stream cannot encode it
    # spells itself.
    encoding = "utf-8"

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text as it may be shown."""
        self._stream.write(shown(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for each in lines:
            self.write(each)

    def erase(self) -> None:
        """Go to the beginning of the line and clear it."""
        self._stream.write(ERASE)


def guard() -> None:
    """Put a screen before standard output and error of this process, once."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, Screen):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
            setattr(sys, name, Screen(stream))


def warn(text: str) -> None:
    """Write a warning that a person should read before a run begins."""
    if text:
        sys.stderr.write(f"Warning: {text}\n")


def erase() -> None:
    """Clear the line of a terminal that a person looks at."""
    if sys.stdout.isatty() and isinstance(screen := sys.stdout, Screen):
        screen.erase()
