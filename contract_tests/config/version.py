"""Which version of the gate this is."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def gate_version() -> str:
    """The version of the installed distribution, or `unknown` in a bare checkout."""
    try:
        return version("user-profile-api-mock")
    except PackageNotFoundError:
        return "unknown"
