"""Faults: bounds of what is sent: lengths, numbers, dates, types and keys."""

import re
from typing import Any

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_support import (
    LIST,
    MARK,
    PROFILE,
    PUBLIC,
    REFERRALS,
    UPDATE,
    Items,
)
from tests.contract_tests.reference import Answer, Api, RefusalError, Request


def _plain_day(value: dict[str, Any]) -> bool:
    day = value.get("day", 1)
    return isinstance(day, int | float) and not isinstance(day, bool)


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


@fault("bounds", "input.documented", LIST, law="queries: numbers of pages", also="input.bounds")
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


@fault("bounds", "input.bounds", UPDATE, law="bounds: past the bound", also="answer.shape")
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


@fault("bounds", "input.bounds", UPDATE, law="bounds: past the bound", also="answer.shape")
class HandleWithNewline(Api):
    """A handle may end in a newline."""

    def good_handle(self, value: Any) -> bool:
        return isinstance(value, str) and re.match(r"^[a-z0-9_]{3,20}$", value) is not None


@fault("bounds", "input.bounds", UPDATE, law="bounds: past the bound", also="answer.shape")
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


@fault("bounds", "input.bounds", UPDATE, law="bounds: past the bound", also="answer.shape")
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


@fault("bounds", "input.bounds", UPDATE, law="bounds: past the bound", also="answer.shape")
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
