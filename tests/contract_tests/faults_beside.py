"""Faults that show beside what a call is about: in what another call, another reader or the next answer says."""

import copy
import json
import time
from typing import Any

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_answers import LIST, MARK, PROFILE, PUBLIC, REFERRALS, UPDATE
from tests.contract_tests.reference import UPDATABLE, Answer, Api, RefusalError, Request


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


@fault("read", "read.only-marking", LIST, law="read: only marking marks")
class MarksWhatIsReadTwice(Api):
    """A page that is asked for twice in a row is marked as read."""

    last: tuple[str, str] | None = None

    def list_notifications(self, request: Request) -> Answer:
        this, again = (request.user, request.query), self.last
        answer = super().list_notifications(request)
        self.last = this
        if this == again:
            shown = {item["id"] for item in answer.body["items"]}
            self.inbox[request.user] = [
                {**item, "read": item["read"] or item["id"] in shown}
                for item in self.inbox[request.user]
            ]
        return answer


@fault("read", "read.only-marking", REFERRALS, law="read: only marking marks")
class ReferralsMark(Api):
    """Reading the referrals marks the newest notification as read."""

    def list_referrals(self, request: Request) -> Answer:
        newest = self.chosen(request, "main")[:1]
        for item in self.inbox[request.user]:
            item["read"] = item["read"] or item in newest
        return super().list_referrals(request)


@fault("read", "read.only-marking", PROFILE, law="read: listing marks nothing")
class ProfileMarks(Api):
    """Reading the profile marks everything as read."""

    def get_profile(self, request: Request) -> Answer:
        for item in self.inbox[request.user]:
            item["read"] = True
        return super().get_profile(request)


@fault("read", "read.nothing-else", MARK, law="read: marking again is harmless")
class MarkingToggles(Api):
    """Mark-read where nothing is unread makes everything unread again."""

    def mark_read(self, request: Request) -> Answer:
        mine = self.inbox[request.user]
        if mine and all(item["read"] for item in mine):
            self.inbox[request.user] = [{**item, "read": False} for item in mine]
            return Answer(201)
        return super().mark_read(request)


@fault("state", "update.partial", UPDATE, law="read: only marking marks")
class FirstHandleLosesReferrals(Api):
    """The first change of a handle empties the user's referrals."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        if body.get("handle", self.users[user]["handle"]) != self.users[user]["handle"]:
            self.referrals[user] = []
        super().apply(user, body)


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


@fault("cache", "http.same-answer", PUBLIC, law="steady: a refusal is forgotten")
class NotFoundSticks(Api):
    """Where a user was not found in an unknown container, the next read of that user is 404 too."""

    def __init__(self) -> None:
        super().__init__()
        self.missing: set[str] = set()

    def get_public(self, request: Request) -> Answer:
        if request.path in self.missing:
            self.missing.discard(request.path)
            raise RefusalError(404, "GENERIC_NOT_FOUND")
        try:
            return super().get_public(request)
        except RefusalError as refusal:
            if refusal.status == 404:
                self.missing.add(request.path)
            raise


@fault("cache", "session.isolation", LIST, law="identity: readers in turn")
class NextReaderGetsTheLastPage(Api):
    """A list is kept and given to whoever asks the very same next, if that is another user."""

    kept: tuple[str, str, Any] = ("", "", None)

    def list_notifications(self, request: Request) -> Answer:
        query, user, body = self.kept
        answer = super().list_notifications(request)
        self.kept = (request.query, request.user, copy.deepcopy(answer.body))
        return Answer(200, body) if query == request.query and user != request.user else answer


@fault("auth", "session.isolation", UPDATE, law="session: users have their own profiles")
class PublicBiographyOfTheLast(Api):
    """Every public profile shows the biography that was written last, whoever wrote it."""

    last: str | None = None

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, body)
        self.last = body.get("biography", self.last)

    def public_view(self, user: dict[str, Any]) -> dict[str, Any]:
        shown = super().public_view(user)
        return shown if self.last is None else {**shown, "biography": self.last}


@fault("text", "public.any-reader", PUBLIC, law="text: long text")
class OthersSeeTheBeginning(Api):
    """Others see only the first sixty characters of a biography."""

    def get_public(self, request: Request) -> Answer:
        answer = super().get_public(request)
        if answer.body["username"] != request.user and answer.body["biography"]:
            answer.body["biography"] = answer.body["biography"][:60]
        return answer


@fault("http", "answer.complete", REFERRALS, law="http: head")
class SendsMoreThanItSays(Api):
    """The referrals have two bytes more than their Content-Length says."""

    def finish(self, request: Request, answer: Answer) -> Answer:
        if request.handler == "list_referrals" and answer.status == 200 and request.method == "GET":
            raw = json.dumps(answer.body).encode()
            answer.headers |= {"Content-Type": "application/json", "Content-Length": str(len(raw))}
            answer.raw = raw + b"}}"
        return answer


@fault("http", "http.head", PUBLIC, law="http: head")
class HeadFindsAnybody(Api):
    """HEAD of the public profile of an unknown user is 200."""

    def finish(self, request: Request, answer: Answer) -> Answer:
        if request.method == "HEAD" and request.handler == "get_public" and answer.status == 404:
            answer.status = 200
        return answer


@fault("http", "input.accepted", REFERRALS, law="queries: unknown parameters are ignored")
class LimitsReferrals(Api):
    """`limit` limits the referrals, which have no such parameter."""

    def list_referrals(self, request: Request) -> Answer:
        answer = super().list_referrals(request)
        limit = self.query(request).get("limit", [""])[0]
        if limit.isdigit():
            answer.body["items"] = answer.body["items"][: int(limit)]
        return answer
