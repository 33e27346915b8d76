"""The contract in its two views, compiled: the full one, and the documented one without what `x-inferred` marks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mock_server.contract import URI, Contract, IsValid, Operation
from mock_server.pipeline import Gate
from mock_server.reasons import describe

FIRST_ERROR = 400
OURS = ("x-inferred", "x-why")


def documented(node: Any) -> Any:
    """Take away what `x-inferred` marks: whole objects where it is `true`, the siblings that it names elsewhere."""
    if isinstance(node, list):
        return [documented(item) for item in node if not _is_ours(item)]
    if not isinstance(node, dict):
        return node
    mark = node.get("x-inferred")
    gone = {*OURS, *(mark if isinstance(mark, list) else ())}
    return {key: documented(value) for key, value in node.items() if key not in gone and not _is_ours(value)}


def _is_ours(node: object) -> bool:
    return isinstance(node, dict) and node.get("x-inferred") is True


@dataclass(frozen=True, slots=True)
class Expected:
    """What a view says of one answer: whether it has a JSON body, what that must be, and the headers that must be there."""

    has_body: bool
    schema: dict[str, str] | None
    headers: Mapping[str, IsValid]


class View:
    """One reading of the contract."""

    def __init__(self, document: dict[str, Any], *, is_full: bool) -> None:
        self.contract, self._is_full = Contract(document), is_full
        self.gate = Gate(self.contract)
        self._known: dict[tuple[str, int], Expected | None] = {}
        self._validators: dict[str, Any] = {}

    @cached_property
    def needs_session(self) -> bool:
        """Tell whether this view demands a session of every request."""
        return bool(self.contract.document.get("security"))

    def expected(self, operation: Operation, status: int) -> Expected | None:
        """Answer what is documented for a status: `default` describes success, which is 200 in the full view alone."""
        key = operation.id, status
        if key not in self._known:
            codes = self.contract.operations[operation.id].responses
            default = status == 200 if self._is_full else status < FIRST_ERROR  # noqa: PLR2004
            code = str(status) if str(status) in codes else "default" if default and "default" in codes else None
            self._known[key] = None if code is None else self._expected(operation, code)
        return self._known[key]

    def _expected(self, operation: Operation, code: str) -> Expected:
        place = "paths", operation.path, operation.method.lower(), "responses", code
        node, pointer = self.contract.resolve(*place)
        content = node.get("content", {})
        schema = None
        if "schema" in content.get("application/json", {}):
            parts = (*pointer, "content", "application/json", "schema")
            schema = {"$ref": f"{URI}#/{'/'.join(_escape(part) for part in parts)}"}
        return Expected(bool(content), schema, self.contract.operations[operation.id].responses[code].headers)

    def faults(self, expected: Expected, value: object) -> Iterator[tuple[str, str]]:
        """List JSON pointers and reasons where a body breaks its schema; a reason holds nothing of the body's values."""
        if expected.schema is None:
            return
        reference = expected.schema["$ref"]
        if reference not in self._validators:
            self._validators[reference] = self.contract.validator(expected.schema)
        validator = self._validators[reference]
        if not validator.is_valid(value):
            yield from (_explained(error) for error in validator.iter_errors(value))


def _explained(error: Any) -> tuple[str, str]:
    """Answer where an error of `jsonschema_rs` is, and what was expected there."""
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in error.instance_path)
    kind, said = error.kind.name, error.kind.as_dict()
    if kind == "required":
        return f"{pointer}/{said['property']}", "is required"
    if kind == "additionalProperties":
        return pointer, f"must not have the key {', '.join(key[:40] for key in said['unexpected'][:3])}"
    if kind == "not" and "required" in said["schema"]:
        return pointer, f"must not have the key {', '.join(said['schema']['required'])}"
    if kind in {"anyOf", "oneOf"}:
        inner = [_explained(each)[1] for branch in said.get("context", ()) for each in branch[:1]]
        return pointer, " or ".join(dict.fromkeys(inner)) or "must match one of its alternatives"
    expected = next(iter(said.values()), None)
    return pointer, describe(kind, expected, f"breaks the rule {kind!r}")


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
