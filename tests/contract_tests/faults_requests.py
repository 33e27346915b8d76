"""Faults of what a request says beside what the contract names: headers, methods, keys, and other names of a user."""

import json
import time
from typing import Any

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_answers import LIST, MARK, PROFILE, PUBLIC, REFERRALS, UPDATE
from tests.contract_tests.reference import UPDATABLE, Answer, Api, RefusalError, Request

OVERRIDE = "x-http-method-override"


@fault("http", "http.headers", PROFILE, law="headers: the method is that of the request")
class MethodOverride(Api):
    """`X-HTTP-Method-Override` says what the method is."""

    def route(self, request: Request) -> str:
        request.method = request.headers.get(OVERRIDE, request.method)
        return super().route(request)


@fault("http", "http.headers", UPDATE, law="headers: usual headers of changes")
class FormMethod(Api):
    """An update that comes with `X-Method-Override: GET` is accepted and forgotten."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        if not self.__dict__.get("forgets"):
            super().apply(user, body)

    def update_profile(self, request: Request) -> Answer:
        self.forgets = request.headers.get("x-method-override") == "GET"
        return super().update_profile(request)


@fault("http", "http.headers", REFERRALS, law="headers: usual headers")
class LanguageEmpties(Api):
    """Whoever prefers German has no referrals."""

    def list_referrals(self, request: Request) -> Answer:
        answer = super().list_referrals(request)
        if request.headers.get("accept-language", "").startswith("de"):
            answer.body = {"items": [], "total": 0}
        return answer


@fault("cache", "http.headers", LIST, law="headers: usual headers")
class AnyTagMatches(Api):
    """Whatever entity tag a client knows, nothing has changed since."""

    def list_notifications(self, request: Request) -> Answer:
        return (
            Answer(304)
            if "if-none-match" in request.headers
            else super().list_notifications(request)
        )


@fault("http", "http.headers", MARK, law="headers: usual headers of marking")
class MarkingNeedsNoProxy(Api):
    """Mark-read refuses what came through a proxy."""

    def mark_read(self, request: Request) -> Answer:
        if "x-forwarded-for" in request.headers:
            raise RefusalError(400, "GENERIC_CLIENT_ERROR")
        return super().mark_read(request)


@fault("http", "http.method", UPDATE, law="http: other methods change nothing")
class PutWrites(Api):
    """PUT on the profile is refused, after it has written."""

    def route(self, request: Request) -> str:
        if request.method == "PUT" and request.path == "/v1/user/profile" and request.body:
            self.apply(self.authenticate(request), json.loads(request.body))
        return super().route(request)


@fault("read", "read.only-marking", MARK, law="read: only marking marks")
class HeadMarks(Api):
    """A refused GET of the path of mark-read marks."""

    def route(self, request: Request) -> str:
        if request.method == "GET" and request.path.endswith("/read"):
            for item in self.inbox[self.authenticate(request)]:
                item["read"] = True
        return super().route(request)


@fault("auth", "session.isolation", UPDATE, law="identity: nobody writes as somebody else")
class BodyNamesUser(Api):
    """`userId` in the body says whose profile is changed."""

    def update_profile(self, request: Request) -> Answer:
        claimed = self.parse(request).get("userId")
        if isinstance(claimed, str) and claimed in self.users:
            request.user = claimed
        return super().update_profile(request)


@fault("state", "update.ignored", UPDATE, law="update: unknown keys are not kept")
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


@fault("status", "public.not-found", PUBLIC, law="public: handles are not names")
class FoundByHandle(Api):
    """A public profile is found by its user's handle."""

    def get_public(self, request: Request) -> Answer:
        parts = request.path.split("/")
        parts[4] = next(
            (name for name, user in self.users.items() if user["handle"] == parts[4]), parts[4]
        )
        request.path = "/".join(parts)
        return super().get_public(request)


@fault("schema", "projection.exact", PROFILE, law="projection: order and repetition")
class ManyNamesAddOne(Api):
    """More than a hundred names bring one key more."""

    def get_profile(self, request: Request) -> Answer:
        answer = super().get_profile(request)
        return (
            Answer(200, {**answer.body, "truncated": True})
            if len(self.asked(request)) > 100
            else answer
        )


@fault("text", "text.exact", UPDATE, law="text: the smallest change counts")
class CaseChangeIgnored(Api):
    """A text that differs from the stored one in case only is not stored."""

    def stored(self, name: str, value: Any) -> Any:
        same = [
            user[name]
            for user in self.users.values()
            if isinstance(value, str) and str(user[name]).lower() == value.lower()
        ]
        return same[0] if same and name == "displayName" else super().stored(name, value)


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
