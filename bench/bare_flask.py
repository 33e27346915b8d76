"""The ceiling: one bare Flask route in the shell and the server that the mock uses, without contract, state or journal."""

import asyncio
import sys
from typing import Any

from flask import Flask, Response
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from mock_server.server.asgi_app import Shell
from mock_server.world.overrides import NOTHING

app = Flask(__name__)


@app.get("/v1/user/profile")
def get_profile() -> dict[str, str]:
    return {"displayName": "Ada Lovelace", "handle": "ada"}


class Bare:
    """What the shell wants of a core, on Flask as it comes."""

    def answer(self, environ: dict[str, Any]) -> Response:
        with app.request_context(environ):
            response = app.full_dispatch_request()
        response.plan, response.events, response.sent = NOTHING, None, response.get_data()  # type: ignore[attr-defined]
        return response


shell = Shell(Bare(), 1024 * 1024)  # type: ignore[arg-type]
server = Server(
    shell,
    port=int(sys.argv[1]),
    interface=Interfaces.ASGINL,
    http=HTTPModes.http1,
    websockets=False,
    backpressure=65_536,
    log_level=LogLevels.error,
)
asyncio.run(server.serve())
