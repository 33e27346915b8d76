"""Scenario files: what they abbreviate, what they may be written in, and how a wrong one is named."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mock_server.config import DEFAULT_FIXTURES
from mock_server.contract.compiled import Contract
from mock_server.contract.files import FileError, line_of, read_document
from mock_server.scenarios.loading import find_scenario, load_world
from mock_server.world.records import World

Load = Callable[..., World]

NOTE = {
    "id": "n-{n}",
    "containerId": "main",
    "type": "t",
    "title": "Title {n}",
    "body": "{n} of them",
    "read": False,
    "createdAt": "2026-03-01T08:00:00+01:00",
}


@pytest.fixture
def load(tmp_path: Path, control: Contract) -> Load:
    def write_and_load(**ada: object) -> World:
        path = tmp_path / "mine.json"
        world = {
            "users": [{"username": "ada", **ada}],
            "containers": [{"id": "main", "members": ["ada"]}],
        }
        path.write_bytes(orjson.dumps(world))
        return load_world(path, control)

    return write_and_load


def test_repeat_writes_out_what_it_abbreviates(load: Load) -> None:
    world = load(notifications=[{**NOTE, "repeat": 3, "every": 60}])
    items, total = world.users["ada"].notifications("main", 0, 10)
    assert total == 3
    assert [(item["id"], item["title"], item["body"], item["createdAt"]) for item in items] == [
        ("n-1", "Title 1", "1 of them", "2026-03-01T07:00:00Z"),
        ("n-2", "Title 2", "2 of them", "2026-03-01T06:59:00Z"),
        ("n-3", "Title 3", "3 of them", "2026-03-01T06:58:00Z"),
    ]


def test_a_repeated_notification_needs_an_id_that_counts(load: Load) -> None:
    with pytest.raises(FileError, match=r"users/0/notifications/0/id: needs {n}"):
        load(notifications=[{**NOTE, "id": "same", "repeat": 2}])


def test_a_notification_of_a_container_that_the_user_is_not_in(load: Load) -> None:
    with pytest.raises(FileError, match="'ada' is not a member of a container 'other'"):
        load(notifications=[{**NOTE, "containerId": "other"}])


def test_all_problems_are_counted(load: Load) -> None:
    with pytest.raises(FileError, match=r"users/0/.*and 1 more problems"):
        load(displayName="", handle="NO")


@pytest.mark.parametrize("scenario", ["default", "empty", "busy", "edge"])
def test_lists_are_newest_first_and_among_equals_by_id(scenario: str, control: Contract) -> None:
    world = load_world(find_scenario(DEFAULT_FIXTURES, scenario), control)
    for user in world.users.values():
        for held in user.inbox.values():
            keys = [
                (-datetime.fromisoformat(str(item["createdAt"])).timestamp(), str(item["id"]))
                for item in held
            ]
            assert keys == sorted(keys)
        joined = [datetime.fromisoformat(str(item["joinedAt"])) for item in user.referrals]
        assert joined == sorted(joined, reverse=True)


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("a.json", b"{", "a.json:1: is not valid JSON"),
        ("a.yaml", b"a: b: c", "a.yaml:1: is not valid YAML"),
        ("a.yaml", b"\xff\xfe\xfa", "is not valid YAML"),
        ("a.yaml", b"a: \x00", "is not valid YAML"),
        ("a.yaml", b"!!python/object:os.system {}", "is not valid YAML"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, raw: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(raw)
    with pytest.raises(FileError, match=reason):
        read_document(path)


def test_times_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("at: 2026-03-01T08:00:00Z\nday: 2026-03-01\n")
    assert read_document(path) == {"at": "2026-03-01T08:00:00Z", "day": "2026-03-01"}


def test_the_nearest_line_is_told_where_there_is_no_better(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("users:\n  - username: ada\n  - username: grace\n")
    assert line_of(path, ["users", 1, "handle"]) == 3
    assert line_of(path, ["users", 7]) == 2
    assert line_of(path, ["users", 0, "username", "deeper"]) == 2
    path.write_text("[")
    assert line_of(path, ["users"]) is None


PAGES = st.lists(
    st.sampled_from(["2026-03-01T08:00:00Z", "2026-03-01T09:00:00+01:00", "2026-03-02T00:00:00Z"]),
    max_size=12,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(times=PAGES, limit=st.integers(1, 5))
def test_pages_of_any_size_add_up_to_the_whole(load: Load, times: list[str], limit: int) -> None:
    user = load(
        notifications=[{**NOTE, "id": f"n-{n}", "createdAt": at} for n, at in enumerate(times)]
    ).users["ada"]
    whole, total = user.notifications("main", 0, 100)
    pages = [
        user.notifications("main", start, limit)[0] for start in range(0, len(times) + limit, limit)
    ]
    assert total == len(times)
    assert [item for page in pages for item in page] == whole


MANY = {**NOTE, "id": "n-{n}", "repeat": 600_000}
TOO_EARLY = "every: leads to a time before the year 1"
REPEATED = {
    "more than there is room for": (
        [MANY, {**MANY, "id": "m-{n}"}],
        "notifications/1/repeat: makes more than 1,000,000",
    ),
    "back to before there were years": ([{**MANY, "repeat": 3, "every": 10**11}], TOO_EARLY),
    "back beyond all numbers": ([{**MANY, "repeat": 3, "every": 10**18}], TOO_EARLY),
    "a whole number in another form": ([{**MANY, "repeat": 2.0, "every": 1e17}], TOO_EARLY),
}


@pytest.mark.parametrize(("notifications", "says"), REPEATED.values(), ids=REPEATED)
def test_what_repeat_stands_for_is_bounded(
    load: Load, notifications: list[dict[str, Any]], says: str
) -> None:
    with pytest.raises(FileError, match=says):
        load(notifications=notifications)
