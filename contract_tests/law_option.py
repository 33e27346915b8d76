"""What `--laws` takes: a family of laws, or one law as the reports name it."""

from __future__ import annotations

import importlib
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from contract_tests.wishes import LAWS

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class LawName(click.ParamType[str]):
    """`pages`, or `pages: pages add up`; what stands in brackets behind a law is left out."""

    name = "LAW"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name as it is looked for; fail where there is no such law, and say which there are."""
        family, _, one = (part.strip() for part in value.partition(":"))
        if family not in LAWS:
            self.fail(f"there is no family of laws {family}; there are {', '.join(LAWS)}", param, ctx)
        one = one.partition("[")[0].strip()
        known = _laws_of(family) if one else []
        if one not in ("", *known):
            near = get_close_matches(one, known) or known
            self.fail(f"{family} has no law {one!r}; it has {', '.join(near)}", param, ctx)
        return f"{family}: {one}" if one else family

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the families that begin so."""
        return click.Choice(LAWS).shell_complete(ctx, param, incomplete)


def _laws_of(family: str) -> list[str]:
    laws = vars(importlib.import_module(f"contract_tests.test_{family}"))
    return sorted(name.removeprefix("test_").replace("_", " ") for name in laws if name.startswith("test_"))
