"""Faults of what is nearly right: names, handles, spellings, lengths, single pages, moments."""

import copy
import re
import time
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_answers import LIST, MARK, PROFILE, PUBLIC, REFERRALS, UPDATE
from tests.contract_tests.faults_input import Stores
from tests.contract_tests.reference import BIRTH, Answer, Api, RefusalError, Request

Items = list[dict[str, Any]]


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


@fault("bounds", "input.bounds", PROFILE, law="projection: a list is spelt by repetition")
class BracketsToo(Api):
    """`fields[]` is as good as `fields`."""

    def asked(self, request: Request) -> list[str]:
        request.query = request.query.replace("%5B%5D", "")
        return super().asked(request)


@fault("bounds", "input.status", LIST, law="queries: input comes before existence")
class ExistenceFirst(Api):
    """An unknown container is 404 before a wrong `limit` is 400."""

    def list_notifications(self, request: Request) -> Answer:
        if not self.member(request.user, self.container(self.query(request))):
            raise RefusalError(404, "GENERIC_NOT_FOUND")
        return super().list_notifications(request)


@fault("bounds", "input.accepted", REFERRALS, law="queries: unknown parameters are ignored")
class ReferralsTakeNothing(Api):
    """Referrals refuse any query."""

    def list_referrals(self, request: Request) -> Answer:
        if request.query:
            raise self.wrong()
        return super().list_referrals(request)


@fault("bounds", "input.accepted", LIST, law="queries: unknown parameters are ignored")
class HiddenSort(Api):
    """`sort` reverses the list."""

    def chosen(self, request: Request, container: str) -> Items:
        found = super().chosen(request, container)
        return found[::-1] if "sort" in self.query(request) else found


@fault("bounds", "input.accepted", MARK, law="http: marking demands no body")
class MarkDemandsLength(Api):
    """Mark-read without `Content-Length` is 411."""

    def mark_read(self, request: Request) -> Answer:
        if "content-length" not in request.headers:
            raise RefusalError(411, "GENERIC_CLIENT_ERROR")
        return super().mark_read(request)


@fault("bounds", "error.details", UPDATE, law="bounds: past the bound")
class AccusesTheRight(Api):
    """`details` of a wrong display name name the biography too."""

    def error_body(self, request: Request, code: str) -> dict[str, Any]:
        body = super().error_body(request, code)
        if code == "GENERIC_CLIENT_ERROR" and request.handler == "update_profile":
            places = ("", "/displayName", "/handle", "/dateOfBirth", "/biography")
            body["details"] = [
                {"in": "body", "name": name, "reason": "may be wrong"} for name in places
            ]
        return body


@fault("bounds", "input.accepted", UPDATE, law="bounds: at the bound")
class HandleNeedsLetter(Api):
    """A handle must have a letter."""

    def good_handle(self, value: Any) -> bool:
        return super().good_handle(value) and re.search(r"[a-z]", value) is not None


@fault("text", "text.exact", UPDATE, law="bounds: at the bound")
class HandleIsNumber(Api):
    """A handle of digits loses its leading zeros."""

    def stored(self, name: str, value: Any) -> Any:
        return (
            str(int(value)) if name == "handle" and value.isdigit() else super().stored(name, value)
        )


@fault("state", "update.handle", UPDATE, law="handles: the handles of all users count")
class HandlesOfTheActive(Api):
    """Only handles of users with a session of their own count as taken."""

    def free(self, user: str, handle: str) -> bool:
        return all(
            other["handle"] != handle
            for name, other in self.users.items()
            if name not in (user, "newcomer")
        )


@fault("text", "text.exact", UPDATE, law="text: text round trips")
class EndsAtNull(Stores):
    """Text ends at U+0000."""

    def change(self, text: str) -> str:
        return text.partition("\0")[0]


@fault("text", "answer.no-server-error", UPDATE, law="http: nothing makes it fail")
class NullIs500(Api):
    """U+0000 makes an update fail."""

    def check(self, body: dict[str, Any]) -> None:
        super().check(body)
        if "\0" in str(body.get("biography")):
            raise RefusalError(500, "GENERIC_CLIENT_ERROR")


class FindsLike(Api):
    """Names match as `like` says."""

    def like(self, asked: str, known: str) -> bool:
        raise NotImplementedError

    def real(self, asked: str, names: Any) -> str:
        return next((name for name in names if self.like(asked, name)), asked)


@fault("state", "public.not-found", PUBLIC, law="public: similar names")
class UsersByPattern(FindsLike):
    """`_` and `%` in a username stand for anything."""

    def like(self, asked: str, known: str) -> bool:
        return fnmatchcase(known, asked.replace("_", "?").replace("%", "*"))

    def get_public(self, request: Request) -> Answer:
        name = self.real(unquote(request.path.split("/")[4], errors="replace"), self.users)
        request.path = f"/v1/user/by-id/{name}/public" if name in self.users else request.path
        return super().get_public(request)


@fault("pages", "pages.membership", LIST, law="public: similar names")
class ContainersTrimmed(FindsLike):
    """Dots and spaces after a container's name do not matter."""

    def like(self, asked: str, known: str) -> bool:
        return asked.rstrip(". ") == known

    def container(self, query: dict[str, list[str]]) -> str:
        return self.real(super().container(query), self.containers)


class OnHead(Api):
    """Changes the answer to HEAD."""

    def change(self, answer: Answer) -> None:
        raise NotImplementedError

    def finish(self, request: Request, answer: Answer) -> Answer:
        if request.method == "HEAD":
            self.change(answer)
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


@fault("pages", "pages.whole", LIST, law="pages: any page")
class PagesOfFortyOverlap(Api):
    """From the second page on, pages of 33 to 48 begin one item early."""

    def cut(self, whole: Items, page: int, limit: int) -> Items:
        start = (page - 1) * limit - (page > 1 and 33 <= limit <= 48)
        return whole[start : start + limit]


@fault("read", "read.keeps", MARK, law="read: marking marks all of ones own")
class MarkHides(Api):
    """After mark-read the list shows nothing any more."""

    def chosen(self, request: Request, container: str) -> list[dict[str, Any]]:
        whole = super().chosen(request, container)
        unread = [item for item in whole if not item["read"]]
        return whole if unread else []


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


@fault("auth", "session.required", PROFILE, law="session: every operation needs a session")
class AnswersAreCached(Api):
    """What a valid session has just read is answered to the next caller, whoever it is."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], Answer] = {}

    def pipeline(self, request: Request) -> Answer:
        asked = request.path, request.query
        kept = self.kept.pop(asked, None)
        self.kept.clear()
        answer = super().pipeline(request) if kept is None or request.method != "GET" else kept
        if kept is None and request.handler == "get_profile":
            self.kept[asked] = copy.deepcopy(answer)
        return answer
