"""What the handlers of the control API work with."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeVar

from mock_server.behaviours.handler import Answer, Call
from mock_server.contract.examples import Examples
from mock_server.errors import ClientError, Violation
from mock_server.journal.entries import Records
from mock_server.scenarios.catalogue import Scenarios
from mock_server.stores.memory import SandboxesFullError, Store
from mock_server.world.sandbox import Sandbox

T = TypeVar("T")
DONE = Answer(204)
FULL = "is one more than may be in use at once: drop one (DELETE /__mock/sandboxes/NAME) or raise --max-sandboxes"


@dataclass(frozen=True, slots=True)
class Desk:
    """The mock's state and everything that is known about it; `seed` decides the names that are made."""

    store: Store
    journal: Records
    examples: Examples
    scenarios: Scenarios
    version: str
    seed: int

    def load(self, name: str) -> Sandbox:
        """Return a sandbox; raises `ClientError` where there is no room for another one."""
        try:
            return self.store.load(name)
        except SandboxesFullError:
            raise ClientError([Violation("header", "X-Mock-Sandbox", FULL)]) from None

    def change(self, name: str, step: Callable[[Sandbox], tuple[Sandbox, T]]) -> T:
        """Replace a sandbox by what `step` makes of it, again if somebody else was faster; return what `step` says."""
        while True:
            before = self.load(name)
            after, result = step(before)
            if after is before or self.store.commit(name, before, after):
                return result


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that goes on: server-sent events."""

    events: AsyncIterator[bytes]


Handler = Callable[[Desk, str, Call], Answer | Stream]
"""Answers a valid request about the sandbox of this name; raises `ApiError`."""
