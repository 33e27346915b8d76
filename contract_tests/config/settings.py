"""The settings of a run: made once from flags and environment, then handed down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from contract_tests.config import shard as parts
from contract_tests.config.network_options import NetworkOptions, read_network_options
from contract_tests.config.target import Target, load

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """What flags and environment ask for. Each field has the name of its flag."""

    base_url: str | None = None
    target_file: Path | None = None
    depth: str = "standard"
    seed: int = 1
    strict: bool = False
    report_dir: Path | None = None
    max_time: int = 300
    laws: tuple[str, ...] = ()
    rate_limit: str | None = None
    request_timeout: float = 10.0
    proxy: str | None = None
    tls_verify: bool = True
    client_cert: Path | None = None
    header: tuple[str, ...] = ()
    read_only: bool = False
    allow_writes: bool = False
    allow_mark_read: bool = False
    allow_first_write: bool = False
    baseline: Path | None = None
    write_baseline: Path | None = None
    min_judged: float = 0.9
    show_values: bool | None = None
    processes: str | None = None
    shard: str = ""
    verbose: bool = False

    @property
    def is_for_own_mock(self) -> bool:
        """Whether no target is named, so that our own mock is judged."""
        return self.base_url is None and self.target_file is None

    @cached_property
    def network(self) -> NetworkOptions:
        """How the target is treated. Raise `UsageError` if that cannot be done."""
        return read_network_options(
            self.rate_limit or "",
            self.request_timeout,
            proxy=self.proxy or "",
            verify=self.tls_verify,
            certificate=str(self.client_cert or ""),
            headers=self.header,
        )

    @property
    def part(self) -> parts.Shard:
        """Which part of a run is wanted. Raise `UsageError` if there is no such part."""
        return parts.read(self.shard)

    def target(self) -> Target:
        """Read who is tested. Raise `UsageError` if that is not clear."""
        named = load(self.target_file, self.base_url, self.part)
        # What a proxy leads to is never known to be on this machine.
        return replace(named, far=bool(self.network.proxy))
