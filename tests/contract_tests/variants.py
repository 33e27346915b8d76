"""Correct servers: `SAME` differ where the contract is silent, `DIFFERENT` decided otherwise than we did."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Any

from tests.contract_tests.reference import Answer, Api, RefusalError, Request


@dataclass(frozen=True)
class Variant:
    name: str
    make: type[Api]
    style: frozenset[str] = frozenset()


class ExtraProperties(Api):
    """More keys everywhere but in a projection, one of them different each time."""

    def finish(self, request: Request, answer: Answer) -> Answer:
        if isinstance(answer.body, dict) and request.handler not in (
            "get_profile",
            "update_profile",
        ):
            answer.body = {
                "requestId": request.number,
                **answer.body,
                "links": {"self": request.path},
            }
            for item in answer.body.get("items", []):
                item["extra"] = request.number
        return answer


class ExtraInErrors(Api):
    """Errors carry an identity, and details in another order."""

    def error_body(self, request: Request, code: str) -> dict[str, Any]:
        return {
            "traceId": f"{request.number:x}",
            "message": f"Sorry! {code.lower()} " * 20,
            "code": code,
            "help": None,
        }


class KeyOrder(Api):
    """Keys come in the reverse order."""

    def finish(self, request: Request, answer: Answer) -> Answer:  # noqa: ARG002
        if isinstance(answer.body, dict):
            answer.body = dict(reversed(answer.body.items()))
        return answer


class OtherIds(Api):
    """Identities are short numbers in text, the same for every user; times have offsets and fractions."""

    def new_inbox(self, name: str) -> list[dict[str, Any]]:
        items = super().new_inbox(name)
        for number, item in enumerate(items):
            item["id"] = f"{number:04d}"
            item["title"] = f"{name} {number}"
            item["createdAt"] = (
                f"2026-03-01T{23 - number % 24:02d}:00:00.{number % 7}00{number % 3}+01:00"
            )
        return items


class Challenges(Api):
    """Challenges name a realm, caching is forbidden twice, `Allow` names HEAD and OPTIONS."""

    def finish(self, request: Request, answer: Answer) -> Answer:  # noqa: ARG002
        if answer.status == 401:
            answer.headers["WWW-Authenticate"] = 'Bearer realm="api", error="invalid_token"'
        if "Allow" in answer.headers:
            answer.headers["Allow"] += ", HEAD, OPTIONS"
        answer.headers["Cache-Control"] = "private, No-Store, max-age=0"
        return answer


class Empty(Api):
    """Nobody has a notification or a referral."""

    def __init__(self) -> None:
        super().__init__()
        self.inbox = {name: [] for name in self.users}
        self.referrals = {name: [] for name in self.users}


class AllRead(Api):
    """Everything is read already, and nothing was ever set."""

    def __init__(self) -> None:
        super().__init__()
        for name, items in self.inbox.items():
            self.users[name] |= dict.fromkeys(("displayName", "handle", "biography", "dateOfBirth"))
            for item in items:
                item["read"] = True


class OneContainer(Api):
    """The second user is in one container only, and has three notifications."""

    def __init__(self) -> None:
        super().__init__()
        self.containers["side"] = {"ada"}
        self.inbox["grace"] = self.inbox["grace"][:3]


class DetailsOfAll(Api):
    """Errors have empty details."""

    def error_body(self, request: Request, code: str) -> dict[str, Any]:
        body = super().error_body(request, code)
        return body if code == "GENERIC_CLIENT_ERROR" else {**body, "details": []}


class BirthAndMore(Api):
    """A date of birth has more parts in answers."""

    def finish(self, request: Request, answer: Answer) -> Answer:
        if (
            request.handler in ("get_profile", "update_profile")
            and answer.status == 200
            and answer.body.get("dateOfBirth")
        ):
            birth = answer.body["dateOfBirth"]
            answer.body["dateOfBirth"] = {
                **birth,
                "iso": f"{birth['year']}-{birth['month']:02d}-{birth['day']:02d}",
            }
        return answer


class Namesakes(Api):
    """There are a user and a container whose names differ from known ones in case only."""

    def __init__(self) -> None:
        super().__init__()
        self.users["ADA"] = {**self.new_user("ADA"), "handle": "other_ada"}
        self.containers["main"] = {*self.containers["main"], "ADA"}
        self.containers["MAIN"] = {"ada"}
        more = [
            {**item, "id": f"{item['id']}-more", "containerId": "MAIN"}
            for item in self.inbox["ada"][:5]
        ]
        self.inbox["ada"] = [*self.inbox["ada"], *more]


class InFront(Api):
    """Something stands before it that refuses what is too large, and what has a U+0000 in its path, in words of its own."""

    def finish(self, request: Request, answer: Answer) -> Answer:
        large = len(request.body) > 8192
        if large or "%00" in request.path:
            return Answer(
                413 if large else 400, headers={"Content-Type": "text/html"}, raw=b"<h1>No</h1>"
            )
        return answer


class Translated(Api):
    """Sentences come in the language that is asked for; identities are numbers, and in their order."""

    def ordered(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(
            sorted(items, key=lambda item: int(item["id"])),
            key=lambda item: item["createdAt"],
            reverse=True,
        )

    def new_inbox(self, name: str) -> list[dict[str, Any]]:
        number = {"ada": 1, "grace": 2}.get(name, 3)
        return [
            {**item, "id": f"{count * 10 + number}"}
            for count, item in enumerate(super().new_inbox(name))
        ]

    def finish(self, request: Request, answer: Answer) -> Answer:
        if "de" in request.headers.get("accept-language", "") and isinstance(answer.body, dict):
            for item in answer.body.get("items", []):
                if "title" in item:
                    item["title"] = f"Nummer {item['id']}"
        return answer


class Apart(Api):
    """The two users share no container."""

    def __init__(self) -> None:
        super().__init__()
        self.containers = {"main": {"ada", "newcomer"}, "side": {"grace"}}


STYLES = (
    "gzip charset lower-headers",
    "chunked media-case extra-headers",
    "close ascii early-hints",
    "slow",
)
"""Ways to write answers, together where one does not hide the other."""


def together(*made: type[Api], style: str = "") -> Variant:
    """Return one server of several, none of which hides another."""
    name = "-".join(each.__name__ for each in made)
    return Variant(f"{name} {style}".strip(), type(name, made, {}), frozenset(style.split()))


# Each judgement takes its time: what is silent about different things is judged together, and with a way of writing answers.
SAME = [
    together(ExtraProperties, ExtraInErrors, OneContainer, style=STYLES[0]),
    together(KeyOrder, DetailsOfAll, OtherIds, style=STYLES[1]),
    together(Challenges, Namesakes, style=STYLES[2]),
    together(AllRead, style=STYLES[3]),
    together(Apart, InFront),
    together(Empty, BirthAndMore),
    together(Translated),
]


class NestedErrors(Api):
    """Errors have a shape of their own, with the name inside."""

    def error_body(self, request: Request, code: str) -> dict[str, Any]:  # noqa: ARG002
        return {"error": {"type": code, "text": "no"}}


class Wrapped(Api):
    """Every success is wrapped in `data`."""

    def finish(self, request: Request, answer: Answer) -> Answer:  # noqa: ARG002
        if answer.status == 200:
            answer.body = {"data": answer.body}
        return answer


class BareLists(Api):
    """Lists are bare arrays, and an update answers whether it was done."""

    def finish(self, request: Request, answer: Answer) -> Answer:
        if request.handler == "update_profile" and answer.status == 200:
            answer.body = True
        if isinstance(answer.body, dict) and "items" in answer.body:
            answer.body = answer.body["items"]
        return answer


class OtherBounds(Api):
    """Tighter and wider bounds."""

    def limit(self, query: dict[str, list[str]]) -> int:
        return self.number(query, "limit", 10, 50)

    def good_displayName(self, value: Any) -> bool:  # noqa: N802
        return isinstance(value, str) and 2 <= len(value) <= 30

    def good_biography(self, value: Any) -> bool:
        return isinstance(value, str) and 1 <= len(value) <= 5000

    def good_handle(self, value: Any) -> bool:
        return isinstance(value, str) and re.fullmatch(r"[a-zA-Z0-9_.-]{1,40}", value) is not None


class OtherOrder(Api):
    """Oldest first; a page past the end is 404; unknown containers are empty."""

    def ordered(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return super().ordered(items)[::-1]

    def cut(self, whole: list[dict[str, Any]], page: int, limit: int) -> list[dict[str, Any]]:
        if page > 1 and (page - 1) * limit >= len(whole):
            raise RefusalError(404, "GENERIC_NOT_FOUND")
        return super().cut(whole, page, limit)

    def list_notifications(self, request: Request) -> Answer:
        query = self.query(request)
        container, page, limit = self.container(query), self.page(query), self.limit(query)
        if container not in self.containers:
            return Answer(200, {"items": [], "page": page, "limit": limit, "total": 0})
        return super().list_notifications(request)


class OtherStatuses(Api):
    """Created for an update, conflict for a taken handle, unprocessable for a wrong one."""

    def update_profile(self, request: Request) -> Answer:
        body = self.parse(request)
        try:
            self.check(body)
        except RefusalError:
            raise RefusalError(422, "GENERIC_CLIENT_ERROR") from None
        if "handle" in body and not self.free(request.user, body["handle"]):
            raise RefusalError(409, "GENERIC_CLIENT_ERROR")
        answer = super().update_profile(request)
        answer.status = 201
        return answer


class OtherChecks(Api):
    """Input is checked before the session, methods are 404, nothing about caches is said, and text is trimmed."""

    def authenticate(self, request: Request) -> str:
        if request.handler in ("get_public", "list_notifications"):
            self.container(self.query(request))
        return super().authenticate(request)

    def stored(self, name: str, value: Any) -> Any:
        return value.strip() if isinstance(value, str) else super().stored(name, value)

    def finish(self, request: Request, answer: Answer) -> Answer:  # noqa: ARG002
        answer.headers.pop("WWW-Authenticate", None)
        answer.headers["Cache-Control"] = "private"
        if answer.status == 405:
            answer.status, answer.body = 404, {"code": "GENERIC_NOT_FOUND", "message": "no"}
        return answer


class CommaFields(Api):
    """Fields are separated by commas, and the whole profile is always answered."""

    def asked(self, request: Request) -> list[str]:
        names = [name for text in self.query(request).get("fields", []) for name in text.split(",")]
        if not names:
            raise self.wrong()
        return ["username", "displayName", "handle", "biography", "dateOfBirth"]


class EmptyUpdate(Api):
    """An update answers only what it changed, and refuses to change nothing."""

    def update_profile(self, request: Request) -> Answer:
        body = self.parse(request)
        if not set(body) & {"displayName", "handle", "biography", "dateOfBirth"}:
            raise self.wrong()
        answer = super().update_profile(request)
        return Answer(200, {name: value for name, value in answer.body.items() if name in body})


class BirthAsText(Api):
    """A date of birth has other parts."""

    def good_dateOfBirth(self, value: Any) -> bool:  # noqa: N802
        return isinstance(value, dict) and set(value) == {"y", "m", "d"}

    def stored(self, name: str, value: Any) -> Any:  # noqa: ARG002
        return value


class FromZero(Api):
    """Pages are counted from 0."""

    def page(self, query: dict[str, list[str]]) -> int:
        text = self.single(query, "page")
        return 1 if text in (None, "0") else super().page(query) + 1

    def list_notifications(self, request: Request) -> Answer:
        answer = super().list_notifications(request)
        answer.body["page"] -= 1
        return answer


class Cuts(Api):
    """Longer text is cut without a word."""

    def stored(self, name: str, value: Any) -> Any:
        return (
            value[:16]
            if isinstance(value, str) and name != "handle"
            else super().stored(name, value)
        )


class MembersOnly(Api):
    """Public profiles are shown to members of the container."""

    def __init__(self) -> None:
        super().__init__()
        self.containers["side"] = {"ada"}

    def get_public(self, request: Request) -> Answer:
        if not self.member(request.user, self.container(self.query(request))):
            raise RefusalError(404, "GENERIC_NOT_FOUND")
        return super().get_public(request)


class Brackets(Api):
    """A list in a query has brackets after its name, or none; paths may end in a slash; their case does not matter."""

    def asked(self, request: Request) -> list[str]:
        request.query = request.query.replace("%5B%5D=", "=")
        return super().asked(request)

    def route(self, request: Request) -> str:
        head, middle, rest = request.path.partition("/by-id/")
        request.path = head.lower().rstrip("/") + middle + rest
        return super().route(request)


class Cookies(Api):
    """A session may be in a cookie as well."""

    def authenticate(self, request: Request) -> str:
        name, _, token = request.headers.get("cookie", "").partition("=")
        if "authorization" not in request.headers and name == "session" and token in self.sessions:
            return self.sessions[token]
        return super().authenticate(request)


class NoNull(Api):
    """Text with U+0000 is refused, and a handle begins with a letter."""

    def check(self, body: dict[str, Any]) -> None:
        super().check(body)
        if any("\0" in value for value in body.values() if isinstance(value, str)):
            raise self.wrong()

    def good_handle(self, value: Any) -> bool:
        return super().good_handle(value) and value[0].isalpha()


class Folds(Api):
    """Names of users and containers are compared without case, and other parameters are refused."""

    def get_public(self, request: Request) -> Answer:
        request.path = request.path.lower()
        return super().get_public(request)

    def container(self, query: dict[str, list[str]]) -> str:
        if set(query) - {"containerId", "page", "limit"}:
            raise self.wrong()
        return super().container(query).lower()


class OtherDates(Api):
    """A date of birth is answered as text, a handle with a mark beside it."""

    def finish(self, request: Request, answer: Answer) -> Answer:
        if (
            request.handler in ("get_profile", "update_profile")
            and answer.status == 200
            and answer.body.get("dateOfBirth")
        ):
            birth = answer.body["dateOfBirth"]
            answer.body["dateOfBirth"] = f"{birth['year']}-{birth['month']:02d}-{birth['day']:02d}"
        if isinstance(answer.body, dict) and "handle" in answer.body:
            answer.body["handle"] = {"name": answer.body["handle"], "verified": False}
        return answer


class Rolls(Api):
    """A day that no calendar has is one of the next month; null takes a value away; letters beyond Latin-1 are unknown."""

    def check(self, body: dict[str, Any]) -> None:
        super().check({name: value for name, value in body.items() if value is not None})

    def free(self, user: str, handle: str) -> bool:
        return handle is None or super().free(user, handle)

    def stored(self, name: str, value: Any) -> Any:
        if name == "dateOfBirth" and value is not None:
            birth = super().stored(name, value)
            day = date(birth["year"], birth["month"], 1) + timedelta(birth["day"] - 1)
            return {"year": day.year, "month": day.month, "day": day.day}
        return (
            value.encode("latin-1", "replace").decode("latin-1")
            if isinstance(value, str)
            else value
        )


class Capped(Api):
    """A page has at most 40 items, whatever `limit` says, and after the last page it comes again; `limit` goes in fives."""

    def limit(self, query: dict[str, list[str]]) -> int:
        limit = super().limit(query)
        if limit % 5:
            raise self.wrong()
        return min(limit, 40)

    def cut(self, whole: list[dict[str, Any]], page: int, limit: int) -> list[dict[str, Any]]:
        return super().cut(whole, max(1, min(page, ceil(len(whole) / limit))), limit)


class Teaser(Api):
    """Others see the beginning of a text only, some see nothing; names are in capitals, and some have a mark."""

    def public_view(self, user: dict[str, Any]) -> dict[str, Any]:
        shown = super().public_view(user)
        return {**shown, "displayName": f"{shown['displayName']} (member)", "biography": None}

    def stored(self, name: str, value: Any) -> Any:
        return value.title() if name == "displayName" else super().stored(name, value)


class OneByOne(Api):
    """One field is read at a time, and the name has none."""

    def asked(self, request: Request) -> list[str]:
        names = super().asked(request)
        if len(names) > 1 or "username" in names:
            raise self.wrong()
        return names


class Unknowing(Api):
    """Methods that it does not know are 501, a body without a length is 411, and a malformed session is 400.

    A session belongs to one user agent.
    """

    def pipeline(self, request: Request) -> Answer:
        if request.method == "POST" and "content-length" not in request.headers:
            return Answer(411, {"code": "GENERIC_CLIENT_ERROR", "message": "length"})
        return super().pipeline(request)

    def route(self, request: Request) -> str:
        try:
            return super().route(request)
        except RefusalError as refusal:
            raise RefusalError(
                501 if refusal.status == 405 else refusal.status, str(refusal)
            ) from None

    def authenticate(self, request: Request) -> str:
        if not re.fullmatch("(?i)bearer [^ ]+", request.headers.get("authorization", "Bearer x")):
            raise self.wrong()
        if "Mozilla" in request.headers.get("user-agent", ""):
            raise RefusalError(401, "GENERIC_UNAUTHORIZED")
        return super().authenticate(request)


# A shape of one's own leaves many laws without anything to judge: those stand alone.
DIFFERENT = [
    together(NestedErrors),
    together(Wrapped),
    together(BareLists),
    together(CommaFields),
    together(OneByOne),
    together(OtherDates),
    together(OtherBounds, OtherOrder, Cookies, Teaser),
    together(OtherStatuses, FromZero, Rolls),
    together(EmptyUpdate, Capped, NoNull, Brackets),
    together(OtherChecks, Folds),
    together(BirthAsText, Unknowing, MembersOnly),
    together(Cuts),
]
