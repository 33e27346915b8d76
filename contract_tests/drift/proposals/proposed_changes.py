"""Changes of `openapi.yaml` that make it describe the right side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from contract_tests.drift.probes import DOCUMENTED, LIST
from contract_tests.drift.proposals.document_edits import Edit, Text, locate
from contract_tests.drift.proposals.inferred_marks import LIST_PATH, PROFILE_PATH
from contract_tests.drift.response_shapes import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from contract_tests.drift.differences import Difference
    from contract_tests.spec.contract import Contract

PARAMETERS = {
    "page": f"{LIST_PATH}/parameters/0/schema",
    "limit": f"{LIST_PATH}/parameters/1/schema",
}
HEADERS = {
    "Cache-Control": "/components/headers/NoStore",
    "WWW-Authenticate": "/components/headers/WWWAuthenticate",
}
NAMES = {"400": "/components/schemas/ClientError", "404": "/components/schemas/NotFoundError"}
DEFAULTS = {"default page": "page", "default limit": "limit"}
TYPES = ("string", "integer", "number", "boolean", "object", "array")
FORMATS = ("date-time", "date")
ERROR, FAILURE = "45"


@dataclass(frozen=True)
class Proposal:
    """One change: `pointer` is the place in the document, `edit` the change of its text where it is a plain one."""

    pointer: str
    says: str
    edit: Edit | None = None


@dataclass(frozen=True)
class Source:
    """The contract as a document and as it is written.

    `largest` is the highest limit that the right side accepts.
    """

    contract: Contract
    text: Text
    largest: int | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The document of the full view."""
        return self.contract.full.document


def propose(source: Source, found: Iterable[Difference]) -> list[Proposal]:
    """Return the changes that follow from differences that are sure, the same one once."""
    made = [proposal for each in found if each.sure for proposal in KINDS[each.kind](source, each)]
    return list(dict.fromkeys(made))


def _status(source: Source, each: Difference) -> list[Proposal]:
    place = f"{_operation(source, each)}/responses"
    if not each.right.isdigit() or not _operation(source, each) or each.right.startswith(FAILURE):
        return []
    if not DOCUMENTED.intersection(each.where):
        return [
            Proposal("/x-decisions", f"say that {_where(each)} of {each.operation} is {each.right}")
        ]
    each = replace(each, where=tuple(where for where in each.where if where in DOCUMENTED))
    if source.text.find(f"{place}/{each.right}"):
        return [Proposal(place, f"say in x-decisions that {_where(each)} is {each.right}")]
    if each.right.startswith(ERROR):
        line = f"'{each.right}': {{$ref: '#/components/responses/ClientError'}}"
        return [
            Proposal(
                f"{place}/{each.right}",
                f"list {each.right} for {_where(each)}",
                source.text.entry(place, line),
            )
        ]
    spot = source.text.find(f"{place}/{each.left}")
    if each.left.startswith("2") and each.right.startswith("2") and spot and spot[0]:
        edit = Edit(spot[0].start_mark.index, spot[0].end_mark.index, f"'{each.right}'")
        return [Proposal(f"{place}/{each.left}", f"the success is {each.right}", edit)]
    return [Proposal(place, f"{_where(each)} is {each.right}")]


def _name(source: Source, each: Difference) -> list[Proposal]:
    names = [name for name in NAMES if _code(source, NAMES[name]) == each.left]
    if not names:
        return [
            Proposal(
                "/components/schemas/AuthenticationError",
                f"the name for {_where(each)} is {each.right}",
            )
        ]
    pointer = f"{NAMES[names[0]]}/properties/code/const"
    return [Proposal(pointer, f"the name for {_where(each)} on {each.operation} is {each.right}")]


def _code(source: Source, pointer: str) -> str:
    spot = source.text.find(f"{pointer}/properties/code/const")
    return str(spot[1].value) if spot else ""


def _presence(source: Source, each: Difference) -> list[Proposal]:
    parent, _, key = each.path.rpartition("/")
    spots = _schemas(source, each, parent)
    if not KEY.fullmatch(key) or not spots:
        return [Proposal("/x-decisions", f"{each.what}: {each.right}")]
    if each.right == "always" and not _schemas(source, each, each.path):
        spot = next((spot for spot in spots if source.text.find(f"{spot}/properties")), spots[0])
        return [
            Proposal(
                f"{spot}/properties/{key}",
                "add the property",
                source.text.entry(f"{spot}/properties", f"{key}: {{}}"),
            )
        ]
    for spot in spots:
        if edit := source.text.without(f"{spot}/required", key):
            return [Proposal(f"{spot}/required", f"{key} is not required", edit)]
    return [Proposal(f"{spots[0]}/properties/{key}", f"{key} is there {each.right}")]


def _type(source: Source, each: Difference) -> list[Proposal]:
    return _keyword(source, each, "type", TYPES)


def _format(source: Source, each: Difference) -> list[Proposal]:
    return _keyword(source, each, "format", FORMATS)


def _keyword(
    source: Source, each: Difference, keyword: str, known: tuple[str, ...]
) -> list[Proposal]:
    spots = _schemas(source, each, each.path)
    for spot in spots:
        node = source.text.find(f"{spot}/{keyword}")
        if node and node[1].value == each.left:
            edit = (
                source.text.value(f"{spot}/{keyword}", each.right) if each.right in known else None
            )
            return [Proposal(f"{spot}/{keyword}", f"the {keyword} is {each.right}", edit)]
    return [
        Proposal(
            spots[0] if spots else "/components/schemas",
            f"the {keyword} of {each.what} is {each.right}",
        )
    ]


def _values(source: Source, each: Difference) -> list[Proposal]:
    pointer = f"{PROFILE_PATH}/parameters/0/schema/items/enum"
    if each.what != "values of fields":
        return [
            Proposal(spot, f"{each.what}: {each.right}")
            for spot in _schemas(source, each, each.path)[:1]
        ]
    return [
        Proposal(pointer, f"{name} is refused", source.text.without(pointer, name))
        for name in each.where
    ]


def _bounds(source: Source, each: Difference) -> list[Proposal]:
    pointer = PARAMETERS[each.what.removeprefix("values of ")]
    values = [float(value) for value in each.where if value.lstrip("-").replace(".", "").isdigit()]
    accepted = each.right.startswith("2")
    made = []
    if any(value > 1 and value.is_integer() for value in values) and pointer.endswith("1/schema"):
        made.append(_maximum(source, f"{pointer}/maximum"))
    if accepted and any(value < 1 for value in values):
        low = min(values)
        edit = (
            source.text.value(f"{pointer}/minimum", "0")
            if low == 0
            else source.text.line_gone(f"{pointer}/minimum")
        )
        made.append(Proposal(f"{pointer}/minimum", f"{low:g} is accepted", edit))
    if accepted and any(not value.is_integer() for value in values):
        made.append(
            Proposal(
                f"{pointer}/multipleOf",
                "fractions are accepted",
                source.text.line_gone(f"{pointer}/multipleOf"),
            )
        )
    return made or [Proposal(pointer, f"{each.what} {', '.join(each.where)}: {each.right}")]


def _maximum(source: Source, pointer: str) -> Proposal:
    if source.largest is None:
        return Proposal(pointer, "no maximum was found", source.text.line_gone(pointer))
    return Proposal(
        pointer,
        f"the highest that is accepted is {source.largest}",
        source.text.value(pointer, str(source.largest)),
    )


def _header(_: Source, each: Difference) -> list[Proposal]:
    pointer = HEADERS.get(each.what)
    if pointer is None:
        return []
    if each.right == "absent":
        return [Proposal(pointer, f"{each.what} is absent from {_where(each)} of {each.operation}")]
    says = f"{each.what} of {_where(each)} of {each.operation} is {each.right}"
    return [Proposal(f"{pointer}/schema/const", says)]


def _pages(source: Source, each: Difference) -> list[Proposal]:
    if each.operation == LIST and each.what in DEFAULTS:
        pointer = f"{PARAMETERS[DEFAULTS[each.what]]}/default"
        return [
            Proposal(
                pointer, f"the default is {each.right}", source.text.value(pointer, each.right)
            )
        ]
    return [Proposal("/x-decisions", f"{each.what} of {each.operation}: {each.right}")]


def _schemas(source: Source, each: Difference, path: str) -> list[str]:
    """Return the pointers of the schemas for the place in the body that a difference is about."""
    place = f"{_operation(source, each)}/responses"
    status = each.where[0]
    codes = [status] if status.isdigit() else ["default", "200"]
    spot = next((f"{place}/{code}" for code in codes if source.text.find(f"{place}/{code}")), "")
    node = source.text.find(f"{spot}/$ref") if spot else None
    start = str(node[1].value).removeprefix("#") if node else spot
    found = (
        locate(source.document, f"{start}/content/application~1json/schema", path) if start else []
    )
    return [each for each in found if not each.endswith("/anyOf/1")]


def _operation(source: Source, each: Difference) -> str:
    operation = source.contract.operations.get(each.operation)
    return (
        f"/paths/{operation.path.replace('/', '~1')}/{operation.method.lower()}"
        if operation
        else ""
    )


def _where(each: Difference) -> str:
    return ", ".join(each.where[:4]) + (" and more" if len(each.where) > 4 else "")  # noqa: PLR2004 - what fits a line


KINDS: dict[str, Callable[[Source, Difference], list[Proposal]]] = {
    "status": _status,
    "error name": _name,
    "presence": _presence,
    "type": _type,
    "format": _format,
    "enum values": _values,
    "bounds": _bounds,
    "header": _header,
    "pages": _pages,
}
