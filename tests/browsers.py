"""Finds a browser for the tests that need one."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest


def chromium() -> str:
    """Find a Chromium, or install the system's own while other processes wait; skips where there is no way to."""
    with Path(__file__).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _found() is None and os.getuid() == 0 and shutil.which("apt-get"):
            for command in (["apt-get", "update"], ["apt-get", "install", "-y", "chromium"]):
                subprocess.run(command, capture_output=True, timeout=540, check=False)
    return _found() or pytest.skip("there is no Chromium, and only root can install one")


def _found() -> str | None:
    return shutil.which("chromium") or shutil.which("google-chrome")
