"""Pseudonyms for personal data: one input always gets the same replacement.

Words are replaced one by one, wherever they stand: a handle, a mention of it in a notification and
the name on a referral stay recognisably the same person. What is no word (blanks, punctuation)
stays, so that texts keep their shape. The replacements come from a secret of this process, which is
never written down: without it nobody can compute which input a replacement stands for.
"""

import hashlib
import hmac
import secrets
import unicodedata
from itertools import groupby

CONSONANTS = "bdfgklmnprstvz"
VOWELS = "aeiou"
TRIES = 8
"""How many candidates of a length are tried before longer ones."""


class Pseudonyms:
    """A table of replacements, made as they are needed."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._words: dict[str, str] = {}
        self._used: set[str] = set()

    def text(self, text: str) -> str:
        """Return a text with every word and number replaced; short words may become longer."""
        parts = []
        for kind, characters in groupby(text, _kind):
            part = "".join(characters)
            parts.append(part if kind == "other" else self._replaced(kind, part))
        return "".join(parts)

    def date(self, date: dict[str, object]) -> dict[str, int]:
        """Return another date of birth, of another year, month and day."""
        known = repr([date.get(part) for part in ("year", "month", "day")])
        n = 0
        while True:
            drawn = self._digest(f"date {n} {known}")
            other = {
                "year": 1950 + drawn[0] % 50,
                "month": 1 + drawn[1] % 12,
                # Every month has a day 28.
                "day": 1 + drawn[2] % 28,
            }
            # Each part has to differ, since a year alone can tell who somebody is.
            if all(other[part] != date.get(part) for part in other):
                return other
            n += 1

    def settle(self) -> bool:
        """Drop replacements that are a word of the input; return whether there were any.

        The texts have to be replaced again then.
        """
        replacements = self._words.items()
        # There are too few letters and digits to keep clear of all that stand alone in a text.
        clashes = [word for word, other in replacements if other in self._words and len(other) > 1]
        for word in clashes:
            self._used.add(self._words.pop(word))
        return bool(clashes)

    def _replaced(self, kind: str, part: str) -> str:
        """Return the replacement of a word or number, in its case."""
        folded = part.casefold()
        if folded not in self._words:
            self._words[folded] = self._new(kind, folded)
        word = self._words[folded]
        if part.isupper() and len(part) > 1:
            return word.upper()
        if part[:1].isupper():
            return word.capitalize()
        return word

    def _new(self, kind: str, folded: str) -> str:
        """Return a word that replaces no other; it is as long, or longer where none is left."""
        n = 0
        while True:
            length = len(folded) + n // TRIES
            word = self._draw(kind, folded, length, n)
            if word != folded and word not in self._used and word not in self._words:
                self._used.add(word)
                return word
            n += 1

    def _draw(
        self,
        kind: str,
        folded: str,
        length: int,
        n: int,
    ) -> str:
        drawn = b""
        while len(drawn) < length:
            drawn += self._digest(f"{kind} {n} {len(drawn)} {folded}")
        if kind == "number":
            return "".join(str(byte % 10) for byte in drawn[:length])
        # Consonants and vowels by turns can be read aloud, which random letters cannot.
        alphabets = (CONSONANTS, VOWELS) if drawn[-1] % 2 else (VOWELS, CONSONANTS)
        letters = []
        for place, byte in enumerate(drawn[:length]):
            alphabet = alphabets[place % 2]
            letters.append(alphabet[byte % len(alphabet)])
        return "".join(letters)

    def _digest(self, text: str) -> bytes:
        # A text may hold half a character, which UTF-8 does not have.
        raw = text.encode("utf-8", "surrogatepass")
        return hmac.new(self._secret, raw, hashlib.sha256).digest()


def _kind(character: str) -> str:
    """Tell letters (of any script, with their marks) and digits from the rest."""
    if not character.isascii():
        return "word" if unicodedata.category(character)[0] in "LMCN" else "other"
    if character.isalpha():
        return "word"
    return "number" if character.isdigit() else "other"
