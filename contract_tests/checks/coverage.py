"""The coverage matrix: which operations were called, how, and what they answered.

Each parameter has classes, such as at and past its bounds.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from contract_tests.checks.request_validation import NUMBER
from contract_tests.checks.response_checks import AUTHENTICATION_NAMES, UNAUTHORIZED, error_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contract_tests.http.messages import Exchange
    from contract_tests.spec.contract import Contract, Operation, Schema

SUCCESS = 2
"""The first digit of a status that is a success."""
KINDS = ("absent", "present", "below minimum", "at minimum", "at maximum", "above maximum")

# Operation, parameter, class, status and the name of the error where it is 401; parameter and class
# are empty for the call as a whole.
Cell = tuple[str, str, str, int, str]


class Answer(NamedTuple):
    """A status, 0 for none, and the name of the error where it is 401."""

    status: int
    name: str = ""

    def __str__(self) -> str:
        return f"{self.status or 'none'} {self.name}".rstrip()


@dataclass(repr=False)
class Coverage:
    """Counts exchanges: `cells` maps each cell of the matrix to how often it was met."""

    contract: Contract
    cells: Counter[Cell] = field(default_factory=Counter)

    def see(self, exchange: Exchange) -> None:
        """Count one exchange with a documented operation."""
        request = exchange.request
        operation = self.contract.operations.get(request.operation)
        # Only calls that the contract describes are counted.
        if operation is None or request.extreme or request.method != operation.method:
            return
        answer = _answer(exchange)
        for name, kind in [("", ""), *self._classes(operation, exchange)]:
            self.cells[(operation.name, name, kind, *answer)] += 1

    def answers(self, operation: str) -> dict[Answer, int]:
        """Return what an operation answered, and how often."""
        return self._cell(operation, "", "")

    def has_succeeded(self, operation: str) -> bool:
        """Tell whether an operation ever answered with a success."""
        return any(answer.status // 100 == SUCCESS for answer in self.answers(operation))

    def _cell(
        self,
        operation: str,
        parameter: str,
        kind: str,
    ) -> dict[Answer, int]:
        place = (operation, parameter, kind)
        return {Answer(*cell[3:]): n for cell, n in self.cells.items() if cell[:3] == place}

    def as_dict(self) -> dict[str, Any]:
        """Return the matrix by operation, with zeros where something listed was never seen."""
        return {name: self._row(operation) for name, operation in self.contract.operations.items()}

    def _row(self, operation: Operation) -> dict[str, Any]:
        seen = self.answers(operation.name)
        answers = sorted({*seen, *_documented_answers(operation)}, key=str)
        parameters: dict[str, dict[str, dict[str, int]]] = {}
        for name, schema in self._schemas(operation):
            kinds = ["present", *_edges(schema)]
            # Without its path parameter the path is another one.
            if f"{{{name}}}" not in operation.path:
                kinds.insert(0, "absent")
            cells = {kind: self._cell(operation.name, name, kind) for kind in kinds}
            parameters[name] = {kind: _in_words(cell) for kind, cell in cells.items()}
        return {
            "answers": _in_words({answer: seen.get(answer, 0) for answer in answers}),
            "parameters": parameters,
        }

    def _schemas(self, operation: Operation) -> list[tuple[str, Schema]]:
        found = [(parameter.name, parameter.schema) for parameter in operation.parameters]
        properties = operation.body["properties"] if operation.body else {}
        for name, schema in properties.items():
            resolved = self.contract.full.resolve(schema)
            found.append((name, resolved))
            for part, inner in resolved.get("properties", {}).items():
                found.append((f"{name}/{part}", inner))
        return found

    def _classes(self, operation: Operation, exchange: Exchange) -> list[tuple[str, str]]:
        given = _given(operation, exchange)
        found = []
        for name, schema in self._schemas(operation):
            if name not in given:
                found.append((name, "absent"))
                continue
            found.append((name, "present"))
            size = _size(schema, given[name])
            found += [(name, kind) for kind, edge in _edges(schema).items() if size == edge]
        return found


def _documented_answers(operation: Operation) -> Iterator[Answer]:
    for code in operation.responses:
        if code == str(UNAUTHORIZED):
            yield from (Answer(UNAUTHORIZED, name) for name in AUTHENTICATION_NAMES)
        else:
            yield Answer(operation.success if code == "default" else int(code))


def _answer(exchange: Exchange) -> Answer:
    name = error_name(exchange) if exchange.status == UNAUTHORIZED else None
    return Answer(exchange.status, name or "")


def _in_words(counts: dict[Answer, int]) -> dict[str, int]:
    return {str(answer): count for answer, count in counts.items()}


def _given(operation: Operation, exchange: Exchange) -> dict[str, Any]:
    """Return the parameters and the parts of the body that a request has, by name."""
    path, _, query = exchange.request.path.partition("?")
    given: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True, errors="replace"))
    for parameter in operation.parameters:
        if parameter.place == "path":
            given[parameter.name] = path.split("/")[4]
    return given | _parts(exchange.request.body)


def _parts(content: bytes | None) -> dict[str, Any]:
    try:
        body = json.loads(content or b"null")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(body, dict):
        return {}
    parts = dict(body)
    for name, value in body.items():
        if isinstance(value, dict):
            parts |= {f"{name}/{part}": inner for part, inner in value.items()}
    return parts


def _edges(schema: Schema) -> dict[str, int]:
    """Return the classes at and past each bound, with the number or length that belongs to each."""
    low, high = pattern_bounds(schema) or (
        schema.get("minimum", schema.get("minLength")),
        schema.get("maximum", schema.get("maxLength")),
    )
    edges: dict[str, int] = {}
    if low is not None:
        edges |= {"below minimum": low - 1, "at minimum": low}
    if high is not None:
        edges |= {"at maximum": high, "above maximum": high + 1}
    return edges


def pattern_bounds(schema: Schema) -> tuple[int, int] | None:
    """Return the lengths that a pattern such as `^[a-z]{3,20}$` allows.

    None if it has another form.
    """
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
