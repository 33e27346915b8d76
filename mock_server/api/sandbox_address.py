"""Which sandbox a request is for: `X-Mock-Sandbox: NAME`, or a base URL that ends in `/__sandbox/NAME`."""

import re
from typing import Any

from mock_server.errors import ClientError, Violation
from mock_server.stores.memory import DEFAULT

PREFIX = "/__sandbox/"
SANDBOX = "mock_server.sandbox"
"""Key in the WSGI environment: the name as it was given."""
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


def address(environ: dict[str, Any]) -> None:
    """Note the sandbox in the environment, once, and take its prefix off the path; the base URL wins over the header."""
    if SANDBOX in environ:
        return
    uri: str = environ["REQUEST_URI"]
    if uri.startswith(PREFIX):
        environ[SANDBOX], _, rest = uri.removeprefix(PREFIX).partition("/")
        environ["REQUEST_URI"] = environ["PATH_INFO"] = f"/{rest}"
    else:
        environ[SANDBOX] = environ.get("HTTP_X_MOCK_SANDBOX", DEFAULT)


def sandbox_name(environ: dict[str, Any]) -> str:
    """Return the sandbox's name; raises `ClientError` where it is none."""
    name: str = environ[SANDBOX]
    if name != DEFAULT and not NAME.fullmatch(name):
        raise ClientError(
            [
                Violation(
                    "header",
                    "X-Mock-Sandbox",
                    "must have 1 to 64 letters, digits, dots, dashes or underscores",
                )
            ]
        )
    return name
