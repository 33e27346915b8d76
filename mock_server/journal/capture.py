"""What went over the wire for one request: kept by reference, and made readable, without credentials, when somebody looks."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from . import masking

MOST = 65_536
"""How many bytes of a body are kept."""
HEADER = 130
"""About how many bytes a header takes beside its name and its value: the pair, and what Python notes of each text."""
ANSWER = 300
"""The same for the headers of an answer as a whole, and the bodies."""

Raw = tuple[bytes, bytes]


class Wire(NamedTuple):
    """Headers and bodies, the latter cut after `MOST` bytes, with their lengths; `size` is about how many bytes this takes."""

    size: int
    headers: Sequence[Raw]
    body: bytes
    length: int
    answer_headers: Iterable[tuple[str, str]]
    answer: bytes
    answer_length: int

    @property
    def authorization(self) -> str | None:
        """The credentials, by which a session is known again; they are shown to nobody."""
        for name, value in self.headers:
            if name == b"authorization":
                return value.decode("latin-1")
        return None

    @property
    def secrets(self) -> list[str]:
        """The values of secret headers, which are not to be seen anywhere else either."""
        return [
            masking.credential(value) for name, value in self._named() if masking.is_secret(name)
        ]

    def asked(self) -> dict[str, object]:
        """Return what was sent as `control.yaml` shows it."""
        return _shown(self._named(), self.body, self.length, self.secrets)

    def answered(self) -> dict[str, object]:
        """Return what was answered as `control.yaml` shows it."""
        return _shown(self.answer_headers, self.answer, self.answer_length, self.secrets)

    def masked(self, *, keeps_session: bool) -> dict[str, object]:
        """Return all fields as text without secrets, but for the `Authorization` of a session that is known."""
        known = [
            (name, value) if keeps_session and name == "authorization" else None
            for name, value in self._named()
        ]
        hidden = _headers_shown(self._named(), self.secrets)
        return {
            **self._asdict(),
            "headers": [kept or shown for kept, shown in zip(known, hidden, strict=True)],
            "body": _text(self._named(), self.body, self.secrets),
            "answer_headers": _headers_shown(self.answer_headers, self.secrets),
            "answer": _text(self.answer_headers, self.answer, self.secrets),
        }

    def _named(self) -> list[tuple[str, str]]:
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self.headers]


def keep(
    headers: Sequence[Raw],
    held: int,
    body: bytes,
    answer_headers: Iterable[tuple[str, str]],
    answer: bytes,
) -> Wire:
    """Keep a request, whose headers take `held` bytes, and its answer."""
    length, answer_length = len(body), len(answer)
    if length > MOST:
        body = body[:MOST]
    if answer_length > MOST:
        answer = answer[:MOST]
    held += ANSWER + len(body) + len(answer)
    for name, value in answer_headers:
        held += HEADER + len(name) + len(value)
    return Wire(held, headers, body, length, answer_headers, answer, answer_length)


def _shown(
    headers: Iterable[tuple[str, str]], body: bytes, length: int, secrets: Sequence[str]
) -> dict[str, object]:
    shown = [{"name": name, "value": value} for name, value in _headers_shown(headers, secrets)]
    return {
        "headers": shown,
        "body": _text(headers, body, secrets),
        "length": length,
        "whole": length <= MOST,
    }


def _headers_shown(
    headers: Iterable[tuple[str, str]], secrets: Sequence[str]
) -> list[tuple[str, str]]:
    return [(name, masking.without(value, secrets)) for name, value in masking.headers(headers)]


def _text(headers: Iterable[tuple[str, str]], body: bytes, secrets: Sequence[str]) -> str:
    media_type = next((value for name, value in headers if name.lower() == "content-type"), "")
    return masking.without(masking.body(body.decode("utf-8", "replace"), media_type), secrets)
