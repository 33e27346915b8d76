"""The servers that are measured: how each is started, and what its process tree weighs."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CONTRACT = HERE.parent / "openapi.yaml"
NODE = HERE / "node_modules"
PROFILE = "/v1/user/profile?fields=displayName&fields=handle"
DEADLINE = 60.0


def commands(port: int) -> dict[str, list[str]]:
    """The command of each server by its name; `{scenario}` servers are ours with other fixtures."""
    python = sys.executable
    return {
        "ours": [python, "-m", "mock_server", "--port", str(port)],
        "Prism": [
            "node",
            str(NODE / "@stoplight/prism-cli/dist/index.js"),
            "mock",
            "-p",
            str(port),
            str(CONTRACT),
        ],
        "Scalar": ["node", str(HERE / "scalar.mjs"), str(CONTRACT), str(port)],
        "bare Flask": [python, str(HERE / "bare_flask.py"), str(port)],
        "openapi-core per request": [python, str(HERE / "naive.py"), str(port)],
    }


@dataclass
class Running:
    """A server under measurement; `started` is the seconds from its process's start to its first correct answer."""

    url: str
    process: subprocess.Popen[bytes]
    started: float

    def memory(self) -> float:
        """The resident memory of the process tree in MB."""
        rows = subprocess.run(
            ["ps", "-e", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True
        ).stdout
        table = [tuple(map(int, row.split())) for row in rows.splitlines()]
        tree = {self.process.pid}
        while grown := {pid for pid, parent, _ in table if parent in tree} - tree:
            tree |= grown
        return sum(rss for pid, _, rss in table if pid in tree) / 1024


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def run(name: str, *flags: str) -> Iterator[Running]:
    """Start a server, wait for its first correct answer, end its whole process group afterwards."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    began = time.perf_counter()
    process = subprocess.Popen(
        commands(port)[name] + list(flags),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
    )
    try:
        yield Running(url, process, _first_answer(url, process, began) - began)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _first_answer(url: str, process: subprocess.Popen[bytes], began: float) -> float:
    asked = urllib.request.Request(url + PROFILE, headers={"Authorization": "Bearer ada-session"})
    while time.perf_counter() - began < DEADLINE:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(asked, timeout=5) as answer:
                if answer.status == 200:
                    return time.perf_counter()
        except OSError:
            time.sleep(0.005)
    raise SystemExit(f"{process.args} gave no correct answer within {DEADLINE:.0f} s")
