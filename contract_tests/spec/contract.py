"""The contract in two views: the full one, and the documented one without what is inferred."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from contract_tests.config import yaml_loader

if TYPE_CHECKING:
    from collections.abc import Iterator

METHODS = ("get", "put", "post", "delete", "patch")
JSON_TYPE = "application/json"
HOME = Path(__file__).parents[2]
# Where the contract lies in an installed wheel, which holds one copy for both programs, and in a
# checkout.
PLACES = (HOME / "mock_server" / "data" / "openapi.yaml", HOME / "openapi.yaml")
# How many items of a list are judged for all that is wrong with them; no page has as many.
MOST_ITEMS = 200
# What stands for a value in a sentence about it.
IT = "it"

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
        """Return the parameter of that name."""
        return next(parameter for parameter in self.parameters if parameter.name == name)

    def response(self, status: int) -> dict[str, Any] | None:
        """Return what describes this status.

        `default` describes no error that is not listed, by our decision.
        """
        is_error = status >= 400  # noqa: PLR2004 - the first client error
        default = None if is_error else self.responses.get("default")
        listed: dict[str, Any] | None = self.responses.get(str(status), default)
        return listed


class View:
    """One reading of the contract, which resolves its references and validates by its schemas."""

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

    def errors(
        self,
        schema: Schema,
        value: object,
        *,
        masked: bool = True,
    ) -> list[tuple[str, jsonschema_rs.ValidationError]]:
        """Return `(JSON pointer, error)` for everything in which a value breaks a schema.

        Where it is `masked`, the messages call the value `it`. Raise `ValueError` for a text that
        cannot be sent.
        """
        found = _errors(self._validator(schema, IT if masked else None), value)
        return [(_pointer(error), error) for error in found]

    def _validator(self, schema: Schema, mask: str | None) -> jsonschema_rs.Validator:
        """Return the validator of a schema, made once; `mask` stands for values in its messages."""
        key = (id(schema), mask)
        if key not in self._validators:
            whole = {**schema, "components": self.document.get("components", {})}
            made = jsonschema_rs.Draft202012Validator(whole, validate_formats=True, mask=mask)
            # The schema is kept with it, so that no other one gets its id.
            self._validators[key] = (schema, made)
        return self._validators[key][1]

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield self._operation(path, method, item[method])

    def _operation(
        self,
        path: str,
        method: str,
        node: dict[str, Any],
    ) -> Operation:
        parameters = map(self.resolve, node.get("parameters", []))
        content = node.get("requestBody", {}).get("content", {})
        return Operation(
            name=node["operationId"],
            method=method.upper(),
            path=path,
            parameters=tuple(
                Parameter(each["name"], each["in"], each.get("required", False), each["schema"])
                for each in parameters
            ),
            body=self.resolve(content.get(JSON_TYPE, {}).get("schema")),
            responses={
                str(code): self.resolve(response) for code, response in node["responses"].items()
            },
        )


class Contract:
    """Both views: `full` is the contract as it stands, `documented` what remains without marks."""

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

    @property
    def updatable(self) -> tuple[str, ...]:
        """The names that `updateProfile` takes in its body."""
        return tuple(self._profile())

    def property_schema(self, name: str) -> Schema:
        """Return the schema of one updatable field of a profile."""
        schema: Schema = self.full.resolve(self._profile()[name])
        return schema

    def _profile(self) -> dict[str, Schema]:
        body = self.operations["updateProfile"].body
        assert body is not None
        properties: dict[str, Schema] = body["properties"]
        return properties

    @property
    def words(self) -> set[str]:
        """Every name and every text in the contract, which say nothing of anybody."""
        return {"true", "false", "null", *_texts(self.full.document)}


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
    """Read the contract that came with the package, or that of the checkout.

    Raise `FileNotFoundError` if neither is there.
    """
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

    The validator holds a copy of what is wrong for every error before it tells the first:
    gigabytes for a megabyte.
    """
    if validator.is_valid(value):
        return []
    found = list(validator.iter_errors(_thinned(value)))
    if found:
        return found
    try:
        # What is wrong lies behind the items that were taken.
        validator.validate(value)
    except jsonschema_rs.ValidationError as error:
        return [error]
    return []


def _thinned(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _thinned(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_thinned(each) for each in node[:MOST_ITEMS]]
    return node


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
