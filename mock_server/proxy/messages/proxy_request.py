"""Request as the server passes it to an ASGI application (asgi.readthedocs.io)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mock_server.journal import masking

from .end_to_end_headers import joined

if TYPE_CHECKING:
    from mock_server.server.delivery import Message

    from .end_to_end_headers import Headers


@dataclass(frozen=True, slots=True)
class ProxyRequest:
    """A request with its path and query as they came, percent-encoded, and its headers in order."""

    method: str
    path: str
    query: str
    headers: Headers
    by_name: dict[str, str]
    version: str
    client: Any

    @classmethod
    def of(cls, scope: Message) -> ProxyRequest:
        """Return the request of a scope; bytes that no target may hold are percent-encoded."""
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        headers = list(scope["headers"])
        return cls(
            scope["method"],
            _visible(raw.partition(b"?")[0]),
            _visible(scope["query_string"]),
            headers,
            joined(headers),
            scope["http_version"],
            scope["client"],
        )

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def has_body(self) -> bool:
        """Tell whether a body follows (RFC 9112, 6.3)."""
        return (
            "transfer-encoding" in self.by_name
            or self.by_name.get("content-length", "0").strip() != "0"
        )

    @property
    def is_ping(self) -> bool:
        """Tell whether a request is about the server as a whole (`OPTIONS *`: RFC 9110, 9.3.7)."""
        return (self.method, self.path) == ("OPTIONS", "*")

    @property
    def is_preflight(self) -> bool:
        """Tell whether a browser asks what a page may send (Fetch Standard, 3.2.2)."""
        needed = {"origin", "access-control-request-method"}
        return self.method == "OPTIONS" and needed <= self.by_name.keys()

    @property
    def secrets(self) -> list[str]:
        """The values of secret headers, to be hidden wherever else they stand."""
        return [
            masking.credential(value)
            for name, value in self.by_name.items()
            if masking.is_secret(name)
        ]


def _visible(raw: bytes) -> str:
    return raw.decode() if raw.isascii() else quote(raw, safe=bytes(range(0x21, 0x7F)))
