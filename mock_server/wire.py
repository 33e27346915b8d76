"""What went over the wire for one request: kept by reference, and made readable, without credentials, when somebody looks."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from werkzeug.datastructures import EnvironHeaders

HEADERS = "mock_server.headers"
"""Key in the WSGI environment: the headers as they came, and how many bytes they take."""
MOST = 4096
"""How many bytes of a body are kept."""
HIDDEN = "***"
SECRET = re.compile(r"(?i)cookie|token|secret|password|authorization|session|api-?key|x-mock-control")
IN_BODY = re.compile(
    r'(?i)("(?:[^"\\]|\\.)*(?:token|secret|password|authorization|session)(?:[^"\\]|\\.)*"\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)'
)
"""A member of a JSON object that holds a secret, also where the body was cut inside it."""

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
        return next((value.decode("latin-1") for name, value in self.headers if name == b"authorization"), None)

    def asked(self) -> dict[str, object]:
        """Answer what was sent as `control.yaml` shows it."""
        named = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self.headers]
        return _shown(named, self.body, self.length)

    def answered(self) -> dict[str, object]:
        """Answer what was answered as `control.yaml` shows it."""
        return _shown(self.answer_headers, self.answer, self.answer_length)


def keep(environ: dict[str, Any], answer_headers: Iterable[tuple[str, str]], answer: bytes) -> Wire:
    """Keep a request, given as a WSGI environment whose body is in memory, and its answer."""
    headers, held = environ[HEADERS] if HEADERS in environ else _headers(environ)
    body = environ["wsgi.input"].getvalue()
    length, answer_length = len(body), len(answer)
    if length > MOST:
        body = body[:MOST]
    if answer_length > MOST:
        answer = answer[:MOST]
    return Wire(held + len(body) + len(answer), headers, body, length, answer_headers, answer, answer_length)


def _headers(environ: dict[str, Any]) -> tuple[Sequence[Raw], int]:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in EnvironHeaders(environ)]
    return raw, sum(len(value) for _, value in raw)


def _shown(headers: Iterable[tuple[str, str]], body: bytes, length: int) -> dict[str, object]:
    text = IN_BODY.sub(rf'\1"{HIDDEN}"', body.decode("utf-8", "replace"))
    shown = [{"name": name, "value": HIDDEN if SECRET.search(name) else value} for name, value in headers]
    return {"headers": shown, "body": text, "length": length, "whole": length <= MOST}
