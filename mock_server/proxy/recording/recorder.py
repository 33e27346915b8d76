"""Recorder of exchanges: writes a scenario for the mock that holds no personal data."""

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
"""The least number of seconds between two writes of the file."""
SHARE = 20
"""Writing may take one part in so many of the time, so that a long recording slows nothing down."""
UNAUTHORIZED = 401
SUCCESS = (200, 201)
ADMITTED = (400, 404)
"""Refusals that prove a valid session: without one the API answers 401 before it looks further."""
NAMES = re.compile(r"\b(GENERIC_UNAUTHORIZED|SESSION_TOKEN_EXPIRED|REFRESH_TOKEN_EXPIRED)\b")


@dataclass(frozen=True, slots=True)
class ObservedExchange:
    """A judged exchange; `value` is the parsed body of the answer, `None` where there is none."""

    match: Match
    query: str
    headers: Mapping[str, str]
    status: int
    value: Any


class Recorder:
    """Keeps what was observed in memory, and writes it to `path` without personal data."""

    def __init__(self, path: Path, control: Contract) -> None:
        self.path = path
        self._control = control
        self.facts = Facts()
        self.left_out = 0
        self._builder = Builder()
        self._schemas = control.document["components"]["schemas"]
        self._changed = asyncio.Event()
        self._valid: dict[str, Callable[[object], bool]] = {}
        self._readers = {
            "getProfile": self._read_profile,
            "updateProfile": self._read_profile,
            "getPublicProfile": self._read_public_profile,
            "listReferrals": self._read_referrals,
            "listNotifications": self._read_notifications,
            "markNotificationsRead": self._read_marking,
        }

    def observe(self, exchange: ObservedExchange) -> None:
        """Note what an exchange reveals about users and sessions."""
        headers = exchange.headers
        credentials = headers.get("authorization") or headers.get("cookie") or ""
        status = exchange.status
        read = self._readers.get(exchange.match.operation.id)
        if status in SUCCESS and read is not None:
            read(exchange, credentials)
        elif status in ADMITTED and credentials:
            self.facts.session(credentials)
        elif status == UNAUTHORIZED:
            self._read_refusal(exchange, credentials)
        else:
            return
        self._changed.set()

    def _read_refusal(self, exchange: ObservedExchange, credentials: str) -> None:
        # Wherever the code stands: a server may have its errors in another shape.
        codes = set(NAMES.findall(repr(exchange.value)))
        # An answer that names several codes (in a text, say) does not tell which one is meant.
        if codes in ({EXPIRED}, {REFRESH_EXPIRED}):
            self.facts.session(credentials, codes.pop())

    def _read_profile(self, exchange: ObservedExchange, credentials: str) -> None:
        session = self.facts.session(credentials)
        if isinstance(exchange.value, dict):
            self.facts.learn(session, self._checked_profile(exchange.value))

    def _read_public_profile(self, exchange: ObservedExchange, credentials: str) -> None:
        self.facts.session(credentials)
        container = self._parameter(exchange, "query", "containerId")
        if not isinstance(exchange.value, dict) or container is None:
            return
        # The answer may leave its username out, which is what the path asks for.
        given = exchange.value.get("username")
        username = given or self._parameter(exchange, "path", "username")
        profile = self._checked_profile({**exchange.value, "username": username})
        if "username" in profile:
            self.facts.named(profile).containers[container] = None

    def _read_referrals(self, exchange: ObservedExchange, credentials: str) -> None:
        person = self.facts.session(credentials).person
        for item in self._items(exchange.value, "Referral"):
            person.referrals.setdefault(item["username"], item)

    def _read_notifications(self, exchange: ObservedExchange, credentials: str) -> None:
        person = self.facts.session(credentials).person
        container = self._parameter(exchange, "query", "containerId")
        # Without its container nobody knows what the items belong to.
        if container is None:
            return
        person.containers[container] = None
        inbox = person.inbox.setdefault(container, {})
        for item in self._items(exchange.value, "Notification"):
            if item["containerId"] == container:
                inbox.setdefault(item["id"], item)
        if isinstance(exchange.value, dict) and isinstance(exchange.value.get("total"), int):
            person.totals.setdefault(container, exchange.value["total"])

    def _read_marking(self, _exchange: ObservedExchange, credentials: str) -> None:
        self.facts.session(credentials, VALID)

    def _parameter(self, exchange: ObservedExchange, where: str, name: str) -> str | None:
        """Return a parameter of the request."""
        raw = RawRequest(exchange.match.path, exchange.query)
        decoded = decode(exchange.match.operation, raw)
        texts = decoded.texts.get((where, name))
        return texts[0] if texts else None

    def _checked_profile(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the fields that the contract allows."""
        fields = self._schemas["ProfileFields"]["properties"]
        place = "components/schemas/ProfileFields/properties"
        valid = {}
        for name in fields:
            if name not in body:
                continue
            if self._is_valid(f"{place}/{name}", body[name]):
                valid[name] = body[name]
            else:
                self.left_out += 1
        return valid

    def _items(self, value: object, schema: str) -> list[dict[str, Any]]:
        """Return the items of a list that the contract allows, without further keys."""
        items = value.get("items") if isinstance(value, dict) else None
        if not isinstance(items, list):
            self.left_out += 1
            return []
        place = f"components/schemas/{schema}"
        keys = self._schemas[schema]["properties"]
        valid = [item for item in items if self._is_valid(place, item) and _is_timely(item)]
        self.left_out += len(items) - len(valid)
        return [{key: item[key] for key in keys} for item in valid]

    def _is_valid(self, place: str, value: object) -> bool:
        if place not in self._valid:
            self._valid[place] = self._control.validator({"$ref": f"{URI}#/{place}"}).is_valid
        return self._valid[place](value)

    async def keep_writing(self) -> None:
        """Write the file soon after every change, until cancelled."""
        while True:
            await self._changed.wait()
            started = perf_counter()
            # Built in the event loop, which alone changes the facts; only writing goes to a thread.
            scenario = self._scenario()
            if scenario is not None:
                await asyncio.to_thread(self._write, scenario)
            await asyncio.sleep(max(PAUSE, SHARE * (perf_counter() - started)))

    def finish(self) -> tuple[str, bool]:
        """Write the file a last time; return a message about it, and whether that is an error."""
        scenario = self._scenario()
        if scenario is None:
            return "Nothing to record was seen", False
        try:
            write_document(self.path, scenario)
        except FileError as error:
            return f"{error}; {rescue_document(self.path, scenario)}", True
        users = len(scenario["users"])
        sessions = len(scenario["sessions"])
        notifications = sum(len(user.get("notifications", ())) for user in scenario["users"])
        counts = f"{users} users, {sessions} sessions, {notifications} notifications"
        if self.left_out:
            counts += f", {self.left_out} values left out that break the contract"
        advice = f"Serve it: mock-server --fixtures {self.path}"
        return f"Recorded to {self.path}: {counts}. {advice}", False

    def _write(self, scenario: dict[str, Any]) -> None:
        """Write the file; a problem goes to the log, since the next time may be better."""
        try:
            write_document(self.path, scenario)
        except FileError as error:
            log.error("not recorded: %s", error)  # noqa: TRY400 - the message says it all

    def _scenario(self) -> dict[str, Any] | None:
        """Return the scenario; `None` where it is empty, or where the mock could not load it."""
        self._changed.clear()
        scenario = self._builder.build(self.facts)
        problems = scenario_problems(scenario, self._control)
        if problems:
            place, reason = problems[0]
            log.error("not recorded, please report this: %s %s", "/".join(map(str, place)), reason)
            return None
        return scenario if scenario["users"] else None


def _is_timely(item: dict[str, Any]) -> bool:
    """Tell whether the time of an item can be read: not all that has the right form exists."""
    try:
        read_time(str(item.get("createdAt", item.get("joinedAt"))))
    except ValueError:
        return False
    return True
