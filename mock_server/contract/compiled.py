"""The contract compiled: decides in microseconds that a request or an answer is right.

Two tiers judge a request. The compiled tier (here) decides *accept*; whatever it does not accept goes to openapi-core
(`authority`), which decides and explains. This module is the only importer of `jsonschema_rs`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs

from mock_server.errors import Violation

from .decoding import (
    BrokenEncodingError,
    decode_number,
    percent_decode,
    read_json,
    read_json_once,
    split_query,
)

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
URI = "urn:contract"
BROKEN_TEXT = "must be percent-encoded UTF-8"
DECODERS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "number": decode_number,
    "integer": decode_number,
}

IsValid = Callable[[object], bool]


class ContractError(Exception):
    """The document cannot be served; the text says what and where."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A documented parameter; `many` where it may be repeated, `default` is `None` where there is none."""

    name: str
    where: str
    required: bool
    many: bool
    decode: Callable[[str], Any]
    default: Any
    is_valid: IsValid


@dataclass(frozen=True, slots=True)
class Response:
    """A documented response: its validator for the body (`None` where no body is documented) and those of its headers."""

    is_valid_body: IsValid | None
    headers: Mapping[str, IsValid]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the contract. `body` is `None` where none is documented; `body_required` where it must be there."""

    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: IsValid | None
    media_types: tuple[str, ...]
    body_required: bool
    read_body: Callable[[bytes], Any]
    responses: Mapping[str, Response]

    def response(self, status: int) -> Response | None:
        """Return what is documented for a status; `default` stands for 200 alone."""
        return self.responses.get(str(status)) or (
            self.responses.get("default") if status == 200 else None  # noqa: PLR2004
        )


@dataclass(slots=True)
class RawRequest:
    """A request as it came: percent-encoded path values and query, the media type without parameters, the body's bytes.

    `unread` says why the body was not read, where it was not.
    """

    path: Mapping[str, str]
    query: str
    media_type: str = ""
    body: bytes = b""
    unread: Violation | None = None


@dataclass(slots=True)
class Decoded:
    """The documented parameters of a request as text, by place and name, and what was wrong with their encoding."""

    texts: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)


class Contract:
    """An OpenAPI 3.1 document, compiled. Raises `ContractError` where it uses what this module cannot enforce.

    `unique_keys` refuses bodies in which an object has a key twice.
    """

    def __init__(self, document: dict[str, Any], *, unique_keys: bool = False) -> None:
        self.document = document
        self.read_body = read_json_once if unique_keys else read_json
        self._registry = jsonschema_rs.Registry([(URI, document)])
        self.operations = {operation.id: operation for operation in self._operations()}

    def validator(self, schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
        """Compile a schema; `$ref: urn:contract#/…` in it points into the contract."""
        return jsonschema_rs.Draft202012Validator(
            schema, registry=self._registry, validate_formats=True
        )

    def _is_valid(self, *pointer: str) -> IsValid:
        return self.validator(
            {"$ref": f"{URI}#/{'/'.join(escape(part) for part in pointer)}"}
        ).is_valid

    def at(self, pointer: tuple[str, ...]) -> Any:
        """Return what stands at a place in the document."""
        node: Any = self.document
        for part in pointer:
            node = node[int(part)] if isinstance(node, list) else node[part]
        return node

    def resolve(self, *pointer: str) -> tuple[Mapping[str, Any], tuple[str, ...]]:
        """Follow references from a place in the document to an object and the place where it stands."""
        node = self.at(pointer)
        if "$ref" in node:
            target = node["$ref"].removeprefix("#/").split("/")
            return self.resolve(*(part.replace("~1", "/").replace("~0", "~") for part in target))
        return node, pointer

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    try:
                        yield self._operation(path, method)
                    except (KeyError, ValueError) as error:
                        raise ContractError(
                            f"{method.upper()} {path}: cannot be compiled: {error!s}"
                        ) from error

    def _operation(self, path: str, method: str) -> Operation:
        node = self.document["paths"][path][method]
        shared = self.document["paths"][path].get("parameters", [])
        places = [
            (path, method, "parameters", str(n)) for n in range(len(node.get("parameters", [])))
        ]
        shared_places = [(path, "parameters", str(n)) for n in range(len(shared))]
        body, media_types, required = self._body(path, method)
        responses = {
            status: self._response("paths", path, method, "responses", status)
            for status in node["responses"]
        }
        parameters = {
            (p.where, p.name): p
            for p in reversed(
                [self._parameter("paths", *place) for place in (*places, *shared_places)]
            )
        }
        kept = tuple(reversed(parameters.values()))
        return Operation(
            node["operationId"],
            method.upper(),
            path,
            kept,
            body,
            media_types,
            required,
            self.read_body,
            responses,
        )

    def _parameter(self, *pointer: str) -> Parameter:
        node, pointer = self.resolve(*pointer)
        schema, _ = self.resolve(*pointer, "schema")
        where, many = node["in"], schema.get("type") == "array"
        usual = {"query": ("form", True), "path": ("simple", False)}.get(where)
        chosen = (node.get("style", usual and usual[0]), node.get("explode", usual and usual[1]))
        item = self.resolve(*pointer, "schema", "items")[0] if many else schema
        if (
            usual is None
            or chosen != usual
            or item.get("type") not in DECODERS
            or (many and where == "path")
        ):
            raise ValueError(
                f"parameter {node['name']!r}: this place, style or type is not supported"
            )
        return Parameter(
            name=node["name"],
            where=where,
            required=node.get("required", False),
            many=many,
            decode=DECODERS[item["type"]],
            default=schema.get("default"),
            is_valid=self._is_valid(*pointer, "schema"),
        )

    def _body(self, path: str, method: str) -> tuple[IsValid | None, tuple[str, ...], bool]:
        if "requestBody" not in self.document["paths"][path][method]:
            return None, (), False
        node, pointer = self.resolve("paths", path, method, "requestBody")
        if list(node["content"]) != ["application/json"]:
            raise ValueError("only application/json bodies are supported")
        is_valid = self._is_valid(*pointer, "content", "application/json", "schema")
        return is_valid, tuple(node["content"]), node.get("required", False)

    def _response(self, *pointer: str) -> Response:
        node, pointer = self.resolve(*pointer)
        headers = {}
        for name in node.get("headers", {}):
            header, place = self.resolve(*pointer, "headers", name)
            if header.get("required"):
                headers[name] = self._is_valid(*place, "schema")
        is_json = "schema" in node.get("content", {}).get("application/json", {})
        return Response(
            self._is_valid(*pointer, "content", "application/json", "schema") if is_json else None,
            headers,
        )


def accept(
    operation: Operation, request: RawRequest, decoded: Decoded
) -> tuple[dict[str, Any], Any] | None:
    """Return the parameters and the body of a request that the contract allows, or `None` where that is not certain."""
    try:
        return (
            None
            if decoded.violations
            else (_parameters(operation, decoded), _body(operation, request))
        )
    except ValueError:
        return None


def _parameters(operation: Operation, decoded: Decoded) -> dict[str, Any]:
    parameters = {}
    for parameter in operation.parameters:
        texts = decoded.texts.get((parameter.where, parameter.name))
        if texts is None:
            if parameter.required:
                raise ValueError(parameter.name)
            parameters[parameter.name] = parameter.default
            continue
        value = (
            [parameter.decode(text) for text in texts]
            if parameter.many
            else parameter.decode(texts[0])
        )
        if not parameter.is_valid(value):
            raise ValueError(parameter.name)
        parameters[parameter.name] = value
    return parameters


def _body(operation: Operation, request: RawRequest) -> Any:
    if operation.body is None or not (request.body or operation.body_required):
        return None
    if request.media_type not in operation.media_types:
        raise ValueError(request.media_type)
    body = operation.read_body(request.body)
    if not operation.body(body):
        raise ValueError("body")
    return body


def decode(operation: Operation, request: RawRequest) -> Decoded:
    """Decode the documented parameters, strictly: both tiers judge what this finds."""
    decoded = Decoded()
    if request.unread is not None:
        decoded.violations.append(request.unread)
    query = split_query(request.query) if request.query else {}
    for parameter in operation.parameters:
        raw = (
            query.get(parameter.name)
            if parameter.where == "query"
            else [request.path[parameter.name]]
        )
        if raw is None:
            continue
        if len(raw) > 1 and not parameter.many:
            decoded.violations.append(
                Violation(parameter.where, parameter.name, "must be given once")
            )
        try:
            texts = [percent_decode(text, plus=parameter.where == "query") for text in raw]
        except BrokenEncodingError:
            decoded.violations.append(Violation(parameter.where, parameter.name, BROKEN_TEXT))
        else:
            decoded.texts[parameter.where, parameter.name] = texts
    return decoded


def response_faults(
    operation: Operation, status: int, headers: Mapping[str, str], body: object
) -> Iterable[str]:
    """List what the contract forbids of an answer; `body` is parsed JSON, or `None` where there is none."""
    response = operation.response(status)
    if response is None:
        return [f"status {status} is not documented"]
    faults = [
        f"header {name}"
        for name, is_valid in response.headers.items()
        if not is_valid(headers.get(name))
    ]
    if response.is_valid_body is None:
        return faults if body is None else [*faults, "a body where none is documented"]
    return faults if response.is_valid_body(body) else [*faults, "the body breaks its schema"]


def escape(part: str) -> str:
    """Write a key as a part of a JSON pointer in a URI fragment (RFC 6901, 6)."""
    return part.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
