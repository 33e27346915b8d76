"""Errors of usage, with messages that tell how to correct them."""

import errno

import click

LEVELS = ["debug", "info", "warning", "error"]


class UsageProblem(click.ClickException):
    """A mistake that the user can correct."""

    exit_code = 2


def address_problem(host: str, port: int, error: OSError | OverflowError) -> str:
    """Return why a server cannot listen on an address."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return f"port {port} of {host} is taken; choose another with --port, or 0 for any free one"
    if number == errno.EACCES:
        return f"port {port} of {host} needs privileges; choose one above 1023 with --port"
    # A port that no number of bits can hold is an `OverflowError`, without the text of a system.
    reason = getattr(error, "strerror", None) or error
    return f"cannot listen on {host}:{port}: {reason}"
