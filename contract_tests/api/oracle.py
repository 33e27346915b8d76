"""A plain-Python oracle of the API: what every answer must say, learned from reading and from what was done since."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Profile = dict[str, Any]
Item = dict[str, Any]
PRIVATE = ("dateOfBirth",)


@dataclass
class Person:
    """What the oracle knows of one user: profile, notifications by container, where the user is a member."""

    profile: Profile
    inbox: dict[str, list[Item]] = field(default_factory=dict)
    homes: tuple[str, ...] = ()


@dataclass
class Model:
    """The users of the sessions by role."""

    people: dict[str, Person]

    def update(self, role: str, changes: Profile) -> bool:
        """Apply an update; False, and nothing changes, if another user is known to hold the handle."""
        handle = changes.get("handle")
        others = [person for other, person in self.people.items() if other != role]
        if handle is not None and any(person.profile["handle"] == handle for person in others):
            return False
        self.people[role].profile |= changes
        return True

    def read(self, role: str, names: tuple[str, ...]) -> Profile:
        """Return what `getProfile` says."""
        return {name: self.people[role].profile[name] for name in names}

    def public(self, role: str) -> Profile:
        """Return what `getPublicProfile` says of a member."""
        return {
            name: value for name, value in self.people[role].profile.items() if name not in PRIVATE
        }

    def page(self, role: str, container: str, page: int, limit: int) -> list[Item]:
        """Return the items of one page."""
        return self.people[role].inbox[container][(page - 1) * limit : page * limit]

    def mark_read(self, role: str) -> None:
        """Mark all notifications of one user as read."""
        for items in self.people[role].inbox.values():
            for item in items:
                if isinstance(item.get("read"), bool):
                    item["read"] = True
