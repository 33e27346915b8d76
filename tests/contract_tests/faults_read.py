"""Faults: marking as read, and whatever else marks."""

from typing import Any

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_support import LIST, MARK, PROFILE, REFERRALS, UPDATE, Items
from tests.contract_tests.reference import Answer, Api, Request


class MarksWhatItShows(Api):
    """A list that `looks` so marks what it shows."""

    def looks(self, query: dict[str, list[str]]) -> bool:
        raise NotImplementedError

    def list_notifications(self, request: Request) -> Answer:
        answer = super().list_notifications(request)
        shown = (
            {item["id"] for item in answer.body["items"]} if self.looks(self.query(request)) else ()
        )
        for item in self.inbox[request.user]:
            item["read"] = item["read"] or item["id"] in shown
        return answer


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


@fault("read", "read.keeps", MARK, law="read: marking marks all of ones own")
class MarkHides(Api):
    """After mark-read the list shows nothing any more."""

    def chosen(self, request: Request, container: str) -> list[dict[str, Any]]:
        whole = super().chosen(request, container)
        unread = [item for item in whole if not item["read"]]
        return whole if unread else []


@fault("read", "read.only-marking", LIST, law="read: listing marks nothing", also="update.partial")
class DefaultPageMarks(MarksWhatItShows):
    """A list without `page` and `limit` marks what it shows."""

    def looks(self, query: dict[str, list[str]]) -> bool:
        return set(query) == {"containerId"}


@fault("read", "read.only-marking", LIST, law="read: listing marks nothing")
class LargestPageMarks(MarksWhatItShows):
    """A page of a hundred marks what it shows."""

    def looks(self, query: dict[str, list[str]]) -> bool:
        return query.get("limit") == ["100"]


@fault("read", "read.only-marking", LIST, law="read: listing marks nothing")
class LaterPagesMark(MarksWhatItShows):
    """Pages after the first mark what they show."""

    def looks(self, query: dict[str, list[str]]) -> bool:
        return query.get("page", ["1"]) != ["1"]


@fault("read", "update.partial", UPDATE, law="read: listing marks nothing")
class UpdateMarks(Api):
    """An update marks the user's notifications as read."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, body)
        for item in self.inbox[user]:
            item["read"] = True


@fault("read", "read.only-own", MARK, law="read: marking marks all of ones own")
class MarksSideOfAll(Api):
    """Mark-read marks everybody's in one container."""

    def marked(self, request: Request) -> Items:
        every = [item for items in self.inbox.values() for item in items]
        return [
            *super().marked(request),
            *(item for item in every if item["containerId"] == "side"),
        ]


@fault("read", "read.only-marking", MARK, law="read: only marking marks")
class HeadMarks(Api):
    """A refused GET of the path of mark-read marks."""

    def route(self, request: Request) -> str:
        if request.method == "GET" and request.path.endswith("/read"):
            for item in self.inbox[self.authenticate(request)]:
                item["read"] = True
        return super().route(request)


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
