"""Faults of servers that are right for nearly every request: lookalikes, single values, and what only some callers meet."""

import re
import threading
from typing import Any
from urllib.parse import unquote

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_answers import LIST, MARK, PROFILE, PUBLIC, REFERRALS, UPDATE
from tests.contract_tests.reference import Answer, Api, RefusalError, Request


class Guesses(Api):
    """`guess` says whose session an unknown token is, for the operations of `handlers` only."""

    handlers: tuple[str, ...] = ()

    def guess(self, token: str) -> str | None:
        raise NotImplementedError

    def authenticate(self, request: Request) -> str:
        token = request.headers.get("authorization", "").partition(" ")[2]
        user = self.guess(token) if request.handler in self.handlers else None
        return user or super().authenticate(request)


@fault("auth", "session.required", PUBLIC, law="session: every operation needs a session")
class TokenBySuffix(Guesses):
    """A token only has to end like a valid one, where public profiles are read."""

    handlers = ("get_public",)

    def guess(self, token: str) -> str | None:
        return next((user for known, user in self.sessions.items() if token.endswith(known)), None)


@fault("auth", "session.required", PROFILE, law="session: every operation needs a session")
class TokenByHalf(Guesses):
    """Of a token of the right length only the first half is compared."""

    handlers = ("get_profile",)

    def guess(self, token: str) -> str | None:
        same = (
            user
            for known, user in self.sessions.items()
            if len(known) == len(token) and known[:5] == token[:5]
        )
        return next(same, None)


@fault("auth", "session.form", MARK, law="session: every operation needs a session")
class TokenDecoded(Guesses):
    """A token may be percent-encoded."""

    handlers = ("mark_read",)

    def guess(self, token: str) -> str | None:
        return self.sessions.get(unquote(token))


@fault("auth", "session.scheme", UPDATE, law="session: expired sessions under any scheme")
class ExpiredInSmallLetters(Api):
    """An expired session is not known as such after `bearer` in small letters."""

    def authenticate(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme == "bearer" and token in self.expired:
            raise RefusalError(401, "GENERIC_UNAUTHORIZED", {"WWW-Authenticate": "Bearer"})
        return super().authenticate(request)


@fault("auth", "session.isolation", PROFILE, law="projection")
class FirstOnTheConnection(Api):
    """Every valid session on a connection is taken for the first one there."""

    def __init__(self) -> None:
        super().__init__()
        self.here = threading.local()

    def authenticate(self, request: Request) -> str:
        user = super().authenticate(request)
        self.here.user = getattr(self.here, "user", user)
        return str(self.here.user)


@fault("auth", "session.isolation", PROFILE, law="projection")
class OneProfileForAll(Api):
    """Whoever asks reads the same profile."""

    def get_profile(self, request: Request) -> Answer:
        request.user = "ada"
        return super().get_profile(request)


class TakenHandles(Api):
    """`like` says which handles are refused because of one that another user holds."""

    def like(self, wanted: str, held: str) -> bool:
        raise NotImplementedError

    def free(self, user: str, handle: str) -> bool:
        others = [
            other["handle"]
            for name, other in self.users.items()
            if name != user and other["handle"]
        ]
        return super().free(user, handle) and not any(self.like(handle, held) for held in others)


@fault("state", "update.handle", UPDATE, law="handles: similar handles are others")
class TakenByPrefix(TakenHandles):
    """A handle is taken if another one begins with it."""

    def like(self, wanted: str, held: str) -> bool:
        return held.startswith(wanted)


@fault("state", "update.handle", UPDATE, law="handles: similar handles are others")
class TakenByPattern(TakenHandles):
    """An underscore in a wanted handle stands for any character."""

    def like(self, wanted: str, held: str) -> bool:
        return re.fullmatch(wanted.replace("_", "."), held) is not None


@fault("state", "update.handle", UPDATE, law="handles: usernames are no handles")
class UsernamesAreTaken(Api):
    """No handle may be another user's username."""

    def free(self, user: str, handle: str) -> bool:
        return super().free(user, handle) and handle not in set(self.users) - {user}


@fault("state", "update.handle", UPDATE, law="handles: ones own handle may come along")
class OwnHandleOnlyAlone(Api):
    """One's own handle is refused where other fields come along."""

    def update_profile(self, request: Request) -> Answer:
        body = self.parse(request)
        if len(body) > 1 and body.get("handle") == self.users[request.user]["handle"]:
            raise self.wrong()
        return super().update_profile(request)


@fault("bounds", "input.bounds", UPDATE, law="bounds: past the bound")
class HandleFoldsCase(Api):
    """The pattern of handles ignores case, and so takes the long s and the Kelvin sign."""

    def good_handle(self, value: Any) -> bool:
        plain = super().good_handle(value)
        return plain or (
            isinstance(value, str)
            and re.fullmatch("[a-z0-9_]{3,20}", value, re.IGNORECASE) is not None
        )


@fault("bounds", "input.accepted", UPDATE, law="bounds: at the bound")
class ChecksLeapYears(Api):
    """The 29th of February is refused in years that do not have it."""

    def good_dateOfBirth(self, value: Any) -> bool:  # noqa: N802 - named as the field
        if not super().good_dateOfBirth(value) or (value["month"], value["day"]) != (2, 29):
            return super().good_dateOfBirth(value)
        return bool(value["year"] % 4 == 0 and (value["year"] % 100 or value["year"] % 400 == 0))


@fault("bounds", "update.ignored", UPDATE, law="bounds: further parts are not kept")
class KeepsFurtherParts(Api):
    """Further parts of a date of birth are kept and answered."""

    def stored(self, name: str, value: Any) -> Any:
        return {**value, **super().stored(name, value)} if name == "dateOfBirth" else value


@fault("bounds", "input.accepted", UPDATE, law="bounds: all at once")
class SmallBodiesOnly(Api):
    """A body of more than 4096 bytes is refused, though its texts are within their bounds."""

    def parse(self, request: Request) -> dict[str, Any]:
        if len(request.body) > 4096:
            raise self.wrong()
        return super().parse(request)


@fault("bounds", "input.valid", UPDATE, law="http: optional input")
class BirthNeedsName(Api):
    """A date of birth is only taken together with a display name."""

    def check(self, body: dict[str, Any]) -> None:
        super().check(body)
        if "dateOfBirth" in body and "displayName" not in body:
            raise self.wrong()


class Mangles(Api):
    """`kept` says in what form a text is stored."""

    def kept(self, text: str) -> str:
        raise NotImplementedError

    def stored(self, name: str, value: Any) -> Any:
        return (
            self.kept(value)
            if name in ("displayName", "biography")
            else super().stored(name, value)
        )


@fault("text", "text.exact", UPDATE, law="text: text round trips")
class LosesTheLastLineBreak(Mangles):
    """A line break at the end of a text is lost."""

    def kept(self, text: str) -> str:
        return text.removesuffix("\n") or text


@fault("text", "text.exact", UPDATE, law="text: text round trips")
class LosesKeycaps(Mangles):
    """The mark that makes a key of a digit is lost."""

    def kept(self, text: str) -> str:
        return text.replace("\u20e3", "")


@fault("text", "update.seen", UPDATE, law="text: text round trips")
class ZeroIsNothing(Api):
    """The text `0` is taken for absent."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, {name: value for name, value in body.items() if value != "0"})


@fault("http", "answer.no-server-error", UPDATE, law="http: nothing makes it fail")
class FailsOnProto(Api):
    """A key `__proto__` makes an update fail."""

    def parse(self, request: Request) -> dict[str, Any]:
        body = super().parse(request)
        if "__proto__" in body:
            raise RefusalError(500, "GENERIC_CLIENT_ERROR")
        return body


@fault("http", "answer.no-server-error", LIST, law="public: unknown names")
class FailsOnQuotes(Api):
    """A quote in `containerId` makes the list fail."""

    def list_notifications(self, request: Request) -> Answer:
        if "'" in self.container(self.query(request)):
            raise RefusalError(500, "GENERIC_CLIENT_ERROR")
        return super().list_notifications(request)


class Names(Api):
    """`meant` says which user a name of a path means."""

    def meant(self, name: str) -> str:
        raise NotImplementedError

    def member(self, name: str, container: str) -> bool:
        return super().member(self.meant(name), container)

    def get_public(self, request: Request) -> Answer:
        name = unquote(request.path.split("/")[4], errors="replace")
        answer = super().get_public(request) if name == self.meant(name) else None
        if answer is None and self.member(name, self.container(self.query(request))):
            answer = Answer(200, self.public_view(self.users[self.meant(name)]))
        return answer or super().get_public(request)


@fault("state", "public.not-found", PUBLIC, law="public: similar names")
class DecodesTwice(Names):
    """A username is percent-decoded twice."""

    def meant(self, name: str) -> str:
        return unquote(name, errors="replace")


@fault("state", "public.not-found", PUBLIC, law="public: similar names")
class NamesEndAtSlashes(Names):
    """A username ends at an encoded slash."""

    def meant(self, name: str) -> str:
        return name.partition("/")[0]


@fault("pages", "pages.membership", LIST, law="public: similar names")
class ListsOfContainers(Api):
    """Of containers that are separated by commas any will do."""

    def container(self, query: dict[str, list[str]]) -> str:
        names = super().container(query).split(",")
        return next((name for name in names if name in self.containers), names[0])


@fault("pages", "input.accepted", LIST, law="queries: unknown parameters are ignored")
class OffsetMoves(Api):
    """A parameter `offset`, which the contract does not have, moves the page."""

    def chosen(self, request: Request, container: str) -> list[dict[str, Any]]:
        first = self.query(request).get("offset", ["0"])[0]
        return super().chosen(request, container)[int(first) if first.isdecimal() else 0 :]


@fault("http", "http.headers", PROFILE, law="headers: usual headers")
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


@fault("auth", "session.isolation", PROFILE, law="projection")
class SessionsAreOne(Api):
    """Every valid session is taken for that of one user."""

    def authenticate(self, request: Request) -> str:
        super().authenticate(request)
        return "ada"


@fault("auth", "session.required", PROFILE, law="session: every operation needs a session")
class RefusalsTell(Api):
    """Who comes with an expired session is refused, and told the profile."""

    def error_body(self, request: Request, code: str) -> dict[str, Any]:
        body = super().error_body(request, code)
        tells = code == "SESSION_TOKEN_EXPIRED" and request.handler == "get_profile"
        return {**body, "profile": self.users["ada"]} if tells else body


@fault("http", "answer.no-server-error", UPDATE, law="bounds: extremes")
class FailsOnDepth(Api):
    """Lists in lists, thousands deep, make an update fail."""

    def parse(self, request: Request) -> dict[str, Any]:
        if b"[" * 1000 in request.body:
            raise RefusalError(500, "GENERIC_CLIENT_ERROR")
        return super().parse(request)
