"""The recipes of docs/testing.md, executed in the real tools: eight tests at once against one server."""

import os
import re
import shutil
import sys
from pathlib import Path

from tests import npm
from tests.browsers import chromium
from tests.live import live_mock

HERE = Path(__file__).parent
RECIPES = HERE / "recipes"
PAGE = HERE.parent / "docs" / "testing.md"


def project(recipe: str, folder: Path) -> Path:
    """A project as a user would have it, with the tools installed."""
    npm.install()
    made = folder / recipe
    shutil.copytree(RECIPES / recipe, made)
    (made / "node_modules").symlink_to(npm.MODULES)
    return made


def test_playwright(tmp_path: Path) -> None:
    browser = chromium()
    made = project("playwright", tmp_path)
    path = os.pathsep.join([str(Path(sys.executable).parent), npm.environment()["PATH"]])
    more = {
        "PATH": path,
        "MOCK_PORT": str(npm.free_port()),
        "APP_PORT": str(npm.free_port()),
        "CHROMIUM": browser,
    }
    done = npm.run("playwright", "test", cwd=made, more=more)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed" in done.stdout


def test_vitest(tmp_path: Path) -> None:
    made = project("vitest", tmp_path)
    with live_mock() as mock:
        done = npm.run("vitest", "run", cwd=made, more={"MOCK_URL": mock.url})
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Tests\s+8 passed", done.stdout), done.stdout


def test_the_page_shows_what_is_executed() -> None:
    blocks = re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert {name for name, _ in blocks} == {
        str(path.relative_to(RECIPES))
        for path in RECIPES.rglob("*")
        if path.suffix in {".py", ".ts", ".mjs"}
    }
    for name, text in blocks:
        assert text == (RECIPES / name).read_text(), f"docs/testing.md shows another {name}"
