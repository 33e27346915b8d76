"""What is answered instead of the truth, where a request or a rule wishes it."""

from collections.abc import Iterable, Mapping
from typing import Any

from mock_server.contract.examples import Examples
from mock_server.world.overrides import Plan

from .replies import JSON, to_json


def planned(examples: Examples, operation: str, plan: Plan) -> tuple[int, Any, Mapping[str, str]]:
    """Return status, body and headers of an answer that is not the truth; raises `LookupError` where it is not documented.

    The body is a value of JSON, `None` for none; where the plan is `undocumented` it is the text that is sent.
    """
    status, body, headers = plan.status, None, dict[str, str]()
    if not plan.undocumented or plan.example or status in examples.answers[operation]:
        status, body, documented = examples.find(operation, status, plan.example)
        headers.update(documented)
    if not plan.undocumented:
        return (
            status,
            body if plan.content is None else plan.own_body,
            overlay(headers, plan.headers),
        )
    text = plan.content if plan.content is not None or body is None else to_json(body).decode()
    described = {} if text is None else {"Content-Type": plan.media_type or JSON}
    return status, text, overlay({**headers, **described}, plan.headers)


def overlay(
    headers: Mapping[str, str], more: Mapping[str, str] | Iterable[tuple[str, str]]
) -> dict[str, str]:
    """Return headers with others on top of them, whose names are the same in any case."""
    spelt = {name.lower(): name for name in headers}
    return {
        **headers,
        **{spelt.get(name.lower(), name): value for name, value in dict(more).items()},
    }
