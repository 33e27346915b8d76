"""An upstream that lies in every way that there is a name for; the proxy answers each lie in time, and lives on."""

import http.client
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle

import requests

from tests.live import live_proxy
from tests.soak.figures import Figures
from tests.soak.wire import Connection, request

TIMEOUT = 1.0
SLACK = 2.0
"""Seconds that a busy machine may take on top."""
FINE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def _status(number: int) -> bytes:
    return (
        b"HTTP/1.1 %03d Odd\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        % number
    )


def _header(value: bytes) -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\nX-Odd: a"
        + value
        + b"b\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )


def lies() -> dict[str, bytes]:
    """Return each lie by its name."""
    found = {f"status {number:03d}": _status(number) for number in range(1000)}
    found |= {
        f"0x{octet:02x} in a header": _header(bytes([octet]))
        for octet in range(256)
        if octet not in {10, 13}
    }
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    lengths = (
        b"-1",
        b"99",
        b"1",
        b"x",
        b"9" * 400,
        b"2, 3",
        b"0x2",
        b"+2",
        b" ",
        b"2\r\nContent-Length: 3",
    )
    found |= {
        f"length {length[:20]!r}": head + b"Content-Length: " + length + b"\r\n\r\n{}"
        for length in lengths
    }
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    sizes = (b"x", b"-1", b"f" * 20, b"2;a=b", b"2;" + b"a" * 100_000, b"", b"00002", b"2 ")
    found |= {
        f"chunk size {size[:20]!r}": chunked + size + b"\r\n{}\r\n0\r\n\r\n" for size in sizes
    }
    return found | {
        "no answer": b"",
        "nonsense": b"\x00\x01\x02\x03\r\n\r\n",
        "half a status line": b"HTTP/1.1 2",
        "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/0.9": b"<html>hello</html>",
        "HTTP/3.7": FINE.replace(b"1.1", b"3.7"),
        "length and chunks": head
        + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "a header of 1 MiB": head + b"X-Long: " + b"a" * 2**20 + b"\r\nContent-Length: 2\r\n\r\n{}",
        "10,000 headers": head
        + b"".join(b"X-%d: a\r\n" % n for n in range(10_000))
        + b"Content-Length: 2\r\n\r\n{}",
        "a folded header": head + b"X-Fold: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
        "a header without a name": head + b": a\r\nContent-Length: 2\r\n\r\n{}",
        "a blank before the colon": head + b"X-Odd : a\r\nContent-Length: 2\r\n\r\n{}",
        "continue without end": b"HTTP/1.1 100 Continue\r\n\r\n" * 5000,
        "early hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + FINE,
        "another protocol is chosen": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "gzip that is none": FINE.replace(
            b"Content-Type", b"Content-Encoding: gzip\r\nContent-Type"
        ),
        "two answers": FINE + FINE,
        "our own headers": FINE.replace(
            b"Content-Type", b"X-Contract-Violations: 0\r\nX-Mock-Sandbox: a\r\nContent-Type"
        ),
    }


class Liar(threading.Thread):
    """Answers each connection's requests with the lie that is set."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.lie = FINE
        self.drip: tuple[bytes, bytes] | None = None

    def run(self) -> None:
        """Accept until the socket is closed."""
        with suppress(OSError):
            while True:
                threading.Thread(
                    target=self._answer, args=(self._server.accept()[0],), daemon=True
                ).start()

    def _answer(self, client: socket.socket) -> None:
        with suppress(OSError), client:
            client.recv(65536)
            if self.drip is None:
                client.sendall(self.lie)
                client.shutdown(socket.SHUT_WR)
                return
            start, piece = self.drip
            client.sendall(start)
            for octet in cycle(piece):
                client.sendall(bytes([octet]))
                time.sleep(0.05)

    def close(self) -> None:
        """Stop accepting."""
        self._server.close()


@contextmanager
def liar() -> Iterator[Liar]:
    """Run one."""
    running = Liar()
    running.start()
    try:
        yield running
    finally:
        running.close()


def lie(_seconds: float, _seed: int) -> Figures:
    """Tell the proxy every lie, and ask after each whether it is well."""
    groups: Counter[str] = Counter()
    slowest = 0.0
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    drips = {
        "a head that drips": (b"HTTP/1.1 200 OK\r\nX: ", b"a"),
        "headers without end": (head, b"X: a\r\n"),
        "a chunk extension without end": (chunked + b"2;", b"a"),
        "trailers without end": (chunked + b"0\r\n", b"X: a\r\n"),
    }
    with (
        liar() as upstream,
        live_proxy(upstream.url, "--quiet", "--timeout", str(TIMEOUT)) as proxy,
    ):
        told = {name: (raw, None) for name, raw in lies().items()} | {
            name: (b"", drip) for name, drip in drips.items()
        }
        for name, (upstream.lie, upstream.drip) in told.items():
            began = time.monotonic()
            status = _ask(proxy.url, name)
            took = time.monotonic() - began
            slowest = max(slowest, took)
            group = f"{status // 100}xx" if status else "cut"
            groups[group] += 1
            assert took < TIMEOUT + SLACK, f"{name}: answered after {took:.1f} s"
            assert status == 0 or status >= 200, f"{name}: {status}"
            assert status != 500 or name == "status 500", f"{name}: the proxy failed"
            assert proxy.process.poll() is None, f"{name}: the proxy is gone"
        entries = requests.get(f"{proxy.url}/__mock/requests?limit=100000", timeout=20).json()[
            "requests"
        ]
    assert len(entries) >= min(len(told), 1000), f"{len(entries)} of {len(told)} are in the journal"
    answers = ", ".join(f"{count} x {group}" for group, count in sorted(groups.items()))
    return {"lies": len(told), "answers": answers, "slowest": f"{slowest:.1f} s"}


def _ask(url: str, name: str) -> int:
    """Return the status of the answer, 0 where it was cut within its body."""
    connection = Connection(url, TIMEOUT + 10)
    raw = request(
        "GET", "/v1/user/referrals", connection.host, [("Authorization", "Bearer a")], None
    )
    try:
        return connection.send("GET", raw).status
    except TimeoutError as error:
        raise AssertionError(f"{name}: no answer at all") from error
    except (ConnectionError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
