"""A plain-Python oracle of the API: what every answer must say.

It is learned from reading, and from what was done since.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import Any

Profile = dict[str, Any]
Item = dict[str, Any]
# What a public profile never shows.
PRIVATE = ("dateOfBirth",)


@dataclass
class Person:
    """What the oracle knows of one user: profile, notifications and homes by container."""

    profile: Profile
    inbox: dict[str, list[Item]] = field(default_factory=dict)
    homes: tuple[str, ...] = ()


@dataclass
class Model:
    """The users of the sessions by role."""

    people: dict[str, Person]

    def update(self, role: str, changes: Profile) -> bool:
        """Apply an update.

        Return False, and change nothing, if another user is known to have the handle.
        """
        handle = changes.get("handle")
        for other, person in self.people.items():
            if other != role and handle is not None and person.profile["handle"] == handle:
                return False
        self.people[role].profile |= changes
        return True

    def read(self, role: str, names: tuple[str, ...]) -> Profile:
        """Return what `getProfile` says."""
        return {name: self.people[role].profile[name] for name in names}

    def public(self, role: str) -> Profile:
        """Return what `getPublicProfile` says of a member."""
        profile = self.people[role].profile
        return {name: value for name, value in profile.items() if name not in PRIVATE}

    def page(
        self,
        role: str,
        container: str,
        page: int,
        limit: int,
    ) -> list[Item]:
        """Return the items of one page."""
        return self.people[role].inbox[container][(page - 1) * limit : page * limit]

    def mark_read(self, role: str) -> None:
        """Mark all notifications of one user as read."""
        for item in chain.from_iterable(self.people[role].inbox.values()):
            # A target may have another form for it, which is left alone.
            if isinstance(item.get("read"), bool):
                item["read"] = True
