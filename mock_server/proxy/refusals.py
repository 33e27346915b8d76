"""Replies of the proxy itself, in place of the upstream's: the contract's shape of an error."""

from collections.abc import Sequence

from mock_server.http.replies import NO_STORE, Reply, json_reply
from mock_server.proxy.judging.contract_violations import (
    DOCUMENTED,
    HEADER,
    ContractViolation,
    header_value,
)
from mock_server.proxy.upstream.upstream_client import UpstreamError


def forbidden(violations: Sequence[ContractViolation], side: str, url: str) -> Reply | None:
    """Return the error for what breaks the documented view on one side, `None` if nothing does."""
    broken = [
        violation
        for violation in violations
        if violation.view == DOCUMENTED and violation.side == side
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
    body = {
        "code": code,
        "message": f"{what} breaks the documented contract in {places}.",
        "details": [violation.as_violation().as_json() for violation in broken],
    }
    return json_reply(status, body, {**NO_STORE, HEADER: header_value(violations)})


def no_answer(error: UpstreamError) -> Reply:
    """Return the reply where the upstream gave none; a header tells the cause (RFC 9209)."""
    body = {"code": "INTERNAL_SERVER_ERROR", "message": str(error)}
    headers = {**NO_STORE, "Proxy-Status": f"mock-server; error={error.kind}"}
    return json_reply(error.status, body, headers)
