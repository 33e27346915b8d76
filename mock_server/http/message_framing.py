"""HTTP as it is (RFC 9112): what makes a message no request at all, whatever it is about."""

from mock_server.errors import ApiError, Violation

CLOSE = {"Connection": "close"}
BODY_BROKEN = (
    "did not arrive whole: the connection ended, or its chunks are not as RFC 9112 (7.1) has them"
)


class BadRequestError(ApiError):
    """The message is not what HTTP calls a request."""

    status = 400
    code = "GENERIC_CLIENT_ERROR"
    message = "This is not a request as HTTP/1.1 has it (RFC 9112); the details say why."


class BodyTimeoutError(ApiError):
    """The body did not come in time (RFC 9110, 15.5.9)."""

    status = 408
    code = "GENERIC_CLIENT_ERROR"
    message = "The body of the request did not arrive in time."


def fault_of(
    path: str,
    version: str,
    host: str | None,
    transfer_encoding: str | None,
) -> BadRequestError | None:
    """Return what is wrong with a message, `None` where nothing is.

    Headers that came twice are joined by commas, and one that did not come is `None`. The server
    hands over an empty `Host` where there is none.
    """
    if not path:
        reason = "must begin with a slash: a server is asked for a path, not for a host"
        return _fault("path", "", reason)
    if not host and version == "1.1":
        return _fault("header", "Host", "must be there and name a host")
    if host is not None and "," in host:
        return _fault("header", "Host", "must be given once")
    if transfer_encoding is not None and transfer_encoding.strip().lower() != "chunked":
        reason = "must be chunked alone: no other coding is known here"
        return _fault("header", "Transfer-Encoding", reason)
    return None


def _fault(where: str, name: str, reason: str) -> BadRequestError:
    return BadRequestError([Violation(where, name, reason)], CLOSE)


def broken_body() -> BadRequestError:
    """Return that a body ended before its end."""
    return _fault("body", "", BODY_BROKEN)


def encoded(coding: str) -> Violation | None:
    """Return that a body is compressed, `None` where it is not.

    The contract documents no content coding (RFC 9110, 8.4), so that none is taken off.
    """
    if coding.strip().lower() in {"", "identity"}:
        return None
    shown = repr(coding[:40])
    reason = f"must be sent as it is: Content-Encoding {shown} is not supported, leave it out"
    return Violation("body", "", reason)
