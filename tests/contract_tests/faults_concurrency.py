"""Faults: calls at the same time, and answers that are wrong now and then."""

import time
from typing import Any

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_support import LIST, PROFILE, PUBLIC, REFERRALS, UPDATE
from tests.contract_tests.reference import BIRTH, UPDATABLE, Answer, Api, RefusalError, Request


@fault("flaky", "http.same-answer", REFERRALS, law="steady: the same again")
class OneInSevenEmpty(Api):
    """One in seven lists of referrals is empty."""

    def list_referrals(self, request: Request) -> Answer:
        answer = super().list_referrals(request)
        return answer if request.number % 7 else Answer(200, {"items": [], "total": 0})


@fault("flaky", "http.same-answer", PUBLIC, law="steady: the same again")
class OneInSevenNotFound(Api):
    """One in seven public profiles is not found."""

    def get_public(self, request: Request) -> Answer:
        if request.number % 7 == 0:
            raise RefusalError(404, "GENERIC_NOT_FOUND")
        return super().get_public(request)


@fault("flaky", "http.same-answer", PROFILE, law="steady: the same again")
class OneInSevenNull(Api):
    """One in seven profiles has no biography."""

    def get_profile(self, request: Request) -> Answer:
        answer = super().get_profile(request)
        if request.number % 7 == 0 and "biography" in answer.body:
            answer.body["biography"] = None
        return answer


@fault("flaky", "session.valid", LIST, law="pages", also="pages.total")
class OneInSevenUnauthorized(Api):
    """One in seven lists is refused although the session is valid."""

    def list_notifications(self, request: Request) -> Answer:
        if request.number % 7 == 0:
            raise RefusalError(401, "GENERIC_UNAUTHORIZED", {"WWW-Authenticate": "Bearer"})
        return super().list_notifications(request)


@fault("concurrency", "concurrent.readers", PUBLIC, law="concurrency: readers see whole states")
class GoneDuringUpdate(Api):
    """While an update is at work the public profile is not found."""

    def __init__(self) -> None:
        super().__init__()
        self.at_work: set[str] = set()

    def apply(self, user: str, body: dict[str, Any]) -> None:
        self.at_work.add(user)
        time.sleep(0.003)
        super().apply(user, body)
        self.at_work.discard(user)

    def member(self, name: str, container: str) -> bool:
        return name not in self.at_work and super().member(name, container)


@fault("concurrency", "concurrent.readers", PROFILE, law="concurrency: readers see whole states")
class NullDuringUpdate(Api):
    """While an update is at work the fields that it changes are read as null."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        before = self.users[user]
        self.users[user] = {
            **before,
            **{name: None for name in body if name in UPDATABLE and name != "handle"},
        }
        time.sleep(0.003)
        super().apply(user, {**before, **body})

    def get_profile(self, request: Request) -> Answer:
        return Answer(200, self.project(self.users[request.user], self.asked(request)))


@fault("concurrency", "input.accepted", UPDATE, law="concurrency: different fields survive")
class RefusesTheSecond(Api):
    """An update is refused while another of the same user is at work."""

    def __init__(self) -> None:
        super().__init__()
        self.busy: set[str] = set()

    def update_profile(self, request: Request) -> Answer:
        if request.user in self.busy:
            raise self.wrong()
        self.busy.add(request.user)
        time.sleep(0.002)
        try:
            return super().update_profile(request)
        finally:
            self.busy.discard(request.user)


@fault("concurrency", "concurrent.readers", PROFILE, law="concurrency: a date is read whole")
class TornDate(Api):
    """A date of birth is written part by part, and readers do not wait."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        old = self.users[user]["dateOfBirth"]
        if set(body) != {"dateOfBirth"} or not old:
            return super().apply(user, body)
        for part in BIRTH:
            super().apply(
                user,
                {
                    "dateOfBirth": {
                        **self.users[user]["dateOfBirth"],
                        part: body["dateOfBirth"][part],
                    }
                },
            )
            time.sleep(0.0005)
        return None

    def get_profile(self, request: Request) -> Answer:
        return Answer(200, self.project(self.users[request.user], self.asked(request)))


@fault("concurrency", "concurrent.readers", PUBLIC, law="concurrency: readers see whole states")
class PublicTorn(Api):
    """What a public profile shows is copied field by field, while readers read."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, body)
        shown = self.__dict__.setdefault("shown", {})
        for name in UPDATABLE:
            shown.setdefault(user, dict(self.users[user]))[name] = self.users[user][name]
            time.sleep(0.0005)

    def public_view(self, user: dict[str, Any]) -> dict[str, Any]:
        return super().public_view(self.__dict__.get("shown", {}).get(user["username"], user))


@fault("concurrency", "concurrent.updates", UPDATE, law="concurrency: marking loses no update")
class MarkingWritesTheUser(Api):
    """Mark-read reads the whole user, waits, and writes it back."""

    def mark_read(self, request: Request) -> Answer:
        before = dict(self.users[request.user])
        time.sleep(0.003)
        answer = super().mark_read(request)
        self.users[request.user] = before
        return answer


@fault("concurrency", "concurrent.updates", UPDATE, law="concurrency: different fields survive")
class LostUpdate(Api):
    """An update writes back the whole profile that it read a moment ago."""

    def update_profile(self, request: Request) -> Answer:
        body = self.parse(request)
        self.check(body)
        read = dict(self.users[request.user])
        time.sleep(0.002)
        self.users[request.user] = {
            **read,
            **{name: self.stored(name, body[name]) for name in UPDATABLE if name in body},
        }
        return Answer(200, dict(self.users[request.user]))


@fault("concurrency", "concurrent.readers", PROFILE, law="concurrency: readers see whole states")
class TornUpdate(Api):
    """An update writes one field after the other, and readers do not wait."""

    def update_profile(self, request: Request) -> Answer:
        body = self.parse(request)
        self.check(body)
        for name in UPDATABLE:
            if name in body:
                self.users[request.user] = {
                    **self.users[request.user],
                    name: self.stored(name, body[name]),
                }
                time.sleep(0.002)
        return Answer(200, dict(self.users[request.user]))
