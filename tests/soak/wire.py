"""Requests as bytes, so that anything can be sent, and their answers."""

import http.client
import socket
from typing import NamedTuple
from urllib.parse import urlsplit


class Answer(NamedTuple):
    """An answer as it came: `media_type` without parameters, empty where there is none."""

    status: int
    media_type: str
    body: bytes


class Connection:
    """A kept connection to one server; it is opened anew after the server closed it."""

    def __init__(self, url: str, timeout: float = 20.0) -> None:
        parts = urlsplit(url)
        assert parts.hostname, url
        self._address, self._timeout = (parts.hostname, parts.port or 80), timeout
        self.host = f"{parts.hostname}:{parts.port}"
        self._socket: socket.socket | None = None

    def send(self, method: str, raw: bytes) -> Answer:
        """Send the bytes of one request, once more where the kept connection had been closed meanwhile."""
        kept = self._socket is not None
        try:
            return self._exchange(method, raw)
        except (ConnectionError, http.client.HTTPException):
            self.close()
            if not kept:
                raise
        return self._exchange(method, raw)

    def _exchange(self, method: str, raw: bytes) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, self._timeout)
        self._socket.sendall(raw)
        response = http.client.HTTPResponse(self._socket, method=method)
        response.begin()
        body = response.read()
        answer = Answer(
            response.status, (response.getheader("Content-Type") or "").partition(";")[0], body
        )
        if response.will_close:
            self.close()
        return answer

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def request(
    method: str, target: str, host: str, headers: list[tuple[str, str]], body: bytes | None
) -> bytes:
    """Return the bytes of a request; headers are sent in Latin-1, as they are."""
    lines = [
        f"{method} {target} HTTP/1.1",
        f"Host: {host}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + (body or b"")
