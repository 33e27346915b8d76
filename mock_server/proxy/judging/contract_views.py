"""Views of the contract, compiled: the full one, and the documented one without `x-inferred`."""

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
    """Return a part of the contract without what `x-inferred` marks.

    That is a whole object where the mark is `true`, else the siblings that it names.
    """
    if isinstance(node, list):
        return [documented(item) for item in node if not _is_inferred(item)]
    if not isinstance(node, dict):
        return node
    mark = node.get("x-inferred")
    marked = mark if isinstance(mark, list) else []
    kept = node.keys() - {*OURS, *marked}
    return {
        key: documented(value)
        for key, value in node.items()
        if key in kept and not _is_inferred(value)
    }


def _is_inferred(node: object) -> bool:
    return isinstance(node, dict) and node.get("x-inferred") is True


@dataclass(frozen=True, slots=True)
class Expected:
    """What a view expects of one answer: its body, the schema's place, and required headers."""

    has_body: bool
    schema: tuple[str, ...] | None
    headers: Mapping[str, IsValid]


class View:
    """One reading of the contract."""

    def __init__(self, contract: Contract, *, is_full: bool) -> None:
        self.contract = contract
        self.validator = Validator(contract)
        self._is_full = is_full
        self._known: dict[tuple[str, int], Expected | None] = {}
        self._explainer = Explainer(self.contract)

    @cached_property
    def needs_session(self) -> bool:
        """Tell whether this view demands a session of every request."""
        return bool(self.contract.document.get("security"))

    def expected(self, operation: Operation, status: int) -> Expected | None:
        """Return what is documented for a status, `None` where nothing is."""
        known = self._known
        key = operation.id, status
        if key not in known:
            code = self._code(operation, status)
            known[key] = None if code is None else self._expected(operation, code)
        return known[key]

    def _code(self, operation: Operation, status: int) -> str | None:
        """Return the key of a status among the responses of an operation."""
        codes = self.contract.operations[operation.id].responses
        if str(status) in codes:
            return str(status)
        # `default` describes success. That success is 200 is inferred: the documentation does not
        # say which status it has.
        is_success = status == 200 if self._is_full else status < FIRST_ERROR  # noqa: PLR2004
        return "default" if is_success and "default" in codes else None

    def _expected(self, operation: Operation, code: str) -> Expected:
        method = operation.method.lower()
        where = "paths", operation.path, method, "responses", code
        node, place = self.contract.resolve(*where)
        content = node.get("content", {})
        schema = None
        if "schema" in content.get("application/json", {}):
            schema = (*place, "content", "application/json", "schema")
        headers = self.contract.operations[operation.id].responses[code].headers
        return Expected(bool(content), schema, headers)

    def faults(self, expected: Expected, value: object) -> Iterator[tuple[str, str]]:
        """List JSON pointers and reasons where a body breaks its schema.

        A reason holds none of the body's values: it goes into a header and into the journal.
        """
        if expected.schema is not None:
            yield from map(_explained, self._explainer.faults(expected.schema, value))


def _explained(fault: Fault) -> tuple[str, str]:
    """Return where something is wrong, and what was expected there."""
    at = pointer(fault.place)
    keyword = fault.keyword
    expected = fault.expected
    if keyword == "additionalProperties" and isinstance(expected, list):
        names = ", ".join(key[:40] for key in expected[:3])
        return at, f"must not have the key {names}"
    if fault.branches:
        # Of each branch of `anyOf` the first fault says enough.
        first = [branch[0] for branch in fault.branches if branch]
        reasons = dict.fromkeys(reason for _, reason in map(_explained, first))
        return at, " or ".join(reasons)
    return at, describe(keyword, expected)
