"""YAML and JSON files from disk, with the line of every value for those who must mend them."""

import os
from pathlib import Path
from typing import Any

import orjson
import yaml


class FileError(Exception):
    """A file of the user's cannot be used; the text names file, line, field and reason."""

    def __init__(self, path: Path, reason: str, line: int | None = None) -> None:
        super().__init__(f"{path}{f':{line}' if line else ''}: {reason}")


class _Loader(yaml.CSafeLoader):
    """Leaves times as the text that JSON would hold."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def read_document(path: Path) -> Any:
    """Read a YAML file, or a JSON file by its name; raises `FileError`."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from None
    try:
        return orjson.loads(raw) if path.suffix == ".json" else yaml.load(raw, _Loader)  # noqa: S506 - a safe loader
    except orjson.JSONDecodeError as error:
        raise FileError(path, f"is not valid JSON: {error.msg}", error.lineno) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise FileError(path, f"is not valid YAML: {error.problem or error.context}", line) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise FileError(path, f"is not valid YAML: {str(error).splitlines()[0]}") from None


def write_document(path: Path, value: Any) -> None:
    """Write JSON, or YAML by the file's name, whole or not at all; raises `FileError`."""
    if path.suffix in {".yaml", ".yml"}:
        # The dumper of libyaml: the one in Python writes some text (U+0085) so that no loader reads it back.
        raw = yaml.dump(value, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False).encode()
    else:
        raw = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise FileError(path, f"cannot be written: {error.strerror}") from None


def line_of(path: Path, place: list[str | int]) -> int | None:
    """Find the line of a value, or of the nearest thing around it; JSON being YAML, both are found."""
    try:
        node = yaml.compose(path.read_bytes(), yaml.CSafeLoader)
    except (OSError, yaml.YAMLError):
        return None
    for part in place:
        child = _child(node, part)
        if child is None:
            break
        node = child
    return node.start_mark.line + 1 if node else None


def _child(node: yaml.Node | None, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item: yaml.Node = node.value[part]
        return item
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    return None
