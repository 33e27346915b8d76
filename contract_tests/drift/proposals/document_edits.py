"""Edits of the contract's text by JSON pointer, so that its comments and its layout stay.

A round trip by `ruamel.yaml` does not keep them: with the best settings it writes 14 lines of `openapi.yaml` differently
where nothing was changed, and a patch would show them.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

import yaml

Spot = tuple[yaml.Node | None, yaml.Node]
"""The node of a key, if it has one, and that of the value."""


@dataclass(frozen=True)
class Edit:
    """Replace `text[start:end]`."""

    start: int
    end: int
    text: str


class Text:
    """The contract as it is written."""

    def __init__(self, text: str) -> None:
        self.text = text
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        assert root is not None, "the contract is not empty"
        self._root = root

    def find(self, pointer: str) -> Spot | None:
        """Return what stands at a pointer, None if nothing does."""
        spot: Spot = (None, self._root)
        for part in pointer.split("/")[1:]:
            inner = _inner(spot[1], part.replace("~1", "/").replace("~0", "~"))
            if inner is None:
                return None
            spot = inner
        return spot

    def value(self, pointer: str, value: str) -> Edit | None:
        """Put another scalar or flow value in place of one."""
        spot = self.find(pointer)
        node = spot[1] if spot else None
        if node is None or not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">"):
            return None
        return Edit(node.start_mark.index, node.end_mark.index, value)

    def without(self, pointer: str, item: str) -> Edit | None:
        """Take one item out of a list on one line."""
        spot = self.find(pointer)
        node = spot[1] if spot else None
        if not isinstance(node, yaml.SequenceNode) or not node.flow_style:
            return None
        names = [part.value for part in node.value]
        if item not in names:
            return None
        kept = ", ".join(name for name in names if name != item)
        return Edit(node.start_mark.index, node.end_mark.index, f"[{kept}]")

    def entry(self, pointer: str, line: str) -> Edit | None:
        """Put one more entry before the first of a mapping that takes several lines."""
        spot = self.find(pointer)
        node = spot[1] if spot else None
        if not isinstance(node, yaml.MappingNode) or node.flow_style or not node.value:
            return None
        start = node.value[0][0].start_mark
        return Edit(start.index, start.index, f"{line}\n{' ' * start.column}")

    def line_gone(self, pointer: str) -> Edit | None:
        """Take out an entry that has lines of its own."""
        spot = self.find(pointer)
        if spot is None or spot[0] is None:
            return None
        start = self.text.rfind("\n", 0, spot[0].start_mark.index) + 1
        end = self.text.find("\n", spot[1].end_mark.index) + 1
        alone = (
            not self.text[start : spot[0].start_mark.index].strip()
            and not self.text[spot[1].end_mark.index : end].strip()
        )
        return (
            Edit(start, end, "")
            if alone and isinstance(spot[1], yaml.ScalarNode | yaml.MappingNode)
            else None
        )

    def diff(self, edits: list[Edit]) -> str:
        """Return a unified diff of all edits that do not overlap, for `git apply`.

        Empty without any.
        """
        text, last = self.text, len(self.text) + 1
        for edit in sorted(
            set(edits), key=lambda edit: (edit.start, edit.end, edit.text), reverse=True
        ):
            if edit.end <= last:
                text = text[: edit.start] + edit.text + text[edit.end :]
                last = edit.start
        before, after = (each.splitlines(keepends=True) for each in (self.text, text))
        lines = difflib.unified_diff(before, after, "a/openapi.yaml", "b/openapi.yaml")
        return "".join(lines)


def _inner(node: yaml.Node, part: str) -> Spot | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
        return None, node.value[int(part)]
    return None


def locate(document: dict[str, Any], pointer: str, path: str) -> list[str]:
    """Return the pointers of the schemas for a place in a body, from the schema at `pointer`.

    None if it names none.
    """
    spots = _branches(document, pointer)
    for part in path.split("/")[1:]:
        inner = [
            f"{spot}/items" if part == "*" else f"{spot}/properties/{_escaped(part)}"
            for spot in spots
        ]
        spots = [
            found
            for spot in inner
            if _at(document, spot) is not None
            for found in _branches(document, spot)
        ]
    return spots


def _branches(document: dict[str, Any], pointer: str) -> list[str]:
    """Follow references and go into `anyOf` and `allOf`."""
    node = _at(document, pointer)
    if not isinstance(node, dict):
        return []
    if "$ref" in node:
        return _branches(document, node["$ref"].removeprefix("#"))
    more = [
        f"{pointer}/{key}/{place}"
        for key in ("anyOf", "allOf")
        for place in range(len(node.get(key, ())))
    ]
    return [pointer, *(found for each in more for found in _branches(document, each))]


def _at(document: Any, pointer: str) -> Any:
    node = document
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        elif isinstance(node, dict) and key in node:
            node = node[key]
        else:
            return None
    return node


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
