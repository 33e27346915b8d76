"""openapi-core, the authority on what a valid request is: asked whenever the compiled tier does not accept.

Left alone it makes its validators anew, and deep-copies its format checker, for every parameter of every request; here they
are made once for each schema of the contract. This module is the only importer of `openapi_core`, which costs a third of a
second.
"""

import re
from collections.abc import Iterator
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

from .compiled import Contract, Decoded, Operation, Parameter, RawRequest
from .decoding import decode_number, split_query
from .reasons import explained, plain_reason, pointer, schema_reason
from .schema_errors import SMALL, Explainer, is_small

MOST_DETAILS = 100
"""How many violations of a large body are listed."""
_ITEM = re.compile(r"[^\s,;|\[\]\"'&]+")
"""An item of a list as other conventions than OpenAPI's write it."""


def _pattern(
    _validator: object, pattern: str, instance: object, _schema: object
) -> Iterator[ValidationError]:
    """Match as ECMA-262 does: for Python `$` would also match before a last line break."""
    ends = pattern.endswith("$") and not pattern.endswith("\\$")
    if isinstance(instance, str) and not re.search(
        pattern[:-1] + r"\Z" if ends else pattern, instance, re.ASCII
    ):
        yield ValidationError(f"does not match {pattern}")


class _JsonNumber(PrimitiveTypeCaster[float]):
    primitive_type = staticmethod(decode_number)  # type: ignore[assignment]


class _ValidatorsOnce(SchemaValidatorsFactory):
    """Makes one validator for each schema of the document, which lives as long as this."""

    def __init__(self) -> None:
        super().__init__(extend(OAS31Validator, {"pattern": _pattern}))  # type: ignore[no-untyped-call]
        self._made: dict[tuple[str, ...], SchemaValidator] = {}

    def create(self, spec: SchemaPath, schema: SchemaPath, **options: Any) -> SchemaValidator:  # type: ignore[override]
        """Return the validator of a schema; the options are the same in every call."""
        key = tuple(str(part) for part in schema.parts)
        if key not in self._made:
            self._made[key] = super().create(spec, schema, **options)
        return self._made[key]


class _KnownPath:
    """Stands in for openapi-core's search: the router has already found the operation."""

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
        self._contract, self._explainer = contract, Explainer(contract)
        validators = _ValidatorsOnce()
        casters = {**oas31_casters_dict, "number": _JsonNumber, "integer": _JsonNumber}
        options: dict[str, Any] = {
            "schema_validators_factory": validators,
            "schema_casters_factory": SchemaCastersFactory(
                validators, TypesCaster(casters, AnyCaster, multi=PrimitiveCaster)
            ),
            "path_finder_cls": _KnownPath,
            "extra_media_type_deserializers": {
                "application/json": lambda raw, **_parameters: contract.read_body(raw)
            },
        }
        spec = SchemaPath.from_dict(contract.document, resolved_cache_maxsize=4096)
        self._parameters = V31RequestParametersValidator(spec, **options)
        self._body = V31RequestBodyValidator(spec, **options)

    def explain(
        self, operation: Operation, request: RawRequest, decoded: Decoded
    ) -> list[Violation]:
        """List every violation of a request, each once; an empty list accepts it."""
        known = {(violation.where, violation.name) for violation in decoded.violations}
        found = dict.fromkeys(decoded.violations)
        for violation in self._judge(operation, request, decoded):
            if (violation.where, violation.name) not in known:
                found.setdefault(violation)
        return list(found)

    def _judge(
        self, operation: Operation, request: RawRequest, decoded: Decoded
    ) -> Iterator[Violation]:
        places: dict[str, list[tuple[str, str]]] = {"query": [], "path": []}
        known = {(parameter.where, parameter.name): parameter for parameter in operation.parameters}
        for (where, name), texts in decoded.texts.items():
            places[where].extend((name, text) for text in _few(known[where, name], texts))
        asked = _Request(
            operation.method.lower(),
            operation.path,
            RequestParameters(
                ImmutableMultiDict(places["query"]), Headers(), path=dict(places["path"])
            ),
            request.media_type,
            request.body,
        )
        for error in self._parameters.iter_errors(asked):
            assert isinstance(error, ParameterValidationError), error
            how = _how_to_repeat(operation, error, request.query)
            for reason in _reasons(error):
                yield Violation(error.location, error.name, reason + how)
        if operation.body is not None:
            large = self._large_body(operation, request)
            yield from (
                self._judge_body(asked, operation)
                if large is None
                else self._judge_large(operation, large)
            )

    def _large_body(self, operation: Operation, request: RawRequest) -> Any:
        """Return the body where openapi-core would take long over it, else `None`."""
        if len(request.body) <= SMALL or request.media_type not in operation.media_types:
            return None
        try:
            value = operation.read_body(request.body)
        except ValueError:
            return None
        return None if is_small(value) else value

    def _judge_large(self, operation: Operation, value: Any) -> Iterator[Violation]:
        """List some of what is wrong with a large body, and that there is more."""
        _, place = self._contract.resolve(
            "paths", operation.path, operation.method.lower(), "requestBody"
        )
        faults = self._explainer.faults((*place, "content", "application/json", "schema"), value)
        told = (each for fault in faults for each in explained(fault))
        yield from (
            Violation("body", pointer(where), reason)
            for where, reason in islice(told, MOST_DETAILS)
        )
        if next(told, None) is not None:
            yield Violation(
                "body", "", f"breaks the contract in more than these {MOST_DETAILS} places"
            )

    def _judge_body(self, asked: _Request, operation: Operation) -> Iterator[Violation]:
        for error in self._body.iter_errors(asked):
            cause = error.__cause__
            if isinstance(cause, InvalidSchemaValue):
                for schema_error in cause.schema_errors:
                    yield from (
                        Violation("body", name, reason)
                        for name, reason in schema_reason(schema_error)
                    )
            elif type(cause).__name__ == "MediaTypeNotFound":
                yield Violation(
                    "header", "Content-Type", f"must be {' or '.join(operation.media_types)}"
                )
            else:
                yield Violation("body", "", plain_reason(cause or error))


def _few(parameter: Parameter, texts: list[str]) -> list[str]:
    """Return what is worth explaining of a list that is long: some of what is wrong on its own."""
    if not parameter.many or len(texts) <= MOST_DETAILS:
        return texts
    wrong = [text for text in dict.fromkeys(texts) if not is_right(parameter, text)]
    return wrong[:MOST_DETAILS] or texts


def is_right(parameter: Parameter, text: str) -> bool:
    """Tell whether a text is right as the only item of a list."""
    try:
        return parameter.is_valid([parameter.decode(text)])
    except ValueError:
        return False


def _how_to_repeat(operation: Operation, error: ParameterValidationError, query: str) -> str:
    """Say how a list is written, to those who wrote it otherwise: `fields[]=a`, `fields=a,b` and so on."""
    parameter = next(
        (
            each
            for each in operation.parameters
            if (each.name, "query") == (error.name, error.location)
        ),
        None,
    )
    if parameter is None or not parameter.many:
        return ""
    given = split_query(query)
    has_brackets = any(re.match(re.escape(parameter.name) + r"[.\[]", name) for name in given)
    parts = [
        _ITEM.findall(unquote_plus(text)) for text in given.get(parameter.name, ())[:MOST_DETAILS]
    ]
    has_lists = any(
        len(each) > 1 and any(is_right(parameter, part) for part in each) for each in parts
    )
    return (
        f"; repeat the name: {parameter.name}=a&{parameter.name}=b"
        if has_brackets or has_lists
        else ""
    )


def _reasons(error: ParameterValidationError) -> Iterator[str]:
    cause = error.__cause__
    if isinstance(cause, InvalidSchemaValue):
        yield from (
            reason
            for schema_error in cause.schema_errors
            for _, reason in schema_reason(schema_error)
        )
    else:
        yield plain_reason(cause or error)
