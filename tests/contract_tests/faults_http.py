"""Faults: hTTP itself: methods, headers, media types, bodies and connections."""

import json
from typing import Any

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_support import LIST, MARK, PROFILE, PUBLIC, REFERRALS, UPDATE
from tests.contract_tests.reference import Answer, Api, RefusalError, Request


class OnHead(Api):
    """Changes the answer to HEAD."""

    def change(self, answer: Answer) -> None:
        raise NotImplementedError

    def finish(self, request: Request, answer: Answer) -> Answer:
        if request.method == "HEAD":
            self.change(answer)
        return answer


OVERRIDE = "x-http-method-override"


@fault("http", "header.no-store", PUBLIC, law="public: members have one")
class PublicIsCached(Api):
    """A public profile may be kept by caches."""

    def get_public(self, request: Request) -> Answer:
        answer = super().get_public(request)
        answer.headers["Cache-Control"] = "public, max-age=60"
        return answer


@fault("http", "header.www-authenticate", LIST, law="session: every operation needs a session")
class NoChallengeOnList(Api):
    """A 401 of the list has no challenge."""

    def finish(self, request: Request, answer: Answer) -> Answer:
        if request.handler == "list_notifications":
            answer.headers.pop("WWW-Authenticate", None)
        return answer


@fault("http", "http.method", REFERRALS, law="http: other methods")
class WrongMethodIs404(Api):
    """A wrong method on the referrals is 404."""

    def route(self, request: Request) -> str:
        if request.path.endswith("/referrals") and request.method not in ("GET", "HEAD"):
            raise RefusalError(404, "GENERIC_NOT_FOUND")
        return super().route(request)


@fault("http", "http.method", PROFILE, law="http: other methods")
class NoAllow(Api):
    """A 405 has no Allow."""

    def finish(self, request: Request, answer: Answer) -> Answer:  # noqa: ARG002
        answer.headers.pop("Allow", None)
        return answer


@fault("http", "http.path", "GET /none", law="http: unknown paths")
class UnknownPathIs401(Api):
    """An unknown path is 401 without a session."""

    def route(self, request: Request) -> str:
        try:
            return super().route(request)
        except RefusalError as refusal:
            if refusal.status == 404 and "authorization" not in request.headers:
                raise RefusalError(401, "GENERIC_UNAUTHORIZED") from None
            raise


@fault("http", "http.head", PROFILE, style="body-on-head", law="http: head")
class HeadHasBody(Api):
    """HEAD answers with a body."""


@fault("http", "http.head", REFERRALS, law="http: head")
class HeadIsRefused(Api):
    """HEAD on the referrals is 405."""

    def route(self, request: Request) -> str:
        if request.method == "HEAD" and request.path.endswith("/referrals"):
            raise RefusalError(405, "GENERIC_CLIENT_ERROR", {"Allow": "GET"})
        return super().route(request)


@fault("http", "input.valid", MARK, law="http: marking demands no body")
class MarkDemandsBody(Api):
    """Mark-read refuses a call without a body."""

    def mark_read(self, request: Request) -> Answer:
        if not request.body:
            raise self.wrong()
        return super().mark_read(request)


@fault("http", "answer.complete", REFERRALS, law="http: head", also="http.head")
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


@fault("http", "http.head", PROFILE, law="http: head")
class HeadMayBeCached(OnHead):
    """HEAD does not forbid caching."""

    def change(self, answer: Answer) -> None:
        del answer.headers["Cache-Control"]


@fault("http", "http.head", LIST, law="http: head")
class HeadHasNoChallenge(OnHead):
    """HEAD without a session has no challenge."""

    def change(self, answer: Answer) -> None:
        answer.headers.pop("WWW-Authenticate", None)


@fault("http", "http.head", PUBLIC, law="http: head")
class HeadIsEmpty(OnHead):
    """HEAD says that GET has no body."""

    def change(self, answer: Answer) -> None:
        answer.headers["Content-Length"] = "0"


@fault("http", "http.path", "GET /v1/user/profile/", law="http: unknown paths")
class SlashAtTheEnd(Api):
    """A slash at the end of a path does not matter."""

    def route(self, request: Request) -> str:
        request.path = request.path.rstrip("/") or "/"
        return super().route(request)


@fault("http", "http.path", "GET /V1/user/referrals", law="http: unknown paths")
class PathsIgnoreCase(Api):
    """The case of a path does not matter."""

    def route(self, request: Request) -> str:
        request.path = request.path.lower()
        return super().route(request)


@fault(
    "http", "answer.no-server-error", UPDATE, law="http: nothing makes it fail", also="answer.shape"
)
class FailsOnProto(Api):
    """A key `__proto__` makes an update fail."""

    def parse(self, request: Request) -> dict[str, Any]:
        body = super().parse(request)
        if "__proto__" in body:
            raise RefusalError(500, "GENERIC_CLIENT_ERROR")
        return body


@fault("http", "answer.no-server-error", LIST, law="public: unknown names", also="answer.shape")
class FailsOnQuotes(Api):
    """A quote in `containerId` makes the list fail."""

    def list_notifications(self, request: Request) -> Answer:
        if "'" in self.container(self.query(request)):
            raise RefusalError(500, "GENERIC_CLIENT_ERROR")
        return super().list_notifications(request)


@fault("http", "http.headers", PROFILE, law="headers: usual headers", also="answer.shape")
class FollowsRewrites(Api):
    """`X-Original-URL` says which path is meant."""

    def route(self, request: Request) -> str:
        if request.method == "GET" and "x-original-url" in request.headers:
            request.path = request.headers["x-original-url"]
        return super().route(request)


@fault("http", "http.headers", REFERRALS, law="headers: usual headers")
class RefusesCookies(Api):
    """A cookie that it does not know is refused."""

    def list_referrals(self, request: Request) -> Answer:
        if "_ga=" in request.headers.get("cookie", ""):
            raise self.wrong()
        return super().list_referrals(request)


@fault("http", "answer.no-server-error", UPDATE, law="bounds: extremes")
class FailsOnDepth(Api):
    """Lists in lists, thousands deep, make an update fail."""

    def parse(self, request: Request) -> dict[str, Any]:
        if b"[" * 1000 in request.body:
            raise RefusalError(500, "GENERIC_CLIENT_ERROR")
        return super().parse(request)


@fault(
    "http",
    "http.headers",
    PROFILE,
    law="headers: the method is that of the request",
    also="answer.status answer.status-default",
)
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
