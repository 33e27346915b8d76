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
GATEWAY = (502, 503, 504)
"""What something in front of a server answers in its place, perhaps once only."""
ESCAPED = re.compile(r'["\\`$]')
"""What a shell would expand within double quotes."""


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


JSON = json.JSONDecoder(parse_constant=_no_constant)
"""Made once: it takes longer to make than most answers take to read."""


class UnreadableError(ValueError):
    """An answer whose body is not what a law has to read."""


@dataclass(frozen=True)
class HttpRequest:
    """One request: `path` is the raw target below the base URL, `secrets` and `redactor` what must not be shown of it.

    A call without a body says `Content-Length: 0` where its method often has one, unless `length` is False. One that is
    `extreme` may be refused by what stands before a target, in a form of its own, so that only that it is answered is judged.
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
        """Return a command that repeats the call, with `$PRIMARY` and the like in place of credentials."""
        words = [
            "curl",
            "-i",
            *self._method_words(),
            *self._path_words(),
            self._word(base_url + self.redactor.path(self.path)),
        ]
        for name, value in self.headers:
            # curl drops a header without a value unless it ends in a semicolon.
            words += ["-H", self._word(f"{name}: {value}" if value else f"{name};")]
        words += self._header_words()
        if self.body is not None:
            words += ["--data-raw", self._body_word(self.body)]
        return " ".join(words)

    def _method_words(self) -> list[str]:
        if self.method == "HEAD":
            return ["--head"]
        return [] if self.method == "GET" else ["-X", self.method]

    def _path_words(self) -> list[str]:
        """Keep curl from shortening `..` and from reading brackets as a pattern."""
        return ["--path-as-is"] * ("/." in self.path) + ["-g"] * bool(set("[]{}") & set(self.path))

    def _header_words(self) -> list[str]:
        """Make curl's own headers those of the call."""
        if self.body is None:
            return ["-H", "'Content-Length: 0'"] if self.says_length else []
        typed = any(name.lower() == "content-type" for name, _ in self.headers)
        return [] if typed else ["-H", "Content-Type:"]

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
        known = {shown: shown for shown in placeholders}
        return re.split(f"({pattern(known)})", hidden) if known else [hidden]

    def _word(self, text: str) -> str:
        """Quote for a shell that expands what stands for a secret, and nothing else."""
        pieces = self._pieces(text)
        if len(pieces) == 1:
            return shlex.quote(pieces[0])
        quoted = [ESCAPED.sub(r"\\\g<0>", pieces[0])]
        for shown, after in zip(pieces[1::2], pieces[2::2], strict=True):
            # A letter behind a name would become a part of it.
            is_bare = shown[1:].isidentifier() and (after[:1].isalnum() or after[:1] == "_")
            quoted.append(f"${{{shown[1:]}}}" if is_bare else shown)
            quoted.append(ESCAPED.sub(r"\\\g<0>", after))
        return f'"{"".join(quoted)}"'

    def hide(self, text: str) -> str:
        """Put the name of a session in place of its token, and its shape in place of what belongs to people."""
        return self.redactor.text(hide(text, self.secrets))

    def _body_word(self, body: bytes) -> str:
        text = body.decode("utf-8", "backslashreplace")
        shown = self.redactor.people(hide(text, self.secrets))
        return _body_word(body) if shown == text else self._word(text)


@dataclass(frozen=True)
class Exchange:
    """A call and its answer; `status` is 0 and `trouble` says why where no whole HTTP answer came.

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
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of success

    @property
    def refused(self) -> bool:
        """Whether the call was refused (4xx), and not for its session."""
        return 400 <= self.status < 500 and self.status != 401  # noqa: PLR2004 - the class of client errors, and one of them

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
        text = " ".join(
            self.request.redactor.body(self.body.decode("utf-8", "backslashreplace")).split()
        )
        return (
            f"{self.status} {text if len(text) <= BODY_SHOWN else text[:BODY_SHOWN] + '…'}".rstrip()
        )


def _body_word(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text.isprintable() and (text or not body) and len(text) <= BODY_SHOWN:
        return shlex.quote(text)
    # Bash's own quoting: every byte that is not plain ASCII as an octal escape.
    return (
        "$'"
        + "".join(chr(b) if 32 <= b < 127 and b not in b"\\'" else f"\\{b:03o}" for b in body)  # noqa: PLR2004
        + "'"
    )
