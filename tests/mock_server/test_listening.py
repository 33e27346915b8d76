"""What a server does once it listens."""

import asyncio
import gc
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import pytest

from mock_server.server.asgi_server import prepare


class Nothing:
    """An application that is only loaded."""

    stopping = asyncio.Event()
    loaded = False

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        return nullcontext()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...

    def warm(self) -> None:
        self.loaded = True


@pytest.mark.parametrize("alone", [True, False])
def test_what_stays_is_no_garbage_in_a_process_that_only_serves(*, alone: bool) -> None:
    app = Nothing()
    before = gc.get_freeze_count()
    try:
        prepare(app, alone)
        assert app.loaded
        assert (gc.get_freeze_count() - before > 1000) == alone
    finally:
        gc.unfreeze()
