"""Turns exchanges into a scenario that the mock can serve: nothing in it is anybody's."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from mock_server.contract.compiled import URI, Contract, RawRequest, decode
from mock_server.contract.files import FileError
from mock_server.scenarios.atomic_files import rescue_document, write_document
from mock_server.scenarios.loading import scenario_problems
from mock_server.world.clock import read_time

from .observed_state import EXPIRED, REFRESH_EXPIRED, VALID, Facts
from .recorded_scenario import Builder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mock_server.proxy.judging.judge import Match

log = logging.getLogger("mock_server")

PAUSE = 1.0
"""Seconds between a change and the next time that the file is written, at least."""
SHARE = 20
"""The recording may take one part in so many of the time."""
UNAUTHORIZED = 401
ADMITTED = (400, 404)
"""Refusals that only a valid session meets: who has none is told that first."""
NAMES = re.compile(r"\b(GENERIC_UNAUTHORIZED|SESSION_TOKEN_EXPIRED|REFRESH_TOKEN_EXPIRED)\b")


@dataclass(frozen=True, slots=True)
class Seen:
    """A judged exchange; `value` is the parsed body of the answer, `None` where there is none."""

    match: Match
    query: str
    headers: Mapping[str, str]
    status: int
    value: Any


class Recorder:
    """Keeps what was seen in memory, and in `path` without what is personal."""

    def __init__(self, path: Path, control: Contract) -> None:
        self.path, self._control = path, control
        self.facts, self.left_out = Facts(), 0
        self._builder = Builder()
        self._schemas = control.document["components"]["schemas"]
        self._changed = asyncio.Event()
        self._valid: dict[str, Callable[[object], bool]] = {}
        self._note = {
            "getProfile": self._profile,
            "updateProfile": self._profile,
            "getPublicProfile": self._public,
            "listReferrals": self._referrals,
            "listNotifications": self._notifications,
            "markNotificationsRead": self._marked,
        }

    def saw(self, seen: Seen) -> None:
        """Note what an exchange tells."""
        credentials = seen.headers.get("authorization") or seen.headers.get("cookie") or ""
        if seen.status in {200, 201} and seen.match.operation.id in self._note:
            self._note[seen.match.operation.id](seen, credentials)
        elif seen.status in ADMITTED and credentials:
            self.facts.session(credentials)
        elif seen.status == UNAUTHORIZED and (names := set(NAMES.findall(repr(seen.value)))) <= {
            EXPIRED,
            REFRESH_EXPIRED,
        }:
            if len(names) == 1:
                self.facts.session(credentials, names.pop())
        else:
            return
        self._changed.set()

    def _profile(self, seen: Seen, credentials: str) -> None:
        signed = self.facts.session(credentials)
        if isinstance(seen.value, dict):
            self.facts.learn(signed, self._checked_profile(seen.value))

    def _public(self, seen: Seen, credentials: str) -> None:
        self.facts.session(credentials)
        container = self._asked(seen, "query", "containerId")
        if not isinstance(seen.value, dict) or container is None:
            return
        name = seen.value.get("username") or self._asked(seen, "path", "username")
        profile = self._checked_profile({**seen.value, "username": name})
        if "username" in profile:
            self.facts.named(profile).containers[container] = None

    def _referrals(self, seen: Seen, credentials: str) -> None:
        person = self.facts.session(credentials).person
        for item in self._items(seen.value, "Referral"):
            person.referrals.setdefault(item["username"], item)

    def _notifications(self, seen: Seen, credentials: str) -> None:
        person = self.facts.session(credentials).person
        container = self._asked(seen, "query", "containerId")
        if container is None:
            return
        person.containers[container] = None
        for item in self._items(seen.value, "Notification"):
            if item["containerId"] == container:
                person.inbox.setdefault(container, {}).setdefault(item["id"], item)
        total = seen.value.get("total") if isinstance(seen.value, dict) else None
        if isinstance(total, int):
            person.totals.setdefault(container, total)

    def _marked(self, _seen: Seen, credentials: str) -> None:
        self.facts.session(credentials, VALID)

    def _asked(self, seen: Seen, where: str, name: str) -> str | None:
        """Return a parameter of the request."""
        texts = decode(seen.match.operation, RawRequest(seen.match.path, seen.query)).texts.get(
            (where, name)
        )
        return texts[0] if texts else None

    def _checked_profile(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the fields that the contract allows."""
        fields = self._schemas["ProfileFields"]["properties"]
        place = "components/schemas/ProfileFields/properties"
        kept = {
            name: body[name]
            for name in fields
            if name in body and self._is(f"{place}/{name}", body[name])
        }
        self.left_out += sum(name in body and name not in kept for name in fields)
        return kept

    def _items(self, value: object, schema: str) -> list[dict[str, Any]]:
        """Return the items of a list that the contract allows, without further keys."""
        items = value.get("items") if isinstance(value, dict) else None
        if not isinstance(items, list):
            self.left_out += 1
            return []
        place = f"components/schemas/{schema}"
        keys = self._schemas[schema]["properties"]
        kept = [
            {key: item[key] for key in keys}
            for item in items
            if self._is(place, item) and _is_timely(item)
        ]
        self.left_out += len(items) - len(kept)
        return kept

    def _is(self, place: str, value: object) -> bool:
        if place not in self._valid:
            self._valid[place] = self._control.validator({"$ref": f"{URI}#/{place}"}).is_valid
        return self._valid[place](value)

    async def keep_writing(self) -> None:
        """Write the file soon after every change, until cancelled."""
        while True:
            await self._changed.wait()
            started = perf_counter()
            scenario = self._scenario()
            if scenario is not None:
                await asyncio.to_thread(self._write, scenario)
            await asyncio.sleep(max(PAUSE, SHARE * (perf_counter() - started)))

    def finish(self) -> tuple[str, bool]:
        """Write the file a last time; return what is to be said about it, and whether that is an error."""
        scenario = self._scenario()
        if scenario is None:
            return "Nothing to record was seen", False
        try:
            write_document(self.path, scenario)
        except FileError as error:
            return f"{error}; {rescue_document(self.path, scenario)}", True
        notifications = sum(len(user.get("notifications", ())) for user in scenario["users"])
        counts = f"{len(scenario['users'])} users, {len(scenario['sessions'])} sessions, {notifications} notifications"
        left_out = (
            f", {self.left_out} values left out that break the contract" if self.left_out else ""
        )
        return (
            f"Recorded to {self.path}: {counts}{left_out}. Serve it: mock-server --fixtures {self.path}",
            False,
        )

    def _write(self, scenario: dict[str, Any]) -> None:
        """Write the file; a problem goes to the log, since the next time may be better."""
        try:
            write_document(self.path, scenario)
        except FileError as error:
            log.error("not recorded: %s", error)  # noqa: TRY400 - the message says it all

    def _scenario(self) -> dict[str, Any] | None:
        """Return the scenario; `None` where there is nothing in it yet, or where the mock could not load it."""
        self._changed.clear()
        scenario = self._builder.build(self.facts)
        for place, reason in scenario_problems(scenario, self._control)[:1]:
            log.error("not recorded, please report this: %s %s", "/".join(map(str, place)), reason)
            return None
        return scenario if scenario["users"] else None


def _is_timely(item: dict[str, Any]) -> bool:
    """Tell whether a time that has the right form can be reckoned with."""
    try:
        read_time(str(item.get("createdAt", item.get("joinedAt"))))
    except ValueError:
        return False
    return True
