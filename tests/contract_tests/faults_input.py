"""Faults of validation, sessions and text."""

import html
import re
import unicodedata
from typing import Any

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_answers import LIST, MARK, PROFILE, PUBLIC, REFERRALS, UPDATE
from tests.contract_tests.reference import Answer, Api, RefusalError, Request


@fault("bounds", "input.documented", PROFILE, law="queries: required parameters")
class FieldsAreOptional(Api):
    """Without `fields` all are answered."""

    def asked(self, request: Request) -> list[str]:
        return (
            super().asked(request) if "fields" in self.query(request) else list(self.users["ada"])
        )


@fault("bounds", "input.bounds", PROFILE, law="projection: a wrong list is refused")
class UnknownFieldsIgnored(Api):
    """Unknown names in `fields` are ignored."""

    def asked(self, request: Request) -> list[str]:
        names = [
            name for name in self.query(request).get("fields", []) if name in self.users["ada"]
        ]
        if not names:
            raise self.wrong()
        return names


@fault("bounds", "input.documented", PUBLIC, law="queries: required parameters")
class PublicContainerIsOptional(Api):
    """Without `containerId` a public profile is that in main."""

    def get_public(self, request: Request) -> Answer:
        request.query = request.query or "containerId=main"
        return super().get_public(request)


@fault("bounds", "input.documented", LIST, law="queries: numbers of pages")
class PageMayBeText(Api):
    """A page that is no number is the first."""

    def page(self, query: dict[str, list[str]]) -> int:
        text = query.get("page", ["1"])[0]
        return super().page(query) if re.match(r"[-0-9.]|$", text) else 1


@fault("bounds", "input.bounds", LIST, law="queries: numbers of pages")
class LimitIsUnbounded(Api):
    """A limit of more than a hundred is accepted."""

    def limit(self, query: dict[str, list[str]]) -> int:
        return min(self.number(query, "limit", 20, None), 100)


@fault("bounds", "input.bounds", LIST, law="queries: numbers of pages")
class PageZero(Api):
    """Page 0 is the first."""

    def page(self, query: dict[str, list[str]]) -> int:
        return 1 if query.get("page") == ["0"] else super().page(query)


@fault("bounds", "input.accepted", LIST, law="queries: numbers of pages")
class NinetyNine(Api):
    """A limit of a hundred is refused."""

    def limit(self, query: dict[str, list[str]]) -> int:
        return self.number(query, "limit", 20, 99)


@fault("bounds", "input.bounds", UPDATE, law="bounds: past the bound")
class NameOf51(Api):
    """A display name may have 51 characters."""

    def good_displayName(self, value: Any) -> bool:  # noqa: N802
        return isinstance(value, str) and 1 <= len(value) <= 51


@fault("bounds", "input.accepted", UPDATE, law="bounds: all at once")
class NameInUtf16(Api):
    """The length of a display name counts UTF-16 units."""

    def good_displayName(self, value: Any) -> bool:  # noqa: N802
        return isinstance(value, str) and 1 <= len(value.encode("utf-16-le")) // 2 <= 50


@fault("bounds", "input.accepted", UPDATE, law="bounds: all at once")
class BiographyInBytes(Api):
    """The length of a biography counts bytes."""

    def good_biography(self, value: Any) -> bool:
        return isinstance(value, str) and len(value.encode()) <= 500


@fault("bounds", "input.accepted", UPDATE, law="bounds: at the bound")
class BiographyNotEmpty(Api):
    """A biography must not be empty."""

    def good_biography(self, value: Any) -> bool:
        return super().good_biography(value) and value != ""


@fault("bounds", "input.bounds", UPDATE, law="bounds: past the bound")
class HandleWithNewline(Api):
    """A handle may end in a newline."""

    def good_handle(self, value: Any) -> bool:
        return isinstance(value, str) and re.match(r"^[a-z0-9_]{3,20}$", value) is not None


@fault("bounds", "input.bounds", UPDATE, law="bounds: past the bound")
class HandleInCapitals(Api):
    """A handle may have capitals."""

    def good_handle(self, value: Any) -> bool:
        return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_]{3,20}", value) is not None


@fault("bounds", "input.documented", UPDATE, law="bounds: past the bound")
class NumberAsName(Api):
    """A number is taken for a display name."""

    def good_displayName(self, value: Any) -> bool:  # noqa: N802
        return isinstance(value, int) or super().good_displayName(value)

    def stored(self, name: str, value: Any) -> Any:
        return str(value) if name == "displayName" else super().stored(name, value)


@fault("bounds", "input.bounds", UPDATE, law="bounds: past the bound")
class DayIsOptional(Api):
    """A date of birth needs no day."""

    def good_part(self, value: dict[str, Any], part: str) -> bool:
        return part == "day" or super().good_part(value, part)

    def stored(self, name: str, value: Any) -> Any:
        return (
            super().stored(name, {"day": 1, **value})
            if name == "dateOfBirth" and _plain_day(value)
            else value
        )


@fault("bounds", "input.accepted", UPDATE, law="bounds: at the bound")
class MonthFromZero(Api):
    """December is refused."""

    def good_part(self, value: dict[str, Any], part: str) -> bool:
        return super().good_part(value, part) and not (part == "month" and value["month"] == 12)


@fault("bounds", "input.bounds", UPDATE, law="bounds: a body of another type")
class AnyMediaType(Api):
    """A body of any media type is read as JSON."""

    def parse(self, request: Request) -> dict[str, Any]:
        request.headers["content-type"] = "application/json"
        return super().parse(request)


@fault("bounds", "input.bounds", LIST, law="queries: odd queries")
class TwiceIsFine(Api):
    """The last of a repeated parameter counts."""

    def single(self, query: dict[str, list[str]], name: str) -> str | None:
        return query[name][-1] if name in query else None


@fault("bounds", "input.valid", LIST, law="http: optional input")
class LimitIsRequired(Api):
    """Without `limit` the list is refused."""

    def limit(self, query: dict[str, list[str]]) -> int:
        if "limit" not in query:
            raise self.wrong()
        return super().limit(query)


@fault("bounds", "input.status", UPDATE, law="bounds: past the bound")
class WrongBodyIs404(Api):
    """A wrong body is 404."""

    def check(self, body: dict[str, Any]) -> None:
        try:
            super().check(body)
        except RefusalError:
            raise RefusalError(404, "GENERIC_NOT_FOUND") from None


@fault("bounds", "error.details", UPDATE, law="bounds: past the bound")
class FirstDetailOnly(Api):
    """`details` names the first wrong field only."""

    def error_body(self, request: Request, code: str) -> dict[str, Any]:
        body = super().error_body(request, code)
        if code == "GENERIC_CLIENT_ERROR" and request.handler == "update_profile":
            body["details"] = [{"in": "body", "name": "/displayName", "reason": "is wrong"}]
        return body


@fault("auth", "session.required", REFERRALS, law="session: every operation needs a session")
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


@fault("auth", "session.required", PROFILE, law="session: every operation needs a session")
class OneInSevenOpen(Api):
    """One in seven profiles needs no session."""

    def authenticate(self, request: Request) -> str:
        try:
            return super().authenticate(request)
        except RefusalError:
            if request.number % 7 == 0 and request.handler == "get_profile":
                return "ada"
            raise


@fault("auth", "session.required", LIST, law="session: every operation needs a session")
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


@fault("schema", "projection.exact", PROFILE, law="projection: every subset")
class UsernameAlways(Api):
    """A profile always has the username."""

    def project(self, user: dict[str, Any], names: list[str]) -> dict[str, Any]:
        return super().project(user, ["username", *names])


@fault("state", "projection.values", PROFILE, law="projection: every subset")
class AloneIsNull(Api):
    """A date of birth that is asked for alone is null."""

    def project(self, user: dict[str, Any], names: list[str]) -> dict[str, Any]:
        return {"dateOfBirth": None} if names == ["dateOfBirth"] else super().project(user, names)


@fault("schema", "public.private", PUBLIC, law="public: members have one")
class PublicBirth(Api):
    """A public profile shows the date of birth."""

    def public_view(self, user: dict[str, Any]) -> dict[str, Any]:
        return dict(user)


@fault("state", "public.who", PUBLIC, law="public: members have one")
class PublicNamesTheReader(Api):
    """A public profile carries the reader's username."""

    def get_public(self, request: Request) -> Answer:
        answer = super().get_public(request)
        answer.body["username"] = request.user
        return answer


@fault("state", "public.not-found", PUBLIC, law="public: similar names")
class NamesIgnoreCase(Api):
    """The case of a username does not matter."""

    def get_public(self, request: Request) -> Answer:
        request.path = request.path.lower()
        return super().get_public(request)


@fault("state", "public.not-found", PUBLIC, law="public: unknown names")
class AnyContainer(Api):
    """A public profile is found in any container."""

    def get_public(self, request: Request) -> Answer:
        self.container(self.query(request))
        name = request.path.split("/")[4]
        return (
            Answer(200, self.public_view(self.users[name]))
            if name in self.users
            else super().get_public(request)
        )


class Stores(Api):
    """Keeps text changed by `change`."""

    def change(self, text: str) -> str:
        return text

    def stored(self, name: str, value: Any) -> Any:
        return self.change(value) if isinstance(value, str) else super().stored(name, value)


@fault("text", "text.exact", UPDATE, law="text: text round trips")
class Trims(Stores):
    """White space at the ends is cut off."""

    def change(self, text: str) -> str:
        return text.strip()


@fault("text", "text.exact", UPDATE, law="text: text round trips")
class Normalises(Stores):
    """Text is kept in normal form C."""

    def change(self, text: str) -> str:
        return unicodedata.normalize("NFC", text)


@fault("text", "text.exact", UPDATE, law="text: text round trips")
class Escapes(Stores):
    """Text is kept escaped for HTML."""

    def change(self, text: str) -> str:
        return html.escape(text)


@fault("text", "text.exact", UPDATE, law="text: text round trips")
class OnlyTheBmp(Stores):
    """Characters outside the BMP become question marks."""

    def change(self, text: str) -> str:
        return "".join(letter if ord(letter) < 0x10000 else "?" for letter in text)


@fault("text", "text.exact", UPDATE, law="text: text round trips")
class UnixNewlines(Stores):
    """Carriage returns are dropped."""

    def change(self, text: str) -> str:
        return text.replace("\r\n", "\n")


@fault("text", "text.exact", PUBLIC, law="text: text round trips")
class PublicUnescapes(Api):
    """A public profile shows entities as what they stand for."""

    def public_view(self, user: dict[str, Any]) -> dict[str, Any]:
        return {
            name: html.unescape(value) if value else value
            for name, value in super().public_view(user).items()
        }


def _plain_day(value: dict[str, Any]) -> bool:
    day = value.get("day", 1)
    return isinstance(day, int | float) and not isinstance(day, bool)
