"""Edits of the contract's text by JSON pointer, so that its comments and its layout stay.

A round trip by `ruamel.yaml` does not keep them: with the best settings it writes 14 lines of
`openapi.yaml` differently where nothing was changed, and a patch would show them.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import yaml


@dataclass(frozen=True, order=True)
class Edit:
    """Replace `text[start:end]`."""

    start: int
    end: int
    text: str


class Entry(NamedTuple):
    """The nodes of a key and its value.

    An item of a list has no key, and what is not there no value.
    """

    key: yaml.Node | None
    value: yaml.Node | None


class Text:
    """The contract as it is written."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._root = yaml.compose(text, Loader=yaml.SafeLoader)

    def find(self, pointer: str) -> Entry:
        """Return what stands at a pointer."""
        entry = Entry(None, self._root)
        for part in pointer.split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            entry = _entries(entry.value).get(name, Entry(None, None))
        return entry

    def has(self, pointer: str) -> bool:
        """Tell whether something stands at a pointer."""
        return self.find(pointer).value is not None

    def scalar(self, pointer: str) -> str:
        """Return the text of a scalar; empty if nothing is there."""
        node = self.find(pointer).value
        return node.value if isinstance(node, yaml.ScalarNode) else ""

    def schemas(self, pointer: str, path: str) -> list[str]:
        """Return the pointers of the schemas for a place in a body of the schema at `pointer`."""
        found = self._branches(pointer)
        for part in path.split("/")[1:]:
            step = "items" if part == "*" else f"properties/{_escaped(part)}"
            inner = (self._branches(f"{each}/{step}") for each in found)
            found = list(chain.from_iterable(inner))
        return found

    def _branches(self, pointer: str) -> list[str]:
        """Follow references and go into `anyOf` and `allOf`."""
        if not isinstance(self.find(pointer).value, yaml.MappingNode):
            return []
        reference = self.scalar(f"{pointer}/$ref")
        if reference:
            return self._branches(reference.removeprefix("#"))
        found = [pointer]
        for keyword in ("anyOf", "allOf"):
            for place in _entries(self.find(f"{pointer}/{keyword}").value):
                found += self._branches(f"{pointer}/{keyword}/{place}")
        return found

    def with_key(self, pointer: str, name: str) -> Edit | None:
        """Rename a key."""
        key = self.find(pointer).key
        return Edit(key.start_mark.index, key.end_mark.index, name) if key else None

    def with_value(self, pointer: str, value: str) -> Edit | None:
        """Put another scalar in place of one."""
        node = self.find(pointer).value
        # A block of text has an indent that a plain value would break.
        if not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">"):
            return None
        return Edit(node.start_mark.index, node.end_mark.index, value)

    def without_item(self, pointer: str, item: str) -> Edit | None:
        """Take one item out of a list on one line."""
        node = self.find(pointer).value
        # In a list of several lines each item may have a comment.
        if not isinstance(node, yaml.SequenceNode) or not node.flow_style:
            return None
        names = [part.value for part in node.value]
        if item not in names:
            return None
        rest = ", ".join(name for name in names if name != item)
        return Edit(node.start_mark.index, node.end_mark.index, f"[{rest}]")

    def with_entry(self, pointer: str, line: str) -> Edit | None:
        """Put one more entry before the first of a mapping that takes several lines."""
        node = self.find(pointer).value
        if not isinstance(node, yaml.MappingNode) or node.flow_style or not node.value:
            return None
        first, _ = node.value[0]
        mark = first.start_mark
        indent = " " * mark.column
        return Edit(mark.index, mark.index, f"{line}\n{indent}")

    def without_entry(self, pointer: str) -> Edit | None:
        """Take out an entry that has lines of its own."""
        key, value = self.find(pointer)
        if key is None or not isinstance(value, yaml.ScalarNode | yaml.MappingNode):
            return None
        first, last = key.start_mark.index, value.end_mark.index
        start = self.text.rfind("\n", 0, first) + 1
        end = self.text.find("\n", last) + 1
        others_there = (self.text[start:first] + self.text[last:end]).strip()
        return None if others_there else Edit(start, end, "")

    def diff(self, edits: list[Edit]) -> str:
        """Return a unified diff of all edits that do not overlap, for `git apply`.

        Empty without any.
        """
        text = self.text
        untouched = len(text)
        # From the end, so that the places of those before stay true.
        for edit in sorted(set(edits), reverse=True):
            if edit.end <= untouched:
                text = text[: edit.start] + edit.text + text[edit.end :]
                untouched = edit.start
        before, after = self.text.splitlines(keepends=True), text.splitlines(keepends=True)
        return "".join(difflib.unified_diff(before, after, "a/openapi.yaml", "b/openapi.yaml"))


def _entries(node: yaml.Node | None) -> dict[str, Entry]:
    if isinstance(node, yaml.MappingNode):
        return {key.value: Entry(key, value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return {str(place): Entry(None, item) for place, item in enumerate(node.value)}
    return {}


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
