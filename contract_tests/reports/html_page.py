"""Pages of HTML that need nothing else, and read well on a phone and on paper."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from contract_tests.checks.coverage import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract_tests.findings.rules import Rule

WORDS = {
    "conforms": "conforms to the contract",
    "violates": "violates the contract",
    "nothing judged": "could not be judged",
    "not judged to the end": "was not judged to the end",
    "failed": "was not judged, because the gate itself failed",
    "interrupted": "was not judged to the end",
}
FILTERED = 20
"""Operations by which causes can be chosen."""


def page(data: dict[str, Any], rules: dict[str, Rule]) -> str:
    """Return the whole page for the content of `report.json`."""
    operations = list(
        dict.fromkeys(name for cause in data["causes"] for name in cause["operations"])
    )
    found = {cause["severity"] for cause in data["causes"]}
    severities = [name for name in ("violation", "inferred") if name in found]
    return render(
        "report.html.j2",
        **data,
        rules=rules,
        words=WORDS,
        kinds=KINDS,
        operations=operations,
        severities={f"s-{name}": name for name in severities},
        places={f"o-{number}": name for number, name in enumerate(operations[:FILTERED])},
        not_judged_by_reason=by_reason((row["what"], row["why"]) for row in data["not_judged"]),
    )


def by_reason(skipped: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return what was not judged under each reason."""
    reasons: dict[str, list[str]] = {}
    for what, why in skipped:
        reasons.setdefault(why, []).append(what)
    return reasons


def render(template: str, **values: object) -> str:
    """Return a page.

    Whatever is put into the template is escaped, and a value that is missing is an error.
    """
    return ENVIRONMENT.get_template(template).render(values)


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


ENVIRONMENT = Environment(
    loader=PackageLoader("contract_tests.reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters.update(
    {
        "breakable": _breakable,
        "code": _code,
        "many": _many,
        "thousands": _thousands,
        "times": _times,
        "unbroken_options": _unbroken_options,
    }
)
