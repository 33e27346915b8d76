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
    """What a request wants of its sandbox: nothing, to see it if it is there, or that it is made on first use."""

    NOTHING, PRESENT, MADE = auto(), auto(), auto()


class Transition(NamedTuple, Generic[T]):
    """What comes of a request: its sandbox afterwards, the same one where nothing changed, and the result.

    `entry` goes into the journal of the sandbox, which is emptied first where `clears`. `news` are a sandbox and the
    operation that changed it, of which those hear who follow a journal.
    """

    sandbox: Sandbox
    result: T
    entry: Entry | None = None
    clears: bool = False
    news: tuple[str, str] | None = None


Step = Callable[[Sandbox, bool], Transition[T]]
"""Take a sandbox, and whether it is there, and return what comes of it. It has no effect, so that it may run again."""


class Store(Protocol):
    """Keep sandboxes by name, each with its journal. What waits raises `UnavailableError` where the store is away."""

    start: Sandbox
    """What a new sandbox is."""

    async def transact(self, name: str, step: Step[T], *, makes: bool) -> T:
        """Load a sandbox, run a step on it, and commit what comes of it; run it again where somebody else was faster.

        Where there is none it is made, or else the step gets `start`, and what it makes of that is not kept.
        Raises `SandboxesFullError`.
        """
        ...

    async def names(self) -> list[tuple[str, float]]:
        """Return every name, with how many seconds it was not used."""
        ...

    async def copy(self, source: str, name: str) -> None:
        """Keep what one sandbox is under another name, whatever was there; raises `SandboxesFullError`."""
        ...

    async def drop(self, name: str) -> bool:
        """Forget a sandbox and its journal; return whether there was one. The default one starts anew."""
        ...

    async def entries(self, name: str) -> list[Entry]:
        """Return the journal of a sandbox, the newest entry first."""
        ...

    async def clear(self, name: str) -> None:
        """Empty the journal of a sandbox."""
        ...

    async def announce(self, sandbox: str | None, operation: str) -> None:
        """Tell who follows a journal that something else than a request changed a sandbox, any of them where `None`."""
        ...

    def follow(self, name: str, after: int | None) -> AsyncIterator[bytes]:
        """Return server-sent events: the kept entries with an id over `after`, then whatever happens."""
        ...

    def listen(self, heard: Callable[[Entry], None]) -> None:
        """Have `heard` called with each entry of the journal that this process adds."""
        ...

    def default(self) -> Sandbox:
        """Return the default sandbox, while nothing is served; raises `StoreError`."""
        ...
