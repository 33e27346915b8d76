"""Changes of `openapi.yaml` that make it describe the right side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract_tests.drift.differences import listed
from contract_tests.drift.probes import DOCUMENTED, LIST
from contract_tests.drift.proposals.inferred_marks import LIST_PATH, PROFILE_PATH
from contract_tests.redaction.secret_table import WORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from contract_tests.drift.differences import Difference
    from contract_tests.drift.proposals.document_edits import Edit, Text
    from contract_tests.spec.contract import Contract

PAGE = f"{LIST_PATH}/parameters/0/schema"
LIMIT = f"{LIST_PATH}/parameters/1/schema"
FIELDS = f"{PROFILE_PATH}/parameters/0/schema/items/enum"
BOUNDED = {"values of page": PAGE, "values of limit": LIMIT}
DEFAULTS = {"default page": f"{PAGE}/default", "default limit": f"{LIMIT}/default"}
HEADERS = {
    "Cache-Control": "/components/headers/NoStore",
    "WWW-Authenticate": "/components/headers/WWWAuthenticate",
}
NAMES = (
    "/components/schemas/ClientError/properties/code/const",
    "/components/schemas/NotFoundError/properties/code/const",
)
# Where to say what no schema can say.
DECISIONS = "/x-decisions"
KNOWN_VALUES = {
    "type": ("string", "integer", "number", "boolean", "object", "array"),
    "format": ("date-time", "date"),
}


@dataclass(frozen=True)
class Proposal:
    """One change of the document.

    `pointer` is the place, `edit` the change of its text where it is a plain one.
    """

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


def propose(source: Source, found: Iterable[Difference]) -> list[Proposal]:
    """Return the changes that follow from differences that are sure, the same one once."""
    made: dict[Proposal, None] = {}
    for each in found:
        if each.sure:
            made |= dict.fromkeys(KINDS[each.kind](source, each))
    return list(made)


def _status(source: Source, each: Difference) -> Iterator[Proposal]:
    place = _responses(source, each)
    # A failure is no behaviour that a contract should allow.
    if not place or not each.right.isdigit() or each.right.startswith("5"):
        return
    documented = [where for where in each.where if where in DOCUMENTED]
    where = listed(documented)
    if not documented:
        where = listed(each.where)
        yield Proposal(DECISIONS, f"say that {where} of {each.operation} is {each.right}")
    elif source.text.has(f"{place}/{each.right}"):
        yield Proposal(place, f"say in x-decisions that {where} is {each.right}")
    elif each.right.startswith("4"):
        line = f"'{each.right}': {{$ref: '#/components/responses/ClientError'}}"
        edit = source.text.with_entry(place, line)
        yield Proposal(f"{place}/{each.right}", f"list {each.right} for {where}", edit)
    elif each.left.startswith("2") and each.right.startswith("2"):
        edit = source.text.with_key(f"{place}/{each.left}", f"'{each.right}'")
        yield Proposal(f"{place}/{each.left}", f"the success is {each.right}", edit)
    else:
        yield Proposal(place, f"{where} is {each.right}")


def _name(source: Source, each: Difference) -> Iterator[Proposal]:
    name = f"the name for {listed(each.where)}"
    for pointer in NAMES:
        if source.text.scalar(pointer) == each.left:
            yield Proposal(pointer, f"{name} on {each.operation} is {each.right}")
            return
    yield Proposal("/components/schemas/AuthenticationError", f"{name} is {each.right}")


def _presence(source: Source, each: Difference) -> Iterator[Proposal]:
    parent, _, key = each.path.rpartition("/")
    schemas = _schemas(source, each, parent)
    # What may be the name of a person is not written into the contract.
    if not WORD.fullmatch(key) or not schemas:
        yield Proposal(DECISIONS, f"{each.what}: {each.right}")
        return
    if each.right == "always" and not _schemas(source, each, each.path):
        with_properties = [
            f"{schema}/properties" for schema in schemas if source.text.has(f"{schema}/properties")
        ]
        place = [*with_properties, f"{schemas[0]}/properties"][0]
        edit = source.text.with_entry(place, f"{key}: {{}}")
        yield Proposal(f"{place}/{key}", "add the property", edit)
        return
    for schema in schemas:
        edit = source.text.without_item(f"{schema}/required", key)
        if edit:
            yield Proposal(f"{schema}/required", f"{key} is not required", edit)
            return
    yield Proposal(f"{schemas[0]}/properties/{key}", f"{key} is there {each.right}")


def _keyword(source: Source, each: Difference) -> Iterator[Proposal]:
    """Propose another value of the keyword that has the name of the kind, `type` or `format`."""
    keyword = each.kind
    schemas = _schemas(source, each, each.path)
    for schema in schemas:
        place = f"{schema}/{keyword}"
        if source.text.scalar(place) == each.left:
            is_known = each.right in KNOWN_VALUES[keyword]
            edit = source.text.with_value(place, each.right) if is_known else None
            yield Proposal(place, f"the {keyword} is {each.right}", edit)
            return
    place = [*schemas, "/components/schemas"][0]
    yield Proposal(place, f"the {keyword} of {each.what} is {each.right}")


def _values(source: Source, each: Difference) -> Iterator[Proposal]:
    if each.what == "values of fields":
        for name in each.where:
            yield Proposal(FIELDS, f"{name} is refused", source.text.without_item(FIELDS, name))
        return
    for schema in _schemas(source, each, each.path)[:1]:
        yield Proposal(schema, f"{each.what}: {each.right}")


def _bounds(source: Source, each: Difference) -> Iterator[Proposal]:
    pointer = BOUNDED[each.what]
    numbers = [float(value) for value in each.where if _is_number(value)]
    made = []
    if pointer == LIMIT and any(number > 1 and number.is_integer() for number in numbers):
        made.append(_maximum(source, f"{pointer}/maximum"))
    if each.right.startswith("2"):
        made += _looser(source.text, pointer, numbers)
    yield from made or [Proposal(pointer, f"{each.what} {', '.join(each.where)}: {each.right}")]


def _looser(
    text: Text,
    pointer: str,
    numbers: list[float],
) -> Iterator[Proposal]:
    lowest = min(numbers, default=1)
    if lowest < 1:
        place = f"{pointer}/minimum"
        edit = text.without_entry(place) if lowest else text.with_value(place, "0")
        yield Proposal(place, f"{lowest:g} is accepted", edit)
    if not all(number.is_integer() for number in numbers):
        place = f"{pointer}/multipleOf"
        yield Proposal(place, "fractions are accepted", text.without_entry(place))


def _is_number(value: str) -> bool:
    return value.lstrip("-").replace(".", "").isdigit()


def _maximum(source: Source, pointer: str) -> Proposal:
    if source.largest is None:
        return Proposal(pointer, "no maximum was found", source.text.without_entry(pointer))
    edit = source.text.with_value(pointer, str(source.largest))
    return Proposal(pointer, f"the highest that is accepted is {source.largest}", edit)


def _header(_: Source, each: Difference) -> Iterator[Proposal]:
    pointer = HEADERS.get(each.what)
    where = f"{listed(each.where)} of {each.operation}"
    if pointer is None:
        return
    if each.right == "absent":
        yield Proposal(pointer, f"{each.what} is absent from {where}")
    else:
        yield Proposal(f"{pointer}/schema/const", f"{each.what} of {where} is {each.right}")


def _pages(source: Source, each: Difference) -> Iterator[Proposal]:
    pointer = DEFAULTS.get(each.what)
    if each.operation == LIST and pointer:
        edit = source.text.with_value(pointer, each.right)
        yield Proposal(pointer, f"the default is {each.right}", edit)
    else:
        yield Proposal(DECISIONS, f"{each.what} of {each.operation}: {each.right}")


def _schemas(
    source: Source,
    each: Difference,
    path: str,
) -> list[str]:
    """Return the pointers of the schemas for the place in the body that a difference is about."""
    place = _responses(source, each)
    status = each.where[0]
    # The documentation gives some successes as `default`.
    codes = [status] if status.isdigit() else ["default", "200"]
    for response in (f"{place}/{code}" for code in codes):
        if source.text.has(response):
            start = source.text.scalar(f"{response}/$ref").removeprefix("#") or response
            found = source.text.schemas(f"{start}/content/application~1json/schema", path)
            # The second choice is null, and has no place of its own for anything.
            return [schema for schema in found if not schema.endswith("/anyOf/1")]
    return []


def _responses(source: Source, each: Difference) -> str:
    """Return the pointer of an operation's responses, empty where the contract has none."""
    operation = source.contract.operations.get(each.operation)
    if operation is None:
        return ""
    path = operation.path.replace("/", "~1")
    return f"/paths/{path}/{operation.method.lower()}/responses"


KINDS: dict[str, Callable[[Source, Difference], Iterator[Proposal]]] = {
    "status": _status,
    "error name": _name,
    "presence": _presence,
    "type": _keyword,
    "format": _keyword,
    "enum values": _values,
    "bounds": _bounds,
    "header": _header,
    "pages": _pages,
}
