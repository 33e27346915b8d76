"""Settings as words of the command: to repeat a run, and to reach its target again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from contract_tests.config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Proxy and headers are left out: they may hold secrets.
REPEATED = (
    "base_url",
    "target_file",
    "depth",
    "seed",
    "rate_limit",
    "request_timeout",
    "client_cert",
    "baseline",
    "shard",
    "processes",
    "max_time",
    "min_judged",
    "laws",
    "read_only",
    "allow_writes",
    "allow_mark_read",
    "allow_first_write",
    "tls_verify",
    "show_values",
    "strict",
)
REACHING = ("target_file", "base_url", "proxy", "client_cert", "tls_verify")
# A run cannot be repeated without these, so they are said even if they are the default.
ALWAYS = ("depth", "seed")
# Flags that are not made of the names of their fields.
IRREGULAR = {"target_file": ("--target", ""), "show_values": ("--show-values", "--hide-values")}


def repeating(settings: Settings) -> str:
    """Return the command that repeats the run."""
    default = Settings(strict=settings.is_for_own_mock)
    return shlex.join(["contract-tests", *_flags(settings, REPEATED, default)])


def reaching(settings: Settings) -> list[str]:
    """Return the flags by which the target is reached again, without values that may be secret."""
    words = list(_flags(settings, REACHING, Settings()))
    for line in settings.header:
        name, _, value = line.partition(":")
        # A value that is a variable of the environment can be shown as it was written.
        words += ["--header", line if "${" in value else f"{name}: …"]
    return words


def _flags(settings: Settings, names: Iterable[str], default: Settings) -> Iterator[str]:
    """Yield the flags, with their values, of those settings that are not the default."""
    for name in names:
        value = getattr(settings, name)
        if value == getattr(default, name) and name not in ALWAYS:
            continue
        word = name.replace("_", "-")
        on, off = IRREGULAR.get(name, (f"--{word}", f"--no-{word}"))
        if isinstance(value, bool):
            yield on if value else off
            continue
        for each in value if isinstance(value, tuple) else (value,):
            yield on
            yield f"{each:g}" if isinstance(each, float) else str(each)
