"""Users and sessions as answers show them.

Of each value the first one is kept: it belongs to the state in which the recording began.
"""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mock_server.scenarios.loading import PROFILE_FIELDS

VALID = "valid"
EXPIRED = "SESSION_TOKEN_EXPIRED"
REFRESH_EXPIRED = "REFRESH_TOKEN_EXPIRED"


@dataclass(eq=False)
class Person:
    """One user, with referrals by username, and notifications by container and id.

    `totals` is how many notifications there are in each container, listed or not.
    """

    profile: dict[str, Any] = field(default_factory=dict)
    referrals: dict[str, dict[str, Any]] = field(default_factory=dict)
    inbox: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    containers: dict[str, None] = field(default_factory=dict)

    def learn(self, profile: Mapping[str, Any]) -> None:
        """Note profile fields that are not known yet."""
        for name in PROFILE_FIELDS:
            if name in profile:
                self.profile.setdefault(name, profile[name])

    def absorb(self, other: "Person") -> None:
        """Take over what was noted of the same user under another session."""
        self.learn(other.profile)
        self.containers.update(other.containers)
        self.referrals = other.referrals | self.referrals
        self.totals = other.totals | self.totals
        for container, items in other.inbox.items():
            inbox = self.inbox.setdefault(container, {})
            for key, item in items.items():
                inbox.setdefault(key, item)


@dataclass
class ObservedSession:
    """A session: its user, and whether the first answer to it called it valid or expired."""

    alias: str
    person: Person
    state: str


class Facts:
    """People and sessions.

    Of a token only a digest is kept, with a key that is never written down: nobody can read the
    token from a dump of memory, or test a guess.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._sessions: dict[bytes, ObservedSession] = {}
        self._people: list[Person] = []

    @property
    def sessions(self) -> Iterator[ObservedSession]:
        """The sessions, in the order in which they were first seen."""
        return iter(self._sessions.values())

    @property
    def people(self) -> Iterator[Person]:
        """The people, in the order in which they were first seen."""
        return iter(self._people)

    def session(self, credentials: str, state: str = VALID) -> ObservedSession:
        """Return the session of these credentials, a new one where they were not seen before."""
        raw = credentials.encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(raw, key=self._key).digest()
        known = self._sessions.get(digest)
        if known is not None:
            return known
        person = Person()
        self._people.append(person)
        alias = f"recorded-{len(self._sessions) + 1}"
        self._sessions[digest] = ObservedSession(alias, person, state)
        return self._sessions[digest]

    def named(self, profile: Mapping[str, Any]) -> Person:
        """Return the user of a profile that has a username."""
        found = self._find("username", profile["username"])
        if found is None:
            found = Person()
            self._people.append(found)
        found.learn(profile)
        handle = found.profile.get("handle")
        if handle:
            self._merge(found, self._find("handle", handle, beside=found))
        return found

    def learn(self, session: ObservedSession, profile: Mapping[str, Any]) -> None:
        """Note the profile of a session's user, who may turn out to be known already."""
        session.person.learn(profile)
        for key in ("username", "handle"):
            # After a merge the session has another person.
            person = session.person
            value = person.profile.get(key)
            known = None if value is None else self._find(key, value, beside=person)
            if known is not None:
                self._merge(known, person)

    def _find(self, key: str, value: object, beside: Person | None = None) -> Person | None:
        for person in self._people:
            if person is not beside and person.profile.get(key) == value:
                return person
        return None

    def _merge(self, known: Person, same: Person | None) -> None:
        """Make one person of two, if there are two."""
        if same is None:
            return
        name = known.profile.get("username")
        other_name = same.profile.get("username")
        # Two usernames with one handle are two people: the handle has changed hands.
        if name is not None and other_name is not None and name != other_name:
            return
        known.absorb(same)
        self._people.remove(same)
        for session in self._sessions.values():
            if session.person is same:
                session.person = known
