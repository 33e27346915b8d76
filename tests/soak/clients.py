"""Two hundred clients in two hundred sandboxes, each with a model of its own, and calls that are counted."""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

from tests.live import live_mock
from tests.mock_server.test_isolation import CLIENTS, Client
from tests.redis_server import redis_server
from tests.soak.figures import Figures


class CountedClient(Client):
    """A client whose writes are counted by the journal too."""

    def __init__(self, url: str, number: int) -> None:
        self.writes = 0
        super().__init__(url, number)

    def write(self) -> None:
        """Write, and remember that the journal must know of it."""
        super().write()
        self.writes += 1

    def reset(self) -> None:
        """Reset, which empties the journal."""
        super().reset()
        self.writes = 0

    def look(self) -> None:
        """Look at the state, and now and then at the count."""
        super().look()
        if self.chance.random() < 0.1:
            counted = self.call("POST", "/__mock/requests/count", {"operation": "updateProfile"})
            assert counted == {"count": self.writes}, (
                f"client {self.number}: {counted}, not {self.writes}"
            )


def _work(urls: list[str], seconds: float) -> Figures:
    together = Barrier(CLIENTS)

    def one(number: int) -> int:
        return CountedClient(urls[number % len(urls)], number).work(together, seconds)

    began = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        calls = list(pool.map(one, range(CLIENTS)))
    rate = sum(calls) / (time.monotonic() - began)
    return {
        "clients and sandboxes": CLIENTS,
        "calls": f"{sum(calls):,}",
        "calls a second": f"{rate:,.0f}",
        "mistaken": 0,
    }


def work_in_memory(seconds: float, _seed: int) -> Figures:
    """Let them work on one process."""
    with live_mock("--quiet") as mock:
        return _work([mock.url], seconds)


def work_over_redis(seconds: float, _seed: int) -> Figures:
    """Let them work on two processes that share a Redis server."""
    with (
        tempfile.TemporaryDirectory() as folder,
        redis_server(Path(folder)) as redis,
        ExitStack() as stack,
    ):
        urls = [
            stack.enter_context(live_mock("--quiet", "--store", redis.url)).url for _ in range(2)
        ]
        return _work(urls, seconds)
