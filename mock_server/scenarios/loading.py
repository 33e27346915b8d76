"""Scenario files: from YAML (or JSON) to a `World`, checked against the schema of `control.yaml`."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from rpds import HashTrieMap

from mock_server.contract.compiled import Contract
from mock_server.contract.files import FileError, line_of, read_document
from mock_server.contract.reasons import explained
from mock_server.contract.schema_errors import Explainer
from mock_server.world.clock import read_time, written
from mock_server.world.records import Json, Session, User, World

TIMES = frozenset(("createdAt", "joinedAt", "expiresAt", "refreshExpiresAt"))
SESSION_NAMES = (("sessions", "token"), ("sessions", "refreshToken"))
LIFETIMES = {"expiresAt": "expires_at", "refreshExpiresAt": "refresh_expires_at"}
PROFILE_FIELDS = ("username", "displayName", "handle", "biography", "dateOfBirth")

MOST_PROBLEMS = 100
MOST_NOTIFICATIONS = 1_000_000
"""How many notifications a scenario may have, with all that `repeat` stands for."""

Problem = tuple[list[str | int], str]


def find_scenario(fixtures: Path, name: str) -> Path:
    """Return a scenario's file: `fixtures` itself where it is a file; raises `FileError` that lists what there is."""
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
    """Read a scenario; raises `FileError` with the line and the field of the first problem, and how many more there are.

    `control` is the compiled document of the control API, which describes scenarios.
    """
    scenario = read_document(path)
    problems = scenario_problems(scenario, control)
    if problems:
        place, reason = problems[0]
        others = len(problems) - 1
        more = (
            f" (and {'at least ' if len(problems) == MOST_PROBLEMS else ''}{others} more problems)"
            if others
            else ""
        )
        field = "/".join(str(part) for part in place) or "the file"
        raise FileError(path, f"{field}: {reason}{more}", line_of(path, place))
    return build_world(scenario)


def scenario_problems(scenario: Any, control: Contract) -> list[Problem]:
    """List what keeps a scenario from being one: its shape, or else where it contradicts itself."""
    return list(_schema_problems(scenario, control)) or list(reference_problems(scenario))


def build_world(scenario: dict[str, Any]) -> World:
    """Build the world of a scenario that is known to be right."""
    users = {user["username"]: _user(user) for user in scenario["users"]}
    handles = {
        user.profile["handle"]: name
        for name, user in users.items()
        if user.profile["handle"] is not None
    }
    containers = {
        item["id"]: frozenset(item.get("members", ())) for item in scenario.get("containers", ())
    }
    sessions = {item["token"]: _session(item) for item in scenario.get("sessions", ())}
    refreshable = {
        each.refresh_token: token
        for token, each in sessions.items()
        if each.refresh_token is not None
    }
    return World(
        HashTrieMap(users),
        HashTrieMap({str(handle): name for handle, name in handles.items()}),
        HashTrieMap(containers),
        HashTrieMap(sessions),
        HashTrieMap(refreshable),
    )


def _user(user: dict[str, Any]) -> User:
    inbox: dict[str, list[Json]] = {}
    for notification in _repeated(user.get("notifications", ())):
        inbox.setdefault(str(notification["containerId"]), []).append(notification)
    for held in inbox.values():
        held.sort(
            key=lambda item: (-read_time(str(item["createdAt"])).timestamp(), str(item["id"]))
        )
    referrals = sorted(
        user.get("referrals", ()), key=lambda item: read_time(item["joinedAt"]), reverse=True
    )
    return User(
        {field: user.get(field) for field in PROFILE_FIELDS}, tuple(referrals), HashTrieMap(inbox)
    )


def _repeated(notifications: Iterable[dict[str, Any]]) -> Iterator[Json]:
    """Write out what `repeat` abbreviates: `{n}` counts from 1, each is `every` seconds older than the one before."""
    for template in notifications:
        if "repeat" not in template:
            yield template
            continue
        fixed = {key: value for key, value in template.items() if key not in {"repeat", "every"}}
        first = read_time(template["createdAt"])
        for n in range(int(template["repeat"])):
            counted = {
                key: fixed[key].replace("{n}", str(n + 1)) for key in ("id", "title", "body")
            }
            moment = first - timedelta(seconds=n * template.get("every", 0))
            yield {**fixed, **counted, "createdAt": written(moment)}


def _session(item: dict[str, Any]) -> Session:
    ends = {field: read_time(item[key]) for key, field in LIFETIMES.items() if key in item}
    rest = item.get("refreshToken"), item.get("calls"), item.get("refuseOnce")
    return Session(
        item["token"],
        item["username"],
        ends.get("expires_at"),
        ends.get("refresh_expires_at"),
        *rest,
    )


def _schema_problems(scenario: object, control: Contract) -> Iterator[Problem]:
    try:
        orjson.dumps(scenario)
    except TypeError as error:
        yield [], f"holds what JSON cannot: {error}"
        return
    faults = Explainer(control).faults(("components", "schemas", "Scenario"), scenario)
    told = (each for fault in faults for each in explained(fault))
    yield from ((list(place), reason) for place, reason in islice(told, MOST_PROBLEMS))


def reference_problems(scenario: dict[str, Any]) -> Iterator[Problem]:
    """List where a scenario of the right shape contradicts itself."""
    users = {user["username"] for user in scenario["users"]}
    members = {item["id"]: set(item.get("members", ())) for item in scenario.get("containers", ())}
    for kind, key in (
        ("users", "username"),
        ("users", "handle"),
        ("containers", "id"),
        *SESSION_NAMES,
    ):
        yield from _twice([kind], scenario.get(kind, ()), key)
    for n, container in enumerate(scenario.get("containers", ())):
        for m, name in enumerate(container.get("members", ())):
            if name not in users:
                yield ["containers", n, "members", m], f"there is no user {name!r}"
    for n, session in enumerate(scenario.get("sessions", ())):
        if session["username"] not in users:
            yield ["sessions", n, "username"], f"there is no user {session['username']!r}"
    yield from _time_problems([], scenario)
    for n, user in enumerate(scenario["users"]):
        yield from _notification_problems(["users", n, "notifications"], user, members)
    yield from _repeat_problems(scenario)


def _time_problems(place: list[str | int], node: object) -> Iterator[Problem]:
    """Find times that have the right form and cannot be reckoned with."""
    if isinstance(node, dict):
        for key in TIMES & node.keys():
            try:
                read_time(node[key])
            except ValueError:
                yield [*place, key], "must be a time in the years 1 to 9999"
        parts: Iterable[tuple[str | int, object]] = node.items()
    else:
        parts = enumerate(node) if isinstance(node, list) else ()
    for part, child in parts:
        if isinstance(child, dict | list):
            yield from _time_problems([*place, part], child)


def _notification_problems(
    place: list[str | int], user: dict[str, Any], members: dict[str, set[str]]
) -> Iterator[Problem]:
    notifications = user.get("notifications", ())
    yield from _twice(place, notifications, "id")
    for n, item in enumerate(notifications):
        if user["username"] not in members.get(item["containerId"], ()):
            yield (
                [*place, n, "containerId"],
                f"{user['username']!r} is not a member of a container {item['containerId']!r}",
            )
        if item.get("repeat", 1) > 1 and "{n}" not in item["id"]:
            yield [*place, n, "id"], "needs {n}, since it is repeated"


def _repeat_problems(scenario: dict[str, Any]) -> Iterator[Problem]:
    """Find notifications that are repeated more often than there is room for, or back to before there were years."""
    count = 0
    for n, user in enumerate(scenario["users"]):
        for m, item in enumerate(user.get("notifications", ())):
            place: list[str | int] = ["users", n, "notifications", m]
            times = int(item.get("repeat", 1))
            count += times
            if count > MOST_NOTIFICATIONS:
                wrong = [*place, "repeat"] if times > 1 else place
                yield wrong, f"makes more than {MOST_NOTIFICATIONS:,} notifications in all"
                return
            if times > 1 and not _is_reckonable(
                item["createdAt"], (times - 1) * item.get("every", 0)
            ):
                yield [*place, "every"], "leads to a time before the year 1"


def _is_reckonable(start: str, seconds: float) -> bool:
    try:
        read_time(start) - timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return False
    return True


def _twice(place: list[str | int], items: Iterable[dict[str, Any]], key: str) -> Iterator[Problem]:
    counts = Counter(item.get(key) for item in items)
    for n, item in enumerate(items):
        if item.get(key) is not None and counts[item[key]] > 1:
            yield [*place, n, key], f"{item[key]!r} is there {counts[item[key]]} times"
