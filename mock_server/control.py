"""What the mock tells of itself, under `/__mock/`."""

import ipaddress

from flask import Blueprint, request

from .answers import Reply, empty_response, json_response
from .errors import ApiError, NotFound
from .journal import Journal


class MisdirectedError(ApiError):
    """The request names another host, as that of a web page does whose name was made to point here (DNS rebinding)."""

    status, code, message = 421, "GENERIC_CLIENT_ERROR", "The control API answers only to localhost and to IP addresses."


def control(journal: Journal, version: str) -> Blueprint:
    """Build the routes of the control API."""
    routes = Blueprint("control", "mock_server", url_prefix="/__mock")

    @routes.before_request
    def local_names_only() -> None:
        if not is_local_name(request.environ.get("HTTP_HOST", "")):
            raise MisdirectedError

    @routes.get("/health")
    def health() -> Reply:
        return json_response(200, {"status": "ok", "version": version})

    @routes.get("/requests")
    def requests() -> Reply:
        return json_response(200, {"requests": journal.newest_first()})

    @routes.delete("/requests")
    def forget() -> Reply:
        journal.entries.clear()
        return empty_response({})

    @routes.route("/<path:rest>")
    def unknown(rest: str) -> Reply:  # noqa: ARG001 - whatever the path is
        raise NotFound

    return routes


def is_local_name(host: str) -> bool:
    """Tell whether a Host header names this machine in a way that no web page can claim for itself."""
    name = host if host.endswith("]") or ":" not in host else host.rpartition(":")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
