"""Finds programs of the system for the tests that need them, and installs those that are missing."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

LOCK_SECONDS = 300
"""How long another installation on the machine is waited for."""
INSTALL_SECONDS = 540.0
SBIN = ("/usr/sbin", "/sbin")


def program(package: str, *names: str) -> str:
    """Find a program by one of its names, or install its package while other processes wait.

    Skips the test where there is no way to install it, and fails where that was tried in vain.
    """
    with Path(__file__).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = _found(names)
        if found is not None:
            return found
        if os.getuid() != 0 or not shutil.which("apt-get"):
            pytest.skip(f"there is no {names[0]}, and only root can install it")
        said = _install(package)
    found = _found(names)
    assert found, f"{package} could not be installed:\n{said}"
    return found


def _found(names: tuple[str, ...]) -> str | None:
    path = os.pathsep.join([os.environ.get("PATH", ""), *SBIN])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def _install(package: str) -> str:
    """Install a package without starting what it brings; answer what was said."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    apt = ["apt-get", "-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}"]
    said = ""
    for command in ([*apt, "update"], [*apt, "install", "-y", package]):
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False, env=quiet
        )
        said += done.stdout + done.stderr
    return said
