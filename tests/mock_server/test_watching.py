"""`--watch`: whatever happens to the files, what can be served is served, and the rest is said."""

import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from mock_server.config import DEFAULT_CONTRACT, DEFAULT_FIXTURES, Settings
from mock_server.server.asgi_app import AsgiApp
from mock_server.server.lifecycle import load_app
from mock_server.server.reload import Watch
from mock_server.stores.store import DEFAULT
from tests.live import live_mock
from tests.steering import memory

GOOD = (DEFAULT_FIXTURES / "default.yaml").read_text()
CONTRACT = DEFAULT_CONTRACT.read_text()


@dataclass
class Watched:
    folder: Path
    contract: Path
    watch: Watch
    app: AsgiApp

    def settle(self) -> None:
        """Look until there is nothing new."""
        for _ in range(3):
            self.watch.step(self.app)

    def name(self, sandbox: str = DEFAULT) -> object:
        return memory(self.app.core).load(sandbox).world.users["ada"].profile["displayName"]

    def reset(self, scenario: str | None = None, sandbox: str = DEFAULT) -> int:
        client = self.app.core.test_client()
        body = None if scenario is None else {"scenario": scenario}
        headers = {"X-Mock-Control": "1", "X-Mock-Sandbox": sandbox}
        status: int = client.post("/__mock/reset", json=body, headers=headers).status_code
        return status


def write(path: Path, name: str) -> None:
    path.write_text(GOOD.replace("Ada Lovelace", name))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "scenarios"
    made.mkdir()
    for each in ("default", "busy"):
        write(made / f"{each}.yaml", each)
    return made


def watched(folder: Path, fixtures: Path | None = None) -> Watched:
    contract = folder.parent / "openapi.yaml"
    if not contract.exists():
        contract.write_text(CONTRACT)
    settings = Settings(openapi=contract, fixtures=fixtures or folder)
    watch = Watch(settings)
    return Watched(folder, contract, watch, load_app(settings))


@pytest.fixture
def there(folder: Path) -> Watched:
    return watched(folder)


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What was logged, as one line for each."""
    caplog.set_level(logging.WARNING, logger="mock_server")
    return lambda: [record.getMessage() for record in caplog.records]


def away_and_back(there: Watched) -> None:
    kept = there.folder.with_name("kept")
    there.folder.rename(kept)
    there.contract.unlink()
    there.settle()
    assert there.name() == "default", "the last good state goes on"
    assert there.reset("busy") == 404, "it is not there, and nothing fails"
    kept.rename(there.folder)
    there.contract.write_text(CONTRACT)


def renamed_over(there: Watched) -> None:
    other = there.folder / "default.yaml~"
    shutil.copy(there.folder / "default.yaml", other)
    other.replace(there.folder / "default.yaml")


def folder_replaced(there: Watched) -> None:
    new = there.folder.with_name("new")
    shutil.copytree(there.folder, new)
    shutil.rmtree(there.folder)
    new.rename(there.folder)


def linked(there: Watched) -> None:
    real = there.folder.parent / "elsewhere.yaml"
    shutil.copy(there.folder / "default.yaml", real)
    (there.folder / "default.yaml").unlink()
    (there.folder / "default.yaml").symlink_to(real)
    there.settle()
    write(real, "first")


def nothing_else(_: Watched) -> None:
    """Leave everything as it is."""


@pytest.mark.parametrize(
    "happening", [nothing_else, away_and_back, renamed_over, folder_replaced, linked]
)
def test_no_edit_is_missed_after(happening: Callable[[Watched], None], there: Watched) -> None:
    happening(there)
    there.settle()
    for name in ("one", "two"):
        write(there.folder / "default.yaml", f"{name} edit")
        there.settle()
        assert there.name() == f"{name} edit"


def test_a_config_map_of_kubernetes_is_followed(
    tmp_path: Path, said: Callable[[], list[str]]
) -> None:
    """Files are links into `..data`, itself a link that is replaced: the files' own links never change."""
    folder = tmp_path / "mounted"
    for version in ("1", "2"):
        (folder / f"..{version}").mkdir(parents=True)
        write(folder / f"..{version}" / "default.yaml", f"version {version}")
    (folder / "..data").symlink_to("..1")
    (folder / "default.yaml").symlink_to("..data/default.yaml")
    there = watched(folder)
    (folder / "..next").symlink_to("..2")
    (folder / "..next").replace(folder / "..data")
    there.settle()
    assert there.name() == "version 2"
    assert said() == ["reloaded: the state is that of default.yaml again"]


def test_that_a_file_is_gone_is_said_once(there: Watched, said: Callable[[], list[str]]) -> None:
    (there.folder / "default.yaml").unlink()
    there.contract.unlink()
    there.settle()
    there.settle()
    assert sorted(said()) == sorted(
        f"{path} is gone; what was read of it goes on until it is back"
        for path in (there.folder / "default.yaml", there.contract)
    )


def test_a_single_file_may_be_away_too(folder: Path) -> None:
    there = watched(folder, folder / "busy.yaml")
    (folder / "busy.yaml").rename(folder / "kept")
    there.settle()
    assert (there.name(), there.reset("busy")) == ("busy", 204)
    write(folder / "busy.yaml", "back")
    there.settle()
    assert there.name() == "back"


def test_half_a_file_is_not_read(there: Watched, said: Callable[[], list[str]]) -> None:
    path = there.folder / "default.yaml"
    path.write_text("users: [")
    there.watch.step(there.app)
    write(path, "whole")
    there.settle()
    assert (there.name(), said()) == (
        "whole",
        ["reloaded: the state is that of default.yaml again"],
    )


def test_the_next_reset_to_another_scenario_knows_what_it_says_now(
    there: Watched, said: Callable[[], list[str]]
) -> None:
    assert there.reset("busy", "mine") == 204
    write(there.folder / "busy.yaml", "edited")
    there.settle()
    assert (there.name(), there.name("mine")) == ("default", "busy"), "no state is lost"
    assert (there.reset(None, "mine"), there.name("mine")) == (204, "edited")
    assert (there.reset("busy", "new"), there.name("new")) == (204, "edited")
    (there.folder / "busy.yaml").write_text("users: [1\n")
    write(there.folder / "fresh.yaml", "fresh")
    there.settle()
    assert (there.reset("busy"), there.name()) == (204, "edited")
    assert (there.reset("fresh"), there.name()) == (204, "fresh")
    assert said()[:1] == ["reloaded busy.yaml for the next reset to it"]
    [broken] = [line for line in said() if "not reloaded" in line]
    assert broken.startswith(
        f"not reloaded, the last good state goes on: {there.folder}/busy.yaml:2: is not valid YAML"
    )


def test_contract_and_scenario_may_be_saved_at_once(there: Watched) -> None:
    long = "x" * 60
    there.contract.write_text(CONTRACT.replace("maxLength: 50", "maxLength: 70"))
    write(there.folder / "default.yaml", long)
    there.settle()
    assert there.name() == long
    there.contract.write_text("openapi: [")
    write(there.folder / "default.yaml", f"{long}y")
    there.settle()
    assert there.name() == f"{long}y", "judged by the last good contract"


ODD = {
    "a field renamed": CONTRACT.replace("displayName", "fullName"),
    "a schema renamed": CONTRACT.replace("ProfileFields:", "SomeFields:"),
    "no paths": CONTRACT.replace("\npaths:", "\nways:"),
    "a list": "- 1",
    "nothing": "",
    "not text": "\x00",
    "a reference to nowhere": CONTRACT.replace(
        "#/components/schemas/Profile'", "#/components/schemas/Nowhere'"
    ),
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_no_contract_ends_the_watching(
    text: str, there: Watched, said: Callable[[], list[str]]
) -> None:
    before = there.app.core
    there.contract.write_text(text)
    there.settle()
    assert there.app.core is before
    [line] = said()
    assert line.startswith(f"not reloaded, the last good state goes on: {there.contract}:")
    assert "\n" not in line
    write(there.folder / "default.yaml", "still watched")
    there.contract.write_text(CONTRACT.replace("maxLength: 50", "maxLength: 60"))
    there.settle()
    assert (there.name(), there.app.core is before) == ("still watched", False)


def test_what_nobody_thought_of_is_one_line_too(
    there: Watched, said: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("odd")

    with monkeypatch.context() as patched:
        patched.setattr("mock_server.scenarios.catalogue.load_world", broken)
        write(there.folder / "default.yaml", "one")
        there.settle()
    assert said() == [
        f"not reloaded, the last good state goes on: {there.folder}/default.yaml: KeyError: 'odd'"
    ]
    os.utime(there.folder / "default.yaml")
    there.settle()
    assert there.name() == "one", "an edit that changes nothing but the time is one as well"


def test_watch_reloads_and_keeps_the_last_good_state(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    contract = tmp_path / "openapi.yaml"
    contract.write_text(CONTRACT)
    with live_mock("--watch", "--fixtures", str(path), "--openapi", str(contract)) as mock:

        def name() -> str:
            url = f"{mock.url}/v1/user/profile?fields=displayName"
            return str(
                requests.get(url, headers={"Authorization": "Bearer ada-session"}, timeout=5).json()
            )

        def wait_for(expected: str) -> None:
            until = time.monotonic() + 15
            while expected not in name():
                assert time.monotonic() < until, f"{name()} is not {expected}"
                time.sleep(0.1)

        time.sleep(0.5)
        path.write_text(GOOD.replace("Ada Lovelace", "Ada King"))
        wait_for("Ada King")
        path.write_text("users: [1\n")
        time.sleep(0.6)
        assert "Ada King" in name()
        contract.write_text(CONTRACT.replace("maxLength: 50", "maxLength: 5"))
        wait_for("INTERNAL_SERVER_ERROR")
        contract.write_text(CONTRACT)
        wait_for("Ada King")
        _, errors = mock.stop()
    assert "not reloaded" in errors
    assert "mine.yaml:2: is not valid YAML" in errors
