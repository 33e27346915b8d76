"""Faults of who calls, of what belongs to whom, and of what is read."""

from http.cookies import SimpleCookie
from typing import Any

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_answers import LIST, MARK, PROFILE, REFERRALS, UPDATE
from tests.contract_tests.reference import UPDATABLE, Answer, Api, Request

Items = list[dict[str, Any]]


class TakesTheTokenFrom(Api):
    """Without a header, `found` says what the token is."""

    def found(self, request: Request) -> str | None:
        raise NotImplementedError

    def authenticate(self, request: Request) -> str:
        token = self.found(request) if "authorization" not in request.headers else None
        return self.sessions.get(token or "") or super().authenticate(request)


@fault("auth", "session.place", PROFILE, law="identity: the session is taken from its header only")
class TokenInQuery(TakesTheTokenFrom):
    """A session token is taken from `access_token` in the query."""

    def found(self, request: Request) -> str | None:
        return self.query(request).get("access_token", [None])[0]


@fault("auth", "session.place", UPDATE, law="identity: the session is taken from its header only")
class TokenInCookie(TakesTheTokenFrom):
    """A session token is taken from a cookie, where only updates need care of other sites."""

    def found(self, request: Request) -> str | None:
        cookies = SimpleCookie(request.headers.get("cookie", ""))
        return (
            cookies["session"].value if "session" in cookies and request.method == "POST" else None
        )


@fault(
    "auth", "session.place", REFERRALS, law="identity: the session is taken from its header only"
)
class TokenInOtherHeader(TakesTheTokenFrom):
    """A session token is taken from `X-Session-Token` for referrals."""

    def found(self, request: Request) -> str | None:
        return (
            request.headers.get("x-session-token") if request.handler == "list_referrals" else None
        )


class BelievesTheHeader(Api):
    """`X-User-Id` says for whom the operations of `handlers` are."""

    handlers: tuple[str, ...] = ()

    def authenticate(self, request: Request) -> str:
        user = super().authenticate(request)
        claimed = request.headers.get("x-user-id", "")
        return claimed if claimed in self.users and request.handler in self.handlers else user


@fault("auth", "session.isolation", PROFILE, law="identity: nobody reads as somebody else")
class HeaderReadsProfile(BelievesTheHeader):
    """`X-User-Id` reads another user's profile."""

    handlers = ("get_profile",)


@fault("auth", "session.isolation", LIST, law="identity: nobody reads as somebody else")
class HeaderReadsList(BelievesTheHeader):
    """`X-User-Id` reads another user's notifications."""

    handlers = ("list_notifications",)


@fault("auth", "session.isolation", UPDATE, law="identity: nobody writes as somebody else")
class HeaderWritesProfile(BelievesTheHeader):
    """`X-User-Id` changes another user's profile."""

    handlers = ("update_profile",)


@fault("auth", "session.isolation", MARK, law="read: marking marks all of ones own")
class HeaderMarks(BelievesTheHeader):
    """`X-User-Id` marks another user's notifications as read."""

    handlers = ("mark_read",)


@fault("auth", "session.isolation", UPDATE, law="update: other things stay")
class GraceTouchesAda(Api):
    """A new display name of the second user empties the first one's biography."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, body)
        if user == "grace" and "displayName" in body:
            super().apply("ada", {"biography": ""})


@fault("state", "update.partial", UPDATE, law="update: other things stay")
class UpdateUnreads(Api):
    """A new handle makes the user's notifications unread."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, body)
        if "handle" in body:
            self.inbox[user] = [{**item, "read": False} for item in self.inbox[user]]


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


@fault("read", "read.only-marking", LIST, law="read: listing marks nothing")
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


@fault("state", "read.nothing-else", MARK, law="machine: any calls in any order")
class MarkingUndoes(Api):
    """Mark-read puts the profile back to what it was at the mark-read before."""

    def mark_read(self, request: Request) -> Answer:
        kept = self.__dict__.setdefault("kept", {})
        profile = {name: self.users[request.user][name] for name in UPDATABLE}
        if request.user in kept and kept[request.user]["displayName"] != profile["displayName"]:
            self.apply(request.user, kept.pop(request.user))
        else:
            kept[request.user] = profile
        return super().mark_read(request)
