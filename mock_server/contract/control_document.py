"""Documents that are served: that of the control API, and the contract in its form for clients."""

import re
from pathlib import Path
from typing import Any

from .files import read_document

CONTROL = Path(__file__).parents[1] / "control.yaml"
CONTRACT = "openapi.yaml#/"
"""How `control.yaml` refers to the contract."""

Json = dict[str, Any]


class MissingPartError(ValueError):
    """The contract lacks what the control API refers to; the text tells what."""


def control_document(contract: Json) -> Json:
    """Read `control.yaml`, and copy into it what it refers to of the contract.

    Raises `MissingPartError`. Tools that make clients know only references to whole components of
    the same document, so there are no others.
    """
    control = read_document(CONTROL)
    imported = _ImportedComponents(contract, control["components"])
    document: Json = imported.moved(control, CONTRACT)
    for kind, components in imported.components.items():
        document["components"].setdefault(kind, {}).update(components)
    operations = []
    for item in contract["paths"].values():
        operations += [node["operationId"] for node in item.values() if "operationId" in node]
    document["components"]["schemas"]["OperationId"]["enum"] = [*operations, "refreshSession"]
    return document


def client_document(contract: Json, added: str | None) -> Json:
    """Return the contract for tools that make clients: a success is a `200`, not `default`.

    Such tools take `default` for the type of an error. `added` is an operation of `control.yaml`
    that is there too, and needs no session.
    """
    paths = {path: _succeeding(item) for path, item in contract["paths"].items()}
    document = {**contract, "paths": paths}
    if added is None:
        return document
    control = read_document(CONTROL)
    path, method, node = _operation(control, added)
    operation = {key: value for key, value in node.items() if key != "parameters"}
    operation["security"] = []
    paths[path] = {method: _renamed(operation)}
    tags = [tag for tag in control["tags"] if tag["name"] in node["tags"]]
    document["tags"] = [*contract.get("tags", []), *tags]
    return document


def _operation(document: Json, name: str) -> tuple[str, str, Json]:
    """Return path, method and node of an operation; raise `KeyError` where there is none."""
    for path, item in document["paths"].items():
        for method, node in item.items():
            if isinstance(node, dict) and node["operationId"] == name:
                return path, method, node
    raise KeyError(name)


def without_headers(document: Json) -> Json:
    """Return the document without header parameters, which others judge (`guard`, `addressing`)."""
    parameters = document["components"]["parameters"]
    headers = {name for name, parameter in parameters.items() if parameter["in"] == "header"}
    paths = {}
    for path, item in document["paths"].items():
        operations = {method: _without(headers, node) for method, node in item.items()}
        paths[path] = _without(headers, operations)
    return {**document, "paths": paths}


def _without(names: set[str], node: Any) -> Any:
    """Return a path or an operation without references to the parameters of these names."""
    if not isinstance(node, dict) or "parameters" not in node:
        return node
    parameters = [
        parameter
        for parameter in node["parameters"]
        if parameter.get("$ref", "").split("/")[-1] not in names
    ]
    return {**node, "parameters": parameters}


class _ImportedComponents:
    """Parts of a document that become `components` of another one; `own` are those it has."""

    def __init__(self, source: Json, own: Json) -> None:
        self._source = source
        self._own = own
        self._places: dict[str, tuple[str, str]] = {}
        self.components: dict[str, Json] = {}

    def moved(self, node: Any, start: str) -> Any:
        """Return a copy of a node; references that begin with `start` lead to imported parts."""
        if isinstance(node, list):
            return [self.moved(each, start) for each in node]
        if not isinstance(node, dict):
            return node
        moved = {key: self.moved(value, start) for key, value in node.items()}
        reference = moved.get("$ref")
        if isinstance(reference, str) and reference.startswith(start):
            kind, name = self._place(reference.removeprefix(start))
            moved["$ref"] = f"#/components/{kind}/{name}"
        return moved

    def _place(self, pointer: str) -> tuple[str, str]:
        """Return kind and name of a part, which is imported where it is not yet."""
        if pointer not in self._places:
            _, kind, *names = pointer.split("/")
            name = "".join(part[:1].upper() + part[1:] for part in names if part != "properties")
            name = re.sub(r"[^A-Za-z0-9._-]", "", name)
            # The control API has an `Error` of its own, for instance.
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
            problem = f"#/{pointer} is missing, which the control API refers to"
            raise MissingPartError(problem) from None
        return node


def _succeeding(item: Json) -> Json:
    """Return the operations of a path with `200` in place of `default`."""
    return {method: _with_success(node) for method, node in item.items()}


def _with_success(node: Any) -> Any:
    if not isinstance(node, dict) or "default" not in node.get("responses", {}):
        return node
    responses = {
        "200" if code == "default" else code: response
        for code, response in node["responses"].items()
    }
    return {**node, "responses": responses}


def _renamed(node: Any) -> Any:
    """Return a copy in which references to the contract are references within it."""
    if isinstance(node, list):
        return [_renamed(each) for each in node]
    if not isinstance(node, dict):
        return node
    copy = {}
    for key, value in node.items():
        if key == "$ref" and isinstance(value, str):
            copy[key] = f"#/{value.removeprefix(CONTRACT)}"
        else:
            copy[key] = _renamed(value)
    return copy
