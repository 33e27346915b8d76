"""Settings of the program: made once from flags and environment, and handed down."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

# An installed package has its data inside; a checkout has them beside the package.
PACKAGED = Path(__file__).with_name("data")
DATA = PACKAGED if PACKAGED.is_dir() else Path(__file__).parents[1]
DEFAULT_CONTRACT = DATA / "openapi.yaml"
DEFAULT_FIXTURES = DATA / "fixtures"
MEMORY = "memory"
"""The store of one process; any other one is named by a URL."""


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """What only the proxy has.

    - `url` is that of the upstream, `next_proxy` that of another proxy on the way there.
    - `timeout` is how many seconds the upstream may take.
    - `verify` is what TLS trusts: given authorities, those of the machine (`True`), or all.
    - `errors` turns what breaks the documented contract into an error.
    - `rewrite` leads redirects, links and cookies of the upstream to this proxy.
    """

    url: str
    timeout: float = 30.0
    verify: ssl.SSLContext | bool = True
    next_proxy: str | None = None
    errors: bool = False
    rewrite: bool = True
    record: Path | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """All that flags and environment say, by the names of the flags.

    - `seed` decides tokens, ids and draws.
    - `max_body` and `max_journal` are in bytes, `sandbox_idle` is in seconds.
    - `control_origins` are the origins of web pages that may call the control API.
    - `cors_origins` are those of pages that may call the API, beside local ones.
    - `allowed_hosts` are names of this machine beside localhost and its addresses; with `any_host`,
      as beyond loopback, every name is one.
    - `proxy` is there where this is a proxy, and no mock.
    """

    host: str = "127.0.0.1"
    port: int = 4010
    openapi: Path = DEFAULT_CONTRACT
    fixtures: Path = DEFAULT_FIXTURES
    scenario: str = "default"
    watch: bool = False
    max_body: int = 1024 * 1024
    max_sandboxes: int = 10_000
    sandbox_idle: float = 3600.0
    seed: int = 0
    import_file: Path | None = None
    export_on_exit: Path | None = None
    store: str = MEMORY
    workers: int = 1
    refresh_session: bool = True
    max_requests: int = 1000
    max_journal: int = 64 * 1024 * 1024
    control_token: str | None = None
    control_origins: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    allowed_hosts: frozenset[str] = frozenset()
    any_host: bool = False
    quiet: bool = False
    log_format: str = "text"
    log_level: str = "info"
    proxy: ProxySettings | None = None

    @property
    def start(self) -> str:
        """The name of the scenario to start from."""
        return self.scenario if self.fixtures.is_dir() else self.fixtures.stem
