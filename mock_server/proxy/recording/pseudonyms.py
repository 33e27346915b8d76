"""Replaces personal data: the same input always by the same replacement, and none that tells the input.

Words are replaced one by one, wherever they stand: a handle, a mention of it in a notification and the name on a referral
stay recognisably the same person. What is no word (blanks, punctuation) stays, so that texts keep their shape. The
replacements come from a secret of this process, which is never written down.
"""

import hashlib
import hmac
import secrets
import unicodedata
from itertools import count, groupby

CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
TRIES = 8
"""How many candidates of a length are tried before a longer one."""


class Anonymous:
    """A table of replacements, made as they are needed."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._words: dict[str, str] = {}
        self._taken: set[str] = set()

    def text(self, text: str) -> str:
        """Replace every word and every number of a text; some short words become longer, so that each stays different."""
        return "".join(self._part(kind, "".join(part)) for kind, part in groupby(text, _kind))

    def date(self, date: dict[str, object]) -> dict[str, int]:
        """Replace a date of birth by another day, of another month and year."""
        said = repr([date.get(part) for part in ("year", "month", "day")])
        drawn = (self._digest(f"date {n} {said}") for n in count())
        days = (
            {"year": 1950 + each[0] % 50, "month": 1 + each[1] % 12, "day": 1 + each[2] % 28}
            for each in drawn
        )
        return next(
            other
            for other in days
            if all(number != date.get(part) for part, number in other.items())
        )

    def settle(self) -> bool:
        """Drop replacements that happen to be somebody's word; return whether there were any, and the text must be redone."""
        clashes = [
            word for word, other in self._words.items() if other in self._words and len(other) > 1
        ]
        for word in clashes:
            self._taken.add(self._words.pop(word))
        return bool(clashes)

    def _part(self, kind: str, part: str) -> str:
        if kind == "other":
            return part
        folded = part.casefold()
        if folded not in self._words:
            self._words[folded] = self._new(kind, folded)
        word = self._words[folded]
        return (
            word.upper()
            if part.isupper() and len(part) > 1
            else word.capitalize()
            if part[:1].isupper()
            else word
        )

    def _new(self, kind: str, folded: str) -> str:
        """Return a word that stands for no other; it is as long, or longer where that cannot be."""
        n = 0
        while True:
            word = self._draw(kind, folded, len(folded) + n // TRIES, n)
            if word != folded and word not in self._taken and word not in self._words:
                self._taken.add(word)
                return word
            n += 1

    def _draw(self, kind: str, folded: str, length: int, n: int) -> str:
        drawn = b""
        while len(drawn) < length:
            drawn += self._digest(f"{kind} {n} {len(drawn)} {folded}")
        if kind == "number":
            return "".join(str(byte % 10) for byte in drawn[:length])
        start = drawn[-1] % 2
        alphabets = (CONSONANTS, VOWELS) if start else (VOWELS, CONSONANTS)
        return "".join(
            alphabets[place % 2][byte % len(alphabets[place % 2])]
            for place, byte in enumerate(drawn[:length])
        )

    def _digest(self, said: str) -> bytes:
        return hmac.new(
            self._secret, said.encode("utf-8", "surrogatepass"), hashlib.sha256
        ).digest()


def _kind(character: str) -> str:
    """Tell letters (of any script, with their marks) and digits from the rest."""
    if character.isascii():
        return "word" if character.isalpha() else "number" if character.isdigit() else "other"
    return "word" if unicodedata.category(character)[0] in "LMCN" else "other"
