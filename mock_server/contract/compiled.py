"""Compiled contract: tells in microseconds that a request or a reply is right.

Two tiers judge a request. The compiled tier (here) decides *accept*; whatever it does not accept
goes to openapi-core (`explain`), which decides and explains. This module is the only importer of
`jsonschema_rs`.
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
from .references import operations_of, part_of, pointer_parts

URI = "urn:contract"
JSON = "application/json"
BROKEN_TEXT = "must be percent-encoded UTF-8"
USUAL_STYLES = {"query": ("form", True), "path": ("simple", False)}
"""Style and `explode` by the place of a parameter: the defaults, and all that is supported."""
DECODERS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "number": decode_number,
    "integer": decode_number,
}

IsValid = Callable[[object], bool]


class ContractError(Exception):
    """The document cannot be served; the text tells what is wrong, and where."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A documented parameter, which may be repeated where it has `many` values."""

    name: str
    where: str
    required: bool
    many: bool
    decode: Callable[[str], Any]
    default: Any
    schema: tuple[str, ...]
    """The place of its schema in the document."""
    is_valid: IsValid


@dataclass(frozen=True, slots=True)
class Body:
    """A documented body of requests, which is JSON."""

    required: bool
    read: Callable[[bytes], Any]
    schema: tuple[str, ...]
    """The place of its schema in the document."""
    is_valid: IsValid


@dataclass(frozen=True, slots=True)
class Response:
    """A documented response: validators of its body, `None` where it has none, and its headers."""

    is_valid_body: IsValid | None
    headers: Mapping[str, IsValid]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the contract; `body` is `None` where no body is documented."""

    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    responses: Mapping[str, Response]

    def response(self, status: int) -> Response | None:
        """Return what is documented for a status; `default` stands for 200 alone."""
        # The documentation does not say which status a success has; the contract decides for 200.
        documented = self.responses.get(str(status))
        if documented is None and status == 200:  # noqa: PLR2004
            return self.responses.get("default")
        return documented


@dataclass(slots=True)
class RawRequest:
    """A request as it came: path values and query are percent-encoded, the body is bytes."""

    path: Mapping[str, str]
    query: str
    media_type: str = ""
    """Without parameters."""
    body: bytes = b""
    unread: Violation | None = None
    """Why the body was not read, where it was not."""


@dataclass(slots=True)
class Decoded:
    """The documented parameters of a request as text, by place and name, and those that are not."""

    texts: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)


class Contract:
    """An OpenAPI 3.1 document, compiled.

    Raises `ContractError` where the document uses what this module cannot enforce. `unique_keys`
    refuses bodies in which an object has a key twice.
    """

    def __init__(self, document: dict[str, Any], *, unique_keys: bool = False) -> None:
        self.document = document
        # Programs differ in which of two values they take (RFC 8259, 4).
        self.read_body = read_json_once if unique_keys else read_json
        self._registry = jsonschema_rs.Registry([(URI, document)])
        self.operations = {operation.id: operation for operation in self._operations()}

    def validator(self, schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
        """Compile a schema; `$ref: urn:contract#/…` in it points into the contract."""
        # JSON Schema leaves open whether `format` is checked; to OpenAPI users it is a rule.
        return jsonschema_rs.Draft202012Validator(
            schema, registry=self._registry, validate_formats=True
        )

    def _is_valid(self, *pointer: str) -> IsValid:
        fragment = "/".join(map(escape, pointer))
        return self.validator({"$ref": f"{URI}#/{fragment}"}).is_valid

    def resolve(self, *pointer: str) -> tuple[Mapping[str, Any], tuple[str, ...]]:
        """Return the object at a place, with references followed, and the place where it stands."""
        node = part_of(self.document, pointer)
        if "$ref" not in node:
            return node, pointer
        target = pointer_parts(node["$ref"])
        return self.resolve(*target)

    def _operations(self) -> Iterator[Operation]:
        for path, method, node in operations_of(self.document):
            try:
                yield self._operation(path, method, node)
            except (KeyError, ValueError) as error:
                place = f"{method.upper()} {path}"
                raise ContractError(f"{place}: cannot be compiled: {error!s}") from error

    def _operation(
        self,
        path: str,
        method: str,
        node: Mapping[str, Any],
    ) -> Operation:
        responses = {
            status: self._response("paths", path, method, "responses", status)
            for status in node["responses"]
        }
        return Operation(
            id=node["operationId"],
            method=method.upper(),
            path=path,
            parameters=self._parameters(path, method),
            body=self._body(path, method),
            responses=responses,
        )

    def _parameters(self, path: str, method: str) -> tuple[Parameter, ...]:
        """Return the parameters of an operation, and those of its path that it does not replace."""
        parameters: dict[tuple[str, str], Parameter] = {}
        for place in (("paths", path, method), ("paths", path)):
            described = part_of(self.document, place).get("parameters", ())
            for n in range(len(described)):
                parameter = self._parameter(*place, "parameters", str(n))
                parameters.setdefault((parameter.where, parameter.name), parameter)
        return tuple(parameters.values())

    def _parameter(self, *pointer: str) -> Parameter:
        node, pointer = self.resolve(*pointer)
        place = (*pointer, "schema")
        schema, _ = self.resolve(*place)
        many = schema.get("type") == "array"
        item = self.resolve(*place, "items")[0] if many else schema
        is_readable = item.get("type") in DECODERS and not (many and node["in"] == "path")
        if not is_readable or not _has_usual_style(node):
            problem = "this place, style or type is not supported"
            raise ValueError(f"parameter {node['name']!r}: {problem}")
        return Parameter(
            name=node["name"],
            where=node["in"],
            required=node.get("required", False),
            many=many,
            decode=DECODERS[item["type"]],
            default=schema.get("default"),
            schema=place,
            is_valid=self._is_valid(*place),
        )

    def _body(self, path: str, method: str) -> Body | None:
        if "requestBody" not in self.document["paths"][path][method]:
            return None
        node, pointer = self.resolve("paths", path, method, "requestBody")
        if list(node["content"]) != [JSON]:
            raise ValueError("only application/json bodies are supported")
        place = (*pointer, "content", JSON, "schema")
        return Body(
            required=node.get("required", False),
            read=self.read_body,
            schema=place,
            is_valid=self._is_valid(*place),
        )

    def _response(self, *pointer: str) -> Response:
        node, pointer = self.resolve(*pointer)
        headers = {}
        for name in node.get("headers", {}):
            header, place = self.resolve(*pointer, "headers", name)
            if header.get("required"):
                headers[name] = self._is_valid(*place, "schema")
        media = node.get("content", {}).get(JSON, {})
        if "schema" not in media:
            return Response(None, headers)
        is_valid = self._is_valid(*pointer, "content", JSON, "schema")
        return Response(is_valid, headers)


def _has_usual_style(parameter: Mapping[str, Any]) -> bool:
    """Tell whether a parameter is written as those of its place are by default."""
    usual = USUAL_STYLES.get(parameter["in"])
    if usual is None:
        return False
    style, explode = usual
    return (parameter.get("style", style), parameter.get("explode", explode)) == usual


def accept(
    operation: Operation, request: RawRequest, decoded: Decoded
) -> tuple[dict[str, Any], Any] | None:
    """Return parameters and body of a request that is right, `None` where that is not certain."""
    # No reasons here: explaining takes long, and most requests are right.
    if decoded.violations:
        return None
    try:
        return _parameters(operation, decoded), _body(operation, request)
    except ValueError:
        return None


def _parameters(operation: Operation, decoded: Decoded) -> dict[str, Any]:
    values = {}
    for parameter in operation.parameters:
        texts = decoded.texts.get((parameter.where, parameter.name))
        if texts is not None:
            values[parameter.name] = _value(parameter, texts)
        elif parameter.required:
            raise ValueError(parameter.name)
        else:
            values[parameter.name] = parameter.default
    return values


def _value(parameter: Parameter, texts: list[str]) -> Any:
    """Return the value of a parameter; raise `ValueError` where it is not valid."""
    values = [parameter.decode(text) for text in texts]
    value = values if parameter.many else values[0]
    if not parameter.is_valid(value):
        raise ValueError(parameter.name)
    return value


def _body(operation: Operation, request: RawRequest) -> Any:
    body = operation.body
    if body is None or not (request.body or body.required):
        return None
    if request.media_type != JSON:
        raise ValueError(request.media_type)
    value = body.read(request.body)
    if not body.is_valid(value):
        raise ValueError("body")
    return value


def decode(operation: Operation, request: RawRequest) -> Decoded:
    """Return the documented parameters, strictly decoded: both tiers judge what this finds."""
    decoded = Decoded()
    if request.unread is not None:
        decoded.violations.append(request.unread)
    query = split_query(request.query) if request.query else {}
    for parameter in operation.parameters:
        if parameter.where == "path":
            _decode(parameter, [request.path[parameter.name]], decoded)
        elif parameter.name in query:
            _decode(parameter, query[parameter.name], decoded)
    return decoded


def _decode(
    parameter: Parameter,
    raw: list[str],
    decoded: Decoded,
) -> None:
    """Add the texts of a parameter to what is decoded, or what is wrong with them."""
    where = parameter.where
    name = parameter.name
    if len(raw) > 1 and not parameter.many:
        decoded.violations.append(Violation(where, name, "must be given once"))
    try:
        texts = [percent_decode(text, plus=where == "query") for text in raw]
    except BrokenEncodingError:
        decoded.violations.append(Violation(where, name, BROKEN_TEXT))
    else:
        decoded.texts[where, name] = texts


def response_faults(
    operation: Operation, status: int, headers: Mapping[str, str], body: object
) -> Iterable[str]:
    """List what the contract forbids of a reply; `body` is JSON, parsed, or `None` for no body."""
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
    """Return a key as a part of a JSON pointer in a URI fragment (RFC 6901, 6)."""
    return part.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
