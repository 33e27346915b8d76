"""Requests to the operations before it is known who asks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from contract_tests.spec.contract import JSON_TYPE

if TYPE_CHECKING:
    from contract_tests.redaction.placeholders import Pairs


@dataclass(frozen=True)
class RequestTemplate:
    """A request to an operation before it is known who asks.

    `body` is JSON, or bytes to be sent as they are.
    """

    operation: str
    query: Pairs = ()
    username: str = ""
    body: object = None
    # None for a body without a type.
    content_type: str | None = JSON_TYPE
    raw_query: str = ""
    raw_username: str = ""
    headers: Pairs = ()
    method: str = ""
    length: bool = True

    def but(self, **changes: Any) -> RequestTemplate:
        """Return the same request with something changed."""
        return replace(self, **changes)


def fields(*names: str) -> RequestTemplate:
    """Ask for fields of the profile."""
    return RequestTemplate("getProfile", query=tuple(("fields", name) for name in names))


def update(body: object) -> RequestTemplate:
    """Ask for a change of the profile."""
    return RequestTemplate("updateProfile", body=body)


def public(username: str, container: str) -> RequestTemplate:
    """Ask for a public profile."""
    return RequestTemplate(
        "getPublicProfile", query=(("containerId", container),), username=username
    )


def notifications(
    container: str,
    page: object = None,
    limit: object = None,
) -> RequestTemplate:
    """Ask for a page of notifications."""
    pairs = (("containerId", container), ("page", page), ("limit", limit))
    # An absent parameter is not an empty one.
    return RequestTemplate(
        "listNotifications",
        query=tuple((name, str(value)) for name, value in pairs if value is not None),
    )


REFERRALS = RequestTemplate("listReferrals")
MARK_READ = RequestTemplate("markNotificationsRead")
