"""Faults of status, body, media type, headers and HTTP."""

import json
from typing import Any

from tests.contract_tests.catalogue import fault
from tests.contract_tests.reference import Answer, Api, RefusalError, Request

PROFILE, PUBLIC, UPDATE = "getProfile", "getPublicProfile", "updateProfile"
REFERRALS, LIST, MARK = "listReferrals", "listNotifications", "markNotificationsRead"


@fault("status", "answer.status-default", PROFILE)
class ProfileIs203(Api):
    """A profile is answered with 203."""

    def get_profile(self, request: Request) -> Answer:
        answer = super().get_profile(request)
        answer.status = 203
        return answer


@fault("status", "answer.status", LIST)
class ListIs206(Api):
    """A page of notifications is answered with 206."""

    def list_notifications(self, request: Request) -> Answer:
        answer = super().list_notifications(request)
        answer.status = 206
        return answer


@fault("status", "answer.status", MARK, law="http: marking demands no body")
class MarkIs200(Api):
    """Mark-read answers 202."""

    def mark_read(self, request: Request) -> Answer:
        super().mark_read(request)
        return Answer(202)


@fault("status", "answer.status-default", UPDATE, law="handles: handles are unique")
class ConflictIs409(Api):
    """A handle that another holds is 409."""

    def update_profile(self, request: Request) -> Answer:
        body = self.parse(request)
        self.check(body)
        if "handle" in body and not self.free(request.user, body["handle"]):
            raise RefusalError(409, "GENERIC_CLIENT_ERROR")
        return super().update_profile(request)


@fault("status", "answer.status", LIST, law="queries: numbers of pages")
class WrongPageIs422(Api):
    """A wrong page is 422."""

    def page(self, query: dict[str, list[str]]) -> int:
        try:
            return super().page(query)
        except RefusalError:
            raise RefusalError(422, "GENERIC_CLIENT_ERROR") from None


@fault("status", "reach.success", REFERRALS, law="")
class ReferralsNever(Api):
    """Referrals always answer 404."""

    def list_referrals(self, request: Request) -> Answer:  # noqa: ARG002
        raise RefusalError(404, "GENERIC_NOT_FOUND")


@fault("status", "answer.no-server-error", UPDATE, law="text: text round trips")
class EmojiIs500(Api):
    """Text outside the BMP makes an update fail."""

    def check(self, body: dict[str, Any]) -> None:
        super().check(body)
        if any(ord(letter) > 0xFFFF for letter in str(body.get("displayName"))):
            raise RefusalError(500, "GENERIC_CLIENT_ERROR")


@fault("status", "answer.no-server-error", LIST, law="queries: huge pages")
class HugePageIs500(Api):
    """A page of more than 32 bits makes the list fail."""

    def page(self, query: dict[str, list[str]]) -> int:
        page = super().page(query)
        if page > 2**31:
            raise RefusalError(500, "GENERIC_CLIENT_ERROR")
        return page


@fault("status", "answer.complete", PUBLIC, law="public: unknown names")
class HangsUpOnUnicode(Api):
    """The connection is closed without an answer on a name that is not ASCII."""

    def get_public(self, request: Request) -> Answer:
        return Answer(-1) if "%C3" in request.path else super().get_public(request)


@fault("schema", "answer.media-type", PROFILE)
class ProfileIsText(Api):
    """A profile is sent as text/plain."""

    def get_profile(self, request: Request) -> Answer:
        answer = super().get_profile(request)
        answer.headers["Content-Type"] = "text/plain"
        return answer


@fault("schema", "answer.media-type", LIST, law="queries: numbers of pages")
class ErrorIsHtml(Api):
    """A refused list is a page of HTML."""

    def finish(self, request: Request, answer: Answer) -> Answer:
        if answer.status == 400 and request.handler == "list_notifications":
            answer.raw = b"<h1>Bad request</h1>"
            answer.headers["Content-Type"] = "text/html"
        return answer


@fault("schema", "answer.json", REFERRALS, law="referrals: order and total")
class ReferralsAreNoJson(Api):
    """The list of referrals has a comma too many."""

    def list_referrals(self, request: Request) -> Answer:
        answer = super().list_referrals(request)
        raw = json.dumps(answer.body).replace("]", ",]").encode()
        return Answer(200, None, {"Content-Type": "application/json"}, raw)


@fault("schema", "answer.shape", REFERRALS, law="referrals: order and total")
class TotalIsText(Api):
    """`total` of the referrals is a string."""

    def list_referrals(self, request: Request) -> Answer:
        answer = super().list_referrals(request)
        answer.body["total"] = str(answer.body["total"])
        return answer


@fault("schema", "answer.shape", LIST, law="pages")
class StampWithoutZone(Api):
    """`createdAt` has no time zone."""

    def list_notifications(self, request: Request) -> Answer:
        answer = super().list_notifications(request)
        for item in answer.body["items"]:
            item["createdAt"] = item["createdAt"].rstrip("Z")
        return answer


@fault("schema", "answer.shape", LIST, law="pages")
class EleventhIdIsNumber(Api):
    """The eleventh item of a page has a number as its id."""

    def list_notifications(self, request: Request) -> Answer:
        answer = super().list_notifications(request)
        for item in answer.body["items"][10:11]:
            item["id"] = 11
        return answer


@fault("schema", "answer.shape", PUBLIC, law="public: members have one")
class PublicWithoutHandle(Api):
    """A public profile has no handle."""

    def public_view(self, user: dict[str, Any]) -> dict[str, Any]:
        return {
            name: value for name, value in super().public_view(user).items() if name != "handle"
        }


@fault("schema", "answer.shape", UPDATE, law="bounds: past the bound")
class ErrorWithoutMessage(Api):
    """A 400 of an update has no message."""

    def error_body(self, request: Request, code: str) -> dict[str, Any]:
        body = super().error_body(request, code)
        return (
            {"code": code}
            if code == "GENERIC_CLIENT_ERROR" and request.handler == "update_profile"
            else body
        )


@fault("schema", "answer.shape", PUBLIC, law="public: members have one")
class NotFoundHasClientCode(Api):
    """A 404 carries the code of a 400."""

    def error_body(self, request: Request, code: str) -> dict[str, Any]:
        return super().error_body(
            request, "GENERIC_CLIENT_ERROR" if code == "GENERIC_NOT_FOUND" else code
        )


@fault("schema", "answer.no-body", MARK, law="http: marking demands no body")
class MarkHasBody(Api):
    """Mark-read answers a body."""

    def mark_read(self, request: Request) -> Answer:
        super().mark_read(request)
        return Answer(201, {})


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


@fault("flaky", "session.valid", LIST, law="pages")
class OneInSevenUnauthorized(Api):
    """One in seven lists is refused although the session is valid."""

    def list_notifications(self, request: Request) -> Answer:
        if request.number % 7 == 0:
            raise RefusalError(401, "GENERIC_UNAUTHORIZED", {"WWW-Authenticate": "Bearer"})
        return super().list_notifications(request)
