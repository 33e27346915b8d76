"""The documents that are served: the control API's with its parts of the contract, and the contract as clients want it."""

import re
from pathlib import Path
from typing import Any

from .files import read_document

CONTROL = Path(__file__).parents[1] / "control.yaml"
CONTRACT = "openapi.yaml#/"
"""How `control.yaml` refers to the contract."""

Json = dict[str, Any]


class MissingPartError(ValueError):
    """The contract lacks what the control API refers to; the text says what."""


def control_document(contract: Json) -> Json:
    """Read `control.yaml` and take over what it refers to of the contract. Raises `MissingPartError`.

    Tools that make clients know references to whole components of the same document only, so there are no others.
    """
    control = read_document(CONTROL)
    taken = _Taken(contract, control["components"])
    document: Json = taken.moved(control, CONTRACT)
    for kind, named in taken.components.items():
        document["components"][kind] = {**document["components"].get(kind, {}), **named}
    asked = [
        node["operationId"]
        for item in contract["paths"].values()
        for node in item.values()
        if "operationId" in node
    ]
    document["components"]["schemas"]["OperationId"]["enum"] = [*asked, "refreshSession"]
    return document


def client_document(contract: Json, added: str | None) -> Json:
    """Return the contract for tools that make clients, which take `default` for an error: here a success is a `200`.

    `added` is an operation of `control.yaml` that is there too; nobody needs a session for it.
    """
    document = {
        **contract,
        "paths": {path: _succeeding(item) for path, item in contract["paths"].items()},
    }
    control = read_document(CONTROL)
    for path, item in control["paths"].items():
        for method, node in item.items():
            if added is not None and isinstance(node, dict) and node["operationId"] == added:
                kept = {key: value for key, value in node.items() if key != "parameters"}
                document["paths"][path] = {method: _renamed({**kept, "security": []})}
                document["tags"] = [
                    *contract.get("tags", []),
                    *(tag for tag in control["tags"] if tag["name"] in node["tags"]),
                ]
    return document


def without_headers(document: Json) -> Json:
    """Return the document without header parameters, which others judge (`guard`, `addressing`)."""
    headers = {
        name
        for name, each in document["components"]["parameters"].items()
        if each["in"] == "header"
    }

    def kept(node: Any) -> Any:
        if not isinstance(node, dict) or "parameters" not in node:
            return node
        return {
            **node,
            "parameters": [
                each
                for each in node["parameters"]
                if each.get("$ref", "").split("/")[-1] not in headers
            ],
        }

    paths = {
        path: kept({method: kept(node) for method, node in item.items()})
        for path, item in document["paths"].items()
    }
    return {**document, "paths": paths}


class _Taken:
    """Parts of a document that another one takes over as `components`, by kind and name; `own` are those that it has."""

    def __init__(self, source: Json, own: Json) -> None:
        self._source, self._own = source, own
        self._places: dict[str, tuple[str, str]] = {}
        self.components: dict[str, Json] = {}

    def moved(self, node: Any, start: str) -> Any:
        """Return a copy in which references that start so lead to what is taken over."""
        if isinstance(node, list):
            return [self.moved(each, start) for each in node]
        if not isinstance(node, dict):
            return node
        moved = {key: self.moved(value, start) for key, value in node.items()}
        if isinstance(reference := moved.get("$ref"), str) and reference.startswith(start):
            kind, name = self._place(reference.removeprefix(start))
            moved["$ref"] = f"#/components/{kind}/{name}"
        return moved

    def _place(self, pointer: str) -> tuple[str, str]:
        """Return kind and name of a part, which is taken over where it is not there yet."""
        if pointer not in self._places:
            _, kind, *names = pointer.split("/")
            name = "".join(part[:1].upper() + part[1:] for part in names if part != "properties")
            name = re.sub(r"[^A-Za-z0-9._-]", "", name)
            while name in self._own.get(kind, {}) or (kind, name) in self._places.values():
                name = f"Api{name}"
            self._places[pointer] = kind, name
            self.components.setdefault(kind, {})[name] = self.moved(self._part(pointer), "#/")
        return self._places[pointer]

    def _part(self, pointer: str) -> Any:
        node: Any = self._source
        try:
            for part in pointer.split("/"):
                key = part.replace("~1", "/").replace("~0", "~")
                node = node[int(key)] if isinstance(node, list) else node[key]
        except (LookupError, TypeError, ValueError):
            raise MissingPartError(
                f"#/{pointer} is missing, which the control API refers to"
            ) from None
        return node


def _succeeding(item: Json) -> Json:
    """Return the operations of a path with `200` in place of `default`."""

    def renamed(node: Any) -> Any:
        if not isinstance(node, dict) or "default" not in node.get("responses", {}):
            return node
        return {
            **node,
            "responses": {
                "200" if code == "default" else code: each
                for code, each in node["responses"].items()
            },
        }

    return {method: renamed(node) for method, node in item.items()}


def _renamed(node: Any) -> Any:
    """Return a copy in which references to the contract are references within it."""
    if isinstance(node, list):
        return [_renamed(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        key: f"#/{value.removeprefix(CONTRACT)}"
        if key == "$ref" and isinstance(value, str)
        else _renamed(value)
        for key, value in node.items()
    }
