"""Faults: text of every kind."""

import html
import unicodedata
from typing import Any

from tests.contract_tests.catalogue import fault
from tests.contract_tests.faults_support import PUBLIC, UPDATE
from tests.contract_tests.reference import Answer, Api, RefusalError, Request


class Stores(Api):
    """Keeps text changed by `change`."""

    def change(self, text: str) -> str:
        return text

    def stored(self, name: str, value: Any) -> Any:
        return self.change(value) if isinstance(value, str) else super().stored(name, value)


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


@fault("text", "public.any-reader", PUBLIC, law="text: long text")
class OthersSeeTheBeginning(Api):
    """Others see only the first sixty characters of a biography."""

    def get_public(self, request: Request) -> Answer:
        answer = super().get_public(request)
        if answer.body["username"] != request.user and answer.body["biography"]:
            answer.body["biography"] = answer.body["biography"][:60]
        return answer


@fault("text", "text.exact", UPDATE, law="bounds: at the bound")
class HandleIsNumber(Api):
    """A handle of digits loses its leading zeros."""

    def stored(self, name: str, value: Any) -> Any:
        return (
            str(int(value)) if name == "handle" and value.isdigit() else super().stored(name, value)
        )


@fault("text", "text.exact", UPDATE, law="text: text round trips", also="update.answer")
class EndsAtNull(Stores):
    """Text ends at U+0000."""

    def change(self, text: str) -> str:
        return text.partition("\0")[0]


@fault(
    "text", "answer.no-server-error", UPDATE, law="http: nothing makes it fail", also="answer.shape"
)
class NullIs500(Api):
    """U+0000 makes an update fail."""

    def check(self, body: dict[str, Any]) -> None:
        super().check(body)
        if "\0" in str(body.get("biography")):
            raise RefusalError(500, "GENERIC_CLIENT_ERROR")


@fault(
    "text", "text.exact", UPDATE, law="text: text round trips", also="answer.shape update.answer"
)
class Trims(Stores):
    """White space at the ends is cut off."""

    def change(self, text: str) -> str:
        return text.strip()


@fault("text", "text.exact", UPDATE, law="text: text round trips", also="update.answer")
class Normalises(Stores):
    """Text is kept in normal form C."""

    def change(self, text: str) -> str:
        return unicodedata.normalize("NFC", text)


@fault(
    "text", "text.exact", UPDATE, law="text: text round trips", also="answer.shape update.answer"
)
class Escapes(Stores):
    """Text is kept escaped for HTML."""

    def change(self, text: str) -> str:
        return html.escape(text)


@fault("text", "text.exact", UPDATE, law="text: text round trips", also="update.answer")
class OnlyTheBmp(Stores):
    """Characters outside the BMP become question marks."""

    def change(self, text: str) -> str:
        return "".join(letter if ord(letter) < 0x10000 else "?" for letter in text)


@fault("text", "text.exact", UPDATE, law="text: text round trips", also="update.answer")
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


@fault("text", "text.exact", UPDATE, law="text: text round trips", also="update.answer")
class LosesTheLastLineBreak(Mangles):
    """A line break at the end of a text is lost."""

    def kept(self, text: str) -> str:
        return text.removesuffix("\n") or text


@fault("text", "text.exact", UPDATE, law="text: text round trips", also="update.answer")
class LosesKeycaps(Mangles):
    """The mark that makes a key of a digit is lost."""

    def kept(self, text: str) -> str:
        return text.replace("\u20e3", "")


@fault("text", "update.seen", UPDATE, law="text: text round trips", also="text.exact update.answer")
class ZeroIsNothing(Api):
    """The text `0` is taken for absent."""

    def apply(self, user: str, body: dict[str, Any]) -> None:
        super().apply(user, {name: value for name, value in body.items() if value != "0"})


@fault("text", "text.exact", UPDATE, law="text: the smallest change counts")
class CaseChangeIgnored(Api):
    """A text that differs from the stored one in case only is not stored."""

    def stored(self, name: str, value: Any) -> Any:
        same = [
            user[name]
            for user in self.users.values()
            if isinstance(value, str) and str(user[name]).lower() == value.lower()
        ]
        return same[0] if same and name == "displayName" else super().stored(name, value)
