"""Loading of scenarios: from YAML or JSON to a `World`, checked by the schema of `control.yaml`."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any

import orjson
from rpds import HashTrieMap

from mock_server.contract.compiled import Contract
from mock_server.contract.files import FileError, line_of, read_document
from mock_server.contract.reasons import explained
from mock_server.contract.schema_errors import Explainer
from mock_server.world.clock import read_time, written
from mock_server.world.records import Json, Session, User, World, handles_of

TIMES = frozenset(("createdAt", "joinedAt", "expiresAt", "refreshExpiresAt"))
SESSION_NAMES = (("sessions", "token"), ("sessions", "refreshToken"))
UNIQUE = (("users", "username"), ("users", "handle"), ("containers", "id"), *SESSION_NAMES)
"""Fields in which no two items of a list may have the same value."""
LIFETIMES = {"expiresAt": "expires_at", "refreshExpiresAt": "refresh_expires_at"}
PROFILE_FIELDS = ("username", "displayName", "handle", "biography", "dateOfBirth")

MOST_PROBLEMS = 100
MOST_NOTIFICATIONS = 1_000_000
"""How many notifications a scenario may have, with all that `repeat` stands for."""

Problem = tuple[list[str | int], str]


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
    field = "/".join(str(part) for part in place) or "the file"
    others = len(problems) - 1
    if others:
        bound = "at least " if len(problems) == MOST_PROBLEMS else ""
        reason += f" (and {bound}{others} more problems)"
    raise FileError(path, f"{field}: {reason}", line_of(path, place))


def scenario_problems(scenario: Any, control: Contract) -> list[Problem]:
    """List the faults of a scenario: of its shape, or else where it contradicts itself."""
    return list(_schema_problems(scenario, control)) or list(reference_problems(scenario))


def build_world(scenario: dict[str, Any]) -> World:
    """Build the world of a scenario that is known to be right."""
    users = {user["username"]: _user(user) for user in scenario["users"]}
    containers = {
        item["id"]: frozenset(item.get("members", ())) for item in scenario.get("containers", ())
    }
    sessions = {item["token"]: _session(item) for item in scenario.get("sessions", ())}
    refreshable = {}
    for token, session in sessions.items():
        if session.refresh_token is not None:
            refreshable[session.refresh_token] = token
    return World(
        HashTrieMap(users),
        handles_of(users),
        HashTrieMap(containers),
        HashTrieMap(sessions),
        HashTrieMap(refreshable),
    )


def _user(user: dict[str, Any]) -> User:
    profile = {field: user.get(field) for field in PROFILE_FIELDS}
    referrals = sorted(
        user.get("referrals", ()), key=lambda item: read_time(item["joinedAt"]), reverse=True
    )
    inbox: dict[str, list[Json]] = {}
    for notification in _repeated(user.get("notifications", ())):
        inbox.setdefault(str(notification["containerId"]), []).append(notification)
    for notifications in inbox.values():
        notifications.sort(key=_newest_first)
    return User(profile, tuple(referrals), HashTrieMap(inbox))


def _newest_first(notification: Json) -> tuple[float, str]:
    """Return what notifications are sorted by; those of one time are sorted by their ids."""
    return -read_time(str(notification["createdAt"])).timestamp(), str(notification["id"])


def _repeated(notifications: Iterable[dict[str, Any]]) -> Iterator[Json]:
    """Yield notifications, with those that `repeat` abbreviates written out.

    `{n}` counts from 1, and each is `every` seconds older than the one before.
    """
    for template in notifications:
        if "repeat" in template:
            yield from _copies(template)
        else:
            yield template


def _copies(template: dict[str, Any]) -> Iterator[Json]:
    fixed = {key: value for key, value in template.items() if key not in {"repeat", "every"}}
    newest = read_time(template["createdAt"])
    for n in range(int(template["repeat"])):
        counted = {key: fixed[key].replace("{n}", str(n + 1)) for key in ("id", "title", "body")}
        created_at = newest - timedelta(seconds=n * template.get("every", 0))
        yield {**fixed, **counted, "createdAt": written(created_at)}


def _session(item: dict[str, Any]) -> Session:
    ends = {field: read_time(item[key]) for key, field in LIFETIMES.items() if key in item}
    return Session(
        token=item["token"],
        username=item["username"],
        expires_at=ends.get("expires_at"),
        refresh_expires_at=ends.get("refresh_expires_at"),
        refresh_token=item.get("refreshToken"),
        calls=item.get("calls"),
        refuse=item.get("refuseOnce"),
    )


def _schema_problems(scenario: object, control: Contract) -> Iterator[Problem]:
    # YAML can hold what no validator of JSON takes.
    try:
        orjson.dumps(scenario)
    except TypeError as error:
        yield [], f"holds what JSON cannot: {error}"
        return
    faults = Explainer(control).faults(("components", "schemas", "Scenario"), scenario)
    explanations = chain.from_iterable(map(explained, faults))
    for place, reason in islice(explanations, MOST_PROBLEMS):
        yield list(place), reason


def reference_problems(scenario: dict[str, Any]) -> Iterator[Problem]:
    """List where a scenario of the right shape contradicts itself."""
    for kind, key in UNIQUE:
        yield from _twice([kind], scenario.get(kind, ()), key)
    yield from _username_problems(scenario)
    yield from _time_problems([], scenario)
    members = {item["id"]: set(item.get("members", ())) for item in scenario.get("containers", ())}
    for n, user in enumerate(scenario["users"]):
        yield from _notification_problems(["users", n, "notifications"], user, members)
    yield from _repeat_problems(scenario)


def _username_problems(scenario: dict[str, Any]) -> Iterator[Problem]:
    """List members and sessions of users that do not exist."""
    users = {user["username"] for user in scenario["users"]}
    for n, container in enumerate(scenario.get("containers", ())):
        for m, name in enumerate(container.get("members", ())):
            if name not in users:
                yield ["containers", n, "members", m], f"there is no user {name!r}"
    for n, session in enumerate(scenario.get("sessions", ())):
        if session["username"] not in users:
            yield ["sessions", n, "username"], f"there is no user {session['username']!r}"


def _time_problems(place: list[str | int], node: object) -> Iterator[Problem]:
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


def _notification_problems(
    place: list[str | int], user: dict[str, Any], members: dict[str, set[str]]
) -> Iterator[Problem]:
    notifications = user.get("notifications", ())
    yield from _twice(place, notifications, "id")
    username = user["username"]
    for n, item in enumerate(notifications):
        container = item["containerId"]
        if username not in members.get(container, ()):
            reason = f"{username!r} is not a member of a container {container!r}"
            yield [*place, n, "containerId"], reason
        if item.get("repeat", 1) > 1 and "{n}" not in item["id"]:
            yield [*place, n, "id"], "needs {n}, since it is repeated"


def _repeat_problems(scenario: dict[str, Any]) -> Iterator[Problem]:
    """List notifications that are repeated too often, or back to times that do not exist."""
    count = 0
    for place, item in _notifications(scenario):
        times = int(item.get("repeat", 1))
        count += times
        # Two lines could stand for a thousand million notifications.
        if count > MOST_NOTIFICATIONS:
            field = [*place, "repeat"] if times > 1 else place
            yield field, f"makes more than {MOST_NOTIFICATIONS:,} notifications in all"
            return
        span = (times - 1) * item.get("every", 0)
        if times > 1 and not _can_be_computed(item["createdAt"], span):
            yield [*place, "every"], "leads to a time before the year 1"


def _notifications(scenario: dict[str, Any]) -> Iterator[tuple[list[str | int], dict[str, Any]]]:
    """List the notifications of all users, each with its place."""
    for n, user in enumerate(scenario["users"]):
        for m, item in enumerate(user.get("notifications", ())):
            yield ["users", n, "notifications", m], item


def _can_be_computed(time: str, seconds_before: float) -> bool:
    """Tell whether there is a time so many seconds before another."""
    try:
        read_time(time) - timedelta(seconds=seconds_before)
    except (ValueError, OverflowError):
        return False
    return True


def _twice(place: list[str | int], items: Iterable[dict[str, Any]], key: str) -> Iterator[Problem]:
    counts = Counter(item.get(key) for item in items)
    for n, item in enumerate(items):
        if item.get(key) is not None and counts[item[key]] > 1:
            yield [*place, n, key], f"{item[key]!r} is there {counts[item[key]]} times"
