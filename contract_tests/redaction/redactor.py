"""The redactor: texts that were read from a target are shown only if the gate sent them itself."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from html import unescape
from typing import TYPE_CHECKING, Protocol
from unicodedata import normalize
from urllib.parse import quote, unquote

from contract_tests.redaction import json_tokens, secret_echoes
from contract_tests.redaction.secret_names import Pairs, hide
from contract_tests.redaction.text_shapes import shape, veiled

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("username", "handle")
"""Properties from which laws make names that resemble them."""
ALIKE = 0.7
"""From which likeness on one name is taken to be made of another."""
SHORT = 6
"""Characters below which a text is part of other words, so that it is looked for as a word."""
KEPT = 8
"""Letters of a text of the gate by which a part of it, in a form of the target's, is recognised."""
NUMBER = 4
"""Digits from which on a number may be somebody's."""
QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
LONGEST_LINE = 2000
"""Characters up to which a line is looked through for `QUOTED`, which takes the square of its length at worst."""
SAID = re.compile(r"E|\s*[|+]")
"""How lines of pytest with the message of an error, or of a group of errors, begin."""
OBJECT = re.compile(r"\{[^{}]*\}?")
PART = re.compile(
    r"""(?P<before>['"]?\b(?P<name>year|month|day)['"]?\s*:\s*)(?P<number>-?\d+(?:\.\d+)?)"""
)
VARIABLE = re.compile(r"[A-Za-z0-9._~@-]+")
"""Names that stand in a path as they are (RFC 3986, 3.3), so that a variable may hold them."""


class SentRequest(Protocol):
    """What is read of a request; the messages themselves are in a room above."""

    @property
    def path(self) -> str:
        """The raw target below the base URL."""

    @property
    def headers(self) -> Pairs:
        """The headers of its own."""

    @property
    def body(self) -> bytes | None:
        """The body as it is sent."""


@dataclass
class Redactor:
    """Remembers what was sent and what was read; where it `hides`, texts that were only read are shown by their shape.

    `words` are texts that are nobody's: those of the contract and of the target file. `secrets` are never shown at all.
    """

    hides: bool = False
    words: frozenset[str] = frozenset()
    secrets: Pairs = ()
    variables: dict[str, str] = field(default_factory=dict)
    _own: set[str] = field(default_factory=set)
    _bare: set[str] = field(default_factory=set)
    _read: set[str] = field(default_factory=set)
    _names: set[str] = field(default_factory=set)
    _dates: dict[tuple[float, ...], bool] = field(default_factory=dict)
    _spellings: dict[str, str] = field(default_factory=dict)
    _marks: dict[str, str] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)

    def name(self, value: str, variable: str) -> None:
        """Show `$variable` in place of the name of a session's user, so that `curl` lines can be pasted."""
        if self.hides and value not in self.words and VARIABLE.fullmatch(value):
            self.variables[value] = f"${variable}"

    def sent(self, request: SentRequest) -> None:
        """Remember what the gate made up.

        What it only repeats, or makes of a name that it read, stays hidden.
        """
        if not self.hides:
            return
        for value in _named(request):
            if value not in self.words and value not in self._own and self._resembles(value):
                self._keep(value)
            self._make(value)
        for _, value in json_tokens.leaves(json_tokens.parsed(request.body or b"")):
            if isinstance(value, str):
                self._make(value)
            elif isinstance(value, dict) and (date := _date(value)):
                self._dates.setdefault(date, True)

    def read(self, body: bytes, headers: Pairs = ()) -> None:
        """Remember the texts of a response."""
        if not self.hides:
            return
        quoted = [said for _, value in headers for said in re.findall(r'"([^"]+)"', value)]
        for said in filter(self.is_hidden, quoted):
            self._keep(said)
        known = hash(body) in self._seen
        self._seen.add(hash(body))
        for key, value in json_tokens.leaves(json_tokens.parsed(body)) if not known else ():
            if isinstance(value, str) and self.is_hidden(value, key):
                self._keep(value)
                self._names |= {bare(value)} if key in NAMES else set()
            elif isinstance(value, dict) and (date := _date(value)):
                self._dates.setdefault(date, False)
            elif (
                type(value) in (int, float)
                and key not in json_tokens.COUNTS
                and len(str(value)) >= NUMBER
            ):
                self._keep(str(value))

    def is_hidden(self, value: str, key: str = "") -> bool:
        """Whether a text of the target, at this property of a body, must not be shown."""
        if not value or value in self.words or value in self._own:
            return False
        if value in self._read:
            return True
        plain = json_tokens.PLAIN.get(key)
        if (plain and plain.fullmatch(value)) or all(
            part in self.words for part in value.split("/") if part
        ):
            return False
        letters = bare(value)
        part = len(letters) >= KEPT and any(letters in made for made in self._bare)
        return not (part or (letters and letters in self._bare))

    def body(self, text: str) -> str:
        """Return the body of a response.

        A text that neither the gate nor the contract knows is shown by its shape.
        """
        if not self.hides:
            return text
        if json_tokens.parsed(text.encode("utf-8", "surrogatepass")) is None and text.lstrip()[
            :1
        ] not in ("{", "["):
            return self._mark(text) if self.is_hidden(text) else text
        return "".join(self._token(*found) for found in json_tokens.tokens(text))

    def text(self, text: str) -> str:
        """Return evidence without secrets and without what belongs to people."""
        hidden = hide(text, self.secrets)
        return self.people(secret_echoes.redactor(hidden, self.secrets) if self.hides else hidden)

    def people(self, text: str) -> str:
        """Return a text with every text that was read by its shape, however it is spelt."""
        if not self.hides:
            return text
        marks = {mark: mark for mark in self._marks.values() if mark in text}
        found = {
            spelling: self._mark(value)
            for spelling, value in self._spellings.items()
            if spelling in text
        }
        shown = {**found, **marks, **self.variables}
        if words := [_bounded(spelling) for spelling in sorted(shown, key=len, reverse=True)]:
            text = re.sub("|".join(words), lambda match: shown[match[0]], text)
        return OBJECT.sub(
            self._birth, re.sub(r"(/(?:year|month|day): )-?\d+", rf"\1{veiled('a number')}", text)
        )

    def path(self, path: str) -> str:
        """Return a request target, each part of it that was read by its shape."""
        parts = [
            (part, unquote(part, errors="surrogateescape")) for part in re.split("([/?&=])", path)
        ]
        return "".join(self._mark(name) if name in self._read else part for part, name in parts)

    def crash(self, text: str) -> str:
        """Return pytest's report of an error.

        Every quoted text in its message is shown by its shape.
        """
        if self.hides:
            lines = text.splitlines()
            text = "\n".join(self._said(line) if SAID.match(line) else line for line in lines)
        return self.text(text)

    def _said(self, line: str) -> str:
        """Return a line of an error's message.

        A long one is not searched for quoted texts, which could take for ever.
        """
        return QUOTED.sub(self._quoted, line) if len(line) <= LONGEST_LINE else self._mark(line)

    def _make(self, value: str) -> None:
        if value and value not in self._own and value not in self._read:
            self._own.add(value)
            self._bare.add(bare(value))

    def _keep(self, value: str) -> None:
        self._read.add(value)
        for spelling in _spelt(value):
            self._spellings.setdefault(spelling, value)

    def _resembles(self, value: str) -> bool:
        letters = bare(value)
        tries = (SequenceMatcher(None, name, letters) for name in self._names)
        return any(each.real_quick_ratio() >= ALIKE and each.ratio() >= ALIKE for each in tries)

    def _mark(self, value: str) -> str:
        """Return a text's shape; its number tells it from others of the same shape."""
        known = self.variables.get(value) or self._marks.get(value)
        return known or self._marks.setdefault(
            value, veiled(f"text {len(self._marks) + 1}: {shape(value)}")
        )

    def _token(self, kind: str, token: str, key: str) -> str:
        if kind == "number":
            return (
                token
                if key in json_tokens.COUNTS or len(token) < NUMBER
                else veiled(f"number of {len(token)} characters")
            )
        value = json_tokens.unquoted(token) if kind in ("key", "string") else token
        named = kind == "key" and json_tokens.KEY.fullmatch(value) and value not in self._read
        sign = kind == "word" and value.isascii() and not bare(value)
        if (
            kind == "rest"
            or named
            or sign
            or not self.is_hidden(value, key if kind == "string" else "")
        ):
            return token
        return self._mark(value) if kind == "word" else f'"{self._mark(value)}"'

    def _quoted(self, match: re.Match[str]) -> str:
        try:
            value = str(ast.literal_eval(match[0]))
        except (ValueError, SyntaxError):
            value = match[0][1:-1]
        return (
            f"'{self._mark(value)}'"
            if self.is_hidden(value) and value not in self._marks.values()
            else match[0]
        )

    def _birth(self, match: re.Match[str]) -> str:
        date = _date({part["name"]: float(part["number"]) for part in PART.finditer(match[0])})
        if date and self._dates.get(date):
            return match[0]
        return PART.sub(
            lambda part: part["before"] + veiled(f"{len(part['number'])} digits"), match[0]
        )


def bare(text: str) -> str:
    """Return what remains of a text in every form that a target may keep or show it in."""
    return "".join(
        letter
        for letter in normalize("NFKD", unescape(unquote(text))).casefold()
        if letter.isalnum()
    )


def _named(request: SentRequest) -> list[str]:
    """Return the names that a call carries outside its body: in the path, the query, cookies and headers of its own."""
    path, _, query = request.path.partition("?")
    users = [path.split("/")[4]] if path.startswith("/v1/user/by-id/") else []
    values = [pair.partition("=")[2] for pair in query.split("&")]
    cookies = [
        pair.partition("=")[2]
        for name, value in request.headers
        if name == "Cookie"
        for pair in value.split("; ")
    ]
    headers = [value for name, value in request.headers if name.startswith("X-")]
    return [
        value
        for value in (
            unquote(each, errors="surrogateescape")
            for each in (*users, *values, *cookies, *headers)
        )
        if value
    ]


def _date(parts: Mapping[str, object]) -> tuple[float, ...] | None:
    numbers = [parts.get(name) for name in json_tokens.PARTS]
    found = tuple(number for number in numbers if isinstance(number, int | float))
    return found if len(found) == len(json_tokens.PARTS) else None


def _spelt(value: str) -> set[str]:
    """Return the ways in which evidence spells a text: as it is, as Python, JSON and URLs have it, and on one line."""
    plain = value.encode("utf-8", "backslashreplace").decode()
    ways = [
        value,
        repr(value)[1:-1],
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
    ]
    return {
        each
        for each in (*ways, quote(plain, safe=""), quote(plain), " ".join(value.split()))
        if each
    }


def _bounded(spelling: str) -> str:
    """Return a pattern for a spelling that finds a short one only where it stands alone."""
    found = re.escape(spelling)
    if len(spelling) >= SHORT:
        return found
    if len(spelling) == 1:
        return rf"(?<=['\"/=]){found}(?=['\"&/]|$)"
    return rf"(?<![^\W_]){found}(?![^\W_])"
