"""Handler of an operation: what it takes, and what it returns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mock_server.world.records import Session, World


@dataclass(frozen=True, slots=True)
class Call:
    """A request that the contract allows: decoded parameters by name, and the JSON body.

    Parameters that were not sent have their default. `headers` are all that were sent, by their
    names in lower case.
    """

    parameters: Mapping[str, Any]
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body; `None` is no body at all."""

    status: int
    body: Any = None


Handler = Callable[[World, Session, Call], tuple[World, Answer]]
"""Return the next world and the reply; raise `ApiError` and then change nothing."""
