"""Starts a real Redis server, and lets things happen to it."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.system import program

DEADLINE = 20.0
DURABLE = ("--appendonly", "yes", "--appendfsync", "always")
"""What makes every acknowledged write survive the death of the server."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class RedisServer:
    """A server in a directory of its own; `url` stays the same when it is started again."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self._program, self._folder, self._flags = (
            program("redis-server", "redis-server"),
            folder,
            flags,
        )
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = Redis(port=self.port, socket_timeout=DEADLINE)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [
            self._program,
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(self._folder),
            "--save",
            "",
        ]
        log = (self._folder / "redis.log").open("ab")
        with log:
            self.process = subprocess.Popen([*command, *self._flags], stdout=log, stderr=log)
        until = time.monotonic() + DEADLINE
        while True:
            try:
                self.client.ping()
            except RedisError:
                assert time.monotonic() < until, (self._folder / "redis.log").read_text()
                time.sleep(0.02)
            else:
                return

    def send(self, signum: int) -> None:
        """Send a signal: kill it, stop it, let it go on."""
        assert self.process is not None
        self.process.send_signal(signum)
        if signum == signal.SIGKILL:
            self.process.wait(DEADLINE)

    def end(self) -> None:
        """Make sure that it does not run."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE)
        self.client.close()


@contextmanager
def redis_server(folder: Path, *flags: str) -> Iterator[RedisServer]:
    server = RedisServer(folder, *flags)
    try:
        server.start()
        yield server
    finally:
        server.end()
