"""A server whose every text is planted, so that a run can be searched for what it must not show."""

import re
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

from tests.contract_tests.reference import Answer, Api, Request

SYLLABLES = ("quor", "vex", "zyl", "brint", "wopp", "jask", "fyd", "gnur")
ROLES = {"primary": "ada", "secondary": "grace"}


def invented(number: int) -> str:
    """A word that stands nowhere else, made of the digits of a number."""
    return "".join(SYLLABLES[int(digit)] for digit in f"{number + 512:o}")


class Planted(Api):
    """People with unmistakable texts: words of `PLANTED`, in every field that a text can be in."""

    def __init__(self) -> None:
        super().__init__()
        self.words = map(invented, count())
        self.planted: set[str] = set()
        self.names = {name: self.word() for name in self.users}
        self.users = {self.names[name]: self.person(self.names[name]) for name in self.users}
        self.sessions = {self.word(): self.names[name] for name in self.names}
        self.expired = {
            self.word(): name for name in ("SESSION_TOKEN_EXPIRED", "REFRESH_TOKEN_EXPIRED")
        }
        self.containers = {
            key: {self.names[name] for name in value} for key, value in self.containers.items()
        }
        self.inbox = {self.names[name]: self.replanted(items) for name, items in self.inbox.items()}
        self.referrals = {
            self.names[name]: [self.names[each] for each in value]
            for name, value in self.referrals.items()
        }

    def word(self) -> str:
        word = next(self.words)
        self.planted.add(word)
        return word

    def person(self, name: str) -> dict[str, Any]:
        return {
            "username": name,
            "displayName": f"{self.word().title()} «{self.word().upper()}» <b>",
            "handle": self.word()[:18] + "_7",
            "biography": f'I\'m "{self.word()}"\n & émy/{self.word()}\\ {self.word()}\u200b',
            "dateOfBirth": {"year": 1931 + len(self.planted), "month": 11, "day": 23},
        }

    def replanted(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**item, "title": f"{self.word()} — {self.word()}", "body": f"{self.word()}?"}
            for item in items
        ]

    def target(self, path: Path, url: str) -> str:
        """Write a target file that names nobody."""
        tokens = dict(zip(("primary", "secondary"), self.sessions, strict=False))
        expired = dict(zip(("session_expired", "refresh_expired"), self.expired, strict=True))
        path.write_text(
            yaml.safe_dump(
                {"base_url": url, "sessions": tokens | expired, "containers": ["main", "side"]}
            )
        )
        return str(path)


class Gossip(Planted):
    """Wrong in many ways, each of which would tell something of somebody."""

    def finish(self, request: Request, answer: Answer) -> Answer:
        user = next(iter(self.users.values()))
        body = answer.body
        if request.number % 7 == 0 and isinstance(body, dict) and "displayName" in body:
            answer.body = {
                **body,
                "displayName": str(body["displayName"]).swapcase(),
                "email": f"{self.word()}@{self.word()}",
            }
        if request.number % 11 == 0 and isinstance(body, dict) and body.get("items"):
            items = body["items"][::-1]
            answer.body = {
                **body,
                "items": [{**items[0], "title": 5, self.word() + " x": 12345678}, *items[1:]],
            }
        if request.number % 13 == 0:
            answer.headers["WWW-Authenticate"] = f'Basic realm="{self.word()}"'
        if answer.status >= 400 and request.number % 3 == 0:
            message = f"{user['handle']} or {user['biography']} or {self.word()}"
            answer.body = {
                "code": "WHO_KNOWS",
                "message": message,
                "details": [{"in": "body", "name": self.word()}],
            }
        if request.number % 17 == 0:
            answer.raw = f"<h1>{self.word()}</h1> {user['displayName']} was born {user['dateOfBirth']}".encode()
        if request.number % 19 == 0:
            answer.raw = f'{{"username": "{user["username"]}", "biography": "{self.word()} {self.word()[:4]}'.encode()
        if request.number % 23 == 0:
            return Answer(
                500,
                {
                    "code": "INTERNAL_SERVER_ERROR",
                    "message": f"duplicate key {user['username'].upper()}",
                },
            )
        return answer

    def good_part(self, value: dict[str, Any], part: str) -> bool:
        return part == "day" or super().good_part(value, part)

    def public_view(self, user: dict[str, Any]) -> dict[str, Any]:
        return {**user, "biography": unquote(str(user["biography"])).strip()}

    def member(self, name: str, container: str) -> bool:
        return super().member(name.lower().strip(), container)

    def get_public(self, request: Request) -> Answer:
        return super().get_public(Request(**{**vars(request), "path": request.path.lower()}))


def told(planted: set[str], text: str) -> list[str]:
    """The planted words, or most of one, that stand in a text in any case, and however their neighbours are escaped."""
    plain = re.sub(r"[^a-z]+", " ", text.lower())
    return sorted(
        {
            word
            for word in planted
            for piece in (word[: len(word) - 2], word[2:])
            if piece.lower() in plain
        }
    )
