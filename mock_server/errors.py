"""Catalogue of the errors of the mock, and the one place that builds their bodies."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple


class Violation(NamedTuple):
    """One way in which a request breaks the contract.

    `where` is `query`, `path`, `header` or `body`; `name` is the parameter's name, or a JSON
    pointer into the body (empty for the whole body); `reason` completes the sentence "the value …".
    """

    where: str
    name: str
    reason: str

    def as_json(self) -> dict[str, str]:
        """Return the `ErrorDetail` of `openapi.yaml`."""
        return {"in": self.where, "name": self.name, "reason": self.reason}


class ApiError(Exception):
    """A reply other than success. Each row of the catalogue has a subclass."""

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

    status = 400
    code = "GENERIC_CLIENT_ERROR"
    message = "Generic client error."


class MethodNotAllowed(ClientError):
    """The path exists, the method does not; `Allow` lists those that do (RFC 9110, 15.5.6)."""

    status = 405
    message = "This path does not answer this method; the Allow header lists those that it does."


class Unauthorized(ApiError):
    """No credentials, a malformed header or an unknown token."""

    status = 401
    code = "GENERIC_UNAUTHORIZED"
    message = "Generic unauthorized access error."


class SessionTokenExpired(Unauthorized):
    """The session token's lifetime is over."""

    code = "SESSION_TOKEN_EXPIRED"
    message = "User session has expired."


class RefreshTokenExpired(Unauthorized):
    """The refresh token's lifetime is over too."""

    code = "REFRESH_TOKEN_EXPIRED"
    message = "Refresh token has expired."


class NotFound(ApiError):
    """It does not exist, or the user may not see it."""

    status = 404
    code = "GENERIC_NOT_FOUND"
    message = "Generic not found."


class Conflict(ApiError):
    """A control call contradicts itself, the contract or the sandbox."""

    status = 409
    code = "GENERIC_CONFLICT"
    message = "It contradicts what there is; the details say how."


class InternalError(ApiError):
    """The mock failed; the cause is in its log and never in its reply."""

    status = 500
    code = "INTERNAL_SERVER_ERROR"
    message = "Internal server error."


def error_body(error: ApiError) -> dict[str, object]:
    """Return the `Error` body of `openapi.yaml`, with `details` only where there are any."""
    body: dict[str, object] = {"code": error.code, "message": error.message}
    if not error.details:
        return body
    if isinstance(error, ClientError):
        places = "1 place" if len(error.details) == 1 else f"{len(error.details)} places"
        body["message"] = f"The request breaks the contract in {places}."
    body["details"] = [violation.as_json() for violation in error.details]
    return body
