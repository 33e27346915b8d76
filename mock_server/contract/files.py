"""Files of YAML and JSON, with the line of every value for the people who must correct them."""

from pathlib import Path
from typing import Any

import orjson

from .decoding import UnfitJsonError, read_json, repeated_key
from .safe_yaml import YamlError, load, locate, read_file, shown

MOST_JSON = 64 * 1024 * 1024
"""Bytes of a file: JSON is read much faster than YAML."""

LONGEST = 300
"""Characters of a reason."""


class FileError(Exception):
    """A file of the user cannot be used; the text names file, line, field and reason."""

    def __init__(
        self,
        path: Path,
        reason: str,
        line: int | None = None,
    ) -> None:
        # Some reasons quote what is wrong; a file is not to be quoted whole into a log.
        text = " ".join(reason.split())
        if len(text) > LONGEST:
            text = f"{text[:LONGEST]}…"
        place = f"{path}:{line}" if line else str(path)
        super().__init__(f"{place}: {text}")


def read_document(path: Path, *, any_keys: bool = False) -> Any:
    """Read a YAML file, or a JSON file by its name; raises `FileError`.

    With `any_keys` a key such as `200` needs no quotes to be text.
    """
    try:
        value = _json(path) if path.suffix == ".json" else load(read_file(path), any_keys=any_keys)
    except orjson.JSONDecodeError as error:
        raise FileError(path, f"is not valid JSON: {error.msg}", error.lineno) from None
    except UnfitJsonError as error:
        raise FileError(path, str(error)) from None
    except YamlError as error:
        raise FileError(path, error.reason, error.line) from None
    if value is None:
        raise FileError(path, "is empty")
    return value


def _json(path: Path) -> Any:
    raw = read_file(path, MOST_JSON)
    value = read_json(raw)
    key = repeated_key(raw)
    if key is not None:
        # JSON being YAML, this raises an error that has the line.
        locate(raw)
        raise YamlError(f"has the key {shown(key)} twice")
    return value


def line_of(path: Path, place: list[str | int]) -> int | None:
    """Return the line of a value, or of what is around it; JSON is YAML, so both are read alike."""
    try:
        found = locate(read_file(path))
    except YamlError:
        return None
    if found is None:
        return None
    for part in place:
        inner = found.value
        if isinstance(inner, list):
            inner = dict(enumerate(inner))
        # What is missing has no line, and what it is missing from has one.
        if not isinstance(inner, dict) or part not in inner:
            break
        found = inner[part]
    return found.line
