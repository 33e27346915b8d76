"""What the answers told of people: what was seen first is kept, which is the state in which the recording began."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mock_server.scenarios.loading import PROFILE_FIELDS

VALID, EXPIRED, REFRESH_EXPIRED = "valid", "SESSION_TOKEN_EXPIRED", "REFRESH_TOKEN_EXPIRED"


@dataclass(eq=False)
class Person:
    """One user: profile fields, referrals by username, notifications by container and id, and how many there are in each."""

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
        self.referrals = {**other.referrals, **self.referrals}
        self.totals = {**other.totals, **self.totals}
        for container, items in other.inbox.items():
            held = self.inbox.setdefault(container, {})
            for key, item in items.items():
                held.setdefault(key, item)


@dataclass
class Signed:
    """A session: whose it is, and what the first answer to it said of it."""

    alias: str
    person: Person
    state: str


class Facts:
    """People and sessions. Tokens are known by a digest with a key that is never written down."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._sessions: dict[bytes, Signed] = {}
        self._people: list[Person] = []

    @property
    def sessions(self) -> Iterator[Signed]:
        """Every session, in the order in which they were met."""
        return iter(self._sessions.values())

    @property
    def people(self) -> Iterator[Person]:
        """Everybody, in the order in which they were met."""
        return iter(self._people)

    def session(self, credentials: str, state: str = VALID) -> Signed:
        """Return the session of these credentials, a new one where they are."""
        digest = hashlib.blake2b(
            credentials.encode("utf-8", "surrogatepass"), key=self._key
        ).digest()
        if digest not in self._sessions:
            self._sessions[digest] = Signed(f"recorded-{len(self._sessions) + 1}", Person(), state)
            self._people.append(self._sessions[digest].person)
        return self._sessions[digest]

    def named(self, profile: Mapping[str, Any]) -> Person:
        """Return the user of a profile that has a username."""
        found = self._find("username", profile["username"])
        if found is None:
            found = Person()
            self._people.append(found)
        found.learn(profile)
        unnamed = (
            self._find("handle", found.profile.get("handle"), beside=found)
            if found.profile.get("handle")
            else None
        )
        if unnamed is not None:
            self._merge(found, unnamed)
        return found

    def learn(self, signed: Signed, profile: Mapping[str, Any]) -> None:
        """Note the profile of a session's user, who may turn out to be one that is known already."""
        signed.person.learn(profile)
        for key in ("username", "handle"):
            value = signed.person.profile.get(key)
            other = None if value is None else self._find(key, value, beside=signed.person)
            if other is not None:
                self._merge(other, signed.person)

    def _find(self, key: str, value: object, beside: Person | None = None) -> Person | None:
        return next(
            (
                each
                for each in self._people
                if each is not beside and each.profile.get(key) == value
            ),
            None,
        )

    def _merge(self, known: Person, same: Person) -> None:
        names = known.profile.get("username"), same.profile.get("username")
        if None not in names and names[0] != names[1]:
            return  # a handle that has changed hands
        known.absorb(same)
        self._people.remove(same)
        for signed in self._sessions.values():
            if signed.person is same:
                signed.person = known
