"""Faults: the shape and the status of responses."""

import json
from typing import Any

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_support import LIST, MARK, PROFILE, PUBLIC, REFERRALS, UPDATE
from tests.contract_tests.reference import Answer, Api, RefusalError, Request


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


@fault("status", "answer.status", LIST, law="queries: numbers of pages", also="input.status")
class WrongPageIs422(Api):
    """A wrong page is 422."""

    def page(self, query: dict[str, list[str]]) -> int:
        try:
            return super().page(query)
        except RefusalError:
            raise RefusalError(422, "GENERIC_CLIENT_ERROR") from None


@fault("status", "reach.success", REFERRALS, law="", also="input.accepted")
class ReferralsNever(Api):
    """Referrals always answer 404."""

    def list_referrals(self, request: Request) -> Answer:  # noqa: ARG002
        raise RefusalError(404, "GENERIC_NOT_FOUND")


@fault(
    "status",
    "answer.no-server-error",
    UPDATE,
    law="text: text round trips",
    also="answer.shape input.accepted",
)
class EmojiIs500(Api):
    """Text outside the BMP makes an update fail."""

    def check(self, body: dict[str, Any]) -> None:
        super().check(body)
        if any(ord(letter) > 0xFFFF for letter in str(body.get("displayName"))):
            raise RefusalError(500, "GENERIC_CLIENT_ERROR")


@fault(
    "status",
    "answer.no-server-error",
    LIST,
    law="queries: huge pages",
    also="answer.shape input.accepted",
)
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


@fault(
    "schema", "answer.shape", REFERRALS, law="referrals: order and total", also="referrals.total"
)
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


@fault("schema", "answer.shape", LIST, law="pages", also="pages.defaults pages.order pages.whole")
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


@fault("schema", "input.bounds", PROFILE, law="projection: a wrong list is refused")
class EmptyNamesAreIgnored(Api):
    """An empty name among the fields is ignored."""

    def asked(self, request: Request) -> list[str]:
        request.query = request.query.removesuffix("&fields=")
        return super().asked(request)


@fault("schema", "projection.exact", PROFILE, law="projection: every subset")
class UsernameAlways(Api):
    """A profile always has the username."""

    def project(self, user: dict[str, Any], names: list[str]) -> dict[str, Any]:
        return super().project(user, ["username", *names])


@fault("schema", "public.private", PUBLIC, law="public: members have one", also="answer.shape")
class PublicBirth(Api):
    """A public profile shows the date of birth."""

    def public_view(self, user: dict[str, Any]) -> dict[str, Any]:
        return dict(user)


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


@fault(
    "schema",
    "projection.exact",
    PROFILE,
    law="projection: order and repetition",
    also="answer.shape",
)
class ManyNamesAddOne(Api):
    """More than a hundred names bring one key more."""

    def get_profile(self, request: Request) -> Answer:
        answer = super().get_profile(request)
        return (
            Answer(200, {**answer.body, "truncated": True})
            if len(self.asked(request)) > 100
            else answer
        )
