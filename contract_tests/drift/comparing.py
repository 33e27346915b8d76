"""The differences between the responses of two sides."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from contract_tests.drift import paging_facts, response_facts, response_shapes
from contract_tests.drift.differences import Difference, merged
from contract_tests.drift.probes import FIELDS, PROFILE
from contract_tests.drift.response_facts import body_kind, outcome, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from contract_tests.drift.sides import Observation
    from contract_tests.http.messages import Exchange

Pair = tuple["Observation", "Observation"]
ERROR, FAILURE = 400, 500


def compare(
    pairs: list[Pair],
    left: list[Observation],
    right: list[Observation],
) -> list[Difference]:
    """Return all differences of the paired responses, and of all that was seen on each side."""
    found = list(chain.from_iterable(map(_responses, pairs)))
    found += _shapes(pairs, left, right)
    found += paging_facts.differences(left, right)
    return merged(found)


def _responses(pair: Pair) -> Iterator[Difference]:
    left, right = (each.exchange for each in pair)
    if left.status != right.status:
        yield _outcome(pair)
    # A refusal has nothing to be compared with in a success.
    both_succeed = left.ok and right.ok
    if left.status and (left.status == right.status or both_succeed):
        yield from _contents(pair)


def _contents(pair: Pair) -> Iterator[Difference]:
    left, right = pair
    is_head = left.probe.method == "HEAD"
    if left.exchange.status >= ERROR and not is_head:
        yield from _differing(pair, "error name", "error name", response_facts.error_name)
    place = outcome(left.exchange)
    yield from _differing(
        pair,
        "type",
        "body",
        body_kind,
        place,
    )
    yield from _headers(pair, f"HEAD {place}" if is_head else place)
    projections = (_projection(left), _projection(right))
    if all(projections) and projections[0] != projections[1]:
        yield _difference(pair, "presence", "fields that were not asked for", projections)


def _outcome(pair: Pair) -> Difference:
    left, right = pair
    probe = left.probe
    results = [outcome(each.exchange) for each in pair]
    decided = all(_accepts_or_refuses(each.exchange) for each in pair)
    if left.exchange.ok == right.exchange.ok or not probe.parameter or not decided:
        return _difference(pair, "status", "status", results)
    kind = "enum values" if probe.parameter == "fields" else "bounds"
    return _difference(
        pair,
        kind,
        f"values of {probe.parameter}",
        results,
        probe.value,
    )


def _accepts_or_refuses(exchange: Exchange) -> bool:
    """Return whether a value was accepted or refused; a redirect or a failure shows neither."""
    return exchange.ok or ERROR <= exchange.status < FAILURE


def _headers(pair: Pair, place: str) -> Iterator[Difference]:
    kinds = {body_kind(each.exchange) for each in pair}
    for name in response_facts.HEADERS:
        # Where only one side sends a body, only that one has a type to name.
        if name == "Content-Type" and "empty" in kinds and len(kinds) > 1:
            continue
        judge = partial(response_facts.header, name=name)
        yield from _differing(
            pair,
            "header",
            name,
            judge,
            place,
        )


def _projection(each: Observation) -> str:
    """Return whether a profile has more than the fields that were requested; empty for all else."""
    value = value_of(each.exchange)
    fields = each.probe.requested_fields
    if not fields or not each.exchange.ok or not isinstance(value, dict):
        return ""
    others = set(FIELDS).difference(fields)
    return "answered" if others.intersection(value) else "left out"


def _shapes(
    pairs: list[Pair],
    left: list[Observation],
    right: list[Observation],
) -> Iterator[Difference]:
    for operation in dict.fromkeys(each.probe.operation for each in (*left, *right)):
        mine, theirs = _successes(left, operation), _successes(right, operation)
        yield from _shape(operation, response_shapes.SUCCESS, mine, theirs)
        for status, errors in _errors(pairs, operation).items():
            ours, others = zip(*errors, strict=True)
            yield from _shape(operation, str(status), _readable(ours), _readable(others))


def _successes(side: list[Observation], operation: str) -> list[Observation]:
    """Return the successes with a body; reads of the profile for all fields, if there are any."""
    found = [each for each in side if each.probe.operation == operation and each.exchange.ok]
    readable = _readable(found)
    # Part of the fields would look as if the others were missing.
    whole = [each for each in readable if set(FIELDS) <= set(each.probe.requested_fields)]
    return whole or readable


def _errors(pairs: list[Pair], operation: str) -> dict[int, list[Pair]]:
    """Return the pairs that have the same error, by its status."""
    found = defaultdict(list)
    for pair in pairs:
        left, right = pair
        status = left.exchange.status
        if left.probe.operation == operation and right.exchange.status == status >= ERROR:
            found[status].append(pair)
    return found


def _readable(side: Iterable[Observation]) -> list[Observation]:
    return [
        each for each in side if each.probe.method != "HEAD" and body_kind(each.exchange) == "JSON"
    ]


def _shape(
    operation: str,
    where: str,
    left: list[Observation],
    right: list[Observation],
) -> Iterator[Difference]:
    if not left or not right:
        return
    shapes = [response_shapes.shape(map(_body, side)) for side in (left, right)]
    for each in response_shapes.differences(where, *shapes):
        curls = (_curl(left, each.path), _curl(right, each.path))
        yield replace(each, operation=operation, curls=curls)


def _body(each: Observation) -> Any:
    """Return the body without the profile's fields that were not requested.

    They are compared separately.
    """
    value = value_of(each.exchange)
    fields = each.probe.requested_fields
    if each.probe.operation != PROFILE or not fields or not isinstance(value, dict):
        return value
    return {key: part for key, part in value.items() if key in fields or key not in FIELDS}


def _curl(side: list[Observation], path: str) -> str:
    """Return the first request whose response has something at a place, or else the first."""
    for each in side:
        # Not every response has what the difference is about.
        if path in response_shapes.shape([_body(each)]):
            return each.curl
    return side[0].curl


def _differing(
    pair: Pair,
    kind: str,
    what: str,
    judge: Callable[[Exchange], str],
    where: str = "",
) -> Iterator[Difference]:
    """Yield a difference if a judgement of both responses differs."""
    left, right = (judge(each.exchange) for each in pair)
    if left != right:
        yield _difference(
            pair,
            kind,
            what,
            (left, right),
            where,
        )


def _difference(
    pair: Pair,
    kind: str,
    what: str,
    sides: Sequence[str],
    where: str = "",
) -> Difference:
    left, right = pair
    probe = left.probe
    mine, theirs = sides
    place = (where or probe.situation,)
    curls = (left.curl, right.curl)
    return Difference(
        kind,
        probe.operation,
        what,
        mine,
        theirs,
        place,
        curls=curls,
    )
