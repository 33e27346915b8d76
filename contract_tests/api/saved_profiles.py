"""The profiles as they were before a run wrote to them, in a file that lives until they are that way again."""

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
        with suppress(OSError, ValueError):  # then it says more than is needed
            data = json.loads(self.path.read_text(encoding="utf-8"))
            data["people"] = {
                role: person for role, person in data["people"].items() if role in roles
            }
            rest = self.path.with_suffix(".new")
            _create(rest, json.dumps(data, indent=1).encode())
            rest.replace(self.path)

    def how_to(self) -> str:
        """Return what to do about profiles that are not as they were."""
        return f"The originals are in {self.path}, which only you can read. To put them back:\n  {self.command}"


def keep(context: Context, flags: Sequence[str], shard: str = "") -> Originals | None:
    """Write the profiles down before they are changed. No token is written.

    `flags` are how the target is reached, `shard` is the part of the run, which may have sessions of its own. None
    where nothing will be changed. Raises `OSError` where no file can be written.
    """
    people = {
        role: {
            "username": resources.own_username(context, role),
            "profile": resources.originals(context, role),
        }
        for role in context.roles()
    }
    known = {role: person for role, person in people.items() if person["profile"]}
    if not context.permission.writes or not known:
        return None
    now = datetime.now(UTC)
    since = now.isoformat(timespec="seconds")
    data = {
        "format": FORMAT,
        "base_url": context.target.base_url,
        "shard": shard,
        "since": since,
        "people": known,
    }
    path = _write(
        f"{now:%Y%m%dT%H%M%SZ}-{context.client.run_id}.json", json.dumps(data, indent=1).encode()
    )
    return Originals(path, shlex.join(["contract-tests", "restore", str(path), *flags]))


def read(path: Path) -> tuple[str, str, Profiles]:
    """Return the base URL, the part of the run and the people that a file was written of; raises `UsageError`."""
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


def _write(name: str, content: bytes) -> Path:
    """Write a file that only its owner can read, in the first place that takes it, and see that it is on the disk."""
    failure: OSError = FileNotFoundError("no place for it")
    for place in _places():
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = place / name
            _create(path, content)
        except OSError as error:
            failure = error
        else:
            return path
    raise failure


def _create(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _places() -> Iterator[Path]:
    """Yield where programs keep what they need again (XDG Base Directory Specification), then where they keep what passes."""
    with suppress(RuntimeError):
        home = os.environ.get("XDG_STATE_HOME", "")
        yield (
            Path(home) if Path(home).is_absolute() else Path.home() / ".local" / "state"
        ) / "contract-tests"
    yield (
        Path(tempfile.gettempdir())
        / f"contract-tests-{os.getuid() if hasattr(os, 'getuid') else 'state'}"
    )
