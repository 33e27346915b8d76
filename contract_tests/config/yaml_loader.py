"""A reader of YAML from any source: what is within bounds becomes values of JSON.

The rest is refused with its line. The parser of libyaml hands over one event after the other. A
document that is too deep or too large, a key that is given twice and an alias that refers to itself
are noticed before anything is built, and no function here is recursive. `ruamel.yaml` would know
the lines, too, but it has no such bounds, and takes 27 times as long to read `openapi.yaml`.

`mock_server/contract/safe_yaml.py` has the same reader, since neither program may import the other.
"""

from __future__ import annotations

import math
import os
import stat
from dataclasses import dataclass, field
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
    return _Reader().read(raw)


def locate(raw: bytes, *, as_written: bool = False) -> Located | None:
    """Return the value of a document with all lines, `None` where it is empty; raise `YamlError`.

    `as_written` leaves numbers and so on the text that they are in the document.
    """
    found: Located | None = _Reader(located=True, as_written=as_written).read(raw)
    return found


def shown(text: object) -> str:
    """Return a piece of a document in quotes, cut where it is long."""
    whole = str(text)
    if len(whole) > LONGEST_SHOWN:
        whole = f"{whole[:LONGEST_SHOWN]}…"
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
        # YAML 1.1 takes 12:30 for a number of base 60, but users mean text.
        if ":" in text:
            return f"{TAGS}str"
        # The patterns of numbers take long for long text.
        if len(text) > LONGEST_NUMBER and text.strip("+-.0123456789_eE"):
            return f"{TAGS}str"
        return str(self.resolve(yaml.ScalarNode, text, (True, False)))  # type: ignore[no-untyped-call]


_Types.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in TYPES]
    for first, resolvers in yaml.resolver.Resolver.yaml_implicit_resolvers.items()
}


class _Size(NamedTuple):
    """How much a part of a document is with its aliases written out."""

    characters: int
    values: int

    def plus(self, more: _Size) -> _Size:
        return _Size(self.characters + more.characters, self.values + more.values)

    def minus(self, less: _Size) -> _Size:
        return _Size(self.characters - less.characters, self.values - less.values)


@dataclass(slots=True)
class _Open:
    """A mapping or a list that is not at its end.

    `lines` has the line of every key, `merged` what `<<` takes over.
    """

    line: int
    anchor: str | None
    start: _Size
    value: Any
    is_mapping: bool
    key: str | None = None
    merges: bool = False
    lines: dict[str, int] = field(default_factory=dict)
    merged: list[dict[str, Any]] = field(default_factory=list)


class _Reader:
    """Reads one document."""

    def __init__(self, *, located: bool = False, as_written: bool = False) -> None:
        self._located = located
        self._as_written = as_written
        self._types = _Types()
        self._open: list[_Open] = []
        # Within what an anchor stands for, its value is not known yet.
        self._anchors: dict[str, tuple[Any, _Size] | None] = {}
        self._size = _Size(0, 0)
        self._documents = 0
        self._value: Any = None

    def read(self, raw: bytes) -> Any:
        """Return the value of the document."""
        for event in _events(raw):
            line = event.start_mark.line + 1 if event.start_mark else 1
            match event:
                case yaml.ScalarEvent() if self._wants_key():
                    self._take_key(event, line)
                case yaml.ScalarEvent():
                    self._take_scalar(event, line)
                case yaml.NodeEvent() if self._wants_key():
                    raise YamlError("has a key that is not text", line)
                case yaml.AliasEvent():
                    self._follow(str(event.anchor), line)
                case yaml.CollectionStartEvent():
                    self._begin(event, line)
                case yaml.CollectionEndEvent():
                    self._end()
                case yaml.DocumentStartEvent():
                    self._documents += 1
                    if self._documents > 1:
                        raise YamlError("holds more than one document", line)
        return self._value

    def _wants_key(self) -> bool:
        if not self._open:
            return False
        place = self._open[-1]
        return place.is_mapping and place.key is None

    def _take_key(self, event: yaml.ScalarEvent, line: int) -> None:
        place = self._open[-1]
        key = event.value
        self._count(_Size(len(key), 0), line)
        place.key = key
        place.merges = key == "<<" and event.implicit[0]
        if place.merges:
            return
        if key in place.lines:
            first = place.lines[key]
            raise YamlError(f"has the key {shown(key)} twice, first in line {first}", line)
        place.lines[key] = line

    def _take_scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        size = _Size(1 + len(event.value), 1)
        self._count(size, line)
        self._keep(self._scalar(event, line), line, event.anchor, size)

    def _begin(self, event: yaml.CollectionStartEvent, line: int) -> None:
        if event.tag not in PLAIN:
            raise YamlError(f"is not YAML: the tag {_tag(event.tag)} is not supported", line)
        if len(self._open) >= MOST_LEVELS:
            raise YamlError(f"is nested deeper than {MOST_LEVELS} levels", line)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        value: Any = {} if is_mapping else []
        self._open.append(_Open(line, event.anchor, self._size, value, is_mapping))
        self._count(_Size(1, 1), line)

    def _end(self) -> None:
        done = self._open.pop()
        value = done.value
        for merged in done.merged:
            value = {**merged, **value}
        self._keep(value, done.line, done.anchor, self._size.minus(done.start))

    def _follow(self, anchor: str, line: int) -> None:
        """Put what an alias stands for in its place."""
        name = f"the alias *{_bare(anchor)}"
        if anchor not in self._anchors:
            raise YamlError(f"has {name}, and no such anchor before it", line)
        known = self._anchors[anchor]
        if known is None:
            raise YamlError(f"has {name} within what it stands for", line)
        value, size = known
        self._count(size, line)
        self._put(value, line)

    def _keep(self, value: Any, line: int, anchor: str | None, size: _Size) -> None:
        """Put a value where it belongs, and remember it where it has an anchor."""
        if self._located:
            value = Located(line, value)
        if anchor is not None:
            self._anchors[anchor] = value, size
        self._put(value, line)

    def _put(self, value: Any, line: int) -> None:
        if not self._open:
            self._value = value
            return
        place = self._open[-1]
        if not place.is_mapping:
            place.value.append(value)
            return
        if place.merges:
            place.merged += self._mappings(value, line)
        else:
            place.value[place.key] = value
        place.key = None
        place.merges = False

    def _mappings(self, value: Any, line: int) -> list[dict[str, Any]]:
        """Return what `<<` takes over: a mapping, or those of a list."""
        plain = self._plain(value)
        found = [self._plain(each) for each in plain] if isinstance(plain, list) else [plain]
        if not all(isinstance(each, dict) for each in found):
            raise YamlError("has a `<<` that is followed by something other than mappings", line)
        return found

    def _plain(self, value: Any) -> Any:
        return value.value if self._located else value

    def _count(self, more: _Size, line: int) -> None:
        """Count before anything is built. Raise `YamlError` where it is too much."""
        self._size = self._size.plus(more)
        if self._size.values > MOST_VALUES:
            raise YamlError(f"has over {MOST_VALUES:,} values with its aliases written out", line)
        if self._size.characters > MOST_BYTES:
            most = MOST_BYTES // MEBIBYTE
            raise YamlError(f"is over {most} MiB with its aliases written out", line)

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> Any:
        tag = event.tag
        if tag is None:
            tag = self._types.tag_of(event.value) if event.implicit[0] else f"{TAGS}str"
        if tag in PLAIN:
            return event.value
        if tag not in TYPES:
            raise YamlError(f"is not YAML: the tag {_tag(tag)} is not supported", line)
        if self._as_written:
            return "" if tag == f"{TAGS}null" else event.value
        return self._typed(event.value, tag, line)

    def _typed(self, text: str, tag: str, line: int) -> Any:
        if len(text) > LONGEST_NUMBER:
            raise YamlError(f"has a number of {len(text):,} digits", line)
        node = yaml.ScalarNode(tag, text)
        try:
            value: Any = self._types.yaml_constructors[tag](self._types, node)
        except (ValueError, KeyError, IndexError, OverflowError):
            why = f"has {shown(text)} where {_tag(tag)} says something else"
            raise YamlError(why, line) from None
        if isinstance(value, float) and not math.isfinite(value):
            raise YamlError(f"has {shown(text)}, which is no number in JSON", line)
        if isinstance(value, int) and not LEAST <= value <= MOST:
            raise YamlError(f"has the number {_bare(text)}, which takes more than 64 bits", line)
        return value


def _events(raw: bytes) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(raw, yaml.CSafeLoader)
    except yaml.reader.ReaderError as error:
        line = raw.count(b"\n", 0, error.position) + 1
        raise YamlError(f"is not YAML: {error.reason}", line) from None
    except yaml.MarkedYAMLError as error:
        why = error.problem or error.context
        mark = error.problem_mark or error.context_mark
        raise YamlError(f"is not YAML: {why}", mark.line + 1 if mark else None) from None


def _tag(tag: str | None) -> str:
    return _bare(str(tag).replace(TAGS, "!!"))
