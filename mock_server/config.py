"""What the command line decides of a core."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """`seed` decides what is made and drawn; `control_origins` are those of web pages that may steer the mock.

    `cors_origins` are those of pages beside local ones that may call the API; `allowed_hosts` are names of this machine beside
    localhost and its addresses, and `any_host` says that every name is one, as beyond loopback.
    """

    seed: int = 0
    max_requests: int = 1000
    max_journal_bytes: int = 64 * 1024 * 1024
    refresh_session: bool = True
    control_token: str | None = None
    control_origins: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    allowed_hosts: frozenset[str] = frozenset()
    any_host: bool = False
