"""From facts to a scenario: every name, text and date replaced, tokens by their alias, and lists as long as they were."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mock_server.journal import masking
from mock_server.world.clock import read_time, written

from .observed_state import EXPIRED, REFRESH_EXPIRED
from .pseudonyms import Anonymous

if TYPE_CHECKING:
    from .observed_state import Facts, Person, Signed

PAST, FUTURE = "2000-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
LONGEST = {"displayName": 50, "biography": 500}
HANDLE = re.compile(r"[a-z0-9_]{3,20}")
EARLIEST = 1000
"""Times before this year leave no room for older notifications."""
MOST_UNSEEN = 100_000
"""How many notifications that were only counted are made up."""


class Builder:
    """Builds scenarios; what was replaced once is replaced in the same way ever after."""

    def __init__(self) -> None:
        self._hide = Anonymous()
        self._ids: dict[str, str] = {}
        self._personal: set[str] = set()

    def build(self, facts: Facts) -> dict[str, Any]:
        """Return the scenario of what is known by now."""
        scenario = self._build(facts)
        while self._hide.settle():
            scenario = self._build(facts)
        return scenario

    def _build(self, facts: Facts) -> dict[str, Any]:
        personal = {
            str(each.profile.get(key, "")).casefold()
            for each in facts.people
            for key in ("username", "handle", "displayName")
        }
        self._personal = personal - {""}
        names = self._usernames(facts)
        members: dict[str, list[str]] = {}
        for person in facts.people:
            for container in person.containers:
                members.setdefault(self._opaque(container), []).append(names[id(person)])
        taken: set[str] = set()
        return {
            "containers": [
                {"id": container, "members": sorted(members[container])}
                for container in sorted(members)
            ],
            "users": [self._user(person, names[id(person)], taken) for person in facts.people],
            "sessions": [
                self._session(signed, names[id(signed.person)]) for signed in facts.sessions
            ],
        }

    def _usernames(self, facts: Facts) -> dict[int, str]:
        """Return a username for everybody, one that is made up where it was never told."""
        names: dict[int, str] = {}
        for n, person in enumerate(facts.people, 1):
            told = person.profile.get("username")
            name = f"recorded-user-{n}" if told is None else self._hide.text(told)
            names[id(person)] = name if name not in names.values() else f"{name}-{n}"
        return names

    def _user(self, person: Person, name: str, taken: set[str]) -> dict[str, Any]:
        user: dict[str, Any] = {"username": name}
        for key, most in LONGEST.items():
            if isinstance(text := person.profile.get(key), str):
                user[key] = self._hide.text(text)[:most]
        handle = person.profile.get("handle")
        if (
            handle is not None
            and HANDLE.fullmatch(hidden := self._hide.text(handle))
            and hidden not in taken
        ):
            taken.add(hidden)
            user["handle"] = hidden
        if (birth := person.profile.get("dateOfBirth")) is not None:
            user["dateOfBirth"] = self._hide.date(birth)
        lists = {"referrals": self._referrals(person), "notifications": self._notifications(person)}
        return {**user, **{key: items for key, items in lists.items() if items}}

    def _referrals(self, person: Person) -> list[dict[str, Any]]:
        return [
            {
                "username": self._hide.text(item["username"]),
                "displayName": item["displayName"]
                and self._hide.text(item["displayName"])[: LONGEST["displayName"]],
                "joinedAt": item["joinedAt"],
            }
            for item in person.referrals.values()
        ]

    def _notifications(self, person: Person) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        ids: set[str] = set()
        for n, container in enumerate(person.containers):
            items = [
                item for key, item in person.inbox.get(container, {}).items() if key not in ids
            ]
            ids.update(item["id"] for item in items)
            found += [self._notification(item) for item in items]
            unseen = min(person.totals.get(container, 0) - len(items), MOST_UNSEEN)
            oldest = min(
                (read_time(item["createdAt"]) for item in items),
                default=datetime.now(UTC).replace(microsecond=0),
            )
            if unseen > 0 and oldest.year > EARLIEST:
                found.append(_unseen(self._opaque(container), f"unseen-{n}-{{n}}", unseen, oldest))
        return found

    def _notification(self, item: dict[str, Any]) -> dict[str, Any]:
        identity = self._ids.setdefault(item["id"], f"n-{len(self._ids) + 1:06}")
        texts = {key: self._hide.text(item[key]) for key in ("title", "body")}
        kept = {"read": item["read"], "createdAt": item["createdAt"]}
        container, kind = self._opaque(item["containerId"]), self._opaque(item["type"])
        return {"id": identity, "containerId": container, "type": kind, **texts, **kept}

    def _opaque(self, value: str) -> str:
        """Return the name of a container or a kind as it is, unless it is somebody's."""
        is_somebodys = (
            value.casefold() in self._personal or "@" in value or masking.body(value) != value
        )
        return self._hide.text(value) if is_somebodys else value

    @staticmethod
    def _session(signed: Signed, name: str) -> dict[str, Any]:
        session = {"token": signed.alias, "username": name}
        if signed.state in {EXPIRED, REFRESH_EXPIRED}:
            session["expiresAt"] = PAST
            session["refreshExpiresAt"] = PAST if signed.state == REFRESH_EXPIRED else FUTURE
        return session


def _unseen(container: str, identity: str, count: int, oldest: datetime) -> dict[str, Any]:
    """Return notifications that were counted and never shown, older than those that were."""
    return {
        "id": identity,
        "containerId": container,
        "type": "unseen",
        "title": "Counted, never shown",
        "body": "Stands for a notification that the recording did not see.",
        "read": True,
        "createdAt": written(oldest - timedelta(seconds=60)),
        "repeat": count,
        "every": 60,
    }
