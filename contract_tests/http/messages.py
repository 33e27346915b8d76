"""Requests and answers as they are sent, received, shown and repeated."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from typing import Any

from contract_tests.redaction.placeholders import Pairs, hide, pattern, variable
from contract_tests.redaction.redactor import Redactor

BODY_SHOWN = 2000
# Classes of statuses.
SUCCESS = 2
CLIENT_ERROR = 4
UNAUTHORIZED = 401
# What something in front of a server answers in its place, perhaps once only.
GATEWAY = (502, 503, 504)
# What a shell would expand within double quotes.
ESCAPED = re.compile(r'["\\`$]')
PLAIN = set(map(chr, range(32, 127))) - {"\\", "'"}
ESCAPE = r"\\\g<0>"


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


# Made once: it takes longer to make than most answers take to read.
JSON = json.JSONDecoder(parse_constant=_no_constant)


class UnreadableError(ValueError):
    """An answer whose body is not what a law has to read."""


@dataclass(frozen=True)
class HttpRequest:
    """One request.

    `path` is the raw target below the base URL, `secrets` and `redactor` say what must not be shown
    of it. A request without a body says `Content-Length: 0` where its method often has one, unless
    `length` is False. One that is `extreme` may be refused by what stands before a target, in a
    form of its own, so that only that it is answered is judged.
    """

    operation: str
    method: str
    path: str
    headers: Pairs = ()
    body: bytes | None = None
    secrets: Pairs = ()
    length: bool = True
    redactor: Redactor = field(default_factory=Redactor, repr=False, compare=False)
    extreme: bool = False

    def curl(self, base_url: str) -> str:
        """Return a command that repeats the request, with `$PRIMARY` and so on for credentials."""
        words = ["curl", "-i"]
        if self.method == "HEAD":
            words.append("--head")
        elif self.method != "GET":
            words += ["-X", self.method]
        if "/." in self.path:
            words.append("--path-as-is")
        # curl would read brackets as a pattern.
        if set("[]{}") & set(self.path):
            words.append("-g")
        words.append(self._word(base_url + self.redactor.path(self.path)))
        for name, value in self.headers:
            # curl drops a header without a value unless it ends in a semicolon.
            words += ["-H", self._word(f"{name}: {value}" if value else f"{name};")]
        if self.body is not None:
            words += [*self._body_headers(), "--data-raw", self._body_word(self.body)]
        elif self.says_length:
            words += ["-H", "'Content-Length: 0'"]
        return " ".join(words)

    def _body_headers(self) -> list[str]:
        """Keep curl from adding a media type of its own."""
        is_typed = any(name.lower() == "content-type" for name, _ in self.headers)
        return [] if is_typed else ["-H", "Content-Type:"]

    @property
    def says_length(self) -> bool:
        """Whether the call carries `Content-Length`."""
        return self.body is not None or (self.length and self.method in ("POST", "PUT", "PATCH"))

    @property
    def variables(self) -> set[str]:
        """The names of the shell variables that `curl` uses."""
        texts = [self.redactor.path(self.path), *(value for _, value in self.headers)]
        if self.body is not None:
            texts.append(self.body.decode("utf-8", "backslashreplace"))
        return {variable(shown) for text in texts for shown in self._pieces(text)[1::2]}

    def _pieces(self, text: str) -> list[str]:
        """Return a text without secrets in pieces; every second stands for a secret."""
        hidden = self.redactor.people(hide(text, self.secrets))
        placeholders = [shown for _, shown in self.secrets]
        placeholders += self.redactor.variables.values()
        if not placeholders:
            return [hidden]
        return re.split(f"({pattern(dict.fromkeys(placeholders, ''))})", hidden)

    def _word(self, text: str) -> str:
        """Quote for a shell that expands what stands for a secret, and nothing else."""
        pieces = self._pieces(text)
        if len(pieces) == 1:
            return shlex.quote(pieces[0])
        quoted = ESCAPED.sub(ESCAPE, pieces[0])
        for shown, after in zip(pieces[1::2], pieces[2::2], strict=True):
            quoted += _braced(shown, after) + ESCAPED.sub(ESCAPE, after)
        return f'"{quoted}"'

    def hide(self, text: str) -> str:
        """Hide tokens behind the names of their sessions, and people's texts behind shapes."""
        return self.redactor.text(hide(text, self.secrets))

    def _body_word(self, body: bytes) -> str:
        text = body.decode("utf-8", "backslashreplace")
        shown = self.redactor.people(hide(text, self.secrets))
        return _body_word(body) if shown == text else self._word(text)


@dataclass(frozen=True)
class Exchange:
    """A request and its answer.

    `status` is 0 and `trouble` says why where no whole HTTP answer came.
    `dropped` says that the connection was closed without a word, `timed_out` that nothing came.
    """

    request: HttpRequest
    status: int
    headers: Pairs = ()
    body: bytes = b""
    trouble: str = ""
    seconds: float = 0.0
    dropped: bool = False
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """Whether the call succeeded (2xx)."""
        return self.status // 100 == SUCCESS

    @property
    def refused(self) -> bool:
        """Whether the call was refused (4xx), and not for its session."""
        return self.status // 100 == CLIENT_ERROR and self.status != UNAUTHORIZED

    def header(self, name: str) -> str | None:
        """Return the header's value, several joined with a comma (RFC 9110, 5.3), or None."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(found) if found else None

    @property
    def media_type(self) -> str | None:
        """The media type without its parameters, in lower case."""
        value = self.header("Content-Type")
        return value.partition(";")[0].strip().lower() if value is not None else None

    def json(self) -> Any:
        """Return the parsed body; `UnreadableError` if it is not JSON as RFC 8259 means it."""
        try:
            return JSON.decode(self.body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise UnreadableError(f"not JSON: {error}") from error

    @property
    def is_json(self) -> bool:
        """Whether the body is JSON."""
        try:
            self.json()
        except UnreadableError:
            return False
        return True

    def shown(self) -> str:
        """Return status and body in one line for people, without what belongs to somebody."""
        if self.trouble:
            return self.trouble
        body = self.request.redactor.body(self.body.decode("utf-8", "backslashreplace"))
        text = " ".join(body.split())
        if len(text) > BODY_SHOWN:
            text = f"{text[:BODY_SHOWN]}…"
        return f"{self.status} {text}".rstrip()


def _braced(shown: str, after: str) -> str:
    """Return what stands for a secret as a shell reads it where such a text follows."""
    name = shown[1:]
    # A letter behind a name would become a part of it.
    goes_on = after[:1].isalnum() or after.startswith("_")
    return f"${{{name}}}" if goes_on and name.isidentifier() else shown


def _body_word(body: bytes) -> str:
    """Quote a body for a shell, byte by byte where it is not plain text."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _octal(body)
    if text.isprintable() and len(text) <= BODY_SHOWN:
        return shlex.quote(text)
    return _octal(body)


def _octal(body: bytes) -> str:
    """Quote as Bash does: every byte that is not plain ASCII as an octal escape."""
    written = ""
    for byte in body:
        is_plain = chr(byte) in PLAIN
        written += chr(byte) if is_plain else f"\\{byte:03o}"
    return f"$'{written}'"
