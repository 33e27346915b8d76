"""What goes over the wire says everything, to who knows the sandbox before and to who knows nothing, and says it briefly."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server.config import DEFAULT_CONTRACT, DEFAULT_FIXTURES
from mock_server.contract.compiled import Contract
from mock_server.contract.control_document import control_document, without_headers
from mock_server.scenarios.catalogue import Scenarios
from mock_server.scenarios.loading import build_world
from mock_server.server.lifecycle import load_contract
from mock_server.stores.redis.sandbox_codec import digests_of, pack, unpack
from mock_server.stores.redis.world_codec import WorldCache, pack_world, unpack_world
from mock_server.world.clock import Clock
from mock_server.world.overrides import Plan, Rule
from mock_server.world.records import HandleTakenError, Session, World
from mock_server.world.sandbox import Sandbox

MOMENT = datetime(2026, 3, 10, 12, 0, 0, 125, UTC)
USERS = ("ada", "grace", "alan")


@cache
def world(name: str) -> World:
    contract = load_contract(DEFAULT_CONTRACT)
    return Scenarios(
        DEFAULT_FIXTURES, Contract(without_headers(control_document(contract.document)))
    ).world(name)


Change = Callable[[Sandbox], Sandbox]


def updated(user: str, field: str, value: str) -> Change:
    def change(box: Sandbox) -> Sandbox:
        try:
            return (
                box.with_world(box.world.update_profile(user, {field: value}))
                if user in box.world.users
                else box
            )
        except HandleTakenError:
            return box

    return change


def signed_in(token: str, user: str, refresh: str | None, *, expires: bool) -> Change:
    session = Session(token, user, MOMENT if expires else None, None, refresh, 3)
    return lambda box: box.with_world(box.world.with_session(session))


def signed_out(token: str) -> Change:
    return lambda box: (
        box.with_world(box.world.without_session(token)) if token in box.world.sessions else box
    )


def undone(count: int) -> Change:
    return lambda box: box.undo(count) if count <= len(box.past) else box


def ruled(name: str, place: int) -> Change:
    own = Plan(
        503,
        delay=0.5,
        content="späť",
        media_type="text/plain",
        headers=(("Retry-After", "2"),),
        undocumented=True,
    )
    rule = Rule(name, own, "getProfile", delay=(1, 2))
    return lambda box: replace(box, rules=(*box.rules[:place], rule, *box.rules[place + 1 :]))


def restored(name: str) -> Change:
    return lambda box: box.with_world(box.snapshots[name]) if name in box.snapshots else box


names, tokens = st.sampled_from("abc"), st.sampled_from(["ada-session", "t1", "t2"])
CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(updated, st.sampled_from(USERS), st.just("biography"), st.text(max_size=5)),
    st.builds(
        updated, st.sampled_from(USERS), st.just("handle"), st.sampled_from(["ada", "new", "other"])
    ),
    st.sampled_from(USERS).map(
        lambda user: (
            lambda box: (
                box.with_world(box.world.mark_notifications_read(user))
                if user in box.world.users
                else box
            )
        )
    ),
    st.builds(
        signed_in,
        tokens,
        st.sampled_from(USERS),
        st.sampled_from([None, "r1", "r2"]),
        expires=st.booleans(),
    ),
    st.builds(signed_out, tokens),
    st.builds(undone, st.integers(1, 4)),
    st.just(Sandbox.reset),
    names.map(
        lambda name: lambda box: replace(box, snapshots=box.snapshots.insert(name, box.world))
    ),
    names.map(lambda name: lambda box: replace(box, snapshots=box.snapshots.discard(name))),
    st.builds(restored, names),
    st.builds(ruled, names, st.integers(0, 3)),
    st.just(lambda box: replace(box, rules=())),
    st.just(lambda box: replace(box, start=world("edge"), scenario="edge").reset()),
    st.just(lambda box: box.with_world(build_world({"users": [{"username": "ada"}]}))),
    st.integers(-9, 9).map(
        lambda n: (
            lambda box: replace(box, clock=Clock(timedelta(microseconds=n), MOMENT if n else None))
        )
    ),
    st.just(lambda box: replace(box, serial=box.serial + 1)),
)


def content(box: Sandbox) -> tuple[object, ...]:
    worlds = [
        box.world,
        box.start,
        *box.past,
        *(box.snapshots[name] for name in sorted(box.snapshots)),
    ]
    rest = box.scenario, box.clock, box.rules, sorted(box.snapshots), len(box.past), box.serial
    return *rest, *map(pack_world, worlds), *(dict(each.handles) for each in worlds)


class Process:
    """What a process knows of a sandbox, and the whole worlds that it has at hand."""

    box: Sandbox

    def __init__(self) -> None:
        self.origins = WorldCache()

    def say(self, before: Sandbox | None) -> bytes:
        return pack(before, self.box, self.origins)[0]

    def hear(self, before: Sandbox | None, raw: bytes, teller: "Process") -> None:
        for digest in digests_of(raw):
            self.origins.keep(unpack_world(pack_world(teller.origins.find(digest))), digest)
        self.box = unpack(before, raw, self.origins)


@settings(max_examples=100, deadline=None)
@given(turns=st.lists(st.lists(CHANGES, min_size=1, max_size=4), max_size=12))
def test_two_processes_that_tell_each_other_what_changed_hold_the_same(
    turns: list[list[Change]],
) -> None:
    one, other = Process(), Process()
    one.box = Sandbox.of(world("default"))
    other.hear(None, one.say(None), one)
    for changes in turns:  # each process changes it in turn, and tells in its own terms
        before = one.box
        for change in changes:
            one.box = change(one.box)
        other.hear(other.box, one.say(before), one)
        assert content(other.box) == content(one.box)
        one, other = other, one
    third = Process()
    third.hear(None, one.say(None), one)
    assert content(third.box) == content(one.box)


LARGE = {
    "containers": [{"id": "main", "members": ["ada"]}],
    "users": [
        {
            "username": "ada",
            "notifications": [
                {
                    "id": "n-{n}",
                    "containerId": "main",
                    "type": "news",
                    "title": "t",
                    "body": "b",
                    "read": False,
                    "createdAt": "2026-03-10T12:00:00Z",
                    "repeat": 100_000,
                    "every": 60,
                }
            ],
        }
    ],
}


def test_a_change_is_told_in_as_few_bytes_in_a_large_world() -> None:
    origins = WorldCache()
    for start in (world("default"), build_world(LARGE)):
        box = Sandbox.of(start)
        for change in (
            updated("ada", "biography", "new"),
            lambda box: box.with_world(box.world.mark_notifications_read("ada")),
            lambda box: replace(box, snapshots=box.snapshots.insert("kept", box.world)),
            undone(1),
            Sandbox.reset,
            restored("kept"),
        ):
            before, box = box, change(box)
            assert len(pack(before, box, origins)[0]) < 150
        assert len(pack(None, box, origins)[0]) < 1000
