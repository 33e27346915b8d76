"""What faults of several families are made from."""

from typing import Any

from tests.contract_tests.reference import Api

PROFILE, PUBLIC, UPDATE = "getProfile", "getPublicProfile", "updateProfile"
REFERRALS, LIST, MARK = "listReferrals", "listNotifications", "markNotificationsRead"

Items = list[dict[str, Any]]


class FindsLike(Api):
    """Names match as `like` says."""

    def like(self, asked: str, known: str) -> bool:
        raise NotImplementedError

    def real(self, asked: str, names: Any) -> str:
        return next((name for name in names if self.like(asked, name)), asked)
