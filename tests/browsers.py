"""Finds a browser for the tests that need one."""

import os
import shutil
import subprocess

import pytest


def chromium() -> str:
    """Find a Chromium, or install the system's own; skips where there is no way to."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None and os.getuid() == 0 and shutil.which("apt-get"):
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "chromium"]):
            subprocess.run(command, capture_output=True, timeout=540, check=False)
        found = shutil.which("chromium")
    return found or pytest.skip("there is no Chromium, and only root can install one")
