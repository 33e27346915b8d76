"""Broken connections, done for real: the client's socket is found among this process's own.

The server (Granian) hands an application no socket, but the application runs in the server's
process: the file descriptor is there, and a duplicate of it reaches the same connection. It works
wherever `/dev/fd` lists descriptors (Linux, macOS).
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
    """Break a client's connection in one of the ways of `fault` in `control.yaml`.

    Return `False` where the connection cannot be found.
    """
    found = _find(client)
    if found is None:
        return False
    # The client may have gone.
    with found, suppress(OSError):
        if fault == "CONNECTION_RESET_BY_PEER":
            _reset(found)
        else:
            _end(found, fault)
    return True


def _reset(connection: socket.socket) -> None:
    # Closed with nothing to linger for, the kernel sends RST.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # This makes the server close its own descriptor.
    connection.shutdown(socket.SHUT_RD)


def _end(connection: socket.socket, fault: str) -> None:
    headers, body = broken_answer(fault)
    if headers:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        body = f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + body
    if body:
        connection.send(body)
    connection.shutdown(socket.SHUT_RDWR)


def _find(client: tuple[str, int | str]) -> socket.socket | None:
    """Return a duplicate of the socket whose other end is `client`."""
    wanted = client[0], int(client[1])
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - descriptors, not files
        descriptor = int(name)
        # It may have been closed meanwhile.
        with suppress(OSError):
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                continue
            each = socket.socket(fileno=os.dup(descriptor))
            if _peer(each) == wanted:
                return each
            each.close()
    return None


def _peer(each: socket.socket) -> object:
    """Return host and port of the other end, `None` where there is none."""
    try:
        return each.getpeername()[:2]
    except OSError:
        return None
