"""The profiles as they were before a run wrote to them.

They are in a file that lives until they are that way again.
"""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contract_tests.api import resources
from contract_tests.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from contract_tests.api.context import Context

FORMAT = "contract-tests originals 1"
Profiles = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Originals:
    """Where the profiles are kept, and the command that puts them back."""

    path: Path
    command: str

    def narrow(self, roles: Collection[str]) -> None:
        """Keep the people of these roles only; remove the file where everything is as it was."""
        if not roles:
            self.path.unlink(missing_ok=True)
            return
        # Where it cannot be written, it says more than is needed, and nothing wrong.
        with suppress(OSError, ValueError):
            data = json.loads(self.path.read_text(encoding="utf-8"))
            for role in data["people"].keys() - roles:
                del data["people"][role]
            rest = self.path.with_suffix(".new")
            _create(rest, data)
            rest.replace(self.path)

    def how_to(self) -> str:
        """Return what to do about profiles that are not as they were."""
        place = f"The originals are in {self.path}, which only you can read."
        return f"{place} To put them back:\n  {self.command}"


def keep(
    context: Context,
    flags: Sequence[str],
    shard: str = "",
) -> Originals | None:
    """Write the profiles down before they are changed. No token is written.

    `flags` are how the target is reached, `shard` is the part of the run, which may have sessions
    of its own. Return None where nothing will be changed. Raise `OSError` where no file can be
    written.
    """
    if not context.permission.writes:
        return None
    people = {}
    for role in context.roles():
        profile = resources.originals(context, role)
        if profile:
            username = resources.own_username(context, role)
            people[role] = {"username": username, "profile": profile}
    if not people:
        return None
    now = datetime.now(UTC)
    data = {
        "format": FORMAT,
        "base_url": context.target.base_url,
        "shard": shard,
        "since": now.isoformat(timespec="seconds"),
        "people": people,
    }
    path = _write(f"{now:%Y%m%dT%H%M%SZ}-{context.client.run_id}.json", data)
    return Originals(path, shlex.join(["contract-tests", "restore", str(path), *flags]))


def read(path: Path) -> tuple[str, str, Profiles]:
    """Return the base URL, the part of the run and the people that a file was written of.

    Raise `UsageError` if it is no such file.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not what a run writes: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UsageError(f"{path}: not what this version of the gate writes")
    try:
        return str(data["base_url"]), str(data.get("shard", "")), _people(data["people"])
    except (KeyError, TypeError, AttributeError):
        raise UsageError(f"{path}: not what a run writes: something is missing in it") from None


def _people(people: Profiles) -> Profiles:
    return {
        role: {"username": person["username"], "profile": {**person["profile"]}}
        for role, person in people.items()
    }


def _write(name: str, data: dict[str, Any]) -> Path:
    """Write a file that only its owner can read, in the first place that takes it."""
    failure: OSError = FileNotFoundError("no place for it")
    for place in _places():
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            _create(place / name, data)
        except OSError as error:
            failure = error
        else:
            return place / name
    raise failure


def _create(path: Path, data: dict[str, Any]) -> None:
    """Write a new file, and see that it is on the disk before anything is changed."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(json.dumps(data, indent=1).encode())
        file.flush()
        os.fsync(file.fileno())


def _places() -> Iterator[Path]:
    """Yield where programs keep what they need again, then where they keep what passes.

    The first is that of the XDG Base Directory Specification.
    """
    # Without a home directory `Path.home` raises.
    with suppress(RuntimeError):
        state = Path(os.environ.get("XDG_STATE_HOME", ""))
        if not state.is_absolute():
            state = Path.home() / ".local" / "state"
        yield state / "contract-tests"
    user = os.getuid() if hasattr(os, "getuid") else "state"
    yield Path(tempfile.gettempdir()) / f"contract-tests-{user}"
