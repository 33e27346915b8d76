"""A request as the core takes it: a value, made once, in which nothing is added later."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mock_server.errors import ApiError, Violation

from .routing import Route


class Request(NamedTuple):
    """What came over HTTP, and what it is for.

    - `path` and `query` are percent-encoded as they came, the path without the sandbox that was in
      front of it.
    - `headers` are by their names in lower case, those that came twice joined by commas (RFC 9110,
      5.3); `raw_headers` are as they came, and take about `headers_size` bytes.
    - `started` is by `time.perf_counter`.
    - `fault` refuses the request whatever its body holds and its sandbox knows.
    - `unread` says why the body was not read, where it was not.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    raw_headers: Sequence[tuple[bytes, bytes]]
    headers_size: int
    started: float
    sandbox: str
    route: Route
    fault: ApiError | None = None
    body: bytes = b""
    unread: Violation | None = None

    @property
    def endpoint(self) -> str:
        """The name of what the request is for, which was found."""
        rule = self.route.rule
        assert rule is not None, "a request that leads nowhere is refused first"
        return str(rule.endpoint)
