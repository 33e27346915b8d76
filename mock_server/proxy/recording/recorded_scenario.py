"""Scenario built from observed facts: names, texts and dates are replaced, tokens get an alias."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mock_server.journal import masking
from mock_server.world.clock import read_time, written

from .observed_state import EXPIRED, REFRESH_EXPIRED
from .pseudonyms import Anonymous

if TYPE_CHECKING:
    from .observed_state import Facts, ObservedSession, Person

PAST = "2000-01-01T00:00:00Z"
FUTURE = "2999-01-01T00:00:00Z"
LONGEST = {"displayName": 50, "biography": 500}
HANDLE = re.compile(r"[a-z0-9_]{3,20}")
EARLIEST = 1000
"""Times before this year leave no room for older notifications."""
MOST_UNSEEN = 100_000
"""The most notifications that are made up for a total that was counted and never listed."""


class Builder:
    """Builds scenarios; a value gets the same replacement every time."""

    def __init__(self) -> None:
        self._hide = Anonymous()
        self._ids: dict[str, str] = {}
        self._personal: set[str] = set()

    def build(self, facts: Facts) -> dict[str, Any]:
        """Return the scenario of what is known by now."""
        scenario = self._build(facts)
        # A replacement may turn out to be a word that somebody really uses, and is then dropped.
        while self._hide.settle():
            scenario = self._build(facts)
        return scenario

    def _build(self, facts: Facts) -> dict[str, Any]:
        self._personal = _personal_values(facts)
        names = self._usernames(facts)
        members: dict[str, list[str]] = {}
        for person in facts.people:
            for container in person.containers:
                members.setdefault(self._opaque(container), []).append(names[id(person)])
        containers = [
            {"id": container, "members": sorted(members[container])}
            for container in sorted(members)
        ]
        handles: set[str] = set()
        users = [self._user(person, names[id(person)], handles) for person in facts.people]
        sessions = [self._session(session, names[id(session.person)]) for session in facts.sessions]
        return {"containers": containers, "users": users, "sessions": sessions}

    def _usernames(self, facts: Facts) -> dict[int, str]:
        """Return a username for every person; one is made up where none was observed."""
        names: dict[int, str] = {}
        for n, person in enumerate(facts.people, 1):
            username = person.profile.get("username")
            name = f"recorded-user-{n}" if username is None else self._hide.text(username)
            names[id(person)] = name if name not in names.values() else f"{name}-{n}"
        return names

    def _user(self, person: Person, name: str, handles: set[str]) -> dict[str, Any]:
        """Return a user; `handles` are those of the users before, and grow by this one's."""
        user: dict[str, Any] = {"username": name}
        for key, most in LONGEST.items():
            text = person.profile.get(key)
            if isinstance(text, str):
                user[key] = self._hide.text(text)[:most]
        handle = self._handle(person)
        # Two people may have had one handle in turn; a scenario refuses a handle that comes twice.
        if handle is not None and handle not in handles:
            handles.add(handle)
            user["handle"] = handle
        birth = person.profile.get("dateOfBirth")
        if birth is not None:
            user["dateOfBirth"] = self._hide.date(birth)
        referrals = [self._referral(item) for item in person.referrals.values()]
        if referrals:
            user["referrals"] = referrals
        notifications = self._notifications(person)
        if notifications:
            user["notifications"] = notifications
        return user

    def _handle(self, person: Person) -> str | None:
        """Return a handle that the contract allows, `None` where there is none."""
        handle = person.profile.get("handle")
        if handle is None:
            return None
        replaced = self._hide.text(handle)
        return replaced if HANDLE.fullmatch(replaced) else None

    def _referral(self, item: dict[str, Any]) -> dict[str, Any]:
        username = self._hide.text(item["username"])
        display_name = item["displayName"]
        if display_name:
            display_name = self._hide.text(display_name)[: LONGEST["displayName"]]
        return {"username": username, "displayName": display_name, "joinedAt": item["joinedAt"]}

    def _notifications(self, person: Person) -> list[dict[str, Any]]:
        """Return the notifications that were listed, and for each container those only counted."""
        found: list[dict[str, Any]] = []
        ids: set[str] = set()
        for n, container in enumerate(person.containers):
            # No two notifications of a user may have the same id.
            items = _without(ids, person.inbox.get(container, {}))
            ids.update(item["id"] for item in items)
            found += [self._notification(item) for item in items]
            unseen = min(person.totals.get(container, 0) - len(items), MOST_UNSEEN)
            oldest = _oldest(items)
            if unseen > 0 and oldest.year > EARLIEST:
                found.append(_unseen(self._opaque(container), f"unseen-{n}-{{n}}", unseen, oldest))
        return found

    def _notification(self, item: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": self._ids.setdefault(item["id"], f"n-{len(self._ids) + 1:06}"),
            "containerId": self._opaque(item["containerId"]),
            "type": self._opaque(item["type"]),
            "title": self._hide.text(item["title"]),
            "body": self._hide.text(item["body"]),
            "read": item["read"],
            "createdAt": item["createdAt"],
        }

    def _opaque(self, value: str) -> str:
        """Return the name of a container or a type as it is, unless it may be personal."""
        is_personal = (
            value.casefold() in self._personal or "@" in value or masking.body(value) != value
        )
        return self._hide.text(value) if is_personal else value

    @staticmethod
    def _session(observed: ObservedSession, name: str) -> dict[str, Any]:
        session = {"token": observed.alias, "username": name}
        if observed.state in {EXPIRED, REFRESH_EXPIRED}:
            session["expiresAt"] = PAST
            session["refreshExpiresAt"] = PAST if observed.state == REFRESH_EXPIRED else FUTURE
        return session


def _personal_values(facts: Facts) -> set[str]:
    """Return the names of all people, in the form in which they are compared."""
    values = set()
    for person in facts.people:
        for key in ("username", "handle", "displayName"):
            values.add(str(person.profile.get(key, "")).casefold())
    return values - {""}


def _without(ids: set[str], inbox: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for identity, item in inbox.items() if identity not in ids]


def _oldest(notifications: list[dict[str, Any]]) -> datetime:
    """Return the time of the oldest notification; now where there is none."""
    times = [read_time(item["createdAt"]) for item in notifications]
    return min(times, default=datetime.now(UTC).replace(microsecond=0))


def _unseen(container: str, identity: str, count: int, oldest: datetime) -> dict[str, Any]:
    """Return notifications that were counted and never listed, older than those that were."""
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
