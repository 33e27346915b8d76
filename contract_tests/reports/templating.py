"""The templates of the reports; what they show of a target is no markup in any of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from contract_tests.redaction.terminal_text import line

if TYPE_CHECKING:
    from collections.abc import Callable


def render(template: str, **values: object) -> str:
    """Return a report.

    Whatever is put into the template is escaped, and a value that is missing is an error.
    """
    return ENVIRONMENT.get_template(template).render(values)


def some(most: int, separator: str = "; ", last: str = "; and {} more") -> Callable[..., str]:
    """Return a filter that joins names, and counts those beyond so many."""

    def joined(names: list[str]) -> str:
        text = separator.join(names[:most])
        more = len(names) - most
        return text + last.format(more) if more > 0 else text

    return joined


def _thousands(number: int) -> str:
    return f"{number:,}"


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _code(text: str) -> Markup:
    """Show what stands between backticks as code."""
    shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(shown)  # noqa: S704 - escaped


def _unbroken_options(command: str) -> Markup:
    """Show a command that wraps, but not within the name of an option."""
    shown = re.sub(r"(?<= )(--?[A-Za-z-]+)(?= )", r"<span>\1</span>", str(escape(command)))
    return Markup(shown)  # noqa: S704 - escaped


def _breakable(name: str) -> Markup:
    """Show a long name that may wrap behind each underscore."""
    return escape(name).replace("_", Markup("_<wbr>"))


def _plain(text: str) -> Markup:
    """Write text so that Markdown finds nothing in it."""
    joined = " ".join(text.split())
    escaped = re.sub(r"[!-/:-@\[-`{-~]", lambda found: f"&#{ord(found[0])};", joined)
    return Markup(escaped)  # noqa: S704 - escaped


def _fenced(text: str) -> Markup:
    """Put a fence around text that is longer than any in it."""
    longest = max((len(found) for found in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markup(f"{fence}sh\n{text}\n{fence}")  # noqa: S704 - nothing in a fence is markup


ENVIRONMENT = Environment(
    loader=PackageLoader("contract_tests.reports"),
    # A terminal knows no markup; `terminal_text` shows whatever would move its cursor.
    autoescape=select_autoescape(disabled_extensions=("txt.j2",), default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters.update(
    {
        "breakable": _breakable,
        "code": _code,
        "fenced": _fenced,
        "line": line,
        "many": _many,
        "plain": _plain,
        "some": some(6),
        "thousands": _thousands,
        "times": _times,
        "unbroken_options": _unbroken_options,
    }
)
