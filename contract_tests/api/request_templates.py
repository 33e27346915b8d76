"""Requests to the operations before it is known who asks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from contract_tests.spec.contract import JSON_TYPE

if TYPE_CHECKING:
    from contract_tests.redaction.secret_names import Pairs


@dataclass(frozen=True)
class Ask:
    """A request to an operation before it is known who asks; `body` is JSON, or bytes to be sent as they are."""

    operation: str
    query: Pairs = ()
    username: str = ""
    body: object = None
    content_type: str | None = JSON_TYPE
    raw_query: str = ""
    raw_username: str = ""
    headers: Pairs = ()
    method: str = ""
    length: bool = True

    def but(self, **changes: Any) -> Ask:
        """Return the same request with something changed."""
        return replace(self, **changes)


def fields(*names: str) -> Ask:
    """Ask for fields of the profile."""
    return Ask("getProfile", query=tuple(("fields", name) for name in names))


def update(body: object) -> Ask:
    """Ask for a change of the profile."""
    return Ask("updateProfile", body=body)


def public(username: str, container: str) -> Ask:
    """Ask for a public profile."""
    return Ask("getPublicProfile", query=(("containerId", container),), username=username)


def notifications(container: str, page: object = None, limit: object = None) -> Ask:
    """Ask for a page of notifications."""
    pairs = (("containerId", container), ("page", page), ("limit", limit))
    return Ask(
        "listNotifications",
        query=tuple((name, str(value)) for name, value in pairs if value is not None),
    )


REFERRALS = Ask("listReferrals")
MARK_READ = Ask("markNotificationsRead")
