"""What is answered in place of the true answer, where a request or a rule wants that."""

from collections.abc import Iterable, Mapping
from typing import Any

from mock_server.contract.examples import Examples
from mock_server.world.overrides import Plan

from .replies import JSON, to_json

Planned = tuple[int, Any, Mapping[str, str]]
"""Status, body and headers."""


def planned(examples: Examples, operation: str, plan: Plan) -> Planned:
    """Return the answer of a plan; raise `LookupError` where it is not documented.

    The body is a value of JSON, `None` for none; where the plan is `undocumented` it is the text
    that is sent.
    """
    if plan.undocumented:
        return _undocumented(examples, operation, plan)
    status, body, headers = examples.find(operation, plan.status, plan.example)
    if plan.content is not None:
        body = plan.own_body
    return status, body, overlay(headers, plan.headers)


def _undocumented(examples: Examples, operation: str, plan: Plan) -> Planned:
    status = plan.status
    text = plan.content
    headers: dict[str, str] = {}
    if plan.example or status in examples.answers[operation]:
        status, body, documented = examples.find(operation, status, plan.example)
        headers.update(documented)
        if text is None and body is not None:
            text = to_json(body).decode()
    if text is not None:
        headers["Content-Type"] = plan.media_type or JSON
    return status, text, overlay(headers, plan.headers)


def overlay(
    headers: Mapping[str, str], more: Mapping[str, str] | Iterable[tuple[str, str]]
) -> dict[str, str]:
    """Return headers with others on top of them, whose names are the same in any case."""
    # The first spelling stays: a client may compare names letter by letter, though it should not.
    spelt = {name.lower(): name for name in headers}
    merged = dict(headers)
    for name, value in dict(more).items():
        merged[spelt.get(name.lower(), name)] = value
    return merged
