"""What the core works on during one turn: the sandbox at hand, and questions to the store that it lacks answers to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from mock_server.journal.entries import Entry, presentable

from .store_errors import StoreError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from mock_server.world.sandbox import Sandbox

T = TypeVar("T")
Question = tuple[str, ...]
"""`load`, `peek`, `copy`, `drop`, `names`, `entries` or `clear`, with the sandboxes that it is about."""


class NeededError(BaseException):
    """The core lacks an answer; the argument is the question. With it, the core runs again from the start.

    Not an `Exception`: nobody on the way is meant to make an answer of it.
    """


class Draft:
    """The store and the journal of a core (`Store`, `Records`) whose sandboxes are elsewhere; one turn uses it at a time.

    A turn is about one sandbox, `name`, of which it has `box` if it is at hand; requests change it one after the other.
    `answers` are those that the store gave for the present request, errors among them. What cannot be had is raised as a
    `NeededError`; where `fault` is set, nothing can, and everything raises `UnavailableError`.
    """

    def __init__(self, follow: Callable[[str, int | None], AsyncIterator[bytes]]) -> None:
        self._follow = follow
        self.name, self.box, self.used = "", None, False
        self.answers: dict[Question, Any] = {}
        self.entries: list[Entry] = []
        self.cleared = False
        self.news: list[tuple[str | None, str]] = []
        self.fault: StoreError | None = None

    name: str
    box: Sandbox | None

    def begin(self, name: str, box: Sandbox | None, fault: StoreError | None = None) -> None:
        """Start a turn."""
        self.name, self.box, self.fault, self.used, self.cleared = name, box, fault, False, False
        self.entries, self.news = [], []

    def attempt(self, run: Callable[[], T], answers: dict[Question, Any]) -> T:
        """Run the core for one request; where it raises `NeededError`, it has changed nothing."""
        self.answers = answers
        before = self.box, self.used, self.cleared, self.entries.copy(), self.news.copy()
        try:
            return run()
        except NeededError:
            self.box, self.used, self.cleared, self.entries, self.news = before
            raise

    def load(self, name: str) -> Sandbox:
        """Return a sandbox; raises `SandboxesFullError`."""
        if name == self.name and self.box is not None and self.fault is None:
            self.used = True
            return self.box
        found: Sandbox = self._ask("load", name)
        return found

    def peek(self, name: str) -> Sandbox | None:
        """Return a sandbox; `None`, and none is made, where there is none."""
        if name == self.name and self.box is not None:
            return self.load(name)
        found: Sandbox | None = self._ask("peek", name)
        return found

    def commit(self, name: str, before: Sandbox, after: Sandbox) -> bool:
        """Replace the sandbox of the turn."""
        assert name == self.name, "a request changes no other sandbox than its own"
        if self.box is not before:
            return False
        self.box = after
        return True

    def copy(self, source: str, name: str) -> None:
        """Copy a sandbox; raises `SandboxesFullError`."""
        self._ask("copy", source, name)

    def drop(self, name: str) -> bool:
        """Forget a sandbox and its journal; return whether there was one."""
        return bool(self._ask("drop", name))

    def names(self) -> Iterator[tuple[str, float]]:
        """Return every name, with how many seconds it was not used."""
        return iter(self._ask("names"))

    def forget_idle(self) -> None:
        """Do nothing: the server forgets by itself."""

    def record(self, sandbox: str, *values: object, **more: object) -> None:
        """Keep an entry, given without id and sandbox."""
        self.entries.append(presentable(Entry(0, sandbox, *values, **more)))  # type: ignore[arg-type]

    def newest_first(self, sandbox: str) -> Iterator[Entry]:
        """Return the entries of a sandbox."""
        found: list[Entry] = self._ask("entries", sandbox)
        return reversed(found)

    def find(self, sandbox: str, identity: int) -> Entry | None:
        """Return one entry of a sandbox, `None` where it is not kept."""
        return next((entry for entry in self.newest_first(sandbox) if entry.id == identity), None)

    def clear(self, sandbox: str) -> None:
        """Forget the entries of a sandbox."""
        if sandbox != self.name or self.box is None:
            self._ask("clear", sandbox)
        else:
            self.used = self.cleared = True
            self.entries.clear()

    def changed(self, sandbox: str | None, operation: str) -> None:
        """Tell that something else than a request changed a sandbox, any of them where `None`."""
        self.news.append((sandbox, operation))

    def follow(self, sandbox: str, after: int | None) -> AsyncIterator[bytes]:
        """Return server-sent events: the kept entries with an id over `after`, then whatever happens in any process."""
        return self._follow(sandbox, after)

    def _ask(self, *question: str) -> Any:
        if self.fault is not None:
            raise UnavailableError(self.fault)
        if question not in self.answers:
            raise NeededError(question)
        answer = self.answers[question]
        if isinstance(answer, Exception):
            raise answer
        return answer
