"""Faults: who may call: sessions, tokens, and users who are taken for others."""

import copy
import re
import threading
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import unquote

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_support import LIST, MARK, PROFILE, PUBLIC, REFERRALS, UPDATE
from tests.contract_tests.reference import Answer, Api, RefusalError, Request


class TakesTheTokenFrom(Api):
    """Without a header, `found` says what the token is."""

    def found(self, request: Request) -> str | None:
        raise NotImplementedError

    def authenticate(self, request: Request) -> str:
        token = self.found(request) if "authorization" not in request.headers else None
        return self.sessions.get(token or "") or super().authenticate(request)


class BelievesTheHeader(Api):
    """`X-User-Id` says for whom the operations of `handlers` are."""

    handlers: tuple[str, ...] = ()

    def authenticate(self, request: Request) -> str:
        user = super().authenticate(request)
        claimed = request.headers.get("x-user-id", "")
        return claimed if claimed in self.users and request.handler in self.handlers else user


class Guesses(Api):
    """`guess` says whose session an unknown token is, for the operations of `handlers` only."""

    handlers: tuple[str, ...] = ()

    def guess(self, token: str) -> str | None:
        raise NotImplementedError

    def authenticate(self, request: Request) -> str:
        token = request.headers.get("authorization", "").partition(" ")[2]
        user = self.guess(token) if request.handler in self.handlers else None
        return user or super().authenticate(request)


@fault("auth", "session.isolation", UPDATE, law="session: users have their own profiles")
class PublicBiographyOfTheLast(Api):
    """Every public profile shows the biography that was written last, whoever wrote it."""

    last: str | None = None

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, body)
        self.last = body.get("biography", self.last)

    def public_view(self, user: dict[str, Any]) -> dict[str, Any]:
        shown = super().public_view(user)
        return shown if self.last is None else {**shown, "biography": self.last}


@fault(
    "auth",
    "session.required",
    PROFILE,
    law="session: every operation needs a session",
    also="session.isolation",
)
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


@fault(
    "auth",
    "session.required",
    REFERRALS,
    law="session: every operation needs a session",
    also="session.form",
)
class ReferralsAreOpen(Api):
    """Referrals need no session."""

    def authenticate(self, request: Request) -> str:
        return "ada" if request.handler == "list_referrals" else super().authenticate(request)


@fault("auth", "session.required", PUBLIC, law="session: every operation needs a session")
class ExpiredReadsPublic(Api):
    """An expired session still reads public profiles."""

    def authenticate(self, request: Request) -> str:
        if request.handler == "get_public" and "expired" in request.headers.get(
            "authorization", ""
        ):
            return "ada"
        return super().authenticate(request)


@fault(
    "auth",
    "session.required",
    PROFILE,
    law="session: every operation needs a session",
    also="session.form",
)
class OneInSevenOpen(Api):
    """One in seven profiles needs no session."""

    def authenticate(self, request: Request) -> str:
        try:
            return super().authenticate(request)
        except RefusalError:
            if request.number % 7 == 0 and request.handler == "get_profile":
                return "ada"
            raise


@fault(
    "auth",
    "session.required",
    LIST,
    law="session: every operation needs a session",
    also="session.form",
)
class TokenByPrefix(Api):
    """A token only has to begin like a valid one."""

    def authenticate(self, request: Request) -> str:
        match = re.match(r"Bearer ([a-z]+)-session", request.headers.get("authorization", ""))
        if match and match[1] in self.users and "expired" not in request.headers["authorization"]:
            return match[1]
        return super().authenticate(request)


@fault("auth", "session.form", UPDATE, law="session: every operation needs a session")
class AnyScheme(Api):
    """The scheme is not looked at."""

    def authenticate(self, request: Request) -> str:
        words = request.headers.get("authorization", "").split(" ")
        return self.sessions.get(words[-1]) or super().authenticate(request)


@fault("auth", "session.name", MARK, law="session: every operation needs a session")
class ExpiredIsGeneric(Api):
    """An expired session is only unauthorized to mark-read."""

    def error_body(self, request: Request, code: str) -> dict[str, Any]:
        hidden = request.handler == "mark_read" and code == "SESSION_TOKEN_EXPIRED"
        return super().error_body(request, "GENERIC_UNAUTHORIZED" if hidden else code)


@fault("auth", "session.name", PROFILE, law="session: every operation needs a session")
class UnknownIsExpired(Api):
    """An unknown token is called expired."""

    def error_body(self, request: Request, code: str) -> dict[str, Any]:
        return super().error_body(
            request, "SESSION_TOKEN_EXPIRED" if code == "GENERIC_UNAUTHORIZED" else code
        )


@fault("auth", "session.name", LIST, law="session: every operation needs a session")
class RefreshIsSession(Api):
    """An expired refresh token is called an expired session."""

    def error_body(self, request: Request, code: str) -> dict[str, Any]:
        return super().error_body(
            request, "SESSION_TOKEN_EXPIRED" if code == "REFRESH_TOKEN_EXPIRED" else code
        )


@fault("auth", "session.first", LIST, law="session: the session comes first")
class InputBeforeSession(Api):
    """The list checks its input before the session."""

    def authenticate(self, request: Request) -> str:
        if request.handler == "list_notifications":
            self.container(self.query(request))
        return super().authenticate(request)


@fault("auth", "session.scheme", PUBLIC, law="session: expired sessions under any scheme")
class SchemeIsExact(Api):
    """The scheme must be spelt `Bearer`."""

    def authenticate(self, request: Request) -> str:
        if not request.headers.get("authorization", "").startswith("Bearer"):
            raise RefusalError(401, "GENERIC_UNAUTHORIZED", {"WWW-Authenticate": "Bearer"})
        return super().authenticate(request)


@fault("auth", "session.no-change", UPDATE, law="session: a refused session changes nothing")
class RefusedAndDone(Api):
    """An update with an expired session is refused after it was done."""

    def authenticate(self, request: Request) -> str:
        if request.handler == "update_profile" and "expired" in request.headers.get(
            "authorization", ""
        ):
            self.apply("ada", self.parse(request))
        return super().authenticate(request)


@fault(
    "auth",
    "session.required",
    PUBLIC,
    law="session: every operation needs a session",
    also="session.form",
)
class TokenBySuffix(Guesses):
    """A token only has to end like a valid one, where public profiles are read."""

    handlers = ("get_public",)

    def guess(self, token: str) -> str | None:
        return next((user for known, user in self.sessions.items() if token.endswith(known)), None)


@fault(
    "auth",
    "session.required",
    PROFILE,
    law="session: every operation needs a session",
    also="session.form",
)
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


@fault("auth", "session.isolation", UPDATE, law="identity: nobody writes as somebody else")
class BodyNamesUser(Api):
    """`userId` in the body says whose profile is changed."""

    def update_profile(self, request: Request) -> Answer:
        claimed = self.parse(request).get("userId")
        if isinstance(claimed, str) and claimed in self.users:
            request.user = claimed
        return super().update_profile(request)


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


@fault("auth", "referrals.own", REFERRALS, law="referrals: own")
class EverybodysReferrals(Api):
    """Everybody sees ada's referrals."""

    def list_referrals(self, request: Request) -> Answer:
        request.user = "ada"
        return super().list_referrals(request)
