"""Starts a real mock server as a process of its own."""

import itertools
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

DEADLINE = 20.0
ADA = {"Authorization": "Bearer ada-session"}


@dataclass
class LiveMock:
    url: str
    process: subprocess.Popen[str]
    greeting: str

    def burst(self, *signums: int, pause: float = 0.0) -> tuple[int, str, str]:
        """Send signals over and over until the server ends; answer the exit code and what it wrote."""
        until = time.monotonic() + DEADLINE
        for signum in itertools.cycle(signums):
            if self.process.poll() is not None or time.monotonic() > until:
                break
            self.process.send_signal(signum)
            time.sleep(pause)
        out, errors = self.process.communicate(timeout=1)
        return self.process.returncode, out, errors

    def stop(self, signum: int = signal.SIGINT) -> tuple[int, str]:
        """Answer the exit code and what the server wrote to stderr."""
        self.process.send_signal(signum)
        _, errors = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, errors


@contextmanager
def live_mock(*flags: str, env: dict[str, str] | None = None) -> Iterator[LiveMock]:
    with _live([sys.executable, "-m", "mock_server", "--port", "0", *flags], env) as running:
        yield running


@contextmanager
def live_proxy(upstream: str, *flags: str, env: dict[str, str] | None = None) -> Iterator[LiveMock]:
    """A validating proxy as a process of its own."""
    with _live(
        [sys.executable, "-m", "mock_server", "proxy", upstream, "--port", "0", *flags], env
    ) as running:
        yield running


@contextmanager
def _live(command: list[str], env: dict[str, str] | None) -> Iterator[LiveMock]:
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
    )
    try:
        greeting = _read_greeting(process)
        found = re.search(r"http://[^\s\"]+", greeting)
        assert found, (
            f"the mock did not say where it listens within {DEADLINE} s:\n{greeting}\n{_errors(process)}"
        )
        yield LiveMock(found[0], process, greeting)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _read_greeting(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    text, until = "", time.monotonic() + DEADLINE
    while "Ctrl-C" not in text and time.monotonic() < until:
        if select.select([process.stdout], [], [], 0.1)[0]:
            chunk = os.read(process.stdout.fileno(), 65536).decode()
            if not chunk:
                break
            text += chunk
    return text


def _errors(process: subprocess.Popen[str]) -> str:
    process.kill()
    return process.communicate()[1]
