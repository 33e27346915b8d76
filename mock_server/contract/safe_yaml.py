"""YAML from anywhere: read within bounds into values of JSON, else refused with line and reason.

The parser of libyaml hands over one event after the other. A document that is too deep or too
large, a key that is given twice and an alias that refers to itself are noticed before anything is
built, and no function here is recursive. `ruamel.yaml` would know the lines, too, but it has no
such bounds, and takes 27 times as long to read `openapi.yaml`.

`contract_tests/config/yaml_loader.py` has the same reader, since neither program may import the
other.
"""

from __future__ import annotations

import math
import os
import stat
from dataclasses import dataclass, field
from select import select
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_BYTES = 16 * 1024 * 1024
MOST_VALUES = 1_000_000
"""How large a document may be, with its aliases written out too."""
MOST_LEVELS = 100
LONGEST_NUMBER = 400
PATIENCE = 5.0
"""Seconds for which a pipe may be silent."""
LONGEST_SHOWN = 80
"""Characters of the document that a message shows."""
LEAST = -(2**63)
MOST = 2**64 - 1
"""The whole numbers that every reader of JSON understands, and more."""
TAGS = "tag:yaml.org,2002:"
TYPES = frozenset(f"{TAGS}{name}" for name in ("null", "bool", "int", "float"))
PLAIN = {None, "!"} | {f"{TAGS}{name}" for name in ("str", "map", "seq")}


class YamlError(ValueError):
    """A document is refused; the text completes the sentence "the file …"."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class Located(NamedTuple):
    """A value and the line where it starts; whatever is in a mapping or a list is located too."""

    line: int
    value: Any


def read_file(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return what a file or a pipe holds; raise `YamlError` where that is too much, or nothing."""
    try:
        # A pipe that nobody writes to must not block; the flag means nothing to a file.
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(number, "rb") as file:
            mode = os.fstat(number).st_mode
            if stat.S_ISFIFO(mode):
                raw = b"".join(_pieces(number, most))
            elif stat.S_ISREG(mode):
                raw = file.read(most + 1)
            else:
                raise YamlError("cannot be read: it is a device")
    except OSError as error:
        raise YamlError(f"cannot be read: {error.strerror}") from None
    if len(raw) > most:
        raise YamlError(f"is over {most // 1024**2} MiB")
    return raw


def _pieces(number: int, most: int) -> Iterator[bytes]:
    size = 0
    while size <= most:
        if not select([number], [], [], PATIENCE)[0]:
            raise YamlError(f"cannot be read: the pipe said nothing for {PATIENCE:g} seconds")
        piece = os.read(number, 65536)
        if not piece:
            return
        size += len(piece)
        yield piece


def load(raw: bytes, *, any_keys: bool = False) -> Any:
    """Return the value of a document, `None` where it is empty; raise `YamlError`.

    With `any_keys` keys are the text as it is written: `200` and `"200"` are the same. Times are
    always text.
    """
    return _Reader(any_keys=any_keys).read(raw)


def locate(raw: bytes) -> Located | None:
    """Return the value of a document with all lines, `None` if it is empty; raise `YamlError`."""
    found: Located | None = _Reader(located=True, any_keys=True).read(raw)
    return found


def shown(text: object) -> str:
    """Return a piece of a document in quotes, cut where it is long."""
    whole = str(text)
    if len(whole) > LONGEST_SHOWN:
        whole = whole[:LONGEST_SHOWN] + "…"
    return repr(whole)


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
        return str(self.resolve(yaml.ScalarNode, text, (True, False)))  # type: ignore[no-untyped-call]


def _resolvers() -> dict[str, list[tuple[str, Any]]]:
    """Return the rules of YAML for plain text, without those for types that JSON has not."""
    kept = {}
    for first, resolvers in yaml.resolver.Resolver.yaml_implicit_resolvers.items():
        kept[first] = [(tag, pattern) for tag, pattern in resolvers if tag in TYPES]
    return kept


_Types.yaml_implicit_resolvers = _resolvers()


class _Size(NamedTuple):
    """The size of a part of a document, with its aliases written out."""

    characters: int
    values: int

    def plus(self, other: _Size, sign: int = 1) -> _Size:
        return _Size(self.characters + sign * other.characters, self.values + sign * other.values)


@dataclass(slots=True)
class _Open:
    """A mapping or a list that has not ended yet.

    `lines` has the line of every key, `merged` the mappings that `<<` includes.
    """

    line: int
    anchor: str | None
    start: _Size
    value: Any
    is_mapping: bool
    key: str | None = None
    lines: dict[str, int] = field(default_factory=dict)
    merged: list[dict[str, Any]] | None = None
    merges: bool = False


class _Reader:
    """Reads one document."""

    def __init__(self, *, located: bool = False, any_keys: bool = False) -> None:
        self._located = located
        self._any_keys = any_keys
        self._types = _Types()
        self._open: list[_Open] = []
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
                    size = _Size(1 + len(event.value), 1)
                    self._count(size, line)
                    self._keep(self._scalar(event, line), line, event.anchor, size)
                case yaml.AliasEvent():
                    self._follow(str(event.anchor), line)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._begin(event, line)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._end()
                case yaml.DocumentStartEvent():
                    self._documents += 1
                    if self._documents > 1:
                        raise YamlError("holds more than one document", line)
        return self._value

    def _wants_key(self) -> bool:
        return bool(self._open) and self._open[-1].is_mapping and self._open[-1].key is None

    def _take_key(self, event: yaml.ScalarEvent, line: int) -> None:
        place = self._open[-1]
        key = event.value
        self._count(_Size(len(key), 0), line)
        place.merges = key == "<<" and event.implicit[0]
        if not place.merges:
            if not self._any_keys and event.implicit[0] and self._types.tag_of(key) in TYPES:
                problem = f"the key {shown(key)[1:-1]} is no text, unless it is in quotes"
                raise YamlError(f"holds what JSON cannot: {problem}", line)
            if key in place.lines:
                first = place.lines[key]
                raise YamlError(f"has the key {shown(key)} twice, first in line {first}", line)
            place.lines[key] = line
        place.key = key

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, line: int) -> None:
        if self._wants_key():
            raise YamlError("has a key that is not text", line)
        if event.tag not in PLAIN:
            raise YamlError(f"is not valid YAML: the tag {_tag(event.tag)} is not supported", line)
        if len(self._open) >= MOST_LEVELS:
            raise YamlError(f"is nested deeper than {MOST_LEVELS} levels", line)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        # Without a value until the end: an alias before that would stand within what it means.
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        value: Any = {} if is_mapping else []
        self._open.append(_Open(line, event.anchor, self._size, value, is_mapping))
        self._count(_Size(1, 1), line)

    def _end(self) -> None:
        done = self._open.pop()
        value = done.value
        for merged in done.merged or ():
            value = {**merged, **value}
        self._keep(value, done.line, done.anchor, self._size.plus(done.start, -1))

    def _follow(self, anchor: str, line: int) -> None:
        if self._wants_key():
            raise YamlError("has a key that is not text", line)
        alias = f"*{shown(anchor)[1:-1]}"
        if anchor not in self._anchors:
            raise YamlError(f"has the alias {alias}, and no such anchor before it", line)
        known = self._anchors[anchor]
        if known is None:
            raise YamlError(f"has the alias {alias} within what it stands for", line)
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
            place.merged = [*(place.merged or ()), *self._mappings(value, line)]
        else:
            place.value[place.key] = value
        place.key = None
        place.merges = False

    def _mappings(self, value: Any, line: int) -> list[dict[str, Any]]:
        """Return what `<<` includes: a mapping, or those of a list."""
        inner = value.value if self._located else value
        found = inner if isinstance(inner, list) else [value]
        if self._located:
            found = [each.value for each in found]
        if not all(isinstance(each, dict) for each in found):
            raise YamlError("has a `<<` that is followed by something other than mappings", line)
        return found

    def _count(self, more: _Size, line: int) -> None:
        self._size = self._size.plus(more)
        if self._size.values > MOST_VALUES:
            raise YamlError(f"has over {MOST_VALUES:,} values with its aliases written out", line)
        if self._size.characters > MOST_BYTES:
            size = f"{MOST_BYTES // 1024**2} MiB"
            raise YamlError(f"is over {size} with its aliases written out", line)

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> Any:
        text = event.value
        tag = event.tag
        if tag is None:
            tag = self._types.tag_of(text) if event.implicit[0] else f"{TAGS}str"
        if tag in PLAIN:
            return text
        if tag not in TYPES:
            raise YamlError(f"is not valid YAML: the tag {_tag(tag)} is not supported", line)
        return self._typed(text, tag, line)

    def _typed(self, text: str, tag: str, line: int) -> Any:
        # Python takes quadratic time to read a long number.
        if len(text) > LONGEST_NUMBER:
            raise YamlError(f"has a number of {len(text):,} digits", line)
        try:
            value: Any = self._types.yaml_constructors[tag](self._types, yaml.ScalarNode(tag, text))
        except (ValueError, KeyError, IndexError, OverflowError):
            problem = f"has {shown(text)} where {_tag(tag)} says something else"
            raise YamlError(problem, line) from None
        if isinstance(value, float) and not math.isfinite(value):
            raise YamlError(f"has {shown(text)}, which is no number in JSON", line)
        if isinstance(value, int) and not LEAST <= value <= MOST:
            number = shown(text)[1:-1]
            raise YamlError(f"has the number {number}, which takes more than 64 bits", line)
        return value


def _events(raw: bytes) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(raw, yaml.CSafeLoader)
    except yaml.reader.ReaderError as error:
        line = raw.count(b"\n", 0, error.position) + 1
        raise YamlError(f"is not valid YAML: {error.reason}", line) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = mark.line + 1 if mark else None
        raise YamlError(f"is not valid YAML: {error.problem or error.context}", place) from None


def _tag(tag: str | None) -> str:
    return shown(str(tag).replace(TAGS, "!!"))[1:-1]
