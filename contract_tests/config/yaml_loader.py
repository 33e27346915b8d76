"""A reader of YAML from any source: what is within bounds becomes values of JSON.

The rest is refused with its line. The parser of libyaml hands over one event after the other. A
document that is too deep or too large, a key that is given twice and an alias that refers to itself
are noticed before anything is built. `ruamel.yaml` would know the lines, too, but it has no such
bounds, and takes 27 times as long to read `openapi.yaml`.

`mock_server/contract/safe_yaml.py` has the same reader, since neither program may import the other.
"""

from __future__ import annotations

import math
import os
import stat
from select import select
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEBIBYTE = 1024**2
MOST_BYTES = 16 * MEBIBYTE
# How large a document may be, with its aliases written out too.
MOST_VALUES = 1_000_000
MOST_LEVELS = 100
LONGEST_NUMBER = 400
# Seconds in which a pipe must deliver something.
PATIENCE = 5.0
# Characters of the document that a message shows.
LONGEST_SHOWN = 80
# The whole numbers that every reader of JSON understands, and more.
LEAST, MOST = -(2**63), 2**64 - 1
TAGS = "tag:yaml.org,2002:"
# What plain text may be besides text.
TYPES = frozenset(f"{TAGS}{name}" for name in ("null", "bool", "int", "float"))
# What is text, a mapping or a list, whatever is written in it.
PLAIN = {None, "!"} | {f"{TAGS}{name}" for name in ("str", "map", "seq")}


class YamlError(ValueError):
    """A document is not used; the text completes the sentence "the file …"."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line

    def at(self, path: Path) -> str:
        """Return what is wrong with the file, and where."""
        place = f"{path}:{self.line}" if self.line else str(path)
        return f"{place}: {self.reason}"


class Located(NamedTuple):
    """A value and the line where it starts; whatever is in a mapping or a list is located too."""

    line: int
    value: Any


def read_file(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return what a file or a pipe holds.

    Raise `YamlError` where it is too large, no file, or silent.
    """
    try:
        # A pipe that nobody writes to must not block; the flag means nothing to a file.
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(number, "rb") as file:
            raw = _content(file, most)
    except OSError as error:
        raise YamlError(f"cannot be read: {error.strerror}") from None
    if len(raw) > most:
        raise YamlError(f"is over {most // MEBIBYTE} MiB")
    return raw


def _content(file: BinaryIO, most: int) -> bytes:
    """Return what a file holds, no more than one byte over the most."""
    mode = os.fstat(file.fileno()).st_mode
    if stat.S_ISFIFO(mode):
        return b"".join(_pieces(file.fileno(), most))
    if stat.S_ISREG(mode):
        return file.read(most + 1)
    # It may have no end.
    raise YamlError("cannot be read: it is a device")


def _pieces(number: int, most: int) -> Iterator[bytes]:
    size = 0
    while size <= most:
        ready, _, _ = select([number], [], [], PATIENCE)
        if not ready:
            raise YamlError(f"cannot be read: the pipe said nothing for {PATIENCE:g} seconds")
        piece = os.read(number, 65536)
        if not piece:
            return
        size += len(piece)
        yield piece


def load(raw: bytes) -> Any:
    """Return the value of a document, `None` where it is empty; raise `YamlError`.

    Keys are text as it is written: `200` and `"200"` are the same. Times are text too.
    """
    return _Reader(raw).read()


def locate(raw: bytes, *, as_written: bool = False) -> Located | None:
    """Return the value of a document with all lines, `None` where it is empty; raise `YamlError`.

    `as_written` leaves numbers and so on the text that they are in the document.
    """
    found: Located | None = _Reader(raw, located=True, as_written=as_written).read()
    return found


def shown(text: object) -> str:
    """Return a piece of a document in quotes, cut where it is long."""
    whole = str(text)
    if len(whole) > LONGEST_SHOWN:
        whole = whole[:LONGEST_SHOWN] + "…"
    return repr(whole)


def _bare(text: object) -> str:
    """Return a piece of a document as `shown` does, without quotes."""
    return shown(text)[1:-1]


class _Types(yaml.constructor.SafeConstructor, yaml.resolver.Resolver):
    """Knows which plain text is a number, a truth value or null."""

    def __init__(self) -> None:
        yaml.constructor.SafeConstructor.__init__(self)
        yaml.resolver.Resolver.__init__(self)

    def tag_of(self, text: str) -> str:
        """Return the tag of plain text."""
        # YAML 1.1 takes 12:30 for a number of base 60, which nobody means.
        if ":" in text:
            return f"{TAGS}str"
        # A long text with other characters is no number, which needs no search by patterns.
        if len(text) > LONGEST_NUMBER and text.strip("+-.0123456789_eE"):
            return f"{TAGS}str"
        tag = self.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
        return str(tag)


def _resolvers() -> dict[str, list[tuple[str, Any]]]:
    """Return the rules of YAML for plain text, without those for types that JSON has not."""
    kept = {}
    for first, resolvers in yaml.resolver.Resolver.yaml_implicit_resolvers.items():
        kept[first] = [(tag, pattern) for tag, pattern in resolvers if tag in TYPES]
    return kept


_Types.yaml_implicit_resolvers = _resolvers()


class _Anchored(NamedTuple):
    """A value that aliases stand for, and its size with its own aliases written out."""

    value: Any
    characters: int
    values: int


class _Reader:
    """Reads one document; `characters` and `values` count what it holds so far."""

    def __init__(self, raw: bytes, *, located: bool = False, as_written: bool = False) -> None:
        self._events = _events(raw)
        self._located = located
        self._as_written = as_written
        self._types = _Types()
        self._anchors: dict[str, _Anchored | None] = {}
        self._characters = 0
        self._values = 0

    def read(self) -> Any:
        """Return the value of the document."""
        value = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise YamlError("holds more than one document", _line(event))
            elif isinstance(event, yaml.NodeEvent):
                value = self._value(event, 0)
        return value

    def _value(self, event: yaml.Event, level: int) -> Any:
        """Return the value that starts with an event; `level` is how deep it is nested."""
        line = _line(event)
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(str(event.anchor), line)
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent), event
        characters = self._characters
        values = self._values
        if event.anchor is not None:
            # It has no value until its end: an alias before that would stand within what it means.
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            self._count(1 + len(event.value), 1, line)
            value = self._scalar(event, line)
        else:
            value = self._collection(event, line, level)
        if self._located:
            value = Located(line, value)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(
                value,
                self._characters - characters,
                self._values - values,
            )
        return value

    def _aliased(self, anchor: str, line: int) -> Any:
        alias = f"*{_bare(anchor)}"
        if anchor not in self._anchors:
            raise YamlError(f"has the alias {alias}, and no such anchor before it", line)
        found = self._anchors[anchor]
        if found is None:
            raise YamlError(f"has the alias {alias} within what it stands for", line)
        self._count(found.characters, found.values, line)
        return found.value

    def _collection(self, event: yaml.CollectionStartEvent, line: int, level: int) -> Any:
        if event.tag not in PLAIN:
            raise YamlError(f"is not YAML: the tag {_tag(event.tag)} is not supported", line)
        # The functions here call each other for each level, which Python does not do for ever.
        if level >= MOST_LEVELS:
            raise YamlError(f"is nested deeper than {MOST_LEVELS} levels", line)
        self._count(1, 1, line)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(level + 1)
        items = []
        for item in self._events:
            if isinstance(item, yaml.SequenceEndEvent):
                break
            items.append(self._value(item, level + 1))
        return items

    def _mapping(self, level: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        included: list[dict[str, Any]] = []
        lines: dict[str, int] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, lines)
            value_event = next(self._events)
            value = self._value(value_event, level)
            if key is None:
                included += self._mappings(value, _line(value_event))
            else:
                mapping[key] = value
        for each in included:
            mapping = {**each, **mapping}
        return mapping

    def _key(self, event: yaml.Event, lines: dict[str, int]) -> str | None:
        """Return a key, and note its line; `None` stands for `<<`, which includes mappings."""
        line = _line(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise YamlError("has a key that is not text", line)
        key: str = event.value
        self._count(len(key), 0, line)
        if key == "<<" and event.implicit[0]:
            return None
        if key in lines:
            raise YamlError(f"has the key {shown(key)} twice, first in line {lines[key]}", line)
        lines[key] = line
        return key

    def _mappings(self, value: Any, line: int) -> list[dict[str, Any]]:
        """Return what `<<` includes: a mapping, or those of a list."""
        inner = value.value if self._located else value
        found = inner if isinstance(inner, list) else [value]
        if self._located:
            found = [each.value for each in found]
        if not all(isinstance(each, dict) for each in found):
            raise YamlError("has a `<<` that is followed by something other than mappings", line)
        return found

    def _count(self, characters: int, values: int, line: int) -> None:
        self._characters += characters
        self._values += values
        if self._values > MOST_VALUES:
            raise YamlError(f"has over {MOST_VALUES:,} values with its aliases written out", line)
        if self._characters > MOST_BYTES:
            size = f"{MOST_BYTES // MEBIBYTE} MiB"
            raise YamlError(f"is over {size} with its aliases written out", line)

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> Any:
        text = event.value
        tag = event.tag
        if tag is None and event.implicit[0]:
            tag = self._types.tag_of(text)
        if tag in PLAIN:
            return text
        if tag not in TYPES:
            raise YamlError(f"is not YAML: the tag {_tag(tag)} is not supported", line)
        if self._as_written:
            return "" if tag == f"{TAGS}null" else text
        # Python takes quadratic time to read a long number.
        if len(text) > LONGEST_NUMBER:
            raise YamlError(f"has a number of {len(text):,} digits", line)
        try:
            value = self._types.yaml_constructors[tag](self._types, yaml.ScalarNode(tag, text))
        except (ValueError, KeyError, IndexError, OverflowError):
            problem = f"has {shown(text)} where {_tag(tag)} says something else"
            raise YamlError(problem, line) from None
        _check_number(value, text, line)
        return value


def _check_number(value: object, text: str, line: int) -> None:
    """Raise `YamlError` where a value is a number that not every reader of JSON understands."""
    if isinstance(value, float) and not math.isfinite(value):
        raise YamlError(f"has {shown(text)}, which is no number in JSON", line)
    if isinstance(value, int) and not LEAST <= value <= MOST:
        raise YamlError(f"has the number {_bare(text)}, which takes more than 64 bits", line)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _events(raw: bytes) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(raw, yaml.CSafeLoader)
    except yaml.reader.ReaderError as error:
        line = raw.count(b"\n", 0, error.position) + 1
        raise YamlError(f"is not YAML: {error.reason}", line) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = mark.line + 1 if mark else None
        raise YamlError(f"is not YAML: {error.problem or error.context}", place) from None


def _tag(tag: str | None) -> str:
    return _bare(str(tag).replace(TAGS, "!!"))
