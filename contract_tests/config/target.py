"""Who is tested: base URL, the sessions that may be used, the names that are known there."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contract_tests.config import addresses
from contract_tests.config.target_file import TargetFile
from contract_tests.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from contract_tests.config.shard import Shard

LIVE = ("primary", "secondary")
# Characters of a token of which a part is worth hiding.
SHORTEST = 6
# What our own mock holds in its default scenario. On this machine no target file is needed then.
DEFAULT_SESSIONS = {
    "primary": "ada-session",
    "secondary": "grace-session",
    "session_expired": "ada-session-expired",
    "refresh_expired": "ada-refresh-expired",
}
DEFAULT_CONTAINERS = ("main", "side")
DEFAULT_USERNAMES = ("ada", "grace", "newcomer")


@dataclass(frozen=True)
class Target:
    """One server: `sessions` maps the roles of a session to tokens; only `primary` is required.

    `far` makes it one that is not on this machine, wherever it is.
    """

    base_url: str
    sessions: dict[str, str] = field(default_factory=lambda: dict(DEFAULT_SESSIONS))
    containers: tuple[str, ...] = DEFAULT_CONTAINERS
    usernames: tuple[str, ...] = DEFAULT_USERNAMES
    far: bool = False
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine, so that a token in a URL stays here."""
        return not self.far and addresses.is_loopback(self.base_url)

    @property
    def warning(self) -> str:
        """What a person should know of the way there; empty where there is nothing."""
        if addresses.is_secure(self.base_url) or addresses.is_loopback(self.base_url):
            return ""
        return f"tokens go to {self.base_url} in clear text; use https:// if it can"

    @property
    def is_sample(self) -> bool:
        """Whether it is our mock with its sample sessions, whose data belong to no person."""
        return self.is_local and self.sessions == DEFAULT_SESSIONS

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of valid sessions that are given."""
        return tuple(role for role in LIVE if role in self.sessions)

    @property
    def secrets(self) -> tuple[tuple[str, str], ...]:
        """Tokens, in every form that a law makes of them, and what a shell takes for it."""
        secrets: list[tuple[str, str]] = []
        for role, token in self.sessions.items():
            secrets += dict(_forms(role, token)).items()
        return tuple(secrets)


def variables(roles: Iterable[str]) -> list[str]:
    """Return what stands for the sessions of these roles wherever people see them."""
    return [f"${role.upper()}" for role in roles]


def _forms(role: str, token: str) -> Iterator[tuple[str, str]]:
    """Yield what laws make of a token, each with what a shell makes it of.

    The forms that are least like it come first: a later one in the same spelling takes its place.
    """
    name = role.upper()
    # A part of a shorter token is in every other word.
    if len(token) >= SHORTEST:
        yield token.lower(), f"${{{name},,}}"
        yield token.swapcase(), f"${{{name}~~}}"
        yield token.upper(), f"${{{name}^^}}"
        yield token[:-1], f"${{{name}%?}}"
    percent = "".join(f"%{ord(letter):02X}" for letter in token)
    yield percent, f"$(printf %s ${name} | od -An -v -tx1 | tr -d '\\n' | tr ' a-f' '%A-F')"
    basic = b64encode(f"{token}:".encode()).decode()
    yield basic, f"$(printf %s ${name}: | base64 -w0)"
    yield token, f"${name}"


def parts(path: Path | None) -> int:
    """Return into how many parts that run at once a run may be split: as many as `shards` lists.

    Raise `UsageError`.
    """
    shards = TargetFile(path).shards if path else []
    return len(shards) or 1


def load(path: Path | None, base_url: str | None, shard: Shard | None = None) -> Target:
    """Read the target file, if any. Raise `UsageError` with a sentence that names file and key.

    `base_url` overrides its own, and its entry of a shard overrides the rest.
    """
    if path is None:
        return _without_file(base_url)
    file = TargetFile(path)
    if shard is not None and shard.of > 1 and file.shards:
        listed = len(file.shards)
        if shard.of > listed:
            raise UsageError(
                f"{path}: shards lists {listed} parts, and --shard asks for {shard.of}"
            )
        file.use_shard(shard.number)
    url = base_url or file.base_url()
    if not url:
        raise UsageError(f"{path}: base_url is missing, and no --base-url was given")
    return Target(
        addresses.base_url(url),
        file.sessions(),
        file.names("containers"),
        file.names("usernames"),
        variables=file.variables(),
    )


def _without_file(base_url: str | None) -> Target:
    url = addresses.base_url(base_url or "")
    if not addresses.is_loopback(url):
        raise UsageError(
            f"{url} is not on this machine, so a target file with its sessions is needed: "
            "--target FILE"
        )
    return Target(url)
