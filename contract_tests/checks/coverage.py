"""The coverage matrix: how often each operation was called with each class of each parameter, and what it answered."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from contract_tests.checks.request_validation import NUMBER
from contract_tests.checks.response_checks import AUTHENTICATION_NAMES, UNAUTHORIZED, error_name

if TYPE_CHECKING:
    from contract_tests.http.messages import Exchange
    from contract_tests.spec.contract import Contract, Operation, Schema

KINDS = ("absent", "present", "below minimum", "at minimum", "at maximum", "above maximum")


Cell = tuple[str, str, str, str]
"""Operation, parameter, class and answer; parameter and class are empty for the call as a whole."""


@dataclass
class Coverage:
    """Counts exchanges: `cells` maps each cell of the matrix to how often it was met.

    An answer is a status, followed by the name of the error where it is 401: `401 SESSION_TOKEN_EXPIRED`.
    """

    contract: Contract
    cells: Counter[Cell] = field(default_factory=Counter)

    def see(self, exchange: Exchange) -> None:
        """Count one exchange with a documented operation."""
        request = exchange.request
        operation = self.contract.operations.get(request.operation)
        if operation is None or request.extreme or request.method != operation.method:
            return
        answer = _answer(exchange)
        for name, kind in [("", ""), *self._classes(operation, exchange)]:
            self.cells[(operation.name, name, kind, answer)] += 1

    def answers(self, operation: str) -> dict[str, int]:
        """Return what an operation answered, and how often."""
        return self._cell(operation, "", "")

    def has_succeeded(self, operation: str) -> bool:
        """Tell whether an operation ever answered with a success."""
        return any(answer.startswith("2") for answer in self.answers(operation))

    def _cell(self, operation: str, parameter: str, kind: str) -> dict[str, int]:
        where = (operation, parameter, kind)
        return {
            answer: count for (*place, answer), count in self.cells.items() if tuple(place) == where
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the matrix by operation, with zeros where something listed was never seen."""
        return {
            operation.name: self._row(operation) for operation in self.contract.operations.values()
        }

    def _row(self, operation: Operation) -> dict[str, Any]:
        listed = [
            code if code != "default" else str(operation.success) for code in operation.responses
        ]
        named = [f"{UNAUTHORIZED} {name}" for name in AUTHENTICATION_NAMES]
        seen = self.answers(operation.name)
        answers = sorted({*listed, *named, *seen} - ({str(UNAUTHORIZED)} - seen.keys()))
        parameters: dict[str, dict[str, dict[str, int]]] = {}
        in_path = {
            parameter.name for parameter in operation.parameters if parameter.place == "path"
        }
        for name, schema in self._schemas(operation):
            kinds = [*(["absent"] if name not in in_path else []), "present", *_edges(schema)]
            parameters[name] = {kind: self._cell(operation.name, name, kind) for kind in kinds}
        return {
            "answers": {answer: seen.get(answer, 0) for answer in answers},
            "parameters": parameters,
        }

    def _schemas(self, operation: Operation) -> list[tuple[str, Schema]]:
        found = [(parameter.name, parameter.schema) for parameter in operation.parameters]
        if operation.body is None:
            return found
        for name, schema in operation.body["properties"].items():
            resolved = self.contract.full.resolve(schema)
            found.append((name, resolved))
            found += [
                (f"{name}/{part}", inner) for part, inner in resolved.get("properties", {}).items()
            ]
        return found

    def _classes(self, operation: Operation, exchange: Exchange) -> list[tuple[str, str]]:
        given = _given(operation, exchange)
        found = []
        for name, schema in self._schemas(operation):
            if name not in given:
                found.append((name, "absent"))
                continue
            found.append((name, "present"))
            found += [
                (name, kind)
                for kind, size in _edges(schema).items()
                if _size(schema, given[name]) == size
            ]
        return found


def _answer(exchange: Exchange) -> str:
    name = error_name(exchange) if exchange.status == UNAUTHORIZED else None
    return f"{exchange.status or 'none'}{f' {name}' if name else ''}"


def _given(operation: Operation, exchange: Exchange) -> dict[str, Any]:
    query = exchange.request.path.partition("?")[2]
    given: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True, errors="replace"))
    given |= {
        p.name: exchange.request.path.split("/")[4]
        for p in operation.parameters
        if p.place == "path"
    }
    try:
        body = json.loads(exchange.request.body or b"null")
    except (ValueError, RecursionError):
        body = None
    for name, value in body.items() if isinstance(body, dict) else ():
        given[name] = value
        given |= (
            {f"{name}/{part}": inner for part, inner in value.items()}
            if isinstance(value, dict)
            else {}
        )
    return given


def _edges(schema: Schema) -> dict[str, int]:
    """Return the classes at and past each bound, with the number or length that belongs to each."""
    low, high = (
        schema.get("minimum", schema.get("minLength")),
        schema.get("maximum", schema.get("maxLength")),
    )
    low, high = pattern_bounds(schema) or (low, high)
    edges = {} if low is None else {"below minimum": low - 1, "at minimum": low}
    return edges if high is None else {**edges, "at maximum": high, "above maximum": high + 1}


def pattern_bounds(schema: Schema) -> tuple[int, int] | None:
    """Return the lengths that a pattern such as `^[a-z]{3,20}$` allows; None if it has another form."""
    pattern = schema.get("pattern", "")
    head, brace, tail = pattern.rpartition("{")
    if not brace or not head.endswith("]") or not tail.endswith("}$"):
        return None
    low, _, high = tail.removesuffix("}$").partition(",")
    return int(low), int(high or low)


def _size(schema: Schema, value: object) -> object:
    if "minimum" in schema and isinstance(value, str):
        return float(value) if NUMBER.match(value) else None
    return len(value) if isinstance(value, str) else value
