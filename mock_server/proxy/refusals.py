"""What the proxy answers in the upstream's stead, in the contract's shape of an error."""

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
    """Return the error for what the documented view forbids of one side (`--errors`); `None` where there is nothing."""
    wrong = [finding for finding in findings if finding.view == DOCUMENTED and finding.side == side]
    if not wrong:
        return None
    status, code, what = 400, "GENERIC_CLIENT_ERROR", "The request"
    if side == "answer":
        status, code, what = 502, "INTERNAL_SERVER_ERROR", f"The answer of the upstream {url}"
    places = "1 place" if len(wrong) == 1 else f"{len(wrong)} places"
    message = f"{what} breaks the documented contract in {places}."
    details = [finding.as_violation().as_json() for finding in wrong]
    body = to_json({"code": code, "message": message, "details": details})
    return Refusal(status, [(HEADER, header_value(findings))], body)


def no_answer(trouble: TroubleError) -> Refusal:
    """Return the reply that there is no answer; RFC 9209 has a header for who says so."""
    body = to_json({"code": "INTERNAL_SERVER_ERROR", "message": str(trouble)})
    return Refusal(
        trouble.status, [(b"proxy-status", f"mock-server; error={trouble.kind}".encode())], body
    )


def refused(error: ApiError) -> Refusal:
    """Return the answer of an error of the catalogue."""
    headers = [
        (name.lower().encode(), value.encode("latin-1")) for name, value in error.headers.items()
    ]
    return Refusal(error.status, headers, to_json(error_body(error)))
