"""What a request is for: an operation or a page, found by the path exactly as it was sent."""

from enum import Enum, auto
from typing import NamedTuple

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule


class Kind(Enum):
    """What a route leads to: the API, the control API, or a page for people; `NONE` where it leads nowhere."""

    API, CONTROL, PAGE, NONE = auto(), auto(), auto(), auto()


FOR_CLIENTS = (Kind.API, Kind.NONE)
"""What clients of the API ask for, rightly or wrongly; a tuple, since looking into a set of these costs microseconds."""


class Route(NamedTuple):
    """What was found for a method and a path: a rule and the values of its names, or the error that says what is wrong."""

    kind: Kind
    rule: Rule | None
    names: dict[str, str]
    error: HTTPException | None


class Router:
    """Matches letter by letter: nothing is decoded, folded or left out first, so that two spellings never mean one operation.

    Only the segment that stands for a parameter may be percent-encoded. `kinds` has the kind of each endpoint.
    """

    def __init__(self, rules: Map) -> None:
        rules.merge_slashes = False
        self._adapter = rules.bind("")
        self._known: dict[tuple[str, str], Route] = {}
        self.kinds: dict[str, Kind] = {}

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
        if not path.startswith("/") or path.startswith(
            "//"
        ):  # the library would leave out what is too many
            return Route(Kind.NONE, None, {}, NotFound())
        try:
            rule, names = self._match(method if method.isupper() else f"{method} ", path)
        except MethodNotAllowed as error:
            rule, _ = self._match(str(next(iter(error.valid_methods or ()))), path)
            kind = self.kinds[rule.endpoint]
            return Route(Kind.NONE if kind is Kind.PAGE else kind, None, {}, error)
        except HTTPException as error:
            return Route(Kind.NONE, None, {}, error)
        return Route(self.kinds[rule.endpoint], rule, names, None)

    def _match(self, method: str, path: str) -> tuple[Rule, dict[str, str]]:
        return self._adapter.match(path, method, return_rule=True)  # type: ignore[return-value]
