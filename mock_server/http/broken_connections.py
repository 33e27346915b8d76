"""Broken connections, done for real: the client's socket is found among this process's own and misused.

The server (Granian) hands an application no socket, but the application runs in the server's process: the file descriptor is
there, and a duplicate of it reaches the same connection. It works wherever `/dev/fd` lists descriptors (Linux, macOS).
"""

import os
import socket
import stat
import struct
from contextlib import suppress
from random import Random

GARBAGE = 64
"""How many bytes of nonsense are sent."""
CHUNKED = [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")]
"""The headers of the answer whose chunks are nonsense."""


def broken_answer(fault: str) -> tuple[list[tuple[str, str]], bytes]:
    """Return the headers and the body that are sent before a connection is broken so."""
    nonsense = Random(fault).randbytes(GARBAGE)  # noqa: S311 - for reproducible tests
    if fault == "MALFORMED_RESPONSE_CHUNK":
        return CHUNKED, nonsense.replace(b"\n", b"?")
    return [], nonsense if fault == "RANDOM_DATA_THEN_CLOSE" else b""


def break_off(fault: str, client: tuple[str, int | str]) -> bool:
    """Break a client's connection in one of the ways of `fault` in `control.yaml`; `False` where it cannot be found."""
    found = _find(client)
    if found is None:
        return False
    with found:
        headers, body = broken_answer(fault)
        with suppress(OSError):  # the client may have gone
            if fault == "CONNECTION_RESET_BY_PEER":
                # Closed with nothing to linger for, the kernel sends RST; shutting the reading side makes the server close.
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                found.shutdown(socket.SHUT_RD)
                return True
            if headers:
                lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
                body = f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + body
            if body:
                found.send(body)
            found.shutdown(socket.SHUT_RDWR)
        return True


def _find(client: tuple[str, int | str]) -> socket.socket | None:
    """Return a duplicate of the socket whose other end is `client`."""
    wanted = client[0], int(client[1])
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - descriptors, not files
        with suppress(OSError):  # closed meanwhile, or not connected
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                each = socket.socket(fileno=os.dup(int(name)))
                if _peer(each) == wanted:
                    return each
                each.close()
    return None


def _peer(each: socket.socket) -> object:
    try:
        return each.getpeername()[:2]
    except OSError:
        return None
