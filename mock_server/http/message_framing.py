"""HTTP as it is (RFC 9112): what makes a message no request at all, whatever it is about."""

from mock_server.errors import ApiError, Violation

CLOSE = {"Connection": "close"}
BODY_BROKEN = (
    "did not arrive whole: the connection ended, or its chunks are not as RFC 9112 (7.1) has them"
)


class BadRequestError(ApiError):
    """The message is not what HTTP calls a request."""

    status, code = 400, "GENERIC_CLIENT_ERROR"
    message = "This is not a request as HTTP/1.1 has it (RFC 9112); the details say why."


class BodyTimeoutError(ApiError):
    """The body did not come in time (RFC 9110, 15.5.9)."""

    status, code, message = (
        408,
        "GENERIC_CLIENT_ERROR",
        "The body of the request did not arrive in time.",
    )


def fault_of(
    path: str, version: str, host: str | None, transfer_encoding: str | None
) -> BadRequestError | None:
    """Return what is wrong with a message; headers that came twice are joined by commas, `None` is one that is not there.

    The server hands over an empty `Host` where there is none.
    """
    if not path:
        reason = Violation(
            "path", "", "must begin with a slash: a server is asked for a path, not for a host"
        )
    elif not host and version == "1.1":
        reason = Violation("header", "Host", "must be there and name a host")
    elif host is not None and "," in host:
        reason = Violation("header", "Host", "must be given once")
    elif transfer_encoding is not None and transfer_encoding.strip().lower() != "chunked":
        reason = Violation(
            "header", "Transfer-Encoding", "must be chunked alone: no other coding is known here"
        )
    else:
        return None
    return BadRequestError([reason], CLOSE)


def broken_body() -> BadRequestError:
    """Return that a body ended before its end."""
    return BadRequestError([Violation("body", "", BODY_BROKEN)], CLOSE)


def encoded(coding: str) -> Violation | None:
    """Return that a body is compressed; the contract documents no content coding (RFC 9110, 8.4), so none is taken off."""
    if coding.strip().lower() in {"", "identity"}:
        return None
    return Violation(
        "body",
        "",
        f"must be sent as it is: Content-Encoding {coding[:40]!r} is not supported, leave it out",
    )
