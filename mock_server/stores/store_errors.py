"""What can be wrong with a shared store."""

from mock_server.errors import ApiError


class StoreError(Exception):
    """The store does not do what it should; the text completes the sentence "the store …"."""


class StoreUrlError(Exception):
    """The URL does not name a store that can be used."""


class UnavailableError(ApiError):
    """The store cannot be used now.

    The contract lists no 503: it says what the API answers, and here nobody can know what it would.
    The body is the contract's `Error` with the code of a failure that is not the client's.
    """

    status = 503
    code = "INTERNAL_SERVER_ERROR"

    def __init__(self, reason: StoreError) -> None:
        self.message = f"The store that the mock's processes share {reason}."  # type: ignore[misc]
        super().__init__(headers={"Retry-After": "1", "Cache-Control": "no-store"})
