"""The options of the plugin; each has an environment variable CONTRACT_TESTS_… of the same name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

# Option, default, what for.
OPTIONS = (
    ("target", "", "YAML file that describes the target"),
    ("depth", "standard", "quick, standard or deep"),
    ("seed", "1", "seed of everything random"),
    ("strict", "", "inferred findings fail the run"),
    ("report-dir", "", "directory for report.json and report.html"),
    ("max-time", "300", "seconds that the run may take"),
    ("min-judged", "0.9", "the share of the laws that apply which is to be judged, from 0 to 1"),
    ("verbose", "", "say every law"),
    ("read-only", "", "send nothing that could change the target"),
    ("allow-writes", "", "write to a target that is not on this machine"),
    ("allow-mark-read", "", "mark notifications as read there, which cannot be undone"),
    ("allow-first-write", "", "write fields there that were never set, which cannot be undone"),
    ("rate-limit", "", "at most so many requests: 5/s, 100/m"),
    ("request-timeout", "10", "seconds to wait for an answer"),
    ("proxy", "", "an HTTP proxy"),
    ("tls-verify", "1", "whether certificates are checked"),
    ("client-cert", "", "PEM file with a client certificate and its key"),
    ("header", "", "headers of every request, one a line"),
    (
        "show-values",
        "",
        "show what was read from the target; by default only what the mock's sample sessions read",
    ),
    ("far", "", "treat the target as one that is not on this machine"),
    ("baseline", "", "YAML file of findings that are accepted for a while"),
    ("shard", "", "a part of the laws only: 1/3"),
    ("verdict", "1", "whether the verdict is said at the end"),
    ("repeat", "", "the command that repeats the run, for the reports"),
    ("before", "", "what to run before a curl line, for the reports"),
)


def define(parser: pytest.Parser) -> None:
    """Define `--gate-…`; pytest-base-url defines `--base-url`."""
    group = parser.getgroup("contract tests")
    for name, default, text in OPTIONS:
        group.addoption(
            f"--gate-{name}",
            default=None,
            help=f"{text} (default: {default or 'none'}; CONTRACT_TESTS_{_env(name)})",
        )


def option(config: pytest.Config, name: str) -> str:
    """Return an option's value: given, from the environment, or the default."""
    default = next(default for option_name, default, _ in OPTIONS if option_name == name)
    given = config.getoption(f"gate_{name.replace('-', '_')}", default=None)
    return str(
        given if given is not None else os.environ.get(f"CONTRACT_TESTS_{_env(name)}") or default
    )


def flag(config: pytest.Config, name: str) -> bool:
    """Return whether an option is switched on."""
    return option(config, name).lower() in {"1", "true", "yes", "on"}


def way_to(config: pytest.Config) -> list[str]:
    """Return the flags of the command by which the target of this run is reached."""
    url = config.getoption("base_url", default=None) or os.environ.get("CONTRACT_TESTS_BASE_URL")
    given = {
        "--target": option(config, "target"),
        "--base-url": url,
        "--proxy": option(config, "proxy"),
    }
    given["--client-cert"] = option(config, "client-cert")
    words = [word for name, value in given.items() if value for word in (name, str(value))]
    words += [] if flag(config, "tls-verify") else ["--no-tls-verify"]
    return words + [
        word for line in option(config, "header").splitlines() for word in _header_words(line)
    ]


def _header_words(line: str) -> list[str]:
    """Return the flag of a header, without a value that may be a secret: one that is no variable of the environment."""
    name, _, value = line.partition(":")
    return ["--header", line if "${" in value else f"{name}: …"] if line.strip() else []


def _env(name: str) -> str:
    return name.replace("-", "_").upper()
