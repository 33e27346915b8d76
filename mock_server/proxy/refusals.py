"""Replies of the proxy itself, in place of the upstream's: the contract's shape of an error."""

from collections.abc import Sequence
from typing import NamedTuple

from mock_server.errors import ApiError, error_body
from mock_server.http.replies import to_json
from mock_server.proxy.judging.proxy_findings import DOCUMENTED, HEADER, Finding, header_value
from mock_server.proxy.messages.end_to_end_headers import Headers
from mock_server.proxy.upstream.upstream_client import TroubleError


class Refusal(NamedTuple):
    """Status, headers of its own, and body."""

    status: int
    headers: Headers
    body: bytes


def forbidden(findings: Sequence[Finding], side: str, url: str) -> Refusal | None:
    """Return the error for what breaks the documented view on one side, `None` if nothing does."""
    broken = [
        finding for finding in findings if finding.view == DOCUMENTED and finding.side == side
    ]
    if not broken:
        return None
    status = 400
    code = "GENERIC_CLIENT_ERROR"
    what = "The request"
    if side == "answer":
        status = 502
        code = "INTERNAL_SERVER_ERROR"
        what = f"The answer of the upstream {url}"
    places = "1 place" if len(broken) == 1 else f"{len(broken)} places"
    message = f"{what} breaks the documented contract in {places}."
    details = [finding.as_violation().as_json() for finding in broken]
    body = to_json({"code": code, "message": message, "details": details})
    return Refusal(status, [(HEADER, header_value(findings))], body)


def no_answer(trouble: TroubleError) -> Refusal:
    """Return the reply where the upstream gave none; a header tells the cause (RFC 9209)."""
    body = to_json({"code": "INTERNAL_SERVER_ERROR", "message": str(trouble)})
    proxy_status = f"mock-server; error={trouble.kind}".encode()
    return Refusal(trouble.status, [(b"proxy-status", proxy_status)], body)


def refused(error: ApiError) -> Refusal:
    """Return the reply that an error of the catalogue stands for."""
    headers = [
        (name.lower().encode(), value.encode("latin-1")) for name, value in error.headers.items()
    ]
    return Refusal(error.status, headers, to_json(error_body(error)))
