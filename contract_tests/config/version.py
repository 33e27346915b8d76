"""Which version of the gate this is."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def gate_version() -> str:
    """Return the version of the installed distribution, `unknown` in a bare checkout."""
    try:
        return version("user-profile-api-mock")
    except PackageNotFoundError:
        return "unknown"
