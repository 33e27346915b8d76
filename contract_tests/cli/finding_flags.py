"""Flags of the command that decide what is made of findings."""

from __future__ import annotations

import math
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contract_tests.cli.settings import LAWS, laws_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

option = partial(click.option, show_envvar=True)
"""An option that can be set by the environment, too, and says so."""


class Lines(click.types.StringParamType):
    """Texts of which an environment variable holds one on each line, since they have blanks in them."""

    def split_envvar_value(self, rv: str) -> list[str]:
        """Return the lines that hold something."""
        return [line for line in rv.splitlines() if line.strip()]


class Seconds(click.FloatRange):
    """A number of seconds up to a day, never `nan`: that is neither under nor over a bound."""

    def __init__(self) -> None:
        super().__init__(min=0.1, max=86_400)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is not a number of seconds.", param, ctx)
        return number


class Share(click.ParamType[float]):
    """A part of a whole, as `0.9` or as `90%`."""

    name = "share"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the part as a number from 0 to 1."""
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            self.fail(f"{text}: a share such as 0.9 or 90% is expected", param, ctx)
        return share


class LawName(click.ParamType[str]):
    """`pages`, or `pages: pages add up`; what stands in brackets behind a law is left out."""

    name = "LAW"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name as it is looked for.

        Fail where there is no such law, and say which there are.
        """
        family, _, one = (part.strip() for part in value.partition(":"))
        if family not in LAWS:
            self.fail(
                f"there is no family of laws {family}; there are {', '.join(LAWS)}", param, ctx
            )
        one = one.partition("[")[0].strip()
        known = laws_of(family) if one else []
        if one not in ("", *known):
            near = get_close_matches(one, known) or known
            self.fail(f"{family} has no law {one!r}; it has {', '.join(near)}", param, ctx)
        return f"{family}: {one}" if one else family

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the families that begin so."""
        return click.Choice(LAWS).shell_complete(ctx, param, incomplete)


FLAGS = (
    option(
        "--baseline",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="YAML: findings that are accepted for a while. They do not fail the run; stale and expired entries do.",
    ),
    option(
        "--write-baseline",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write a first baseline of what fails the run; say in each entry why, who answers for it and until when.",
    ),
    option(
        "--min-judged",
        type=Share(),
        default=0.9,
        show_default=True,
        metavar="SHARE",
        help="The share of the laws that apply to the target which must be judged; with less the run ends with 3.",
    ),
    option(
        "--show-values/--hide-values",
        default=None,
        help="Show texts read from the target, or only their shape; default: show only what sample sessions read.",
    ),
)


PARTS = (
    option(
        "--processes",
        "-n",
        metavar="N",
        help="Judge in so many processes at once (auto: one for each core), each with a mock or users of its own.",
    ),
    option(
        "--shard",
        metavar="I/N",
        default="",
        help="Judge a part only; `merge` joins the reports.",
    ),
    click.option("--verdict/--no-verdict", default=True, hidden=True),
)


def parts_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Add the flags of runs in parts to a command."""
    for flag in reversed(PARTS):
        command = flag(command)
    return command


def findings_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Add the flags to a command."""
    for flag in reversed(FLAGS):
        command = flag(command)
    return command
