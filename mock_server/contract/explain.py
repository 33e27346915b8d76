"""Explanation of requests that the compiled tier does not accept, by openapi-core.

By itself openapi-core makes its validators anew, and deep-copies its format checker, for every
parameter of every request; here they are made once for each schema of the contract. This module is
the only importer of `openapi_core`, which takes a third of a second.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import unquote_plus

from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from jsonschema_path import SchemaPath
from openapi_core.casting.schemas import oas31_casters_dict
from openapi_core.casting.schemas.casters import (
    AnyCaster,
    PrimitiveCaster,
    PrimitiveTypeCaster,
    TypesCaster,
)
from openapi_core.casting.schemas.factories import SchemaCastersFactory
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.datatypes import TemplateResult
from openapi_core.templating.paths.datatypes import PathOperationServer
from openapi_core.validation.request.exceptions import ParameterValidationError
from openapi_core.validation.request.validators import (
    V31RequestBodyValidator,
    V31RequestParametersValidator,
)
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
from openapi_core.validation.schemas.factories import SchemaValidatorsFactory
from openapi_core.validation.schemas.validators import SchemaValidator
from openapi_schema_validator import OAS31Validator
from werkzeug.datastructures import Headers, ImmutableMultiDict

from mock_server.errors import Violation

from .compiled import JSON, Body, Contract, Decoded, Operation, Parameter, RawRequest
from .decoding import decode_number, split_query
from .reasons import plain_reason, pointer
from .schema_errors import SMALL, Explainer, is_small

MOST_DETAILS = 100
"""How many violations of a large body are listed."""
_ITEM = re.compile(r"[^\s,;|\[\]\"'&]+")
"""An item of a list in a notation other than OpenAPI's: `a,b`, `["a"]` and the like."""


def _pattern(
    _validator: object, pattern: str, instance: object, _schema: object
) -> Iterator[ValidationError]:
    """Yield an error where a text does not match a pattern of ECMA-262."""
    if not isinstance(instance, str):
        return
    expression = pattern
    # To Python `$` would also match before a last line break.
    if pattern.endswith("$") and not pattern.endswith("\\$"):
        expression = pattern[:-1] + r"\Z"
    if not re.search(expression, instance, re.ASCII):
        yield ValidationError(f"does not match {pattern}")


class _JsonNumber(PrimitiveTypeCaster[float]):
    primitive_type = staticmethod(decode_number)  # type: ignore[assignment]


class _ValidatorsOnce(SchemaValidatorsFactory):
    """Makes one validator for each schema of the document, and keeps it."""

    def __init__(self) -> None:
        super().__init__(extend(OAS31Validator, {"pattern": _pattern}))  # type: ignore[no-untyped-call]
        self._validators: dict[tuple[str, ...], SchemaValidator] = {}

    def create(self, spec: SchemaPath, schema: SchemaPath, **options: Any) -> SchemaValidator:  # type: ignore[override]
        """Return the validator of a schema; the options are the same in every call."""
        key = tuple(str(part) for part in schema.parts)
        if key not in self._validators:
            self._validators[key] = super().create(spec, schema, **options)
        return self._validators[key]


class _KnownPath:
    """Replaces openapi-core's search for the path: the router has already found the operation."""

    def __init__(self, spec: SchemaPath, base_url: str | None = None) -> None:  # noqa: ARG002 - openapi-core gives it
        self._spec = spec

    def find(self, method: str, url: str) -> PathOperationServer:
        """Return the operation of a method (lower case) and a path of the contract."""
        path = self._spec / "paths" / url
        return PathOperationServer(path, path / method, None, TemplateResult(url, {}), None)


@dataclass(slots=True)
class _Request:
    """A request in openapi-core's terms."""

    method: str
    path: str
    parameters: RequestParameters
    content_type: str
    body: bytes
    host_url: str = ""


class Authority:
    """Judges and explains requests against one document."""

    def __init__(self, contract: Contract) -> None:
        self._explainer = Explainer(contract)
        validators = _ValidatorsOnce()
        casters = {
            **oas31_casters_dict,
            "number": _JsonNumber,
            "integer": _JsonNumber,
        }
        types_caster = TypesCaster(casters, AnyCaster, multi=PrimitiveCaster)
        options: dict[str, Any] = {
            "schema_validators_factory": validators,
            "schema_casters_factory": SchemaCastersFactory(validators, types_caster),
            "path_finder_cls": _KnownPath,
            "extra_media_type_deserializers": {
                JSON: lambda raw, **_parameters: contract.read_body(raw)
            },
        }
        spec = SchemaPath.from_dict(contract.document, resolved_cache_maxsize=4096)
        self._parameters = V31RequestParametersValidator(spec, **options)
        self._body = V31RequestBodyValidator(spec, **options)

    def explain(
        self, operation: Operation, request: RawRequest, decoded: Decoded
    ) -> list[Violation]:
        """List every violation of a request, each once; an empty list accepts it."""
        # What could not be decoded is explained already; openapi-core sees only that it is absent.
        known = {(violation.where, violation.name) for violation in decoded.violations}
        found = dict.fromkeys(decoded.violations)
        for violation in self._judge(operation, request, decoded):
            if (violation.where, violation.name) not in known:
                found.setdefault(violation)
        return list(found)

    def _judge(
        self, operation: Operation, request: RawRequest, decoded: Decoded
    ) -> Iterator[Violation]:
        openapi_request = _openapi_request(operation, request, decoded)
        for error in self._parameters.iter_errors(openapi_request):
            assert isinstance(error, ParameterValidationError), error
            advice = _how_to_repeat(operation, error, request.query)
            for reason in self._reasons(operation, error):
                yield Violation(error.location, error.name, reason + advice)
        if operation.body is not None:
            yield from self._judge_body(operation.body, request, openapi_request)

    def _judge_body(
        self,
        body: Body,
        request: RawRequest,
        openapi_request: _Request,
    ) -> Iterator[Violation]:
        # Of a large body openapi-core lists all errors, each with a copy of what is wrong.
        large = _large_value(body, request)
        if large is not None:
            yield from self._body_violations(body, large)
            return
        for error in self._body.iter_errors(openapi_request):
            cause = error.__cause__
            if isinstance(cause, InvalidSchemaValue):
                yield from self._body_violations(body, cause.value)
            elif type(cause).__name__ == "MediaTypeNotFound":
                yield Violation("header", "Content-Type", f"must be {JSON}")
            else:
                yield Violation("body", "", plain_reason(cause or error))

    def _body_violations(self, body: Body, value: Any) -> Iterator[Violation]:
        """List what is wrong with a body, up to a bound, and whether there is more."""
        explanations = self._explainer.explain(body.schema, value)
        for place, reason in islice(explanations, MOST_DETAILS):
            yield Violation("body", pointer(place), reason)
        if next(explanations, None) is not None:
            reason = f"breaks the contract in more than these {MOST_DETAILS} places"
            yield Violation("body", "", reason)

    def _reasons(self, operation: Operation, error: ParameterValidationError) -> list[str]:
        cause = error.__cause__
        if not isinstance(cause, InvalidSchemaValue):
            return [plain_reason(cause or error)]
        schemas = {(each.where, each.name): each.schema for each in operation.parameters}
        schema = schemas[error.location, error.name]
        explanations = self._explainer.explain(schema, cause.value)
        return [reason for _, reason in explanations]


def _large_value(body: Body, request: RawRequest) -> Any:
    """Return the value of a body where openapi-core would take long over it, else `None`."""
    if len(request.body) <= SMALL or request.media_type != JSON:
        return None
    try:
        value = body.read(request.body)
    except ValueError:
        return None
    return None if is_small(value) else value


def _openapi_request(
    operation: Operation,
    request: RawRequest,
    decoded: Decoded,
) -> _Request:
    values: dict[str, list[tuple[str, str]]] = {"query": [], "path": []}
    known = {(parameter.where, parameter.name): parameter for parameter in operation.parameters}
    for (where, name), texts in decoded.texts.items():
        values[where].extend((name, text) for text in _few(known[where, name], texts))
    query = ImmutableMultiDict(values["query"])
    return _Request(
        operation.method.lower(),
        operation.path,
        RequestParameters(query, Headers(), path=dict(values["path"])),
        request.media_type,
        request.body,
    )


def _few(parameter: Parameter, texts: list[str]) -> list[str]:
    """Return what is worth explaining of a long list: some of the items that are not valid."""
    if not parameter.many or len(texts) <= MOST_DETAILS:
        return texts
    invalid = [text for text in dict.fromkeys(texts) if not is_right(parameter, text)]
    return invalid[:MOST_DETAILS] or texts


def is_right(parameter: Parameter, text: str) -> bool:
    """Tell whether a text is valid as the only item of a list."""
    try:
        return parameter.is_valid([parameter.decode(text)])
    except ValueError:
        return False


def _how_to_repeat(
    operation: Operation,
    error: ParameterValidationError,
    query: str,
) -> str:
    """Return how a list is written, where a client wrote `fields[]=a`, `fields=a,b` or the like."""
    if error.location != "query":
        return ""
    for parameter in operation.parameters:
        if parameter.name == error.name and parameter.many:
            given = split_query(query)
            if _has_brackets(parameter, given) or _has_lists(parameter, given):
                return f"; repeat the name: {parameter.name}=a&{parameter.name}=b"
    return ""


def _has_brackets(parameter: Parameter, query: Iterable[str]) -> bool:
    """Tell whether a query has `fields[]`, `fields[0]`, `fields.0` or the like."""
    bracketed = re.compile(re.escape(parameter.name) + r"[.\[]")
    return any(bracketed.match(name) for name in query)


def _has_lists(parameter: Parameter, query: Mapping[str, list[str]]) -> bool:
    """Tell whether a value holds several items, of which one at least is valid."""
    for text in query.get(parameter.name, [])[:MOST_DETAILS]:
        items = _ITEM.findall(unquote_plus(text))
        if len(items) > 1 and any(is_right(parameter, item) for item in items):
            return True
    return False
