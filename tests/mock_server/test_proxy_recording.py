"""What `--record` writes: a scenario that the mock serves, with everybody's words replaced and nobody's token in it."""

import json
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from mock_server.config import DEFAULT_CONTRACT
from mock_server.contract.compiled import Contract
from mock_server.proxy.judging.judge import Match
from mock_server.proxy.recording.observed_state import Facts
from mock_server.proxy.recording.pseudonyms import Pseudonyms
from mock_server.proxy.recording.recorder import ObservedExchange, Recorder
from mock_server.scenarios.loading import load_world
from mock_server.server.lifecycle import load_contract
from tests.live import LiveMock, live_mock, live_proxy

DAY = {"year": 1987, "month": 11, "day": 23}
PEOPLE = {
    "containers": [
        {"id": "main", "members": ["zebulon", "quincy@mail.example"]},
        {"id": "side", "members": ["zebulon"]},
    ],
    "users": [
        {
            "username": "zebulon",
            "displayName": "Zebulon Winterbottom",
            "handle": "zebulon",
            "biography": "Dwells at 4711471 Marigold Street. Жанна знает.",
            "dateOfBirth": DAY,
            "referrals": [
                {
                    "username": "quincy@mail.example",
                    "displayName": "Quincy Adams",
                    "joinedAt": "2026-01-15T18:00:00Z",
                },
                {"username": "thomasina", "displayName": None, "joinedAt": "2026-01-14T18:00:00Z"},
            ],
            "notifications": [
                {
                    "id": f"zebulon-{n:03}",
                    "containerId": "main",
                    "type": "mention",
                    "title": "Quincy mentioned you",
                    "body": f"@zebulon call +49 170 5551234, says Winterbottom ({n}).",
                    "read": n > 2,
                    "createdAt": f"2026-03-09T16:{59 - n:02}:00Z",
                }
                for n in range(30)
            ],
        },
        {
            "username": "quincy@mail.example",
            "displayName": "Quincy Adams",
            "handle": "quincy_a",
            "biography": "",
        },
    ],
    "sessions": [
        {"token": "secret-zebulon-1", "username": "zebulon"},
        {"token": "secret-zebulon-2", "username": "zebulon"},
        {"token": "secret-quincy", "username": "quincy@mail.example"},
        {
            "token": "secret-expired",
            "username": "zebulon",
            "expiresAt": "2026-01-01T00:00:00Z",
            "refreshExpiresAt": "2099-01-01T00:00:00Z",
        },
        {
            "token": "secret-over",
            "username": "zebulon",
            "expiresAt": "2026-01-01T00:00:00Z",
            "refreshExpiresAt": "2026-01-02T00:00:00Z",
        },
    ],
}
PLANTED = [
    "zebulon",
    "winterbottom",
    "quincy",
    "adams",
    "thomasina",
    "mail.example",
    "4711471",
    "marigold",
    "street",
    "5551234",
    "жанна",
    "знает",
    "dwells",
    "secret",
    "newname",
    "newbio",
    "saturnine",
    "unknown-token",
]
ALL = "?fields=username&fields=displayName&fields=handle&fields=biography&fields=dateOfBirth"
CALLS: list[tuple[str, str, str, dict[str, Any] | None]] = [
    ("secret-zebulon-1", "GET", "/v1/user/profile?fields=displayName", None),
    ("secret-zebulon-1", "GET", f"/v1/user/profile{ALL}", None),
    ("secret-zebulon-2", "GET", "/v1/user/profile?fields=handle", None),
    ("secret-quincy", "GET", f"/v1/user/profile{ALL}", None),
    ("secret-zebulon-1", "GET", "/v1/user/referrals", None),
    ("secret-quincy", "GET", "/v1/user/referrals", None),
    ("secret-zebulon-1", "GET", "/v1/user/notifications?containerId=main&limit=5", None),
    ("secret-zebulon-1", "GET", "/v1/user/notifications?containerId=main&limit=5&page=2", None),
    ("secret-zebulon-1", "GET", "/v1/user/notifications?containerId=side", None),
    ("secret-zebulon-1", "GET", "/v1/user/notifications?containerId=nowhere", None),
    ("secret-zebulon-1", "GET", "/v1/user/notifications?containerId=main&page=0", None),
    ("secret-quincy", "GET", "/v1/user/by-id/zebulon/public?containerId=main", None),
    (
        "secret-zebulon-2",
        "GET",
        "/v1/user/by-id/quincy%40mail.example/public?containerId=main",
        None,
    ),
    ("secret-quincy", "GET", "/v1/user/by-id/saturnine/public?containerId=main", None),
    (
        "secret-zebulon-1",
        "POST",
        "/v1/user/profile",
        {"displayName": "Newname", "biography": "newbio"},
    ),
    ("secret-zebulon-1", "POST", "/v1/user/profile", {"displayName": 5}),
    ("secret-zebulon-1", "GET", f"/v1/user/profile{ALL}", None),
    ("secret-zebulon-1", "POST", "/v1/user/notifications/read", None),
    ("secret-zebulon-2", "GET", "/v1/user/notifications?containerId=main&limit=5", None),
    ("secret-expired", "GET", "/v1/user/referrals", None),
    ("secret-over", "GET", "/v1/user/referrals", None),
    ("unknown-token", "GET", "/v1/user/referrals", None),
]


def call(
    base: str, token: str, method: str, path: str, body: dict[str, Any] | None
) -> tuple[int, Any]:
    answer = requests.request(
        method, base + path, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    return answer.status_code, answer.json() if answer.content else None


def shape(value: Any) -> Any:
    """Types, keys, lengths of lists and numbers that pages are made of; of texts that they are there."""
    if isinstance(value, dict):
        return {
            key: each
            if key in {"code", "page", "limit", "total", "read", "details"}
            else shape(each)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [shape(each) for each in value]
    return type(value).__name__ if value != "" else "empty"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[int, Any]], str]:
    """The file, what was answered while it was made, and what the proxy said."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "people.yaml").write_text(yaml.safe_dump(PEOPLE, allow_unicode=True))
    path = folder / "recorded.yaml"
    with (
        live_mock("--fixtures", str(folder / "people.yaml")) as mock,
        live_proxy(mock.url, "--record", str(path)) as proxy,
    ):
        answers = [call(proxy.url, *each) for each in CALLS]
        proxy.process.send_signal(signal.SIGINT)
        said, errors = proxy.process.communicate(timeout=20)
        assert (proxy.process.returncode, errors) == (0, "")
    return path, answers, said


def test_no_word_of_anybody_and_no_token_is_in_the_file(recorded: tuple[Path, Any, str]) -> None:
    text = recorded[0].read_text().casefold()
    assert [word for word in PLANTED if word in text] == []
    birth = yaml.safe_load(text)["users"][0]["dateofbirth"]
    assert [part for part in DAY if birth[part] == DAY[part]] == []


def test_the_mock_serves_it_and_the_same_calls_have_answers_of_the_same_shapes(
    recorded: tuple[Path, list[tuple[int, Any]], str],
) -> None:
    path, before, _ = recorded
    aliases: dict[str, str] = {}
    with live_mock("--fixtures", str(path)) as mock:
        names: dict[str, str] = {"saturnine": "saturnine"}
        for given, (status, body) in zip(CALLS, before, strict=True):
            token, method, target, sent = given
            alias = (
                token
                if token == "unknown-token"
                else aliases.setdefault(token, f"recorded-{len(aliases) + 1}")
            )
            for name, other in names.items():
                target = target.replace(requests.utils.quote(name), requests.utils.quote(other))  # type: ignore[attr-defined]
            after = call(mock.url, alias, method, target, sent)
            assert (after[0], shape(after[1])) == (status, shape(body)), given
            if isinstance(body, dict) and "username" in body:
                names[body["username"]] = after[1]["username"]


def test_the_same_person_is_the_same_everywhere(recorded: tuple[Path, Any, str]) -> None:
    scenario = yaml.safe_load(recorded[0].read_text())
    zebulon, quincy = scenario["users"][:2]
    assert zebulon["username"] == zebulon["handle"]
    first = zebulon["notifications"][0]
    assert first["title"].split()[0] == quincy["displayName"].split()[0]
    assert first["body"].startswith(f"@{zebulon['handle']} ")
    assert zebulon["displayName"].split()[1] in first["body"]
    assert zebulon["referrals"][0]["username"] == quincy["username"]
    assert zebulon["referrals"][0]["displayName"] == quincy["displayName"]
    assert re.fullmatch(r"[a-z]+@[a-z]+\.[a-z]+", quincy["username"])
    owners = {session["token"]: session["username"] for session in scenario["sessions"]}
    assert owners["recorded-1"] == owners["recorded-2"] == zebulon["username"]
    assert owners["recorded-3"] == quincy["username"]
    assert scenario["containers"][0]["members"] == sorted((zebulon["username"], quincy["username"]))


def test_it_says_what_was_recorded(recorded: tuple[Path, Any, str]) -> None:
    path, _, said = recorded
    assert f"Serve it: mock-server --fixtures {path}" in said
    assert "5 sessions" in said


def wait_for_users(path: Path, count: int) -> None:
    """Wait until the file holds so many; what can be read at all is whole."""
    until = time.monotonic() + 30
    while not path.exists() or len(yaml.safe_load(path.read_text())["users"]) < count:
        assert time.monotonic() < until, "it is not written"
        time.sleep(0.05)


@pytest.mark.parametrize("name", ["killed.yaml", "killed.json"])
def test_a_crash_loses_little(tmp_path: Path, mock: LiveMock, name: str) -> None:
    path = tmp_path / name
    with live_proxy(mock.url, "--record", str(path)) as proxy:
        call(proxy.url, "ada-session", "GET", f"/v1/user/profile{ALL}", None)
        wait_for_users(path, 1)
        call(proxy.url, "grace-session", "GET", f"/v1/user/profile{ALL}", None)
        wait_for_users(path, 2)
        proxy.process.kill()
        proxy.process.wait(10)
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_where_nothing_was_seen_nothing_is_written(tmp_path: Path, mock: LiveMock) -> None:
    path = tmp_path / "old.yaml"
    path.write_text("kept")
    with live_proxy(mock.url, "--record", str(path)) as proxy:
        requests.get(f"{proxy.url}/nope", timeout=5)
        assert proxy.stop() == (0, "")
    assert path.read_text() == "kept"


def test_what_breaks_the_contract_is_left_out_and_the_rest_can_be_served(
    tmp_path: Path, control: Contract
) -> None:
    recorder = Recorder(tmp_path / "odd.json", control)
    operations = load_contract(DEFAULT_CONTRACT).operations
    good = {
        "id": "n",
        "containerId": "c",
        "type": "t",
        "title": "x",
        "body": "y",
        "read": True,
        "createdAt": "0001-01-01T00:00:00Z",
    }
    other = {**good, "id": "m", "createdAt": "2026-01-01T00:00:00Z", "more": 1}
    odd: list[tuple[str, str, Any]] = [
        (
            "getProfile",
            "",
            {"username": "", "handle": "NO", "displayName": "x" * 51, "biography": "fine"},
        ),
        ("getProfile", "", [1]),
        ("getPublicProfile", "containerId=c", {"displayName": "Abc"}),
        ("getPublicProfile", "containerId=c", None),
        ("listReferrals", "", {"items": [{"username": 1}], "total": 1}),
        ("listReferrals", "", {"items": {}}),
        (
            "listNotifications",
            "containerId=c",
            {"items": [good, {**good, "createdAt": "soon"}, other, 5], "total": "x"},
        ),
        (
            "listNotifications",
            "containerId=d",
            {"items": [{**other, "containerId": "e"}], "total": 3},
        ),
        ("listNotifications", "", {"items": []}),
    ]
    for operation, query, value in odd:
        match = Match(operations[operation], {"username": "abc"})
        recorder.observe(ObservedExchange(match, query, {"cookie": "session=1"}, 200, value))
        recorder.observe(ObservedExchange(match, query, {}, 500, value))
    said, wrong = recorder.finish()
    assert ("values left out that break the contract" in said, wrong) == (True, False)
    world = load_world(tmp_path / "odd.json", control)
    assert sorted(world.sessions) == ["recorded-1"]
    recorder.path = tmp_path / "nowhere" / "odd.json"
    said, wrong = recorder.finish()
    assert wrong
    kept = Path(said.rpartition(" kept in ")[2])
    assert load_world(kept, control) == world
    kept.unlink()


class TestPseudonyms:
    def test_the_same_word_has_one_replacement_whatever_its_case(self) -> None:
        hide = Pseudonyms()
        once, again = hide.text("Ada, ADA and ada"), hide.text("ada")
        assert once.casefold().startswith(f"{again}, {again} ")
        assert once.split()[0][0].isupper()

    def test_different_words_have_different_replacements(self) -> None:
        hide = Pseudonyms()
        words = [first + second for first in "abcdefghij" for second in "abcdefghij"] + list(
            "abcdefghij"
        )
        assert len({hide.text(word) for word in words}) == len(words)

    def test_the_shape_of_a_text_stays(self) -> None:
        hidden = Pseudonyms().text("Grace's 12 notes:\n — über_all@x.org")
        assert re.fullmatch(r"\w{5}'\w 1?\d+ \w{5}:\n — \w{4}_\w{3}@\w\.\w{3}", hidden)

    def test_a_handle_stays_a_handle(self) -> None:
        hide = Pseudonyms()
        for handle in ("ada", "grace_hopper", "a_1", "x" * 20, "___"):
            assert re.fullmatch(r"[a-z0-9_]{3,20}", hide.text(handle))

    def test_no_replacement_is_the_word_of_another(self) -> None:
        for _ in range(20):
            hide = Pseudonyms()
            words = [f"{a}{b}{c}" for a in "bdfgk" for b in "aeiou" for c in "lmn"]
            hidden = {hide.text(word) for word in words}
            while hide.settle():
                hidden = {hide.text(word) for word in words}
            assert hidden & set(words) == set()

    def test_two_tables_have_nothing_in_common(self) -> None:
        assert Pseudonyms().text("a rather long sentence about somebody") != Pseudonyms().text(
            "a rather long sentence about somebody"
        )

    def test_a_date_becomes_another_one_always_the_same(self) -> None:
        hide = Pseudonyms()
        other = hide.date(dict(DAY))
        assert hide.date(dict(DAY)) == other
        assert [part for part in DAY if other[part] == DAY[part]] == []


class TestFacts:
    def test_two_sessions_turn_out_to_be_of_one_user(self) -> None:
        facts = Facts()
        one, two = facts.session("one"), facts.session("two")
        facts.learn(one, {"handle": "ada"})
        facts.learn(two, {"username": "a", "handle": "ada"})
        assert one.person is two.person
        assert [person.profile for person in facts.people] == [{"username": "a", "handle": "ada"}]

    def test_a_handle_that_has_changed_hands_joins_nobody(self) -> None:
        facts = Facts()
        one, two = facts.session("one"), facts.session("two")
        facts.learn(one, {"username": "a", "handle": "ada"})
        facts.learn(two, {"username": "b", "handle": "ada"})
        assert one.person is not two.person

    def test_the_first_thing_seen_is_kept(self) -> None:
        facts = Facts()
        facts.learn(facts.session("one"), {"biography": None})
        facts.learn(facts.session("one"), {"biography": "later", "displayName": "x"})
        assert facts.session("one").person.profile == {"biography": None, "displayName": "x"}

    def test_a_public_profile_is_that_of_a_session(self) -> None:
        facts = Facts()
        signed = facts.session("one")
        facts.learn(signed, {"handle": "ada"})
        person = facts.named({"username": "a", "handle": "ada"})
        assert signed.person is person
        assert len(list(facts.people)) == 1
        assert json.dumps(person.profile)
