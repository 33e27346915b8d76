"""Refuses options with an empty value: the default in its place could judge another server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from collections.abc import Iterator


class StrictCommand(click.Command):
    """A command whose options are never empty, whether given as a flag or by the environment."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as the base class does; raise `click.UsageError` for an empty flag."""
        if not ctx.resilient_parsing:
            given, _, _ = self.make_parser(ctx).parse_args(args=list(args))
            for param in self.params:
                if isinstance(param, click.Option) and _is_empty(given.get(param.name or "")):
                    raise click.UsageError(
                        f"{param.opts[0]} is given, but empty: leave it out, or give it a value",
                        ctx,
                    )
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command unless one of its variables is empty."""
        # Those of a group are for itself, not for its commands.
        if not getattr(ctx, "_protected_args", None):
            for param in self.params:
                _check_variables(param, ctx)
        return super().invoke(ctx)


class StrictGroup(StrictCommand, click.Group):
    """A group of which this is true."""


def _is_empty(value: object) -> bool:
    values = value if isinstance(value, list | tuple) else [value]
    return any(isinstance(each, str) and not each.strip() for each in values)


def _check_variables(param: click.Parameter, ctx: click.Context) -> None:
    """Raise `click.UsageError` if an option is taken from a variable that is empty."""
    if ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE:
        return
    for name in _variables(param, ctx):
        if not os.environ.get(name, "-").strip():
            raise click.UsageError(
                f"the variable {name} is set, but empty: unset it, or give it a value", ctx
            )


def _variables(param: click.Parameter, ctx: click.Context) -> Iterator[str]:
    """Yield the names of the variables from which an option is taken."""
    if not isinstance(param, click.Option):
        return
    own = param.envvar or ()
    yield from [own] if isinstance(own, str) else own
    if ctx.auto_envvar_prefix and param.allow_from_autoenv and param.name:
        yield f"{ctx.auto_envvar_prefix}_{param.name.upper()}"
