"""What the calls of the control API work with, and what is known of each."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, NamedTuple

from mock_server.behaviours.handler import Answer, Call
from mock_server.config import ProxySettings
from mock_server.contract.examples import Examples
from mock_server.errors import Conflict, NotFound, Violation
from mock_server.scenarios.catalogue import Scenarios
from mock_server.stores.store import Access, Store
from mock_server.world.sandbox import Sandbox

DONE = Answer(204)
FULL = (
    "is one more than may be in use at once: "
    "drop one (DELETE /__mock/sandboxes/NAME) or raise --max-sandboxes"
)
BODY = 1024 * 1024
"""The largest body of most calls in bytes."""


@dataclass(frozen=True, slots=True)
class ControlContext:
    """What is known of the server as a whole.

    `seed` decides the names that are made. `proxy` is there where this is a proxy. `loaded` is what
    was loaded for one call before it runs (`ControlOperation.loads`).
    """

    examples: Examples
    scenarios: Scenarios
    version: str
    seed: int
    proxy: ProxySettings | None = None
    loaded: Any = None


class Stream(NamedTuple):
    """An answer that goes on: server-sent events."""

    events: AsyncIterator[bytes]


class Changes(Enum):
    """What a call changes, which followers of a journal get to know.

    It is nothing, the sandbox of the call, or the one that its path names.
    """

    NOTHING = auto()
    SANDBOX = auto()
    NAMED = auto()


Result = tuple[Sandbox, Answer]
"""The next sandbox, and the answer."""
Handler = Callable[[ControlContext, Sandbox, Call], tuple[Sandbox, Answer | Stream]]
"""Return the next sandbox and the answer to a valid request.

Raise `ApiError` and then change nothing.
"""
Loader = Callable[[ControlContext, Store, str, Call], Awaitable[object]]
"""Return what a handler needs beside its sandbox, whose name is given.

Or do what only the store can do for it. Raise `ApiError`.
"""


class ControlOperation(NamedTuple):
    """A call of the control API.

    - `changes` says what it changes, `access` what it wants of its sandbox.
    - What `loads` returns is the `loaded` of the context.
    - It empties the journal of its sandbox where it `clears_journal`.
    - One that is `for_clients` is served as an operation of the API: it stands in the journal, and
      requests and rules may decide about its answer.
    - The proxy, which keeps no state, has only what is `in_proxy`.
    - `largest_body` is in bytes.
    """

    handler: Handler
    changes: Changes = Changes.NOTHING
    access: Access = Access.MADE
    loads: Loader | None = None
    clears_journal: bool = False
    for_clients: bool = False
    in_proxy: bool = False
    largest_body: int = BODY


def done(_: ControlContext, sandbox: Sandbox, _call: Call) -> Result:
    """Return that all is done, which was done where the call was loaded."""
    return sandbox, DONE


def not_found(where: str, name: str, reason: str) -> NotFound:
    """Return the error of a request in which one value names what is not there."""
    return NotFound([Violation(where, name, reason)])


def conflict(where: str, name: str, reason: str) -> Conflict:
    """Return the error of a request in which one value is impossible now."""
    return Conflict([Violation(where, name, reason)])
