"""The contract in two views: the full one, and the documented one with everything inferred taken away."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from contract_tests.config import yaml_loader

METHODS = ("get", "put", "post", "delete", "patch")
JSON_TYPE = "application/json"
HOME = Path(__file__).parents[2]
PLACES = (HOME / "mock_server" / "data" / "openapi.yaml", HOME / "openapi.yaml")
"""Where the contract lies in an installed wheel, which holds one copy for both programs, and in a checkout."""

MOST_ITEMS = 200
"""How many items of a list are judged for all that is wrong with them; no page has as many."""

IT = "it"
"""What stands for a value in a sentence about it."""

Schema = dict[str, Any]


@dataclass(frozen=True)
class Parameter:
    """One documented parameter of an operation; `place` is `query` or `path`."""

    name: str
    place: str
    required: bool
    schema: Schema


@dataclass(frozen=True)
class Operation:
    """One operation in one view, with references resolved one level down."""

    name: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: Schema | None
    responses: dict[str, Any]

    @property
    def success(self) -> int:
        """The documented success status; 200 where the page says `default` (inferred)."""
        return next((int(code) for code in self.responses if code.startswith("2")), 200)

    def parameter(self, name: str) -> Parameter:
        """Return the parameter of that name; `KeyError` if the operation has none."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)

    def response(self, status: int) -> dict[str, Any] | None:
        """Return what describes this status; `default` describes no error that is not listed (spec, inferred table)."""
        listed: dict[str, Any] | None = self.responses.get(str(status))
        if listed is None and status < 400:  # noqa: PLR2004 - the first client error
            listed = self.responses.get("default")
        return listed


class View:
    """One reading of the contract, able to resolve its references and validate against its schemas."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.operations = {operation.name: operation for operation in self._operations()}
        self._validators: dict[tuple[object, ...], tuple[Schema, jsonschema_rs.Validator]] = {}

    def resolve(self, node: Any) -> Any:
        """Follow `$ref` until something stands there."""
        while isinstance(node, dict) and "$ref" in node:
            target: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def errors(self, schema: Schema, value: object) -> list[tuple[str, str]]:
        """Return `(JSON pointer, reason)` for everything in which `value` breaks `schema`."""
        try:
            return [
                (pointer, error.message)
                for pointer, error in self.faults(schema, value, masked=False)
            ]
        except ValueError as error:
            return [("", f"is no text that can be sent: {error}")]

    def faults(
        self, schema: Schema, value: object, *, masked: bool = True
    ) -> list[tuple[str, jsonschema_rs.ValidationError]]:
        """Return `(JSON pointer, error)` for everything in which a value breaks a schema.

        Where it is `masked`, the messages call the value `it`. Raise `ValueError` for a text that cannot be sent.
        """
        validator = self._validator(schema, mask=IT) if masked else self._validator(schema)
        return [(_pointer(error), error) for error in _errors(validator, value)]

    def _validator(self, schema: Schema, **how: str) -> jsonschema_rs.Validator:
        """Return the validator of a schema, made once; `mask` stands for values in its messages."""
        key = (id(schema), *how)
        if key not in self._validators:
            whole = {**schema, "components": self.document.get("components", {})}
            made = jsonschema_rs.Draft202012Validator(whole, validate_formats=True, **how)  # type: ignore[arg-type]
            self._validators[key] = (schema, made)
        return self._validators[key][1]

    def _operations(self) -> list[Operation]:
        return [
            self._operation(path, method, item[method])
            for path, item in self.document["paths"].items()
            for method in METHODS
            if method in item
        ]

    def _operation(self, path: str, method: str, node: dict[str, Any]) -> Operation:
        parameters = [self.resolve(parameter) for parameter in node.get("parameters", [])]
        body = node.get("requestBody", {}).get("content", {}).get(JSON_TYPE, {}).get("schema")
        return Operation(
            name=node["operationId"],
            method=method.upper(),
            path=path,
            parameters=tuple(
                Parameter(p["name"], p["in"], p.get("required", False), p["schema"])
                for p in parameters
            ),
            body=self.resolve(body),
            responses={
                str(code): self.resolve(answer) for code, answer in node["responses"].items()
            },
        )


class Contract:
    """Both views; `full` is the contract as it stands, `documented` what remains without the marks."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.full = View(document)
        self.documented = View(documented(document))
        self.version: str = document["info"]["version"]

    @property
    def operations(self) -> dict[str, Operation]:
        """The operations of the full view by operationId, in the order of the file."""
        return self.full.operations

    @property
    def fields(self) -> tuple[str, ...]:
        """The names that `getProfile` takes in `fields`."""
        return tuple(self.operations["getProfile"].parameter("fields").schema["items"]["enum"])

    def property_schema(self, name: str) -> Schema:
        """Return the schema of one updatable field of a profile."""
        body = self.operations["updateProfile"].body
        assert body is not None
        schema: Schema = self.full.resolve(body["properties"][name])
        return schema

    @property
    def words(self) -> set[str]:
        """Every name and every text in the contract, which say nothing of anybody."""
        return {"true", "false", "null", *_texts(self.full.document)}

    @property
    def updatable(self) -> tuple[str, ...]:
        """The names that `updateProfile` takes in its body."""
        body = self.operations["updateProfile"].body
        assert body is not None
        return tuple(body["properties"])


def documented(node: Any) -> Any:
    """Take away what `x-inferred` marks, in the two forms that the specification defines."""
    if isinstance(node, list):
        return [documented(item) for item in node if not _all_ours(item)]
    if not isinstance(node, dict):
        return node
    mark = node.get("x-inferred")
    ours = {"x-inferred", "x-why", *(mark if isinstance(mark, list) else ())}
    return {
        key: documented(value)
        for key, value in node.items()
        if key not in ours and not _all_ours(value)
    }


@cache
def load() -> Contract:
    """Read the contract that came with the package, or the checkout's; `FileNotFoundError` if neither is there."""
    return Contract(read())


def read() -> dict[str, Any]:
    """Return the contract as a fresh document."""
    document: dict[str, Any] = yaml_loader.load(text().encode())
    return document


def text() -> str:
    """Return the contract as it is written; `FileNotFoundError` if it is not there."""
    for place in PLACES:
        if place.is_file():
            return place.read_text(encoding="utf-8")
    raise FileNotFoundError(f"no contract: neither {PLACES[0]} nor {PLACES[1]} exists")


def _errors(
    validator: jsonschema_rs.Validator, value: object
) -> list[jsonschema_rs.ValidationError]:
    """Return the errors of a value, of those in long lists only some.

    The validator holds a copy of what is wrong for every error before it tells the first: gigabytes for a megabyte.
    """
    if validator.is_valid(value):
        return []
    if found := list(validator.iter_errors(_thinned(value))):
        return found
    try:
        validator.validate(value)
    except jsonschema_rs.ValidationError as error:
        return [error]
    return []


def _thinned(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _thinned(value) for key, value in node.items()}
    return [_thinned(each) for each in node[:MOST_ITEMS]] if isinstance(node, list) else node


def _texts(node: Any) -> set[str]:
    if isinstance(node, dict):
        return {str(key) for key in node}.union(*map(_texts, node.values()))
    if isinstance(node, list):
        return set().union(*map(_texts, node))
    return {str(node)}


def _all_ours(node: Any) -> bool:
    return isinstance(node, dict) and node.get("x-inferred") is True


def _pointer(error: jsonschema_rs.ValidationError) -> str:
    return "".join(f"/{part}" for part in error.instance_path)
