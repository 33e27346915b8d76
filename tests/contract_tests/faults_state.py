"""Faults: what is written and what is read afterwards: updates, projections, public profiles, referrals."""

import copy
import re
import threading
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_support import MARK, PROFILE, PUBLIC, REFERRALS, UPDATE, FindsLike
from tests.contract_tests.reference import UPDATABLE, Answer, Api, RefusalError, Request


class TakenHandles(Api):
    """`like` says which handles are refused because of one that another user holds."""

    def like(self, wanted: str, held: str) -> bool:
        raise NotImplementedError

    def free(self, user: str, handle: str) -> bool:
        others = [
            other["handle"]
            for name, other in self.users.items()
            if name != user and other["handle"]
        ]
        return super().free(user, handle) and not any(self.like(handle, held) for held in others)


class Names(Api):
    """`meant` says which user a name of a path means."""

    def meant(self, name: str) -> str:
        raise NotImplementedError

    def member(self, name: str, container: str) -> bool:
        return super().member(self.meant(name), container)

    def get_public(self, request: Request) -> Answer:
        name = unquote(request.path.split("/")[4], errors="replace")
        answer = super().get_public(request) if name == self.meant(name) else None
        if answer is None and self.member(name, self.container(self.query(request))):
            answer = Answer(200, self.public_view(self.users[self.meant(name)]))
        return answer or super().get_public(request)


@fault("state", "update.seen", UPDATE, law="lasting: an update lasts")
class NotFoundUndoes(Api):
    """A public profile that is not found undoes the reader's last update."""

    def __init__(self) -> None:
        super().__init__()
        self.before: dict[str, dict[str, Any]] = {}

    def apply(self, user: str, body: dict[str, Any]) -> None:
        self.before[user] = dict(self.users[user])
        super().apply(user, body)

    def get_public(self, request: Request) -> Answer:
        try:
            return super().get_public(request)
        except RefusalError:
            if request.user in self.before:
                self.users[request.user] = self.before.pop(request.user)
            raise


@fault("state", "update.partial", UPDATE, law="read: only marking marks")
class FirstHandleLosesReferrals(Api):
    """The first change of a handle empties the user's referrals."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        if body.get("handle", self.users[user]["handle"]) != self.users[user]["handle"]:
            self.referrals[user] = []
        super().apply(user, body)


@fault("state", "update.handle", UPDATE, law="handles: the handles of all users count")
class HandlesOfTheActive(Api):
    """Only handles of users with a session of their own count as taken."""

    def free(self, user: str, handle: str) -> bool:
        return all(
            other["handle"] != handle
            for name, other in self.users.items()
            if name not in (user, "newcomer")
        )


@fault("state", "public.not-found", PUBLIC, law="public: similar names")
class UsersByPattern(FindsLike):
    """`_` and `%` in a username stand for anything."""

    def like(self, asked: str, known: str) -> bool:
        return fnmatchcase(known, asked.replace("_", "?").replace("%", "*"))

    def get_public(self, request: Request) -> Answer:
        name = self.real(unquote(request.path.split("/")[4], errors="replace"), self.users)
        request.path = f"/v1/user/by-id/{name}/public" if name in self.users else request.path
        return super().get_public(request)


@fault("state", "update.handle", UPDATE, law="handles: handles stay with their holder")
class FreedTooEarly(Api):
    """A handle is free once its holder has changed something else."""

    def __init__(self) -> None:
        super().__init__()
        self.freed: set[str] = set()

    def free(self, user: str, handle: str) -> bool:
        return handle in self.freed or super().free(user, handle)

    def apply(self, user: str, body: dict[str, Any]) -> None:
        if "handle" in body:
            self.freed.discard(body["handle"])
        else:
            self.freed.add(self.users[user]["handle"])
        super().apply(user, body)


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


@fault("state", "update.seen", UPDATE, law="update: updates in a row", also="update.partial")
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


@fault("state", "update.partial", UPDATE, law="update: other things stay")
class UpdateUnreads(Api):
    """A new handle makes the user's notifications unread."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, body)
        if "handle" in body:
            self.inbox[user] = [{**item, "read": False} for item in self.inbox[user]]


@fault("state", "read.nothing-else", MARK, law="machine: any calls in any order")
class MarkingUndoes(Api):
    """Mark-read puts the profile back to what it was at the mark-read before."""

    def mark_read(self, request: Request) -> Answer:
        kept = self.__dict__.setdefault("kept", {})
        profile = {name: self.users[request.user][name] for name in UPDATABLE}
        if request.user in kept and kept[request.user]["displayName"] != profile["displayName"]:
            self.apply(request.user, kept.pop(request.user))
        else:
            kept[request.user] = profile
        return super().mark_read(request)


@fault("state", "projection.values", PROFILE, law="projection: every subset")
class AloneIsNull(Api):
    """A date of birth that is asked for alone is null."""

    def project(self, user: dict[str, Any], names: list[str]) -> dict[str, Any]:
        return {"dateOfBirth": None} if names == ["dateOfBirth"] else super().project(user, names)


@fault("state", "public.who", PUBLIC, law="public: members have one", also="public.any-reader")
class PublicNamesTheReader(Api):
    """A public profile carries the reader's username."""

    def get_public(self, request: Request) -> Answer:
        answer = super().get_public(request)
        answer.body["username"] = request.user
        return answer


@fault("state", "public.not-found", PUBLIC, law="public: similar names")
class NamesIgnoreCase(Api):
    """The case of a username does not matter."""

    def get_public(self, request: Request) -> Answer:
        request.path = request.path.lower()
        return super().get_public(request)


@fault("state", "public.not-found", PUBLIC, law="public: unknown names")
class AnyContainer(Api):
    """A public profile is found in any container."""

    def get_public(self, request: Request) -> Answer:
        self.container(self.query(request))
        name = request.path.split("/")[4]
        return (
            Answer(200, self.public_view(self.users[name]))
            if name in self.users
            else super().get_public(request)
        )


@fault("state", "update.handle", UPDATE, law="handles: similar handles are others")
class TakenByPrefix(TakenHandles):
    """A handle is taken if another one begins with it."""

    def like(self, wanted: str, held: str) -> bool:
        return held.startswith(wanted)


@fault("state", "update.handle", UPDATE, law="handles: similar handles are others")
class TakenByPattern(TakenHandles):
    """An underscore in a wanted handle stands for any character."""

    def like(self, wanted: str, held: str) -> bool:
        return re.fullmatch(wanted.replace("_", "."), held) is not None


@fault("state", "update.handle", UPDATE, law="handles: usernames are no handles")
class UsernamesAreTaken(Api):
    """No handle may be another user's username."""

    def free(self, user: str, handle: str) -> bool:
        return super().free(user, handle) and handle not in set(self.users) - {user}


@fault("state", "update.handle", UPDATE, law="handles: ones own handle may come along")
class OwnHandleOnlyAlone(Api):
    """One's own handle is refused where other fields come along."""

    def update_profile(self, request: Request) -> Answer:
        body = self.parse(request)
        if len(body) > 1 and body.get("handle") == self.users[request.user]["handle"]:
            raise self.wrong()
        return super().update_profile(request)


@fault("state", "public.not-found", PUBLIC, law="public: similar names")
class DecodesTwice(Names):
    """A username is percent-decoded twice."""

    def meant(self, name: str) -> str:
        return unquote(name, errors="replace")


@fault("state", "public.not-found", PUBLIC, law="public: similar names")
class NamesEndAtSlashes(Names):
    """A username ends at an encoded slash."""

    def meant(self, name: str) -> str:
        return name.partition("/")[0]


@fault(
    "state", "update.ignored", UPDATE, law="update: unknown keys are not kept", also="answer.shape"
)
class KeepsWhatItDoesNotKnow(Api):
    """Unknown keys of an update are stored, and read by their names."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, body)
        self.users[user] |= {
            name: value for name, value in body.items() if name not in self.users[user]
        }

    def update_profile(self, request: Request) -> Answer:
        answer = super().update_profile(request)
        answer.body = {name: answer.body[name] for name in ("username", *UPDATABLE)}
        return answer

    def asked(self, request: Request) -> list[str]:
        names = self.query(request).get("fields", [])
        return (
            names
            if names and all(name in self.users[request.user] for name in names)
            else super().asked(request)
        )


@fault("state", "update.ignored", UPDATE, law="update: unknown keys are not kept")
class JoinsContainers(Api):
    """`containers` in an update makes the user a member of them."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, body)
        for name in body.get("containers") or ():
            self.containers.setdefault(name, set()).add(user)


@fault("state", "update.handle", UPDATE, law="handles: handles stay with their holder")
class ReservedByRefused(Api):
    """A refused update reserves the handle that it asked for."""

    def check(self, body: dict[str, Any]) -> None:
        reserved: set[str] = self.__dict__.setdefault("reserved", set())
        try:
            super().check(body)
        except RefusalError:
            reserved.add(str(body.get("handle")))
            raise

    def free(self, user: str, handle: str) -> bool:
        return handle not in self.__dict__.get("reserved", ()) and super().free(user, handle)


@fault("state", "update.seen", UPDATE, law="update: partial")
class BiographyIsForgotten(Api):
    """An update answers the new biography and does not keep it."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, {name: value for name, value in body.items() if name != "biography"})


@fault(
    "state", "update.seen", UPDATE, law="update: partial", also="update.answer update.idempotent"
)
class OneInSevenForgotten(Api):
    """One in seven updates is not kept."""

    def update_profile(self, request: Request) -> Answer:
        before = self.users[request.user]
        answer = super().update_profile(request)
        if request.number % 7 == 0:
            self.users[request.user] = before
        return answer


@fault("state", "update.partial", UPDATE, law="update: partial")
class UpdateReplaces(Api):
    """Fields that are not sent become null."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        self.users[user] = {**self.users[user], **dict.fromkeys(UPDATABLE)}
        super().apply(user, body)


@fault("state", "update.partial", UPDATE, law="update: partial")
class BirthClearsBiography(Api):
    """A new date of birth empties the biography."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, {"biography": "", **body} if "dateOfBirth" in body else body)


@fault("state", "update.all-or-nothing", UPDATE, law="bounds: past the bound")
class HalfAnUpdate(Api):
    """The fields before the first wrong one are kept."""

    def update_profile(self, request: Request) -> Answer:
        body = self.parse(request)
        for name, value in body.items():
            if name in UPDATABLE:
                self.check({name: value})
                if name != "handle" or self.free(request.user, value):
                    self.apply(request.user, {name: value})
        return super().update_profile(request)


@fault("state", "update.all-or-nothing", UPDATE, law="handles: handles are unique")
class TakenHandleHalf(Api):
    """A taken handle is refused after the rest was kept."""

    def update_profile(self, request: Request) -> Answer:
        body = self.parse(request)
        self.check(body)
        self.apply(request.user, {name: value for name, value in body.items() if name != "handle"})
        return super().update_profile(request)


@fault("state", "update.handle", UPDATE, law="handles: handles are unique")
class HandlesAreShared(Api):
    """Two users may hold one handle."""

    def free(self, user: str, handle: str) -> bool:  # noqa: ARG002
        return True


@fault("state", "update.handle", UPDATE, law="handles: handles are unique")
class OwnHandleIsTaken(Api):
    """One's own handle is taken."""

    def free(self, user: str, handle: str) -> bool:
        return super().free(user, handle) and self.users[user]["handle"] != handle


@fault("state", "update.handle", UPDATE, law="handles: handles are unique")
class HandlesAreNeverFreed(Api):
    """A handle that was given up stays taken."""

    def free(self, user: str, handle: str) -> bool:
        held = self.__dict__.setdefault("held", {})
        return super().free(user, handle) and held.setdefault(handle, user) == user


@fault("state", "update.public", UPDATE, law="update: partial")
class PublicLagsBehind(Api):
    """The public profile is one update behind."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        self.__dict__.setdefault("old", {})[user] = self.users[user]
        super().apply(user, body)

    def public_view(self, user: dict[str, Any]) -> dict[str, Any]:
        return super().public_view(self.__dict__.get("old", {}).get(user["username"], user))


@fault("state", "update.idempotent", UPDATE, law="update: partial")
class AgainAppends(Api):
    """The same display name again gets a number."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        again = body.get("displayName") == self.users[user]["displayName"]
        super().apply(
            user,
            {**body, "displayName": body["displayName"] + "2"}
            if again and "displayName" in body
            else body,
        )


@fault("state", "update.answer", UPDATE, law="update: partial")
class AnswersBefore(Api):
    """An update answers the profile as it was before."""

    def update_profile(self, request: Request) -> Answer:
        before = copy.deepcopy(self.users[request.user])
        super().update_profile(request)
        return Answer(200, before)


@fault("state", "update.ignored", UPDATE, law="update: nothing to change")
class UsernameCanChange(Api):
    """An update changes the username."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, body)
        if "username" in body:
            self.users[user]["username"] = body["username"]


@fault("state", "session.no-change", MARK, law="read: only marking marks")
class ExpiredStillMarks(Api):
    """An expired session is refused after it has marked."""

    def authenticate(self, request: Request) -> str:
        if request.handler == "mark_read" and "expired" in request.headers.get("authorization", ""):
            self.mark_read(Request("POST", "", user="ada"))
        return super().authenticate(request)


@fault("state", "referrals.order", REFERRALS, law="referrals: order and total")
class ReferralsOldestFirst(Api):
    """Referrals come oldest first."""

    def list_referrals(self, request: Request) -> Answer:
        answer = super().list_referrals(request)
        answer.body["items"].reverse()
        return answer


@fault("state", "referrals.total", REFERRALS, law="referrals: order and total")
class ReferralsMiscounted(Api):
    """`total` of the referrals is one too many."""

    def list_referrals(self, request: Request) -> Answer:
        answer = super().list_referrals(request)
        answer.body["total"] += 1
        return answer


@fault("state", "public.any-reader", PUBLIC, law="public: members have one")
class PublicHidesFromGrace(Api):
    """One reader does not see biographies."""

    def get_public(self, request: Request) -> Answer:
        answer = super().get_public(request)
        if request.user == "grace":
            answer.body["biography"] = None
        return answer
