"""What every store of sandboxes does: memory and Redis differ in nothing else."""

from collections.abc import AsyncIterator, Callable
from enum import Enum, auto
from typing import Generic, NamedTuple, Protocol, TypeVar

from mock_server.journal.entries import Entry
from mock_server.world.sandbox import Sandbox

T = TypeVar("T")

DEFAULT = "default"
"""The name of the sandbox of those who name none; it is never dropped."""


class SandboxesFullError(Exception):
    """All sandboxes that may exist are in use."""


class Access(Enum):
    """What a request wants of its sandbox."""

    NOTHING = auto()
    PRESENT = auto()
    """To see it if it is there."""
    MADE = auto()
    """That it is made on first use."""


class Transition(NamedTuple, Generic[T]):
    """What comes of a request."""

    sandbox: Sandbox
    """What it is afterwards; the same object where nothing changed."""
    result: T
    entry: Entry | None = None
    """What goes into the journal of the sandbox."""
    clears: bool = False
    """Whether the journal is emptied first."""
    news: tuple[str, str] | None = None
    """A sandbox and the operation that changed it, for those who follow a journal."""


Step = Callable[[Sandbox, bool], Transition[T]]
"""Take a sandbox, and whether it is there, and return what comes of it.

It has no effect, so that it may run again.
"""


class Store(Protocol):
    """Keep sandboxes by name, each with its journal.

    What waits raises `UnavailableError` where the store is away.
    """

    start: Sandbox
    """What a new sandbox is."""

    async def transact(
        self,
        name: str,
        step: Step[T],
        *,
        makes: bool,
    ) -> T:
        """Load a sandbox, run a step on it, and commit; again where somebody else was quicker.

        Where there is none it is made, or else the step gets `start`, and what it makes of that is
        not kept. Raises `SandboxesFullError`.
        """
        ...

    async def names(self) -> list[tuple[str, float]]:
        """Return every name, with how many seconds it was not used."""
        ...

    async def copy(self, source: str, name: str) -> None:
        """Keep a sandbox under another name, too, in place of what is there.

        Raises `SandboxesFullError`.
        """
        ...

    async def drop(self, name: str) -> bool:
        """Forget a sandbox and its journal; return whether there was one.

        The default one starts anew.
        """
        ...

    async def entries(self, name: str) -> list[Entry]:
        """Return the journal of a sandbox, the newest entry first."""
        ...

    async def clear(self, name: str) -> None:
        """Empty the journal of a sandbox."""
        ...

    async def announce(self, sandbox: str | None, operation: str) -> None:
        """Send to all who follow a journal that something else than a request changed a sandbox.

        `None` stands for all sandboxes.
        """
        ...

    def follow(self, name: str, after: int | None) -> AsyncIterator[bytes]:
        """Return server-sent events: kept entries with an id over `after`, then what happens."""
        ...

    def listen(self, listener: Callable[[Entry], None]) -> None:
        """Have `listener` called with each entry of the journal that this process adds."""
        ...

    def default(self) -> Sandbox:
        """Return the default sandbox, while nothing is served; raises `StoreError`."""
        ...
