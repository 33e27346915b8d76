"""Serves an `Api` over HTTP/1.1 with kept connections; variants change how answers are written, not what they say."""

import gzip
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.contract_tests.reference import Answer, Api, Request


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for head and body
    disable_nagle_algorithm = True
    api: Api
    style: frozenset[str] = frozenset()
    fields: dict[str, str]
    raw_requestline: bytes

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def parse_request(self) -> bool:
        """Read what the gate sends: the standard library reads headers as those of an e-mail, which takes half of the time."""
        self.command, self.path, self.request_version = self.raw_requestline.decode(
            "latin-1"
        ).split()
        lines = iter(self.rfile.readline, b"\r\n")
        pairs = (line.decode("latin-1").partition(":") for line in lines)
        self.fields = {name.lower(): value.strip() for name, _, value in pairs}
        self.close_connection = self.fields.get("connection") == "close"
        return True

    def answer(self) -> None:
        path, _, query = self.path.partition("?")
        headers = self.fields
        body = self.rfile.read(int(headers.get("content-length") or 0))
        if "slow" in self.style:
            time.sleep(0.002)
        answer = self.api(Request(self.command, path, query, headers, body))
        self.write(answer)

    # Named by the base class.
    do_GET = do_HEAD = do_OPTIONS = do_TRACE = do_QUERY = answer  # noqa: N815
    do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def write(self, answer: Answer) -> None:
        headers = dict(answer.headers)
        if answer.status == -1:  # hang up without a word
            self.close_connection = True
            return
        body = answer.raw if answer.raw is not None else self.encoded(answer, headers)
        if "gzip" in self.style and body:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        if "early-hints" in self.style:
            self.send_response_only(103)
            self.end_headers()
        self.send_response_only(answer.status)
        if "chunked" in self.style and body and self.command != "HEAD":
            headers["Transfer-Encoding"] = "chunked"
            body = (
                b"".join(
                    b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:]) if part
                )
                + b"0\r\n\r\n"
            )
        elif answer.status != 204:
            headers.setdefault("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.lower() if "lower-headers" in self.style else name, value)
        if "extra-headers" in self.style:
            self.send_header("X-Request-Id", f"{random.random()}")
            self.send_header("Date", self.date_time_string())
            self.send_header("ETag", f'"{random.random()}"')
        if "close" in self.style:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD" or "body-on-head" in self.style:
            self.wfile.write(body)

    def encoded(self, answer: Answer, headers: dict[str, str]) -> bytes:
        if answer.body is None:
            return b""
        kind = "application/json; charset=utf-8" if "charset" in self.style else "application/json"
        headers.setdefault(
            "Content-Type", "Application/JSON" if "media-case" in self.style else kind
        )
        if "ascii" in self.style:
            return json.dumps(answer.body, indent=2).encode()
        return json.dumps(answer.body, ensure_ascii=False).encode("utf-8", "surrogatepass")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by the base class
        pass


class Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextmanager
def serving(api: Api, style: frozenset[str] = frozenset()) -> Iterator[str]:
    """Serve until the block ends; answers the base URL."""
    handler = type("BoundHandler", (Handler,), {"api": api, "style": style})
    server = Quiet(("127.0.0.1", 0), handler)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
