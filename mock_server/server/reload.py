"""`--watch`: what is saved is served.

What cannot be served is said, and what was served before goes on.

Files are looked at a few times a second, by name, rather than watched by the system: whatever
happens to them (another branch checked out and back, a folder or a link replaced, an editor that
renames, a ConfigMap of Kubernetes), the name leads to what is there now. A look at five files takes
80 µs.
"""

import logging
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mock_server.api.app import Core
from mock_server.config import Settings
from mock_server.contract.files import FileError
from mock_server.scenarios.loading import scenario_files
from mock_server.stores.memory import MemoryStore
from mock_server.world.sandbox import Sandbox

from .asgi_app import AsgiApp
from .lifecycle import load_documents, new_store

log = logging.getLogger("mock_server")

PAUSE = 0.2
"""Seconds between two looks.

What changed is read when nothing did from one look to the next: half a file is seldom right.
"""

Mark = tuple[int, ...]
"""Which file a name leads to, and when it was written."""
GONE: Mark = ()
"""The mark of no file."""


class Watch:
    """The contract and the scenarios of `settings` as they were when this was made."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._start = settings.start
        self._is_one_file = not settings.fixtures.is_dir()
        self._seen = self._look()
        self._due: set[Path] = set()

    def run(self, app: AsgiApp, stop: threading.Event) -> None:
        """Keep what `app` serves in step with the files; no failure ends this."""
        while not stop.wait(PAUSE):
            try:
                self.step(app)
            except Exception:
                log.exception("not reloaded, the last good state goes on")

    def step(self, app: AsgiApp) -> None:
        """Look once: note what changed, or read what changed before."""
        seen = self._look()
        before = self._seen
        self._seen = seen
        paths = seen.keys() | before.keys()
        changed = {path for path in paths if seen.get(path, GONE) != before.get(path, GONE)}
        self._due |= changed
        if changed or not self._due:
            return
        due = self._due
        self._due = set()
        gone = {path for path in due if seen.get(path, GONE) == GONE}
        for path in sorted(gone):
            if path == self._settings.openapi or self._is_start(path):
                log.warning("%s is gone; what was read of it goes on until it is back", path)
        self._reload(app, due - gone)

    def _look(self) -> dict[Path, Mark]:
        """Return the marks of all files, by their names."""
        files = [self._settings.openapi]
        if self._is_one_file:
            files.append(self._settings.fixtures)
        else:
            # The folder may be away for a moment.
            with suppress(OSError):
                files += scenario_files(self._settings.fixtures).values()
        return {path: _mark(path) for path in files}

    def _reload(self, app: AsgiApp, due: set[Path]) -> None:
        core = app.core
        for path in sorted(due, key=self._order):
            try:
                core = self._with(core, path)
            except FileError as error:
                _complain(str(error))
            except Exception as error:
                _complain(f"{path}: {type(error).__name__}: {error}")
                log.debug("it is because of this", exc_info=True)
        if core is not app.core:
            app.core = core
            _store_of(core).journal.changed(None, "reload")

    def _order(self, path: Path) -> tuple[bool, bool]:
        """Sort the contract first, which judges scenarios, and last the one to start from."""
        return path != self._settings.openapi, self._is_start(path)

    def _with(self, core: Core, path: Path) -> Core:
        """Return a core that knows what a file says now."""
        if path == self._settings.openapi:
            contract, control, scenarios = load_documents(self._settings)
            new = Core(contract, control, core.store, scenarios, core.settings)
            log.warning("reloaded %s; the state is kept", path.name)
            return new
        scenarios = core.context.scenarios
        store = _store_of(core)
        before, after = scenarios.reload(path.stem)
        if self._is_start(path):
            store = new_store(self._settings, core.control, scenarios, store.journal)
            new = Core(core.contract, core.control, store, scenarios, core.settings)
            log.warning("reloaded: the state is that of %s again", path.name)
            return new

        def with_start(sandbox: Sandbox) -> Sandbox:
            return replace(sandbox, start=after) if sandbox.start is before else sandbox

        # Some sandboxes may have been reset to it.
        if before is not None:
            for name, _ in store.present_names():
                store.change(name, with_start)
        log.warning("reloaded %s for the next reset to it", path.name)
        return core

    def _is_start(self, path: Path) -> bool:
        return path != self._settings.openapi and path.stem == self._start


def _store_of(core: Core) -> MemoryStore:
    """Return the store of a core, which is in memory: others refuse `--watch`."""
    store = core.store
    assert isinstance(store, MemoryStore), "a store that is shared is not watched"
    return store


def _complain(why: str) -> None:
    log.error("not reloaded, the last good state goes on: %s", why)


def _mark(path: Path) -> Mark:
    try:
        known = path.stat()
    except OSError:
        return GONE
    return known.st_dev, known.st_ino, known.st_mtime_ns, known.st_size
