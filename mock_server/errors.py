"""The error catalogue: every error that the mock answers, and the one place that builds an error's body."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple


class Violation(NamedTuple):
    """One way in which a request breaks the contract.

    `where` is `query`, `path`, `header` or `body`; `name` is the parameter's name, or a JSON pointer into the body (empty for
    the whole body); `reason` completes the sentence "the value …".
    """

    where: str
    name: str
    reason: str

    def as_json(self) -> dict[str, str]:
        """Return the `ErrorDetail` of `openapi.yaml`."""
        return {"in": self.where, "name": self.name, "reason": self.reason}


class ApiError(Exception):
    """An answer other than success. One subclass for each row of the catalogue."""

    status: ClassVar[int]
    code: ClassVar[str]
    message: ClassVar[str]

    def __init__(
        self, details: Sequence[Violation] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(self.message)
        self.details = details
        self.headers = headers or {}


class ClientError(ApiError):
    """The request breaks the contract."""

    status, code, message = 400, "GENERIC_CLIENT_ERROR", "Generic client error."


class MethodNotAllowed(ClientError):
    """The path exists, the method does not (RFC 9110, 15.5.6: `Allow` says which do)."""

    status, message = (
        405,
        "This path does not answer this method; the Allow header lists those that it does.",
    )


class Unauthorized(ApiError):
    """No credentials, a malformed header or an unknown token."""

    status, code, message = 401, "GENERIC_UNAUTHORIZED", "Generic unauthorized access error."


class SessionTokenExpired(Unauthorized):
    """The session token's lifetime is over."""

    code, message = "SESSION_TOKEN_EXPIRED", "User session has expired."


class RefreshTokenExpired(Unauthorized):
    """The refresh token's lifetime is over too."""

    code, message = "REFRESH_TOKEN_EXPIRED", "Refresh token has expired."


class NotFound(ApiError):
    """There is no such thing, or the user may not see it."""

    status, code, message = 404, "GENERIC_NOT_FOUND", "Generic not found."


class Conflict(ApiError):
    """What was asked of the control API contradicts itself, the contract or the sandbox."""

    status, code, message = (
        409,
        "GENERIC_CONFLICT",
        "It contradicts what there is; the details say how.",
    )


class InternalError(ApiError):
    """The mock failed; what went wrong is in its log and never in its answer."""

    status, code, message = 500, "INTERNAL_SERVER_ERROR", "Internal server error."


def error_body(error: ApiError) -> dict[str, object]:
    """Build the `Error` body of `openapi.yaml`; `details` only where there are any."""
    body: dict[str, object] = {"code": error.code, "message": error.message}
    if error.details:
        if isinstance(error, ClientError):
            places = "1 place" if len(error.details) == 1 else f"{len(error.details)} places"
            body["message"] = f"The request breaks the contract in {places}."
        body["details"] = [violation.as_json() for violation in error.details]
    return body
