"""Plays a staging environment as a process of its own: TLS, behind a prefix, slow, with a limit of calls, and mortal.

`python -m tests.contract_tests.staging FOLDER SETTINGS` prints its base URL, and writes each method and path into
FOLDER/calls.
"""

import json
import os
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.contract_tests.reference import Answer, Api, Request
from tests.contract_tests.serving import Handler, Quiet

PREFIX = "/team/api"


class Staging(Api):
    """`latency` in seconds, `burst` calls at once of which `rate` a second come back, dead after `mortal` calls."""

    def __init__(
        self, calls: Path, latency: float = 0.0, burst: int = 0, rate: float = 0.0, mortal: int = 0
    ) -> None:
        super().__init__()
        self.users["ada"]["handle"] = "real_ada"
        self.calls, self.latency, self.burst, self.rate, self.mortal = (
            calls,
            latency,
            burst,
            rate,
            mortal,
        )
        self.left, self.last, self.turn = float(burst), time.monotonic(), threading.Lock()

    def __call__(self, request: Request) -> Answer:
        with self.turn, self.calls.open("a") as file:
            now = time.monotonic()
            self.left = min(self.burst, self.left + (now - self.last) * self.rate)
            self.last = now
            tired = self.burst and self.left < 1
            self.left -= not tired
            file.write(f"{'TIRED' if tired else request.method} {request.path}\n")
            self.mortal -= 1
            if self.mortal == 0:
                file.flush()
                os._exit(1)
        if tired:
            return Answer(429, None, {"Retry-After": "1"})
        time.sleep(self.latency)
        if not request.path.startswith(PREFIX):
            return Answer(404, {"code": "GENERIC_NOT_FOUND", "message": "This is the gateway."})
        request.path = request.path.removeprefix(PREFIX)
        return super().__call__(request)


def main(folder: Path, settings: dict[str, Any]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    handler = type("BoundHandler", (Handler,), {"api": Staging(folder / "calls", **settings)})
    server = Quiet(("0.0.0.0", 0), handler)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    sys.stdout.write(f"https://0.0.0.0:{server.server_address[1]}{PREFIX}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
