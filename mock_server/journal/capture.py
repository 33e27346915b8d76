"""Capture of a request and its reply: headers and bodies, kept by reference.

They are made readable, without credentials, only when somebody looks: few entries are looked at.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from . import masking
from .secret_names import is_secret

MOST = 65_536
"""How many bytes of a body are kept."""
HEADER = 130
"""About how many bytes a header takes beside its text: a tuple, and Python's part of each text."""
ANSWER = 300
"""The same for the headers of a reply as a whole, and the bodies."""

Raw = tuple[bytes, bytes]


class Wire(NamedTuple):
    """Headers and bodies, with their lengths; `size` is about how many bytes all this takes.

    Bodies are cut after `MOST` bytes.
    """

    size: int
    headers: Sequence[Raw]
    body: bytes
    length: int
    answer_headers: Iterable[tuple[str, str]]
    answer: bytes
    answer_length: int

    @property
    def authorization(self) -> str | None:
        """The credentials, by which a session is recognised; they are never shown."""
        for name, value in self.headers:
            if name == b"authorization":
                return value.decode("latin-1")
        return None

    @property
    def secrets(self) -> list[str]:
        """The values of secret headers, to be hidden wherever else they stand."""
        return [masking.credential(value) for name, value in self._named() if is_secret(name)]

    def asked(self) -> dict[str, object]:
        """Return the request in the shape of `control.yaml`."""
        return _shown(self._named(), self.body, self.length, self.secrets)

    def answered(self) -> dict[str, object]:
        """Return the reply in the shape of `control.yaml`."""
        return _shown(self.answer_headers, self.answer, self.answer_length, self.secrets)

    def masked(self, *, keeps_session: bool) -> dict[str, object]:
        """Return all fields as text without secrets.

        With `keeps_session` the `Authorization` header stays, by which a session is recognised.
        """
        headers = self._named()
        masked = []
        for header, masked_header in zip(
            headers, _headers_shown(headers, self.secrets), strict=True
        ):
            keeps = keeps_session and header[0] == "authorization"
            masked.append(header if keeps else masked_header)
        fields = self._asdict()
        fields["headers"] = masked
        fields["body"] = _text(headers, self.body, self.secrets)
        fields["answer_headers"] = _headers_shown(self.answer_headers, self.secrets)
        fields["answer"] = _text(self.answer_headers, self.answer, self.secrets)
        return fields

    def _named(self) -> list[tuple[str, str]]:
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self.headers]


def keep(
    headers: Sequence[Raw],
    size: int,
    body: bytes,
    answer_headers: Iterable[tuple[str, str]],
    answer: bytes,
) -> Wire:
    """Keep a request, whose headers take `size` bytes, and its reply."""
    length = len(body)
    answer_length = len(answer)
    if length > MOST:
        body = body[:MOST]
    if answer_length > MOST:
        answer = answer[:MOST]
    size += ANSWER + len(body) + len(answer)
    for name, value in answer_headers:
        size += HEADER + len(name) + len(value)
    return Wire(size, headers, body, length, answer_headers, answer, answer_length)


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
