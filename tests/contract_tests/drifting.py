"""A server that answers as our mock does, with other data, and the differences that can be planted in it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.contract_tests.reference import Answer, Api, RefusalError, Request

PROFILE, PUBLIC, REFERRALS = "getProfile", "getPublicProfile", "listReferrals"
LIST, MARK, UNKNOWN = "listNotifications", "markNotificationsRead", "unknown path"
HANDLERS = {
    "get_profile": PROFILE,
    "get_public": PUBLIC,
    "list_referrals": REFERRALS,
    "list_notifications": LIST,
}
UNDOCUMENTED = (404, 405)


class Twin(Api):
    """Says what our mock says about methods, caches and details; people, texts and times are its own."""

    def pipeline(self, request: Request) -> Answer:
        try:
            if request.method == "OPTIONS":
                self.route(request)
            return super().pipeline(request)
        except RefusalError as refusal:
            if not request.handler and refusal.status in UNDOCUMENTED:
                refusal.headers["Cache-Control"] = ""
            if "Allow" in refusal.headers:
                refusal.headers["Allow"] = self.allow(refusal.headers["Allow"])
                if request.method == "OPTIONS":
                    return Answer(204, headers=dict(refusal.headers))
            raise

    def allow(self, methods: str) -> str:
        return ", ".join(
            sorted({*methods.split(", "), "OPTIONS", *(["HEAD"] if "GET" in methods else [])})
        )

    def error_body(self, request: Request, code: str) -> dict[str, Any]:
        details = [{"in": "query", "name": "limit", "reason": "must be other"}]
        method = request.method == "GET" and request.path.endswith("/read")
        return super().error_body(request, code) | (
            {"details": details} if "CLIENT" in code and not method else {}
        )

    def finish(self, request: Request, answer: Answer) -> Answer:
        if not answer.headers.get("Cache-Control"):
            answer.headers.pop("Cache-Control", None)
        self.plant(HANDLERS.get(request.handler, UNKNOWN), request, answer)
        return answer

    def plant(self, operation: str, request: Request, answer: Answer) -> None:
        """Change the answer; for planting."""


Change = Callable[[str, Request, Answer], None]


class Planted(NamedTuple):
    """One difference: the kind, the operation and the subject that must be named."""

    name: str
    kind: str
    operation: str
    what: str
    change: Change


PLANTED: list[Planted] = []


def planted(kind: str, operation: str, what: str) -> Callable[[Change], Change]:
    """Enter a change of the answers of one operation."""

    def enter(change: Change) -> Change:
        def only(asked: str, request: Request, answer: Answer) -> None:
            if asked == operation:
                change(asked, request, answer)

        PLANTED.append(Planted(change.__name__.replace("_", " "), kind, operation, what, only))
        return change

    return enter


def items(answer: Answer) -> list[dict[str, Any]]:
    return answer.body["items"] if answer.status == 200 and isinstance(answer.body, dict) else []


def given(request: Request, name: str) -> str | None:
    return next(
        (
            part.partition("=")[2]
            for part in request.query.split("&")
            if part.startswith(f"{name}=")
        ),
        None,
    )


def refuse(answer: Answer, status: int, code: str = "GENERIC_CLIENT_ERROR") -> None:
    answer.status, answer.body = status, {"code": code, "message": "No.", "details": []}


@planted("status", LIST, "status")
def a_page_past_the_end_is_206(_: str, request: Request, answer: Answer) -> None:
    answer.status = (
        206 if answer.status == 200 and "page=1000000" in request.query else answer.status
    )


@planted("status", PUBLIC, "status")
def an_unknown_user_is_410(_: str, request: Request, answer: Answer) -> None:
    if answer.status == 404 and "nobody" in request.path:
        answer.status = 410


@planted("status", REFERRALS, "status")
def no_session_is_403(_: str, request: Request, answer: Answer) -> None:
    if answer.status == 401 and "authorization" not in request.headers:
        answer.status = 403


@planted("status", PROFILE, "status")
def an_unknown_field_is_ignored(_: str, request: Request, answer: Answer) -> None:
    if request.query == "fields=handle&fields=drift" and answer.status == 400:
        answer.status, answer.body = 200, {"handle": "ada"}


@planted("error name", REFERRALS, "error name")
def an_expired_session_is_only_unauthorized(_: str, __: Request, answer: Answer) -> None:
    if answer.status == 401 and answer.body["code"] == "SESSION_TOKEN_EXPIRED":
        answer.body["code"] = "GENERIC_UNAUTHORIZED"


@planted("error name", PUBLIC, "error name")
def an_unknown_container_has_a_name_of_its_own(_: str, request: Request, answer: Answer) -> None:
    if answer.status == 404 and "nowhere" in request.query:
        answer.body["code"] = "CONTAINER_NOT_FOUND"


@planted("presence", PUBLIC, "field /biography")
def a_public_profile_has_no_biography(_: str, __: Request, answer: Answer) -> None:
    if answer.status == 200:
        answer.body.pop("biography")


@planted("presence", PUBLIC, "field /avatar")
def a_public_profile_has_a_picture(_: str, __: Request, answer: Answer) -> None:
    if answer.status == 200:
        answer.body["avatar"] = None


@planted("presence", LIST, "field /items/*/read")
def a_notification_does_not_say_whether_it_is_read(_: str, __: Request, answer: Answer) -> None:
    for item in items(answer):
        item.pop("read")


@planted("presence", LIST, "field /next")
def a_page_names_the_next(_: str, __: Request, answer: Answer) -> None:
    if answer.status == 200:
        answer.body["next"] = 2


@planted("presence", PROFILE, "fields that were not asked for")
def a_profile_has_more_than_was_asked_for(_: str, __: Request, answer: Answer) -> None:
    if answer.status == 200:
        answer.body.setdefault("username", "ada")


@planted("presence", PROFILE, "field /details")
def a_refused_profile_has_no_details(_: str, __: Request, answer: Answer) -> None:
    if answer.status == 400:
        answer.body.pop("details")


@planted("type", LIST, "field /items/*/id")
def an_id_is_a_number(_: str, __: Request, answer: Answer) -> None:
    for item in items(answer):
        item["id"] = int.from_bytes(item["id"].encode()) % 2**53


@planted("type", PROFILE, "field /dateOfBirth")
def a_date_of_birth_is_a_text(_: str, __: Request, answer: Answer) -> None:
    if answer.status == 200 and answer.body.get("dateOfBirth"):
        answer.body["dateOfBirth"] = "1985-12-10"


@planted("type", REFERRALS, "field /total")
def a_total_is_a_text(_: str, __: Request, answer: Answer) -> None:
    if answer.status == 200:
        answer.body["total"] = str(answer.body["total"])


@planted("format", REFERRALS, "field /items/*/joinedAt")
def a_day_of_joining_has_no_time(_: str, __: Request, answer: Answer) -> None:
    for item in items(answer):
        item["joinedAt"] = item["joinedAt"][:10]


@planted("format", LIST, "field /items/*/createdAt")
def a_time_has_no_zone(_: str, __: Request, answer: Answer) -> None:
    for item in items(answer):
        item["createdAt"] = item["createdAt"].rstrip("Z")


@planted("enum values", LIST, "spelling of /items/*/type")
def kinds_of_notifications_are_in_capitals(_: str, __: Request, answer: Answer) -> None:
    for item in items(answer):
        item["type"] = item["type"].upper()


@planted("enum values", LIST, "field /details/*/in")
def a_detail_is_in_a_place_of_its_own(_: str, __: Request, answer: Answer) -> None:
    if answer.status == 400:
        for detail in answer.body.get("details", []):
            detail["in"] = "querystring"


@planted("enum values", PROFILE, "values of fields")
def a_date_of_birth_cannot_be_asked_for(_: str, request: Request, answer: Answer) -> None:
    if request.query == "fields=dateOfBirth" and answer.status == 200:
        refuse(answer, 400)


@planted("bounds", LIST, "values of limit")
def a_limit_is_at_most_50(_: str, request: Request, answer: Answer) -> None:
    limit = given(request, "limit") or ""
    if answer.status == 200 and limit.isdigit() and int(limit) > 50:
        answer.status, answer.body = 400, refusal()


@planted("bounds", LIST, "values of page")
def a_page_may_be_0(_: str, request: Request, answer: Answer) -> None:
    if given(request, "page") == "0" and answer.status == 400:
        answer.status, answer.body = 200, {"items": [], "page": 0, "limit": 20, "total": 47}


@planted("header", LIST, "Content-Type")
def a_type_names_its_encoding(_: str, __: Request, answer: Answer) -> None:
    if answer.status == 200:
        answer.headers["Content-Type"] = "application/json; charset=utf-8"


@planted("header", PUBLIC, "Cache-Control")
def a_public_profile_may_be_kept(_: str, __: Request, answer: Answer) -> None:
    if answer.status == 200:
        answer.headers["Cache-Control"] = "public, max-age=60"


@planted("header", PROFILE, "WWW-Authenticate")
def a_challenge_names_a_realm(_: str, __: Request, answer: Answer) -> None:
    if answer.status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="api"'


@planted("header", UNKNOWN, "Content-Type")
def an_unknown_path_is_plain_text(_: str, request: Request, answer: Answer) -> None:
    if answer.status == 404 and "drift-nothing" in request.path:
        answer.headers["Content-Type"] = "text/plain"


@planted("pages", LIST, "default limit")
def a_page_holds_10(_: str, request: Request, answer: Answer) -> None:
    if answer.status == 200 and given(request, "limit") is None:
        answer.body |= {"limit": 10}


@planted("pages", LIST, "order")
def the_oldest_come_first(_: str, __: Request, answer: Answer) -> None:
    for item in items(answer):
        day, hour = int(item["createdAt"][8:10]), int(item["createdAt"][11:13])
        item["createdAt"] = f"2026-03-{31 - day:02d}T{23 - hour:02d}{item['createdAt'][13:]}"


@planted("pages", LIST, "echo of page")
def a_page_says_that_it_is_the_first(_: str, __: Request, answer: Answer) -> None:
    if answer.status == 200:
        answer.body["page"] = 1


@planted("pages", REFERRALS, "order")
def the_oldest_referral_comes_first(_: str, __: Request, answer: Answer) -> None:
    items(answer).reverse()


@planted("pages", LIST, "total")
def a_total_counts_one_page(_: str, __: Request, answer: Answer) -> None:
    if answer.status == 200:
        answer.body["total"] = len(answer.body["items"])


def refusal() -> dict[str, Any]:
    return {
        "code": "GENERIC_CLIENT_ERROR",
        "message": "No.",
        "details": [{"in": "query", "name": "limit", "reason": "no"}],
    }


def server(*changes: Change) -> Twin:
    """Answer a twin with these differences."""
    twin = Twin()

    def plant(operation: str, request: Request, answer: Answer) -> None:
        for change in changes:
            change(operation, request, answer)

    twin.plant = plant  # type: ignore[method-assign]
    return twin
