"""Documents that are served: that of the control API, and the contract in its form for clients."""

import re
from pathlib import Path
from typing import Any

from .files import read_document
from .references import operations_of, part_of, pointer_parts, with_references

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
    components = document["components"]
    for kind, parts in imported.components.items():
        own = components.setdefault(kind, {})
        own.update(parts)
    operations = [node["operationId"] for _, _, node in operations_of(contract)]
    operations.append("refreshSession")
    components["schemas"]["OperationId"]["enum"] = operations
    return document


def client_document(contract: Json, added: str | None) -> Json:
    """Return the contract for tools that make clients: a success is a `200`, not `default`.

    Such tools take `default` for the type of an error. `added` is an operation of `control.yaml`
    that is there too, and needs no session.
    """
    paths = {}
    for path, item in contract["paths"].items():
        paths[path] = {key: _with_success(node) for key, node in item.items()}
    document = {**contract, "paths": paths}
    if added is not None:
        _add_operation(document, added)
    return document


def _with_success(node: Any) -> Any:
    """Return an operation with `200` in place of `default`; a path has other things, too."""
    if not isinstance(node, dict) or "default" not in node.get("responses", {}):
        return node
    responses = {}
    for status, response in node["responses"].items():
        responses["200" if status == "default" else status] = response
    return {**node, "responses": responses}


def _add_operation(document: Json, name: str) -> None:
    control = read_document(CONTROL)
    for path, method, node in operations_of(control):
        if node["operationId"] != name:
            continue
        operation = with_references(node, _own_reference)
        operation.pop("parameters", None)
        # In `control.yaml` no call has a session; in the contract each has, unless it says so.
        operation["security"] = []
        document["paths"][path] = {method: operation}
        tags = [tag for tag in control["tags"] if tag["name"] in node["tags"]]
        document["tags"] = [*document.get("tags", []), *tags]


def _own_reference(reference: str) -> str:
    """Return a reference to the contract as one within it."""
    return f"#/{reference.removeprefix(CONTRACT)}"


def without_headers(document: Json) -> Json:
    """Return the document without header parameters, which others judge (`guard`, `addressing`)."""
    headers = set()
    for name, parameter in document["components"]["parameters"].items():
        if parameter["in"] == "header":
            headers.add(f"#/components/parameters/{name}")
    paths = {}
    for path, item in document["paths"].items():
        rest = _without_parameters(item, headers)
        paths[path] = {key: _without_parameters(node, headers) for key, node in rest.items()}
    return {**document, "paths": paths}


def _without_parameters(node: Any, references: set[str]) -> Any:
    """Return a path or an operation without some references to parameters."""
    if not isinstance(node, dict) or "parameters" not in node:
        return node
    parameters = [each for each in node["parameters"] if each.get("$ref") not in references]
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

        def change(reference: str) -> str:
            if not reference.startswith(start):
                return reference
            kind, name = self._place(reference.removeprefix(start))
            return f"#/components/{kind}/{name}"

        return with_references(node, change)

    def _place(self, pointer: str) -> tuple[str, str]:
        """Return kind and name of a part, which is imported where it is not yet."""
        if pointer not in self._places:
            _, kind, *parts = pointer.split("/")
            words = [part[:1].upper() + part[1:] for part in parts if part != "properties"]
            name = re.sub(r"[^A-Za-z0-9._-]", "", "".join(words))
            # The control API has an `Error` of its own, for instance.
            own_names = self._own.get(kind, {})
            while name in own_names or (kind, name) in self._places.values():
                name = f"Api{name}"
            # It is noted before it is copied, since it may refer to itself.
            self._places[pointer] = kind, name
            imported = self.components.setdefault(kind, {})
            imported[name] = self.moved(self._part(pointer), "#/")
        return self._places[pointer]

    def _part(self, pointer: str) -> Any:
        try:
            return part_of(self._source, pointer_parts(pointer))
        except LookupError:
            problem = f"#/{pointer} is missing, which the control API refers to"
            raise MissingPartError(problem) from None
