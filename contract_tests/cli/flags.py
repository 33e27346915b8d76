"""The flags of all commands, as data: each command takes the groups that it needs."""

from __future__ import annotations

import math
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contract_tests.config.depth import DEPTHS
from contract_tests.config.settings import Settings
from contract_tests.runner.law_files import FAMILIES, laws_of

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

A_DAY = 86_400
# Longer than any run.
A_YEAR = 31_536_000

FILE: dict[str, Any] = {"type": click.Path(path_type=Path), "metavar": "FILE"}
DIRECTORY: dict[str, Any] = {
    "type": click.Path(path_type=Path, file_okay=False),
    "metavar": "DIR",
}


class Lines(click.types.StringParamType):
    """Texts of which a variable holds one on each line, since they have blanks in them."""

    def split_envvar_value(self, rv: str) -> list[str]:
        """Return the lines that hold something."""
        return [line for line in rv.splitlines() if line.strip()]


class Seconds(click.FloatRange):
    """A number of seconds up to a day."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        number = float(super().convert(value, param, ctx))
        # It is neither under nor over a bound, so the base class lets it pass.
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
        whole = 100 if text.endswith("%") else 1
        try:
            share = float(text.removesuffix("%")) / whole
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            self.fail(f"{text}: a share such as 0.9 or 90% is expected", param, ctx)
        return share


class LawName(click.ParamType[str]):
    """`pages`, or `pages: pages add up`; what stands in brackets behind a law is left out."""

    name = "LAW"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name as it is looked for; fail where there is no such law."""
        family, _, law = value.partition(":")
        family = family.strip()
        law = law.partition("[")[0].strip()
        if family not in FAMILIES:
            known = ", ".join(FAMILIES)
            self.fail(f"there is no family of laws {family}; there are {known}", param, ctx)
        if not law:
            return family
        laws = laws_of(family)
        if law not in laws:
            near = get_close_matches(law, laws) or laws
            self.fail(f"{family} has no law {law!r}; it has {', '.join(near)}", param, ctx)
        return f"{family}: {law}"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the families that begin so."""
        return click.Choice(FAMILIES).shell_complete(ctx, param, incomplete)


def option(*names: str, **details: Any) -> click.Option:
    """Return an option that can be set by the environment, too, and says so."""
    return click.Option(names, show_envvar=True, **details)


BASE_URL = option(
    "--base-url",
    metavar="URL",
    help="The server to judge; default: our mock, started for the run.",
)
TARGET = option(
    "--target",
    "target_file",
    **FILE,
    envvar="CONTRACT_TESTS_TARGET",
    help="YAML: base_url, sessions, containers, usernames.",
)
MAX_TIME = option(
    "--max-time",
    type=click.IntRange(min=1, max=A_YEAR),
    default=Settings.max_time,
    show_default=True,
    metavar="SECONDS",
    help="The longest that the run may take; deep uses it up.",
)
RUN = (
    option(
        "--depth",
        type=click.Choice(list(DEPTHS)),
        default=Settings.depth,
        show_default=True,
        help="quick: under 10 s; standard: under a minute against the mock; "
        "deep: as long as --max-time.",
    ),
    option(
        "--seed",
        type=int,
        default=Settings.seed,
        show_default=True,
        help="Everything random follows it.",
    ),
    option(
        "--strict/--no-strict",
        default=None,
        help="Inferred findings fail too; default for our mock.",
    ),
    option("--report-dir", **DIRECTORY, help="Write report.json, report.html and junit.xml there."),
    MAX_TIME,
    option(
        "--laws",
        type=LawName(),
        multiple=True,
        help="Only these, as in 'pages: pages add up'; may be repeated.",
    ),
)
NETWORK = (
    option(
        "--rate-limit",
        metavar="N/s",
        help="At most so many requests: 5/s, 100/m, 1000/h.",
    ),
    option(
        "--request-timeout",
        type=Seconds(min=0.1, max=A_DAY),
        default=Settings.request_timeout,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for the whole of an answer.",
    ),
    option("--proxy", metavar="URL", help="Go through this HTTP proxy."),
    option(
        "--tls-verify/--no-tls-verify",
        default=Settings.tls_verify,
        show_default=True,
        help="Check certificates.",
    ),
    option("--client-cert", **FILE, help="PEM: a client certificate and its key."),
    option(
        "--header",
        type=Lines(),
        multiple=True,
        metavar="'NAME: VALUE'",
        help="Send this with every request; ${VARIABLE} in it is taken from the environment "
        "and never shown.",
    ),
)
PERMISSIONS = (
    option("--read-only", is_flag=True, help="Send nothing that could change the target."),
    option(
        "--allow-writes",
        is_flag=True,
        help="Write to a target that is not on this machine, and put it back.",
    ),
    option(
        "--allow-mark-read",
        is_flag=True,
        help="Mark notifications as read there; cannot be undone.",
    ),
    option(
        "--allow-first-write",
        is_flag=True,
        help="Write fields there that were never set; cannot be undone.",
    ),
)
FINDINGS = (
    option(
        "--baseline",
        **FILE,
        help="YAML: findings that are accepted for a while. They do not fail the run; stale and "
        "expired entries do.",
    ),
    option(
        "--write-baseline",
        **FILE,
        help="Write a first baseline of what fails the run; say in each entry why, who answers "
        "for it and until when.",
    ),
    option(
        "--min-judged",
        type=Share(),
        default=Settings.min_judged,
        show_default=True,
        metavar="SHARE",
        help="The share of the laws that apply to the target which must be judged; with less the "
        "run ends with 3.",
    ),
    option(
        "--show-values/--hide-values",
        default=None,
        help="Show texts read from the target, or only their shape; default: show only what "
        "sample sessions read.",
    ),
)
PARTS = (
    option(
        "--processes",
        "-n",
        metavar="N",
        help="Judge in so many processes at once (auto: one for each core), each with a mock or "
        "users of its own.",
    ),
    option(
        "--shard",
        metavar="I/N",
        default=Settings.shard,
        help="Judge a part only; `merge` joins the reports.",
    ),
)
DRY_RUN = option(
    "--dry-run",
    is_flag=True,
    help="Say what would be sent, count it on our mock, send nothing.",
)
VERBOSE = option(
    "--verbose/--quiet",
    "-v/-q",
    default=Settings.verbose,
    help="Say every law, not only those that fail.",
)
