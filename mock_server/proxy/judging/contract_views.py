"""The contract in its two views, compiled: the full one, and the documented one without what `x-inferred` marks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mock_server.api.validator import Validator
from mock_server.contract.compiled import Contract, IsValid, Operation
from mock_server.contract.reasons import Fault, describe, pointer
from mock_server.contract.schema_errors import Explainer

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
    return {
        key: documented(value)
        for key, value in node.items()
        if key not in gone and not _is_ours(value)
    }


def _is_ours(node: object) -> bool:
    return isinstance(node, dict) and node.get("x-inferred") is True


@dataclass(frozen=True, slots=True)
class Expected:
    """What a view says of one answer: the place of its body's schema, and the headers that must be there."""

    has_body: bool
    schema: tuple[str, ...] | None
    headers: Mapping[str, IsValid]


class View:
    """One reading of the contract."""

    def __init__(self, document: dict[str, Any], *, is_full: bool) -> None:
        self.contract, self._is_full = Contract(document), is_full
        self.gate = Validator(self.contract)
        self._known: dict[tuple[str, int], Expected | None] = {}
        self._explainer = Explainer(self.contract)

    @cached_property
    def needs_session(self) -> bool:
        """Tell whether this view demands a session of every request."""
        return bool(self.contract.document.get("security"))

    def expected(self, operation: Operation, status: int) -> Expected | None:
        """Return what is documented for a status: `default` describes success, which is 200 in the full view alone."""
        key = operation.id, status
        if key not in self._known:
            codes = self.contract.operations[operation.id].responses
            default = status == 200 if self._is_full else status < FIRST_ERROR  # noqa: PLR2004
            code = (
                str(status)
                if str(status) in codes
                else "default"
                if default and "default" in codes
                else None
            )
            self._known[key] = None if code is None else self._expected(operation, code)
        return self._known[key]

    def _expected(self, operation: Operation, code: str) -> Expected:
        place: tuple[str, ...] = (
            "paths",
            operation.path,
            operation.method.lower(),
            "responses",
            code,
        )
        node, place = self.contract.resolve(*place)
        content = node.get("content", {})
        schema = None
        if "schema" in content.get("application/json", {}):
            schema = (*place, "content", "application/json", "schema")
        return Expected(
            bool(content), schema, self.contract.operations[operation.id].responses[code].headers
        )

    def faults(self, expected: Expected, value: object) -> Iterator[tuple[str, str]]:
        """List JSON pointers and reasons where a body breaks its schema; a reason holds nothing of the body's values."""
        if expected.schema is not None:
            yield from map(_explained, self._explainer.faults(expected.schema, value))


def _explained(fault: Fault) -> tuple[str, str]:
    """Return where something is wrong, and what was expected there."""
    at, keyword, expected = pointer(fault.place), fault.keyword, fault.expected
    if keyword == "additionalProperties" and isinstance(expected, list):
        return at, f"must not have the key {', '.join(key[:40] for key in expected[:3])}"
    if fault.branches:
        inner = [_explained(branch[0])[1] for branch in fault.branches if branch]
        return at, " or ".join(dict.fromkeys(inner))
    return at, describe(keyword, expected)
