"""The differences between the responses of two sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contract_tests.drift import paging_facts, response_shapes
from contract_tests.drift.differences import Difference, merged
from contract_tests.drift.probes import FIELDS, PROFILE
from contract_tests.drift.response_facts import body_kind, error_name, headers, outcome, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from contract_tests.drift.sides import Observation

Pair = tuple["Observation", "Observation"]
ERROR, FAILURE = 400, 500
UNAUTHORIZED = 401
NAMES = (
    "GENERIC_CLIENT_ERROR",
    "GENERIC_UNAUTHORIZED",
    "SESSION_TOKEN_EXPIRED",
    "REFRESH_TOKEN_EXPIRED",
    "GENERIC_NOT_FOUND",
    "INTERNAL_SERVER_ERROR",
)


def compare(
    pairs: Iterable[Pair], left: list[Observation], right: list[Observation]
) -> list[Difference]:
    """Return all differences of the paired answers, and of all that was seen on each side."""
    pairs = list(pairs)
    found = [each for pair in pairs for each in _answers(pair)]
    found += _shapes(pairs, left, right)
    found += paging_facts.differences(left, right)
    return merged(found)


def _answers(pair: Pair) -> Iterator[Difference]:
    left, right = pair
    one, other = left.exchange.status, right.exchange.status
    if one != other:
        yield _outcome(pair)
    alike = one == other or (left.exchange.ok and right.exchange.ok)
    if not alike or not one:
        return
    if one >= ERROR and left.probe.method != "HEAD":
        names = [error_name(each.exchange, NAMES) for each in pair]
        if names[0] != names[1]:
            yield _difference(pair, "error name", "error name", *names)
    yield from _headers(pair)
    if left.probe.asked and left.exchange.ok:
        kept = [_projection(each) for each in pair]
        if all(kept) and kept[0] != kept[1]:
            yield _difference(pair, "presence", "fields that were not asked for", *kept)


def _outcome(pair: Pair) -> Difference:
    left, right = (outcome(each.exchange) for each in pair)
    probe = pair[0].probe
    if (
        pair[0].exchange.ok == pair[1].exchange.ok
        or not probe.parameter
        or not all(_takes_a_stand(each) for each in pair)
    ):
        return _difference(pair, "status", "status", left, right)
    kind = "enum values" if probe.parameter == "fields" else "bounds"
    return _difference(pair, kind, f"values of {probe.parameter}", left, right, where=probe.value)


def _takes_a_stand(each: Observation) -> bool:
    """Return whether a value was accepted or refused; a redirect or a failure shows neither."""
    return each.exchange.ok or ERROR <= each.exchange.status < FAILURE


def _headers(pair: Pair) -> Iterator[Difference]:
    mine, theirs = (headers(each.exchange) for each in pair)
    kinds = [body_kind(each.exchange) for each in pair]
    status = outcome(pair[0].exchange)
    if kinds[0] != kinds[1]:
        yield _difference(pair, "type", "body", *kinds, where=status)
    for name, value in mine.items():
        if value != theirs[name] and not (
            name == "Content-Type" and kinds[0] != kinds[1] and "empty" in kinds
        ):
            where = f"HEAD {status}" if pair[0].probe.method == "HEAD" else status
            yield _difference(pair, "header", name, value, theirs[name], where=where)


def _projection(each: Observation) -> str:
    value = value_of(each.exchange)
    if not isinstance(value, dict):
        return ""
    return "answered" if set(value) & set(FIELDS) - set(each.probe.asked) else "left out"


def _shapes(
    pairs: list[Pair], left: list[Observation], right: list[Observation]
) -> Iterator[Difference]:
    operations = dict.fromkeys(each.probe.operation for each in (*left, *right))
    for operation in operations:
        mine, theirs = (
            [each for each in side if each.probe.operation == operation and each.exchange.ok]
            for side in (left, right)
        )
        yield from _shape(operation, "success", mine, theirs)
        errors = [
            pair for pair in pairs if pair[0].probe.operation == operation and _same_error(pair)
        ]
        for status in dict.fromkeys(pair[0].exchange.status for pair in errors):
            mine, theirs = (
                [pair[side] for pair in errors if pair[side].exchange.status == status]
                for side in (0, 1)
            )
            yield from _shape(operation, str(status), mine, theirs)


def _same_error(pair: Pair) -> bool:
    return pair[0].exchange.status == pair[1].exchange.status >= ERROR


def _shape(
    operation: str, where: str, left: list[Observation], right: list[Observation]
) -> Iterator[Difference]:
    mine, theirs = _readable(left, where), _readable(right, where)
    if not mine or not theirs:
        return
    for each in response_shapes.differences(
        operation,
        where,
        response_shapes.shape(map(_body, mine)),
        response_shapes.shape(map(_body, theirs)),
    ):
        shows = tuple(
            next((one.curl for one in side if _has(one, each.path)), side[0].curl)
            for side in (mine, theirs)
        )
        yield Difference(**{**vars(each), "curls": shows})


def _readable(side: list[Observation], where: str) -> list[Observation]:
    """Return what has a body to read.

    Of the reads of a profile those for all fields, if any succeeded.
    """
    found = [
        each for each in side if each.probe.method != "HEAD" and body_kind(each.exchange) == "JSON"
    ]
    whole = [each for each in found if set(FIELDS) <= set(each.probe.asked)]
    return whole if whole and where == "success" else found


def _body(each: Observation) -> Any:
    """Return the body without the profile's fields that were not requested.

    They are compared separately.
    """
    value = value_of(each.exchange)
    if each.probe.operation == PROFILE and each.probe.asked and isinstance(value, dict):
        return {
            key: part for key, part in value.items() if key in each.probe.asked or key not in FIELDS
        }
    return value


def _has(each: Observation, path: str) -> bool:
    return path in response_shapes.shape([_body(each)])


def _difference(pair: Pair, kind: str, what: str, *sides: str, where: str = "") -> Difference:
    probe = pair[0].probe
    curls = (pair[0].curl, pair[1].curl)
    return Difference(
        kind, probe.operation, what, sides[0], sides[1], (where or probe.situation,), curls=curls
    )
