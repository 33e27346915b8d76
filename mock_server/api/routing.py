"""What a request is for: an operation or a page, found by the path exactly as it was sent."""

from enum import Enum, auto
from typing import NamedTuple

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule


class RouteKind(Enum):
    """What a route leads to: the API, the control API, a page for people, or nothing."""

    API = auto()
    CONTROL = auto()
    PAGE = auto()
    NONE = auto()


# A tuple, since looking into a set of these costs microseconds.
FOR_CLIENTS = (RouteKind.API, RouteKind.NONE)
"""What clients of the API send requests for, rightly or wrongly."""


class Route(NamedTuple):
    """What was found for a method and a path.

    It is a rule and the values of its names, or the error that says what is wrong.
    """

    kind: RouteKind
    rule: Rule | None
    names: dict[str, str]
    error: HTTPException | None


class Router:
    """Matches letter by letter.

    Nothing is decoded, folded or left out first, so that two spellings never mean one operation.
    Only the segment that stands for a parameter may be percent-encoded. `kinds` has the kind of
    each endpoint.
    """

    def __init__(self, rules: Map) -> None:
        rules.merge_slashes = False
        self._adapter = rules.bind("")
        self._known: dict[tuple[str, str], Route] = {}
        self.kinds: dict[str, RouteKind] = {}

    def find(self, method: str, path: str) -> Route:
        """Return the route of a request; methods have no other case (RFC 9110, 9.1)."""
        known = self._known.get((method, path))
        if known is not None:
            return known
        route = self._search(method, path)
        # What has no parameters is found once: there are only so many of those.
        if route.rule is not None and not route.rule.arguments:
            self._known[method, path] = route
        return route

    def _search(self, method: str, path: str) -> Route:
        # Of several slashes the library would leave all out but one.
        if not path.startswith("/") or path.startswith("//"):
            return Route(RouteKind.NONE, None, {}, NotFound())
        try:
            # The library would fold the case of a method; no method has a blank in it.
            exact = method if method.isupper() else f"{method} "
            rule, names = self._match(exact, path)
        except MethodNotAllowed as error:
            other = next(iter(error.valid_methods or ()))
            rule, _ = self._match(other, path)
            kind = self.kinds[rule.endpoint]
            return Route(RouteKind.NONE if kind is RouteKind.PAGE else kind, None, {}, error)
        except HTTPException as error:
            return Route(RouteKind.NONE, None, {}, error)
        return Route(self.kinds[rule.endpoint], rule, names, None)

    def _match(self, method: str, path: str) -> tuple[Rule, dict[str, str]]:
        return self._adapter.match(path, method, return_rule=True)  # type: ignore[return-value]
