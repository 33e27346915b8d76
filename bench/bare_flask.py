"""The ceiling of Flask: one bare route on the server that the mock uses, without contract, state or journal."""

import asyncio
import io
import sys
from typing import Any

from flask import Flask
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

app = Flask(__name__)

BASE = {
    "SCRIPT_NAME": "",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.url_scheme": "http",
    "wsgi.errors": sys.stderr,
}


@app.get("/v1/user/profile")
def get_profile() -> dict[str, str]:
    return {"displayName": "Ada Lovelace", "handle": "ada"}


async def serve(scope: Any, _receive: Any, send: Any) -> None:
    """Serve one request: from an ASGI scope to a WSGI environment, and from Flask's response to ASGI messages."""
    path = scope["path"]
    environ = {
        **BASE,
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": path,
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "wsgi.input": io.BytesIO(),
    }
    for name, value in scope["headers"]:
        key = "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
        environ[key] = value.decode("latin-1")
    with app.request_context(environ):
        response = app.full_dispatch_request()
    headers = [
        (name.lower().encode(), value.encode("latin-1")) for name, value in response.headers.items()
    ]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.get_data(), "more_body": False})


server = Server(
    serve,
    port=int(sys.argv[1]),
    interface=Interfaces.ASGINL,
    http=HTTPModes.http1,
    websockets=False,
    backpressure=65_536,
    log_level=LogLevels.error,
)
asyncio.run(server.serve())
