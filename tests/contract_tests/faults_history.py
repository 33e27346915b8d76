"""Faults that show only after certain calls in a row, or on another connection."""

import copy
import threading
from typing import Any

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_answers import PROFILE, UPDATE
from tests.contract_tests.reference import Answer, Api, RefusalError, Request


@fault("state", "update.seen", UPDATE, law="update: updates in a row")
class SecondInARowIsLost(Api):
    """Of two updates of the biography with no other call between, the second is answered but not kept."""

    last = ""

    def operate(self, request: Request) -> Answer:
        again = self.last == request.handler == "update_profile" and b"biography" in request.body
        self.last, before = request.handler, dict(self.users[request.user])
        answer = super().operate(request)
        if again:
            self.users[request.user] = before
        return answer


@fault("state", "update.seen", UPDATE, law="update: updates in a row")
class RollsBackAfterReads(Api):
    """The 41st read of a profile after an update undoes it."""

    def __init__(self) -> None:
        super().__init__()
        self.before: dict[str, dict[str, Any]] = {}
        self.reads = dict.fromkeys(self.users, 0)

    def apply(self, user: str, body: dict[str, Any]) -> None:
        self.before[user], self.reads[user] = dict(self.users[user]), 0
        super().apply(user, body)

    def get_profile(self, request: Request) -> Answer:
        self.reads[request.user] += 1
        if self.reads[request.user] == 41 and request.user in self.before:
            self.users[request.user] = self.before.pop(request.user)
        return super().get_profile(request)


@fault("state", "update.seen", UPDATE, law="update: updates in a row")
class NewConnectionsAreOld(Api):
    """The first read on a new connection is answered as at the start of the server."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.here = copy.deepcopy(self.users), threading.local()

    def get_profile(self, request: Request) -> Answer:
        known, self.here.known = getattr(self.here, "known", False), True
        return (
            super().get_profile(request)
            if known
            else Answer(200, self.project(self.first[request.user], self.asked(request)))
        )


@fault("state", "update.public", UPDATE, law="update: partial")
class PublicCacheOfEachReader(Api):
    """Public profiles are kept for each reader, and an update clears only those of its writer."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, dict[str, Answer]] = {name: {} for name in self.users}

    def apply(self, user: str, body: dict[str, Any]) -> None:
        self.kept[user].clear()
        super().apply(user, body)

    def get_public(self, request: Request) -> Answer:
        place = f"{request.path}?{request.query}"
        if place not in self.kept[request.user]:
            self.kept[request.user][place] = super().get_public(request)
        return copy.deepcopy(self.kept[request.user][place])


@fault("state", "update.all-or-nothing", UPDATE, law="bounds: past the bound")
class KeepsHalfADate(Api):
    """Of a date of birth with a wrong day, year and month are kept."""

    def update_profile(self, request: Request) -> Answer:
        try:
            return super().update_profile(request)
        except RefusalError:
            self.keep(request.user, self.parse(request).get("dateOfBirth"))
            raise

    def keep(self, user: str, birth: Any) -> None:
        old = self.users[user]["dateOfBirth"]
        if (
            isinstance(birth, dict)
            and old
            and all(self.good_part(birth, part) for part in ("year", "month"))
        ):
            self.users[user] = {
                **self.users[user],
                "dateOfBirth": {**old, "year": birth["year"], "month": birth["month"]},
            }


@fault("state", "update.partial", UPDATE, law="update: partial")
class WritesBackWhatWas(Api):
    """An update of the display name alone brings back the biography before the last one."""

    def __init__(self) -> None:
        super().__init__()
        self.before = {name: user["biography"] for name, user in self.users.items()}

    def apply(self, user: str, body: dict[str, Any]) -> None:
        if "biography" in body:
            self.before[user] = self.users[user]["biography"]
        super().apply(
            user,
            {**body, "biography": self.before[user]} if list(body) == ["displayName"] else body,
        )


@fault("state", "update.partial", UPDATE, law="update: an empty text stays empty")
class NameFillsBiography(Api):
    """A new display name is also the biography where that is empty."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        filled = (
            "displayName" in body
            and "biography" not in body
            and self.users[user]["biography"] == ""
        )
        super().apply(user, {**body, "biography": body["displayName"]} if filled else body)


@fault("schema", "input.bounds", PROFILE, law="projection: a wrong list is refused")
class EmptyNamesAreIgnored(Api):
    """An empty name among the fields is ignored."""

    def asked(self, request: Request) -> list[str]:
        request.query = request.query.removesuffix("&fields=")
        return super().asked(request)
