"""The target file: what its entries mean, and what is wrong with one, never with its value."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from contract_tests.config import header_values, yaml_loader
from contract_tests.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from contract_tests.config.yaml_loader import Located

SESSIONS = ("primary", "secondary", "session_expired", "refresh_expired")
KEYS = ("base_url", "sessions", "containers", "usernames", "shards")
OF_A_SHARD = KEYS[:-1]
# What a shell would take for a variable, and this file does not.
BARE = re.compile(r"\$([A-Za-z_]\w*)")

# A token that is one variable and nothing else.
ALONE = re.compile(r"\$\{(\w+)\}")


def content(path: Path) -> bytes:
    """Return the content of a file; raise `YamlError`.

    A pipe (`--target <(envsubst …)`) can be read only once, so its content is kept.
    """
    return yaml_loader.read_file(path) if path.is_file() else _piped(path)


@cache
def _piped(path: Path) -> bytes:
    return yaml_loader.read_file(path)


class TargetFile:
    """A target file that was read; variables are put in place only where an entry is used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            root = yaml_loader.locate(content(path))
        except yaml_loader.YamlError as error:
            raise UsageError(error.at(path)) from None
        if root is None or not isinstance(root.value, dict):
            self._fail(root, f"a mapping with {', '.join(KEYS)} is expected")
        self._entries: dict[str, Located] = root.value
        self._know(root.value, KEYS, "key")
        self.shards = self._mappings("shards")

    def use_shard(self, number: int) -> None:
        """Override the file's values by those of one part, counted from 1."""
        self._entries = {**self._entries, **self.shards[number - 1]}

    def base_url(self) -> str:
        """Return the base URL; empty where there is none."""
        if "base_url" not in self._entries:
            return ""
        return self._text("base_url", self._entries["base_url"])

    def sessions(self) -> dict[str, str]:
        """Return the tokens by role."""
        node = self._entries.get("sessions")
        tokens = node.value if node is not None and isinstance(node.value, dict) else {}
        primary = tokens.get("primary")
        if primary is None or primary.value in (None, ""):
            self._fail(node, "sessions.primary is missing: the token of a valid session")
        self._know(tokens, SESSIONS, "session")
        sessions = {role: self._token(role, token) for role, token in tokens.items()}
        if len(set(sessions.values())) != len(sessions):
            self._fail(node, "two sessions have the same token")
        return sessions

    def variables(self) -> dict[str, str]:
        """Return the variable that each session's token is, where it is one and nothing else."""
        variables = {}
        for role, token in self._entries["sessions"].value.items():
            found = ALONE.fullmatch(str(token.value))
            if found is not None:
                variables[role] = found[1]
        return variables

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of names."""
        found = self._entries.get(key)
        if found is None:
            return ()
        if not isinstance(found.value, list):
            self._fail(found, f"{key} must be a list of names, such as [main]")
        return tuple(self._text(f"a name under {key}", node) for node in found.value)

    def _mappings(self, key: str) -> list[dict[str, Located]]:
        found = self._entries.get(key)
        if found is None:
            return []
        entries = found.value if isinstance(found.value, list) else [found]
        mappings = [entry.value for entry in entries if isinstance(entry.value, dict)]
        if entries is not found.value or len(mappings) < len(entries):
            known = ", ".join(OF_A_SHARD)
            self._fail(found, f"{key} must be a list of mappings with any of {known}")
        for mapping in mappings:
            self._know(mapping, OF_A_SHARD, "key")
        return mappings

    def _token(self, role: str, node: Located) -> str:
        name = f"sessions.{role}"
        bare = BARE.fullmatch(str(node.value))
        if bare is not None:
            why = f"a variable of the environment is written ${{{bare[1]}}}"
            self._fail(node, f"{name}: {why}")
        text = self._text(name, node)
        try:
            return header_values.token(name, text)
        except UsageError as error:
            self._fail(node, str(error))

    def _text(self, name: str, node: Located) -> str:
        """Return a text with variables in place.

        They are put there after parsing, so that a secret may hold any sign.
        """
        if node.value is None or node.value == "":
            self._fail(node, f"{name} is empty: give it, or leave the line out")
        if not isinstance(node.value, str):
            kind = _kind(node.value)
            advice = "quote it, so that it is sent as it is written"
            self._fail(node, f"{name} is {kind} and not a text: {advice}")
        try:
            text, _ = header_values.expanded(node.value)
        except UsageError as error:
            self._fail(node, f"{name}: {error}")
        return text

    def _know(self, entries: dict[str, Located], known: Sequence[str], what: str) -> None:
        """Raise `UsageError` for an entry that nobody reads: it is misspelt."""
        for name, node in entries.items():
            if name in known:
                continue
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}? " if near else ""
            self._fail(node, f"unknown {what} {name}; {hint}known are {', '.join(known)}")

    def _fail(self, node: Located | None, why: str) -> NoReturn:
        place = f"{self._path}:{node.line}" if node else str(self._path)
        raise UsageError(f"{place}: {why}")


def _kind(value: Any) -> str:
    """Say how YAML reads what was meant as a text."""
    match value:
        case bool():
            return "a truth value (as yes, no, on and off are)"
        case int() | float():
            return "a number (which loses zeros at its beginning)"
        case list():
            return "a list"
    return "a mapping"
