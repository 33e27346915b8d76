"""The window of the proxy: the mock's own files, which hide by themselves what only a mock has."""

from flask import Request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from mock_server import guard, window
from mock_server.answers import Reply
from mock_server.errors import NotFound

from .incoming import Incoming

PAGES = {path: page for path, page in window.PAGES.items() if path.startswith(guard.PREFIX)}
"""All but the greeting: `/` is the upstream's."""
_ROUTES = Map([Rule(path, endpoint=path, methods=["GET"]) for path in PAGES], merge_slashes=False)


def page(asked: Incoming) -> Reply:
    """Return a page for people, or a file of one; raises `NotFound`."""
    try:
        found, names = _ROUTES.bind("").match(asked.path, asked.method)
    except HTTPException:
        raise NotFound from None
    given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in asked.by_name.items()}
    return PAGES[found](Request({"REQUEST_METHOD": asked.method, **given}), **names)
