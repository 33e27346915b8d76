"""Pages of the proxy: the files of the mock, whose script hides what only a mock has."""

from werkzeug.routing import Map, Rule

from mock_server.api import guard
from mock_server.api.routing import Kind, Router
from mock_server.errors import NotFound
from mock_server.http.replies import Reply
from mock_server.proxy.messages.proxy_request import ProxyRequest
from mock_server.ui import pages

PAGES = {path: page for path, page in pages.PAGES.items() if path.startswith(guard.PREFIX)}
"""All but the greeting: `/` is the upstream's."""
_ROUTER = Router(Map([Rule(path, endpoint=path, methods=["GET"]) for path in PAGES]))
_ROUTER.kinds |= dict.fromkeys(PAGES, Kind.PAGE)


def page(request: ProxyRequest) -> Reply:
    """Return a page for people, or a file of one; raises `NotFound`."""
    route = _ROUTER.find(request.method, request.path)
    if route.rule is None:
        raise NotFound
    return PAGES[route.rule.endpoint](request.by_name, **route.names)
