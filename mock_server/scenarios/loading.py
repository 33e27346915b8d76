"""Loading of scenarios: from YAML or JSON to a `World`, checked by the schema of `control.yaml`."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from rpds import HashTrieMap

from mock_server.contract.compiled import Contract
from mock_server.contract.files import FileError, line_of, read_document
from mock_server.contract.schema_errors import Explainer
from mock_server.world.clock import read_time, written
from mock_server.world.records import Json, Session, User, World, handles_of

TIMES = frozenset(("createdAt", "joinedAt", "expiresAt", "refreshExpiresAt"))
SCHEMA = ("components", "schemas", "Scenario")
UNIQUE = (
    ("users", "username"),
    ("users", "handle"),
    ("containers", "id"),
    ("sessions", "token"),
    ("sessions", "refreshToken"),
)
"""Fields in which no two items of a list may have the same value."""
PROFILE_FIELDS = ("username", "displayName", "handle", "biography", "dateOfBirth")

MOST_PROBLEMS = 100
MOST_NOTIFICATIONS = 1_000_000
"""How many notifications a scenario may have, with all that `repeat` stands for."""

Place = list[str | int]
Problem = tuple[Place, str]


def find_scenario(fixtures: Path, name: str) -> Path:
    """Return a scenario's file, which is `fixtures` itself where that is a file.

    Raises `FileError`, which lists the scenarios that there are.
    """
    if fixtures.exists() and not fixtures.is_dir():
        return fixtures
    if not fixtures.exists():
        raise FileError(fixtures, "there is no such file or directory")
    known = scenario_files(fixtures)
    if name not in known:
        raise FileError(fixtures, f"has no scenario {name!r}; it has: {', '.join(known) or 'none'}")
    return known[name]


def scenario_files(directory: Path) -> dict[str, Path]:
    """Return the scenarios of a directory by name."""
    return {
        path.stem: path
        for path in sorted(directory.iterdir())
        if path.suffix in {".yaml", ".yml", ".json"}
    }


def load_world(path: Path, control: Contract) -> World:
    """Return the world of a scenario; raise `FileError` with line and field of the first problem.

    `control` is the compiled document of the control API, which describes scenarios.
    """
    scenario = read_document(path)
    problems = scenario_problems(scenario, control)
    if not problems:
        return build_world(scenario)
    place, reason = problems[0]
    field = "/".join(map(str, place)) or "the file"
    # One is shown with its line: most others follow from it, or are of the same kind.
    others = len(problems) - 1
    if others:
        bound = "at least " if len(problems) == MOST_PROBLEMS else ""
        reason += f" (and {bound}{others} more problems)"
    raise FileError(path, f"{field}: {reason}", line_of(path, place))


def scenario_problems(scenario: Any, control: Contract) -> list[Problem]:
    """List the faults of a scenario: of its shape, or else where it contradicts itself."""
    # What contradicts itself can be told only where everything has the right shape.
    return list(_schema_problems(scenario, control)) or list(reference_problems(scenario))


def build_world(scenario: dict[str, Any]) -> World:
    """Build the world of a scenario that is known to be right."""
    users = {user["username"]: _user(user) for user in scenario["users"]}
    containers = {}
    for item in scenario.get("containers", ()):
        containers[item["id"]] = frozenset(item.get("members", ()))
    sessions = {}
    refreshable = {}
    for item in scenario.get("sessions", ()):
        session = _session(item)
        sessions[session.token] = session
        if session.refresh_token is not None:
            refreshable[session.refresh_token] = session.token
    return World(
        HashTrieMap(users),
        handles_of(users),
        HashTrieMap(containers),
        HashTrieMap(sessions),
        HashTrieMap(refreshable),
    )


def _user(user: dict[str, Any]) -> User:
    profile = {field: user.get(field) for field in PROFILE_FIELDS}
    # The sort is stable: of one time, the last in the file comes last.
    referrals = sorted(user.get("referrals", ()), key=_joined_at, reverse=True)
    inbox: dict[str, list[Json]] = {}
    for notification in user.get("notifications", ()):
        in_container = inbox.setdefault(notification["containerId"], [])
        if "repeat" in notification:
            in_container += _copies(notification)
        else:
            in_container.append(notification)
    for notifications in inbox.values():
        notifications.sort(key=_newest_first)
    return User(profile, tuple(referrals), HashTrieMap(inbox))


def _joined_at(referral: Json) -> datetime:
    return read_time(str(referral["joinedAt"]))


def _newest_first(notification: Json) -> tuple[float, str]:
    """Return what notifications are sorted by; those of one time are sorted by their ids."""
    return -read_time(str(notification["createdAt"])).timestamp(), str(notification["id"])


def _copies(template: dict[str, Any]) -> Iterator[Json]:
    """Yield the notifications that `repeat` abbreviates.

    `{n}` counts from 1, and each is `every` seconds older than the one before.
    """
    fixed = dict(template)
    count = int(fixed.pop("repeat"))
    every = fixed.pop("every", 0)
    newest = read_time(fixed["createdAt"])
    for n in range(count):
        copy = dict(fixed)
        for key in ("id", "title", "body"):
            text: str = fixed[key]
            copy[key] = text.replace("{n}", str(n + 1))
        age = timedelta(seconds=n * every)
        copy["createdAt"] = written(newest - age)
        yield copy


def _session(item: dict[str, Any]) -> Session:
    return Session(
        token=item["token"],
        username=item["username"],
        expires_at=_time(item.get("expiresAt")),
        refresh_expires_at=_time(item.get("refreshExpiresAt")),
        refresh_token=item.get("refreshToken"),
        calls=item.get("calls"),
        refuse=item.get("refuseOnce"),
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else read_time(text)


def _schema_problems(scenario: object, control: Contract) -> Iterator[Problem]:
    # YAML can hold what no validator of JSON takes.
    try:
        orjson.dumps(scenario)
    except TypeError as error:
        yield [], f"holds what JSON cannot: {error}"
        return
    explanations = Explainer(control).explain(SCHEMA, scenario)
    for place, reason in islice(explanations, MOST_PROBLEMS):
        yield list(place), reason


def reference_problems(scenario: dict[str, Any]) -> Iterator[Problem]:
    """List where a scenario of the right shape contradicts itself."""
    for kind, key in UNIQUE:
        yield from _twice([kind], scenario.get(kind, ()), key)
    yield from _username_problems(scenario)
    yield from _time_problems([], scenario)
    for n, user in enumerate(scenario["users"]):
        yield from _twice(["users", n, "notifications"], user.get("notifications", ()), "id")
    yield from _membership_problems(scenario)
    yield from _repeat_problems(scenario)


def _username_problems(scenario: dict[str, Any]) -> Iterator[Problem]:
    """List members and sessions of users that do not exist."""
    users = {user["username"] for user in scenario["users"]}
    for n, container in enumerate(scenario.get("containers", ())):
        for m, name in enumerate(container.get("members", ())):
            if name not in users:
                place: Place = ["containers", n, "members", m]
                yield place, f"there is no user {name!r}"
    for n, session in enumerate(scenario.get("sessions", ())):
        name = session["username"]
        if name not in users:
            yield ["sessions", n, "username"], f"there is no user {name!r}"


def _time_problems(place: Place, node: object) -> Iterator[Problem]:
    """List times that have the right form and yet do not exist in the calendar of Python."""
    children: Iterable[tuple[str | int, object]] = ()
    if isinstance(node, dict):
        children = node.items()
    elif isinstance(node, list):
        children = enumerate(node)
    for part, child in children:
        if isinstance(child, dict | list):
            yield from _time_problems([*place, part], child)
        elif part in TIMES and not _can_be_computed(str(child), 0):
            yield [*place, part], "must be a time in the years 1 to 9999"


def _membership_problems(scenario: dict[str, Any]) -> Iterator[Problem]:
    """List notifications in containers that their users do not belong to."""
    members = {item["id"]: item.get("members", ()) for item in scenario.get("containers", ())}
    for place, username, item in _notifications(scenario):
        container = item["containerId"]
        if username not in members.get(container, ()):
            reason = f"{username!r} is not a member of a container {container!r}"
            yield [*place, "containerId"], reason


def _repeat_problems(scenario: dict[str, Any]) -> Iterator[Problem]:
    """List notifications that are repeated too often, or back to times that do not exist."""
    count = 0
    for place, _, item in _notifications(scenario):
        times = int(item.get("repeat", 1))
        count += times
        # Two lines could stand for a thousand million notifications.
        if count > MOST_NOTIFICATIONS:
            field = [*place, "repeat"] if times > 1 else place
            yield field, f"makes more than {MOST_NOTIFICATIONS:,} notifications in all"
            return
        if times > 1:
            yield from _copies_problems(place, item)


def _copies_problems(place: Place, item: dict[str, Any]) -> Iterator[Problem]:
    if "{n}" not in item["id"]:
        yield [*place, "id"], "needs {n}, since it is repeated"
    seconds = (item["repeat"] - 1) * item.get("every", 0)
    if not _can_be_computed(item["createdAt"], seconds):
        yield [*place, "every"], "leads to a time before the year 1"


def _notifications(scenario: dict[str, Any]) -> Iterator[tuple[Place, str, dict[str, Any]]]:
    """List the notifications of all users, each with its place and the user's name."""
    for n, user in enumerate(scenario["users"]):
        username = user["username"]
        for m, item in enumerate(user.get("notifications", ())):
            place: Place = ["users", n, "notifications", m]
            yield place, username, item


def _can_be_computed(time: str, seconds_before: float) -> bool:
    """Tell whether there is a time so many seconds before another."""
    try:
        read_time(time) - timedelta(seconds=seconds_before)
    except (ValueError, OverflowError):
        return False
    return True


def _twice(
    place: Place,
    items: Iterable[dict[str, Any]],
    key: str,
) -> Iterator[Problem]:
    counts = Counter(item.get(key) for item in items)
    for n, item in enumerate(items):
        value = item.get(key)
        if value is not None and counts[value] > 1:
            yield [*place, n, key], f"{value!r} is there {counts[value]} times"
