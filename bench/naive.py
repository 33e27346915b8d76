"""The floor: openapi-core validates each request the way its documentation shows, behind bare Flask on the same server."""

import sys
from pathlib import Path

from flask import Flask, request
from granian import Granian
from granian.constants import Interfaces
from openapi_core import OpenAPI
from openapi_core.contrib.flask import FlaskOpenAPIRequest

openapi = OpenAPI.from_file_path(str(Path(__file__).parent.parent / "openapi.yaml"))
app = Flask(__name__)


@app.get("/v1/user/profile")
def get_profile() -> dict[str, str]:
    openapi.unmarshal_request(FlaskOpenAPIRequest(request))
    return {"displayName": "Ada Lovelace", "handle": "ada"}


if __name__ == "__main__":
    Granian(
        "naive:app",
        port=int(sys.argv[1]),
        interface=Interfaces.WSGI,
        blocking_threads=1,
        working_dir=Path(__file__).parent,
    ).serve()
