"""Who is tested: the base URL, the sessions that may be used, and the names that are known there."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from contract_tests import address, given, safe_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from contract_tests.shard import Shard

SESSIONS = ("primary", "secondary", "session_expired", "refresh_expired")
LIVE = ("primary", "secondary")
SHORTEST = 6
"""Characters of a token of which a part is worth hiding; a part of a shorter one is in every other word."""
KEYS = ("base_url", "sessions", "containers", "usernames", "shards")
# What our own mock holds in its default scenario; used for it and on this machine when no target file is given.
DEFAULT_SESSIONS = {
    "primary": "ada-session",
    "secondary": "grace-session",
    "session_expired": "ada-session-expired",
    "refresh_expired": "ada-refresh-expired",
}
DEFAULT_CONTAINERS = ("main", "side")
DEFAULT_USERNAMES = ("ada", "grace", "newcomer")


class TargetError(ValueError):
    """A target that cannot be used, with what to do about it."""


@dataclass(frozen=True)
class Target:
    """One server: `sessions` maps the roles of `SESSIONS` to tokens; only `primary` is required.

    `far` makes it one that is not on this machine, wherever it is.
    """

    base_url: str
    sessions: dict[str, str] = field(default_factory=lambda: dict(DEFAULT_SESSIONS))
    containers: tuple[str, ...] = DEFAULT_CONTAINERS
    usernames: tuple[str, ...] = DEFAULT_USERNAMES
    far: bool = False

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine, so that a token in a URL lands in nobody else's log."""
        return not self.far and address.is_loopback(self.base_url)

    @property
    def is_sample(self) -> bool:
        """Whether it is asked with the sample sessions of our own mock on this machine, so that its data are nobody's."""
        return self.is_local and self.sessions == DEFAULT_SESSIONS

    @property
    def secrets(self) -> tuple[tuple[str, str], ...]:
        """Tokens, in every form that a law makes of them, and what a shell takes for it."""
        return tuple(pair for role, token in self.sessions.items() for pair in _forms(role.upper(), token))


def _forms(name: str, token: str) -> list[tuple[str, str]]:
    basic = b64encode(f"{token}:".encode()).decode()
    forms = [(token, f"${name}"), (basic, f"$(printf %s ${name}: | base64 -w0)")]
    if len(token) >= SHORTEST:
        forms += [(token[:-1], f"${{{name}%?}}")]
        forms += [(token.upper(), f"${{{name}^^}}"), (token.swapcase(), f"${{{name}~~}}"), (token.lower(), f"${{{name},,}}")]
    return list(dict(reversed(forms)).items())


def parts(path: Path | None) -> int:
    """Answer into how many parts that run at once a run may be split: as many as `shards` lists; raises `TargetError`."""
    return len(_shards(path, _read(path))) or 1 if path else 1


def load(path: Path | None, base_url: str | None, shard: Shard | None = None) -> Target:
    """Read the target file, if any; a given `base_url` overrides its own, and what it says of a shard the rest.

    Raises `TargetError` with a sentence that names file and key.
    """
    if path is None:
        return _without_file(base_url)
    data = _read(path)
    if shard is not None and shard.of > 1 and (own := _shards(path, data)):
        if shard.of > len(own):
            raise TargetError(f"{path}: shards lists {len(own)} parts, and --shard asks for {shard.of}")
        data |= own[shard.number - 1]
    url = base_url or data.get("base_url")
    if not url:
        raise TargetError(f"{path}: base_url is missing, and no --base-url was given")
    sessions = _sessions(path, data.get("sessions"))
    names = {key: _names(path, key, data.get(key, [])) for key in ("containers", "usernames")}
    return Target(_checked_url(str(url)), sessions, names["containers"], names["usernames"])


def _without_file(base_url: str | None) -> Target:
    url = _checked_url(base_url or "")
    if not address.is_loopback(url):
        raise TargetError(f"{url} is not on this machine, so a target file with its sessions is needed: --target FILE")
    return Target(url)


def _shards(path: Path, data: dict[str, Any]) -> list[dict[str, Any]]:
    found = data.get("shards", [])
    if not isinstance(found, list) or not all(
        isinstance(each, dict) and each.keys() <= {*KEYS} - {"shards"} for each in found
    ):
        raise TargetError(f"{path}: shards must be a list of mappings with any of {', '.join(KEYS[:-1])}")
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        data = _expanded(path, safe_yaml.read(path))
    except safe_yaml.YamlError as error:
        raise TargetError(error.at(path)) from None
    if not isinstance(data, dict):
        raise TargetError(f"{path}: a mapping with {', '.join(KEYS)} is expected")
    if unknown := sorted(set(map(str, data)) - set(KEYS)):
        raise TargetError(f"{path}: unknown key {unknown[0]}; known are {', '.join(KEYS)}")
    return data


def _expanded(path: Path, node: Any) -> Any:
    """Put variables in place after parsing, so that a secret may hold any character."""
    if isinstance(node, dict):
        return {key: _expanded(path, value) for key, value in node.items()}
    if isinstance(node, list):
        return [_expanded(path, value) for value in node]
    return re.sub(r"\$\{(\w+)\}", lambda match: _variable(path, match[1]), node) if isinstance(node, str) else node


def _variable(path: Path, name: str) -> str:
    try:
        return given.variable(name)
    except given.GivenError as error:
        raise TargetError(f"{path}: {error}") from None


def _sessions(path: Path, data: object) -> dict[str, str]:
    if not isinstance(data, dict) or not data.get("primary"):
        raise TargetError(f"{path}: sessions.primary is missing: the token of a valid session")
    if unknown := sorted(set(map(str, data)) - set(SESSIONS)):
        raise TargetError(f"{path}: unknown session {unknown[0]}; known are {', '.join(SESSIONS)}")
    try:
        sessions = {role: given.token(f"sessions.{role}", str(token)) for role, token in data.items() if token}
    except given.GivenError as error:
        raise TargetError(f"{path}: {error}") from None
    if len(set(sessions.values())) != len(sessions):
        raise TargetError(f"{path}: two sessions have the same token")
    return sessions


def _names(path: Path, key: str, data: object) -> tuple[str, ...]:
    if not isinstance(data, list):
        raise TargetError(f"{path}: {key} must be a list of names")
    return tuple(str(name) for name in data)


def _checked_url(url: str) -> str:
    try:
        return address.base_url(url)
    except address.AddressError as error:
        raise TargetError(str(error)) from None
