"""Files of state, written whole or not at all, readable by the owner only, never just lost."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import yaml

from mock_server.contract.files import FileError

OWN = 0o600
"""The mode of files that hold state, since they hold sessions."""
UNFINISHED = ".mock-server-"


def check_target(path: Path) -> None:
    """Raise `FileError` where a file could not be written; the file itself is not touched.

    To be called at the start: at the end it would be too late for another place.
    """
    target = _target(path)
    try:
        if target.is_dir():
            raise FileError(path, "is a folder; name a file in it")
        if not target.parent.is_dir():
            raise FileError(path, f"cannot be written: there is no folder {target.parent}")
        if target.exists() and not target.is_file():
            raise FileError(path, "is not a regular file")
        if target.exists() and not os.access(target, os.W_OK):
            raise FileError(path, "cannot be written: is read-only")
        # Permissions do not tell all: the disk may be full, or the file system read-only.
        descriptor, trial = tempfile.mkstemp(prefix=UNFINISHED, dir=target.parent)
        os.close(descriptor)
        Path(trial).unlink()
    except OSError as error:
        raise FileError(path, f"cannot be written: {error.strerror}") from None


def write_document(path: Path, value: Any) -> None:
    """Write JSON, or YAML by the file's name, whole or not at all; raises `FileError`."""
    target = _target(path)
    try:
        _replace(target, _written(path, value))
    except OSError as error:
        raise FileError(path, f"cannot be written: {error.strerror}") from None


def rescue_document(path: Path, value: Any) -> str:
    """Write a value among the temporary files, since `path` cannot be written; return a message."""
    try:
        descriptor, place = tempfile.mkstemp(prefix="mock-server-", suffix=path.suffix)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_written(path, value))
    except OSError as error:
        return f"it could not be kept elsewhere either ({error.strerror}), and is lost"
    return f"it is kept in {place}"


def _target(path: Path) -> Path:
    """Return the file behind links: it is replaced, and not the link."""
    return Path(os.path.realpath(path))


def _written(path: Path, value: Any) -> bytes:
    if path.suffix in {".yaml", ".yml"}:
        # The dumper of libyaml: that in Python writes some text (U+0085) so that no loader can read
        # it again.
        text: str = yaml.dump(
            value,
            Dumper=yaml.CSafeDumper,
            allow_unicode=True,
            sort_keys=False,
        )
        return text.encode()
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _replace(target: Path, raw: bytes) -> None:
    # In the same folder, since a file is replaced at once only within one file system.
    descriptor, name = tempfile.mkstemp(prefix=UNFINISHED, dir=target.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _take_after(file.fileno(), target)
            file.write(raw)
            # Else the name could stand for an empty file after the machine lost its power.
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _take_after(descriptor: int, target: Path) -> None:
    """Give a file the owner of the one that it replaces, and its mode where that is stricter."""
    # There may be none, or it belongs to another user.
    with suppress(OSError):
        known = target.stat()
        os.fchown(descriptor, known.st_uid, known.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(known.st_mode) & OWN)
