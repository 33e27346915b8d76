"""Faults of state, pages, mark-read, referrals and concurrency."""

import copy
import time
from typing import Any

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_answers import LIST, MARK, PROFILE, PUBLIC, REFERRALS, UPDATE
from tests.contract_tests.reference import UPDATABLE, Answer, Api, RefusalError, Request

Items = list[dict[str, Any]]


@fault("state", "update.seen", UPDATE, law="update: partial")
class BiographyIsForgotten(Api):
    """An update answers the new biography and does not keep it."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, {name: value for name, value in body.items() if name != "biography"})


@fault("state", "update.seen", UPDATE, law="update: partial")
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


@fault("cache", "update.seen", UPDATE, law="update: no read is stale")
class StaleProjection(Api):
    """A list of fields once read is answered from a cache that updates do not clear."""

    def get_profile(self, request: Request) -> Answer:
        cache = self.__dict__.setdefault("cache", {})
        answer = super().get_profile(request)
        if len(answer.body) == 2:
            answer = cache.setdefault((request.user, request.query), answer)
            return Answer(200, copy.deepcopy(answer.body))
        return answer


@fault("auth", "session.isolation", PROFILE, law="session: users have their own profiles")
class UsernameInQuery(Api):
    """`username` in the query reads another's profile."""

    def get_profile(self, request: Request) -> Answer:
        for name in self.query(request).get("username", []):
            request.user = name if name in self.users else request.user
        return super().get_profile(request)


@fault("auth", "session.isolation", UPDATE, law="session: users have their own profiles")
class UsernameInBody(Api):
    """`username` in the body changes another's profile."""

    def update_profile(self, request: Request) -> Answer:
        name = self.parse(request).get("username")
        request.user = name if name in self.users else request.user
        return super().update_profile(request)


@fault("pages", "pages.whole", LIST, law="pages: pages add up")
class PagesOverlap(Api):
    """From the third page on, pages begin one item early."""

    def cut(self, whole: Items, page: int, limit: int) -> Items:
        start = (page - 1) * limit - (page > 2)
        return whole[start : start + limit]


@fault("pages", "pages.limit", LIST, law="pages: pages add up")
class OneTooMany(Api):
    """A page of seven has eight items."""

    def cut(self, whole: Items, page: int, limit: int) -> Items:
        return whole[(page - 1) * limit : page * limit + (limit == 7)]


@fault("pages", "pages.size", LIST, law="pages: pages add up")
class FullPageIsShort(Api):
    """A page of a hundred has only fifty items."""

    def cut(self, whole: Items, page: int, limit: int) -> Items:
        return super().cut(whole, page, limit)[:50]


@fault("pages", "pages.whole", LIST, law="pages: pages add up")
class LastIsLost(Api):
    """The last notification of a container never shows on small pages."""

    def cut(self, whole: Items, page: int, limit: int) -> Items:
        return super().cut(whole if limit > 50 else whole[:-1], page, limit)


@fault("pages", "pages.total", LIST, law="pages: pages add up")
class TotalOfPage(Api):
    """`total` counts the page."""

    def list_notifications(self, request: Request) -> Answer:
        answer = super().list_notifications(request)
        answer.body["total"] = len(answer.body["items"])
        return answer


@fault("pages", "pages.echo", LIST, law="pages: pages add up")
class EchoOfPage(Api):
    """`page` is always 1."""

    def list_notifications(self, request: Request) -> Answer:
        answer = super().list_notifications(request)
        answer.body["page"] = 1
        return answer


@fault("pages", "pages.defaults", LIST, law="pages: defaults")
class DefaultIsTen(Api):
    """The default limit is ten."""

    def limit(self, query: dict[str, list[str]]) -> int:
        return self.number(query, "limit", 10, 100)


@fault("pages", "pages.order", LIST, law="pages: whole")
class OldestFirst(Api):
    """Notifications come oldest first."""

    def ordered(self, items: Items) -> Items:
        return super().ordered(items)[::-1]


@fault("pages", "pages.order", LIST, law="pages: whole")
class TiesReversed(Api):
    """Equal times are ordered by id descending."""

    def ordered(self, items: Items) -> Items:
        return sorted(items, key=lambda item: (item["createdAt"], item["id"]), reverse=True)


@fault("pages", "pages.past-end", LIST, law="pages: pages add up")
class PastEndIs404(Api):
    """A page past the end is 404."""

    def cut(self, whole: Items, page: int, limit: int) -> Items:
        if page > 1 and not whole[(page - 1) * limit :]:
            raise RefusalError(404, "GENERIC_NOT_FOUND")
        return super().cut(whole, page, limit)


@fault("pages", "pages.container", LIST, law="pages: whole")
class ContainerByPrefix(Api):
    """The second page shows another container's notifications."""

    def cut(self, whole: Items, page: int, limit: int) -> Items:
        items = super().cut(whole, page, limit)
        return [{**item, "containerId": "side"} for item in items] if page == 2 else items


@fault("pages", "pages.own", LIST, law="pages: users have their own")
class EverybodysInbox(Api):
    """Everybody sees ada's notifications."""

    def chosen(self, request: Request, container: str) -> Items:
        return super().chosen(
            Request("GET", "", user="ada" if request.user == "grace" else request.user), container
        )


@fault("pages", "pages.membership", LIST, law="public: unknown names")
class UnknownContainerIsEmpty(Api):
    """An unknown container has no notifications."""

    def list_notifications(self, request: Request) -> Answer:
        container = self.container(self.query(request))
        if container not in self.containers:
            return Answer(200, {"items": [], "page": 1, "limit": 20, "total": 0})
        return super().list_notifications(request)


@fault("read", "read.marks", MARK, law="read: marking marks all of ones own")
class MarksOneContainer(Api):
    """Mark-read marks the first container only."""

    def marked(self, request: Request) -> Items:
        return [item for item in super().marked(request) if item["containerId"] == "main"]


@fault("read", "read.marks", MARK, law="read: marking marks all of ones own")
class MarksTwenty(Api):
    """Mark-read marks twenty."""

    def marked(self, request: Request) -> Items:
        return [item for item in super().marked(request) if not item["read"]][:20]


@fault("read", "read.only-own", MARK, law="read: marking marks all of ones own")
class MarksEverybody(Api):
    """Mark-read marks everybody's."""

    def marked(self, request: Request) -> Items:  # noqa: ARG002
        return [item for items in self.inbox.values() for item in items]


@fault("read", "read.only-marking", LIST, law="read: listing marks nothing")
class ReadingMarks(Api):
    """Listing marks what it shows."""

    def list_notifications(self, request: Request) -> Answer:
        answer = super().list_notifications(request)
        shown = {item["id"] for item in answer.body["items"]}
        for item in self.inbox[request.user]:
            item["read"] = item["read"] or item["id"] in shown
        return answer


@fault("read", "read.nothing-else", MARK, law="read: marking marks all of ones own")
class MarkingTouchesTimes(Api):
    """Mark-read renews the time of what it marks."""

    def mark_read(self, request: Request) -> Answer:
        for item in self.inbox[request.user]:
            if not item["read"]:
                item["createdAt"] = "2026-05-01T00:00:00Z"
        return super().mark_read(request)


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


@fault("auth", "referrals.own", REFERRALS, law="referrals: own")
class EverybodysReferrals(Api):
    """Everybody sees ada's referrals."""

    def list_referrals(self, request: Request) -> Answer:
        request.user = "ada"
        return super().list_referrals(request)


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


@fault("state", "public.any-reader", PUBLIC, law="public: members have one")
class PublicHidesFromGrace(Api):
    """One reader does not see biographies."""

    def get_public(self, request: Request) -> Answer:
        answer = super().get_public(request)
        if request.user == "grace":
            answer.body["biography"] = None
        return answer
