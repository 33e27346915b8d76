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

from contract_tests.redaction import json_tokens
from contract_tests.redaction.placeholders import Pairs, hide
from contract_tests.redaction.secret_echoes import hide_pieces
from contract_tests.redaction.secret_table import (
    COUNTS,
    DATE_PARTS,
    NOT_PERSONAL,
    USER_FIELDS,
    USER_PATH,
    WORD,
)
from contract_tests.redaction.text_shapes import shape, veiled

if TYPE_CHECKING:
    from collections.abc import Mapping

# From which likeness on one name is taken to be made of another.
ALIKE = 0.7
# Characters below which a text is part of other words, so that it is looked for as a word.
SHORT = 6
# Letters of a text of the gate by which a part of it, in a form of the target's, is recognised.
TELLING = 8
# Digits from which on a number may be somebody's.
NUMBER = 4
QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
# Characters of a line that is searched for `QUOTED`, which takes their square at worst.
LONGEST_LINE = 2000
# How lines of pytest with the message of an error, or of a group of errors, begin.
MESSAGE = re.compile(r"E|\s*[|+]")
OBJECT = re.compile(r"\{[^{}]*\}?")
PART = re.compile(
    rf"""(?P<before>['"]?\b(?P<name>{"|".join(DATE_PARTS)})['"]?\s*:\s*)(?P<number>-?\d+(?:\.\d+)?)"""
)
# Names that stand in a path as they are (RFC 3986, 3.3), so that a variable may hold them.
VARIABLE = re.compile(r"[A-Za-z0-9._~@-]+")


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


# What it remembers is what must not be shown.
@dataclass(repr=False)
class Redactor:
    """Remembers what was sent and read; where it `hides`, shows what was only read by its shape.

    `words` are texts that are nobody's: those of the contract and of the target file. `secrets`
    are never shown at all.
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
        """Show `$variable` for the name of a session's user, so that `curl` lines can be pasted."""
        if self.hides and value not in self.words and VARIABLE.fullmatch(value):
            self.variables[value] = f"${variable}"

    def sent(self, request: SentRequest) -> None:
        """Remember what the gate made up.

        What it only repeats, or makes of a name that it read, stays hidden.
        """
        if not self.hides:
            return
        for value in _names_in(request):
            if self._resembles_a_name(value):
                self._remember_read(value)
            self._remember_own(value)
        for _, value in json_tokens.leaves(json_tokens.parsed(request.body or b"")):
            if isinstance(value, str):
                self._remember_own(value)
            elif isinstance(value, dict) and (date := _date(value)):
                self._dates.setdefault(date, True)

    def read(self, body: bytes, headers: Pairs = ()) -> None:
        """Remember the texts of a response."""
        if not self.hides:
            return
        for _, value in headers:
            for text in filter(self.is_hidden, re.findall(r'"([^"]+)"', value)):
                self._remember_read(text)
        # Most responses are read many times.
        if hash(body) in self._seen:
            return
        self._seen.add(hash(body))
        for key, value in json_tokens.leaves(json_tokens.parsed(body)):
            self._read_leaf(key, value)

    def _read_leaf(self, key: str, value: object) -> None:
        if isinstance(value, str) and self.is_hidden(value, key):
            self._remember_read(value)
            if key in USER_FIELDS:
                self._names.add(bare(value))
        elif isinstance(value, dict) and (date := _date(value)):
            self._dates.setdefault(date, False)
        elif type(value) in (int, float) and _is_telling(str(value), key):
            self._remember_read(str(value))

    def is_hidden(self, value: str, key: str = "") -> bool:
        """Whether a text of the target, at this key of a body, must not be shown."""
        if not value or value in self.words or value in self._own:
            return False
        if value in self._read:
            return True
        form = NOT_PERSONAL.get(key)
        if form and form.fullmatch(value):
            return False
        if all(part in self.words for part in value.split("/") if part):
            return False
        letters = bare(value)
        if letters in self._bare:
            return not letters
        return len(letters) < TELLING or not any(letters in made for made in self._bare.copy())

    def body(self, text: str) -> str:
        """Return the body of a response with the shape of each text that nobody knows."""
        if not self.hides:
            return text
        is_json = json_tokens.parsed(text.encode("utf-8", "surrogatepass")) is not None
        if is_json or text.lstrip()[:1] in ("{", "["):
            return "".join(self._token(*found) for found in json_tokens.tokens(text))
        return self._mark(text) if self.is_hidden(text) else text

    def text(self, text: str) -> str:
        """Return evidence without secrets and without what belongs to people."""
        hidden = hide(text, self.secrets)
        return self.people(hide_pieces(hidden, self.secrets)) if self.hides else hidden

    def people(self, text: str) -> str:
        """Return a text with every text that was read by its shape, however it is spelt."""
        if not self.hides:
            return text
        # Copies, since laws call from several threads, and each answer may add to what was read.
        spellings = self._spellings.copy()
        shown = {
            spelling: self._mark(value) for spelling, value in spellings.items() if spelling in text
        }
        # A shape is shown as it is, also where a text that was read stands in it by chance.
        shown |= {mark: mark for mark in self._marks.copy().values() if mark in text}
        shown |= self.variables
        if shown:
            longest_first = sorted(shown, key=len, reverse=True)
            pattern = "|".join(map(_bounded, longest_first))
            text = re.sub(pattern, lambda match: shown[match[0]], text)
        return OBJECT.sub(self._birth, text)

    def path(self, path: str) -> str:
        """Return a request target, each part of it that was read by its shape."""
        parts = re.split("([/?&=])", path)
        return "".join(map(self._path_part, parts))

    def _path_part(self, part: str) -> str:
        name = unquote(part, errors="surrogateescape")
        return self._mark(name) if name in self._read else part

    def crash(self, text: str) -> str:
        """Return pytest's report of an error, with the shape of what its message quotes."""
        if not self.hides:
            return self.text(text)
        return self.text("\n".join(map(self._line_of_crash, text.splitlines())))

    def _line_of_crash(self, line: str) -> str:
        if not MESSAGE.match(line):
            return line
        return QUOTED.sub(self._quoted, line) if len(line) <= LONGEST_LINE else self._mark(line)

    def _quoted(self, match: re.Match[str]) -> str:
        try:
            value = str(ast.literal_eval(match[0]))
        except (ValueError, SyntaxError):
            value = match[0][1:-1]
        if value in self._marks.values() or not self.is_hidden(value):
            return match[0]
        return f"'{self._mark(value)}'"

    def _remember_own(self, value: str) -> None:
        if value and value not in self._read:
            self._own.add(value)
            self._bare.add(bare(value))

    def _remember_read(self, value: str) -> None:
        self._read.add(value)
        for spelling in _spellings(value):
            self._spellings.setdefault(spelling, value)

    def _resembles_a_name(self, value: str) -> bool:
        if value in self.words or value in self._own:
            return False
        letters = bare(value)
        for name in self._names.copy():
            match = SequenceMatcher(None, name, letters)
            # The first is an upper bound of the second, and quick.
            if match.real_quick_ratio() >= ALIKE and match.ratio() >= ALIKE:
                return True
        return False

    def _mark(self, value: str) -> str:
        """Return a text's shape; its number tells it from others of the same shape."""
        if value in self.variables:
            return self.variables[value]
        if value not in self._marks:
            self._marks[value] = veiled(f"text {len(self._marks) + 1}: {shape(value)}")
        return self._marks[value]

    def _token(self, kind: str, token: str, key: str) -> str:
        match kind:
            case "number":
                is_somebodys = _is_telling(token, key)
                return veiled(f"number of {len(token)} characters") if is_somebodys else token
            case "word":
                is_sign = token.isascii() and not bare(token)
                return token if is_sign or not self.is_hidden(token) else self._mark(token)
            case "key":
                value = json_tokens.unquoted(token)
                is_word = WORD.fullmatch(value) and value not in self._read
                is_shown = is_word or not self.is_hidden(value)
            case "string":
                value = json_tokens.unquoted(token)
                is_shown = not self.is_hidden(value, key)
            case _:
                return token
        return token if is_shown else f'"{self._mark(value)}"'

    def _birth(self, match: re.Match[str]) -> str:
        """Hide a date, unless the gate has made it up."""
        text = match[0]
        parts = {part["name"]: float(part["number"]) for part in PART.finditer(text)}
        date = _date(parts)
        is_own = date and self._dates.get(date)
        return text if is_own else PART.sub(_digits, text)


def bare(text: str) -> str:
    """Return what remains of a text in every form that a target may keep or show it in."""
    folded = normalize("NFKD", unescape(unquote(text))).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def _is_telling(number: str, key: str) -> bool:
    return key not in COUNTS and len(number) >= NUMBER


def _digits(part: re.Match[str]) -> str:
    return part["before"] + veiled(f"{len(part['number'])} digits")


def _names_in(request: SentRequest) -> list[str]:
    """Return the names in the path, the query, cookies and headers of a request."""
    path, _, query = request.path.partition("?")
    pairs = query.split("&")
    values = []
    for name, value in request.headers:
        if name == "Cookie":
            pairs += value.split("; ")
        elif name.startswith("X-"):
            values.append(value)
    if path.startswith(USER_PATH):
        rest = path.removeprefix(USER_PATH)
        values.append(rest.partition("/")[0])
    values += [pair.partition("=")[2] for pair in pairs]
    return [unquote(value, errors="surrogateescape") for value in values if value]


def _date(parts: Mapping[str, object]) -> tuple[float, ...] | None:
    numbers = []
    for name in DATE_PARTS:
        number = parts.get(name)
        if not isinstance(number, int | float):
            return None
        numbers.append(number)
    return tuple(numbers)


def _spellings(value: str) -> set[str]:
    """Return how a text is spelt as it is, in Python, in JSON, in URLs, and on one line."""
    plain = value.encode("utf-8", "backslashreplace").decode()
    ways = {
        value,
        repr(value)[1:-1],
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(plain, safe=""),
        quote(plain),
        " ".join(value.split()),
    }
    return ways - {""}


def _bounded(spelling: str) -> str:
    """Return a pattern for a spelling that finds a short one only where it stands alone."""
    found = re.escape(spelling)
    if len(spelling) >= SHORT:
        return found
    if len(spelling) == 1:
        return rf"(?<=['\"/=]){found}(?=['\"&/]|$)"
    return rf"(?<![^\W_]){found}(?![^\W_])"
