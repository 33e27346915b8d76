"""What the user did wrong, in words that help to put it right."""

import errno

import click

LEVELS = ["debug", "info", "warning", "error"]


class UsageProblem(click.ClickException):
    """Something that the user can put right."""

    exit_code = 2


def address_problem(host: str, port: int, error: OSError | OverflowError) -> str:
    """Say why an address cannot be listened on."""
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken; choose another with --port, or 0 for any free one"
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return f"port {port} of {host} needs privileges; choose one above 1023 with --port"
    return f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}"
