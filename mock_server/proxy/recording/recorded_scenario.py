"""Scenario built from observed facts: names, texts and dates are replaced, tokens get an alias."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mock_server.journal import masking
from mock_server.world.clock import read_time, written

from .observed_state import EXPIRED, REFRESH_EXPIRED
from .pseudonyms import Pseudonyms

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
        self._pseudonyms = Pseudonyms()
        self._ids: dict[str, str] = {}
        self._personal: set[str] = set()

    def build(self, facts: Facts) -> dict[str, Any]:
        """Return the scenario of what is known by now."""
        scenario = self._build(facts)
        # A replacement may turn out to be a word that somebody really uses, and is then dropped.
        while self._pseudonyms.settle():
            scenario = self._build(facts)
        return scenario

    def _build(self, facts: Facts) -> dict[str, Any]:
        self._personal = _personal_values(facts)
        names = self._usernames(facts)
        handles: set[str] = set()
        return {
            "containers": self._containers(facts, names),
            "users": [self._user(person, names[id(person)], handles) for person in facts.people],
            "sessions": [_session(each, names[id(each.person)]) for each in facts.sessions],
        }

    def _usernames(self, facts: Facts) -> dict[int, str]:
        """Return a username for every person; one is made up where none was observed."""
        names: dict[int, str] = {}
        for n, person in enumerate(facts.people, 1):
            username = person.profile.get("username")
            name = f"recorded-user-{n}"
            if username is not None:
                name = self._pseudonyms.text(username)
            if name in names.values():
                name = f"{name}-{n}"
            names[id(person)] = name
        return names

    def _containers(self, facts: Facts, names: dict[int, str]) -> list[dict[str, Any]]:
        members: dict[str, list[str]] = {}
        for person in facts.people:
            for container in person.containers:
                name = self._label(container)
                members.setdefault(name, []).append(names[id(person)])
        return [{"id": name, "members": sorted(members[name])} for name in sorted(members)]

    def _user(self, person: Person, name: str, handles: set[str]) -> dict[str, Any]:
        """Return a user; `handles` are those of the users before, and grow by this one's."""
        profile = person.profile
        user: dict[str, Any] = {"username": name}
        for field, most in LONGEST.items():
            text = profile.get(field)
            if isinstance(text, str):
                user[field] = self._pseudonyms.text(text)[:most]
        handle = self._handle(profile.get("handle"))
        # Two people may have had one handle in turn; a scenario refuses a handle that comes twice.
        if handle is not None and handle not in handles:
            handles.add(handle)
            user["handle"] = handle
        birth = profile.get("dateOfBirth")
        if birth is not None:
            user["dateOfBirth"] = self._pseudonyms.date(birth)
        if person.referrals:
            user["referrals"] = [self._referral(item) for item in person.referrals.values()]
        notifications = self._notifications(person)
        if notifications:
            user["notifications"] = notifications
        return user

    def _handle(self, handle: str | None) -> str | None:
        """Return a handle that the contract allows, `None` where there is none."""
        if handle is None:
            return None
        replaced = self._pseudonyms.text(handle)
        return replaced if HANDLE.fullmatch(replaced) else None

    def _referral(self, item: dict[str, Any]) -> dict[str, Any]:
        display_name = item["displayName"]
        if display_name:
            display_name = self._pseudonyms.text(display_name)[: LONGEST["displayName"]]
        return {
            "username": self._pseudonyms.text(item["username"]),
            "displayName": display_name,
            "joinedAt": item["joinedAt"],
        }

    def _notifications(self, person: Person) -> list[dict[str, Any]]:
        """Return the notifications that were listed, and for each container those only counted."""
        found: list[dict[str, Any]] = []
        known: set[str] = set()
        for n, container in enumerate(person.containers):
            inbox = person.inbox.get(container, {})
            # No two notifications of a user may have the same id.
            fresh = [item for identity, item in inbox.items() if identity not in known]
            known.update(inbox)
            found += [self._notification(item) for item in fresh]
            total = person.totals.get(container, 0)
            unseen = min(total - len(fresh), MOST_UNSEEN)
            oldest = _oldest(fresh)
            if unseen > 0 and oldest.year > EARLIEST:
                found.append(_unseen(self._label(container), n, unseen, oldest))
        return found

    def _notification(self, item: dict[str, Any]) -> dict[str, Any]:
        next_id = f"n-{len(self._ids) + 1:06}"
        return {
            "id": self._ids.setdefault(item["id"], next_id),
            "containerId": self._label(item["containerId"]),
            "type": self._label(item["type"]),
            "title": self._pseudonyms.text(item["title"]),
            "body": self._pseudonyms.text(item["body"]),
            "read": item["read"],
            "createdAt": item["createdAt"],
        }

    def _label(self, value: str) -> str:
        """Return the name of a container or a type as it is, unless it may be personal."""
        is_name = value.casefold() in self._personal
        if is_name or "@" in value or masking.body(value) != value:
            return self._pseudonyms.text(value)
        return value


def _session(observed: ObservedSession, name: str) -> dict[str, Any]:
    session = {"token": observed.alias, "username": name}
    if observed.state == EXPIRED:
        session |= {"expiresAt": PAST, "refreshExpiresAt": FUTURE}
    elif observed.state == REFRESH_EXPIRED:
        session |= {"expiresAt": PAST, "refreshExpiresAt": PAST}
    return session


def _personal_values(facts: Facts) -> set[str]:
    """Return the names of all people, in the form in which they are compared."""
    values = set()
    for person in facts.people:
        for field in ("username", "handle", "displayName"):
            values.add(str(person.profile.get(field, "")).casefold())
    return values - {""}


def _oldest(notifications: list[dict[str, Any]]) -> datetime:
    """Return the time of the oldest notification; now where there is none."""
    times = [read_time(item["createdAt"]) for item in notifications]
    return min(times, default=datetime.now(UTC).replace(microsecond=0))


def _unseen(
    container: str,
    n: int,
    count: int,
    oldest: datetime,
) -> dict[str, Any]:
    """Return notifications that were counted and never listed, older than those that were."""
    return {
        # A scenario puts the number of the repetition in place of the braces.
        "id": f"unseen-{n}-{{n}}",
        "containerId": container,
        "type": "unseen",
        "title": "Counted, never shown",
        "body": "Stands for a notification that the recording did not see.",
        "read": True,
        "createdAt": written(oldest - timedelta(seconds=60)),
        "repeat": count,
        "every": 60,
    }
