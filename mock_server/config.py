"""Options that the command line gives to the application."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """What the application needs to know of flags and environment variables.

    - `seed` decides tokens, ids and draws.
    - `control_origins` are the origins of web pages that may call the control API.
    - `cors_origins` are those of pages that may call the API, beside local ones.
    - `allowed_hosts` are names of this machine beside localhost and its addresses; with `any_host`,
      as beyond loopback, every name is one.
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
