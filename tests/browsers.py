"""Finds a browser for the tests that need one."""

from tests.system import program


def chromium() -> str:
    """Find a Chromium, or install the system's own; skips where there is no way to."""
    return program("chromium", "chromium", "google-chrome")
