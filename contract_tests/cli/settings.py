"""The settings of a run: as a value, as the command that repeats it, and as arguments of pytest."""

from __future__ import annotations

import importlib
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

import contract_tests
from contract_tests.config.shard import Shard, read
from contract_tests.exceptions import UsageError
from contract_tests.http.network_options import NetworkOptions, read_network_options
from contract_tests.reports.run_report import MIN_JUDGED

PROGRAM = Path(contract_tests.__file__).parent
PACKAGE = Path(__file__).parents[1] / "laws"
PERMISSIONS = ("read-only", "allow-writes", "allow-mark-read", "allow-first-write")
FILES = {path.stem.removeprefix("test_"): path for path in PACKAGE.rglob("test_*.py")}
LAWS = sorted(FILES)
MAX_TIME = 300
"""The default of `--max-time`, in seconds."""
TIMEOUT = 10.0
"""The default of `--request-timeout`, in seconds."""


@dataclass(frozen=True)
class Wishes:
    """What the flags and the environment ask for."""

    depth: str
    seed: int
    strict: bool
    report_dir: Path | None
    max_time: int
    laws: tuple[str, ...]
    verbose: bool
    read_only: bool = False
    allow_writes: bool = False
    allow_mark_read: bool = False
    allow_first_write: bool = False
    rate_limit: str | None = None
    request_timeout: float = TIMEOUT
    proxy: str | None = None
    tls_verify: bool = True
    client_cert: Path | None = None
    header: tuple[str, ...] = ()
    show_values: bool | None = None
    min_judged: float = MIN_JUDGED
    baseline: Path | None = None
    write_baseline: Path | None = None
    processes: str | None = None
    shard: str = ""
    verdict: bool = True

    def network(self) -> NetworkOptions:
        """Return how the target is treated; raises `UsageError`."""
        certificate = str(self.client_cert or "")
        how = {
            "proxy": self.proxy or "",
            "verify": self.tls_verify,
            "certificate": certificate,
            "headers": self.header,
        }
        return read_network_options(self.rate_limit or "", self.request_timeout, **how)  # type: ignore[arg-type]

    def part(self) -> Shard:
        """Return which part of a run is wanted; raises `UsageError`."""
        if self.shard and self.report_dir is None:
            raise UsageError(
                "--shard needs --report-dir, where `contract-tests merge` finds what the part has found"
            )
        if self.shard and self.write_baseline is not None:
            raise UsageError(
                "--write-baseline is for the whole: give it to `contract-tests merge`, and not with --shard"
            )
        return read(self.shard)

    @property
    def permissions(self) -> list[str]:
        """The flags of permissions that are on."""
        return [name for name in PERMISSIONS if getattr(self, name.replace("-", "_"))]


def command(url: str | None, target_file: Path | None, wishes: Wishes) -> str:
    """Return the command that repeats the run."""
    given = {
        "base-url": url,
        "target": target_file,
        "depth": wishes.depth,
        "seed": wishes.seed,
        "rate-limit": wishes.rate_limit,
        "request-timeout": wishes.request_timeout if wishes.request_timeout != TIMEOUT else None,
        "client-cert": wishes.client_cert,
        "baseline": wishes.baseline,
        "shard": wishes.shard or None,
        "processes": wishes.processes,
        "max-time": wishes.max_time if wishes.max_time != MAX_TIME else None,
        "min-judged": f"{wishes.min_judged:g}" if wishes.min_judged != MIN_JUDGED else None,
    }
    words = ["contract-tests"]
    for name, value in [*given.items(), *(("laws", law) for law in wishes.laws)]:
        words += [f"--{name}", str(value)] if value is not None else []
    words += [
        f"--{name}"
        for name in [*wishes.permissions, *([] if wishes.tls_verify else ["no-tls-verify"])]
    ]
    if wishes.show_values is not None:
        words.append("--show-values" if wishes.show_values else "--hide-values")
    if wishes.strict != (url is None and target_file is None):
        words.append("--strict" if wishes.strict else "--no-strict")
    return shlex.join(words)


def arguments(url: str | None, target_file: Path | None, wishes: Wishes) -> list[str]:
    """Return pytest's arguments for these settings."""
    plugins = [
        "pytest_base_url.plugin",
        "_hypothesis_pytestplugin",
        "contract_tests.runner.hooks",
        "contract_tests.runner.progress",
    ]
    if not wishes.laws or any(law.startswith("fuzz") for law in wishes.laws):
        plugins.append("schemathesis.pytest.plugin")
    found = [
        "-c",
        os.devnull,
        "--rootdir",
        str(PACKAGE),
        "-p",
        "no:cacheprovider",
        "-p",
        "no:terminal",
        "--noconftest",
        "--capture=no",
        "--assert=plain",
        "-W",
        "ignore",
    ]
    for plugin in plugins:
        found += ["-p", plugin]
    given = {
        "base-url": url,
        "gate-target": target_file,
        "gate-depth": wishes.depth,
        "gate-seed": wishes.seed,
        "gate-strict": int(wishes.strict),
        "gate-report-dir": wishes.report_dir,
        "gate-max-time": wishes.max_time,
        "gate-min-judged": wishes.min_judged,
        "gate-verbose": int(wishes.verbose),
        "gate-rate-limit": wishes.rate_limit,
        "gate-request-timeout": wishes.request_timeout,
        "gate-proxy": wishes.proxy,
        "gate-tls-verify": int(wishes.tls_verify),
        "gate-client-cert": wishes.client_cert,
        "gate-baseline": wishes.baseline,
        "gate-shard": wishes.shard or None,
        "gate-verdict": int(wishes.verdict),
        "gate-show-values": None if wishes.show_values is None else int(wishes.show_values),
        "gate-header": "\n".join(wishes.header) or None,
    }
    found += [f"--{name}={value}" for name, value in given.items() if value is not None]
    found += [f"--gate-{name}=1" for name in wishes.permissions]
    return [*found, *(_node(law) for law in wishes.laws or LAWS)]


def laws_of(family: str) -> list[str]:
    """Return the names of the laws of a family, as reports give them."""
    place = FILES[family].relative_to(PROGRAM.parent).with_suffix("")
    names = vars(importlib.import_module(".".join(place.parts)))
    return sorted(
        name.removeprefix("test_").replace("_", " ") for name in names if name.startswith("test_")
    )


def _node(law: str) -> str:
    """Return where pytest finds a family of laws, or one law of it."""
    family, _, one = law.partition(": ")
    place = str(FILES[family])
    return f"{place}::test_{one.replace(' ', '_')}" if one else place
