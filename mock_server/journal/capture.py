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

RawHeaders = Sequence[tuple[bytes, bytes]]
TextHeaders = Iterable[tuple[str, str]]


class Capture(NamedTuple):
    """Headers and bodies, with their lengths; `size` is about how many bytes all this takes.

    Bodies are cut after `MOST` bytes.
    """

    size: int
    headers: RawHeaders
    body: bytes
    length: int
    answer_headers: TextHeaders
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
        secret_values = [value for name, value in self._request_headers() if is_secret(name)]
        return list(map(masking.credential, secret_values))

    def request_as_json(self) -> dict[str, object]:
        """Return the request in the shape of `control.yaml`."""
        return self._as_json(self._request_headers(), self.body, self.length)

    def reply_as_json(self) -> dict[str, object]:
        """Return the reply in the shape of `control.yaml`."""
        return self._as_json(self.answer_headers, self.answer, self.answer_length)

    def masked(self, *, keeps_session: bool) -> dict[str, object]:
        """Return all fields as text without secrets.

        With `keeps_session` the `Authorization` header stays, by which a session is recognised.
        """
        headers = self._request_headers()
        shown = self._shown(headers)
        if keeps_session:
            for place, (name, value) in enumerate(headers):
                if name == "authorization":
                    shown[place] = name, value
        fields = self._asdict()
        fields["headers"] = shown
        fields["body"] = self._body(headers, self.body)
        fields["answer_headers"] = self._shown(self.answer_headers)
        fields["answer"] = self._body(self.answer_headers, self.answer)
        return fields

    def _request_headers(self) -> list[tuple[str, str]]:
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self.headers]

    def _as_json(
        self,
        headers: TextHeaders,
        body: bytes,
        length: int,
    ) -> dict[str, object]:
        shown = [{"name": name, "value": value} for name, value in self._shown(headers)]
        return {
            "headers": shown,
            "body": self._body(headers, body),
            "length": length,
            "whole": length <= MOST,
        }

    def _shown(self, headers: TextHeaders) -> list[tuple[str, str]]:
        secrets = self.secrets
        shown = []
        for name, value in headers:
            shown.append((name, masking.without(masking.header(name, value), secrets)))
        return shown

    def _body(self, headers: TextHeaders, body: bytes) -> str:
        # The media type tells how a body is read; what is no UTF-8 is shown as far as it is.
        media_type = next((value for name, value in headers if name.lower() == "content-type"), "")
        text = masking.body(body.decode("utf-8", "replace"), media_type)
        return masking.without(text, self.secrets)


def keep(
    headers: RawHeaders,
    size: int,
    body: bytes,
    answer_headers: TextHeaders,
    answer: bytes,
) -> Capture:
    """Keep a request, whose headers take `size` bytes, and its reply."""
    # A slice of all is no copy.
    kept_body = body[:MOST]
    kept_answer = answer[:MOST]
    size += ANSWER + len(kept_body) + len(kept_answer)
    for name, value in answer_headers:
        size += HEADER + len(name) + len(value)
    return Capture(
        size,
        headers,
        kept_body,
        len(body),
        answer_headers,
        kept_answer,
        len(answer),
    )
