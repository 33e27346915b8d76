"""What leads to an installation leads to ours: the name is in no package index, so whoever takes it there must get nobody."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BY_NAME = re.compile(
    r"(?:pipx?|uvx?|poetry|pdm|conda)\b[^\n]{0,40}?\b(?:install|add|run)\b[^\n]*?[\s'\"=]user[-_.]profile[-_.]api[-_.]mock\b(?!-\d)",
    re.IGNORECASE,
)
TEXTS = {".md", ".py", ".toml", ".yml", ".yaml", ".txt", ".html", ".j2", ".css", ".js", ".lua", ""}
LINK = re.compile(r"\]\(([^)\s]+)|<(?:img|a)\b[^>]*(?:src|href)=[\"']([^\"']+)")
OLD = """#!/bin/sh
shift
exec {python} -c "import sys; sys.version_info = (3, 10, 12, 'final', 0)
$1"
"""


def kept() -> list[Path]:
    """The files of the project, without what tools made."""
    said = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode != 0:
        pytest.skip("not a checkout")
    return [
        path
        for name in said.stdout.splitlines()
        if (path := ROOT / name).is_file() and path.suffix in TEXTS
    ]


def test_the_pattern_finds_what_it_should() -> None:
    by_name = [
        "pip install user-profile-api-mock",
        ".venv/bin/pip install -q 'user-profile-api-mock[gate]'",
        "uv add user_profile_api_mock",
    ]
    ours = [
        "pip install '.[gate]'",
        "pipx install 'user_profile_api_mock-0.1.0-py3-none-any.whl[gate]'",
        "pip install git+https://x/user-profile-api-mock.git",
    ]
    assert (
        [bool(BY_NAME.search(line)) for line in by_name],
        [bool(BY_NAME.search(line)) for line in ours],
    ) == (
        [True] * 3,
        [False] * 3,
    )


def test_nothing_tells_people_or_machines_to_install_by_name() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0].strip()}"
        for path in kept()
        if path != Path(__file__)
        for match in BY_NAME.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


def test_the_page_for_a_package_index_leads_nowhere_that_is_not_there() -> None:
    page = (ROOT / PROJECT["readme"]).read_text(encoding="utf-8")
    links = [place for match in LINK.findall(page) for place in match if place]
    assert [link for link in links if not link.startswith("https://")] == []
    assert {"mock-server", "contract-tests"} <= set(re.findall(r"`([a-z-]+)`", page))


def test_no_address_is_a_guess() -> None:
    assert all(
        "example" not in url and "YOUR-" not in url for url in PROJECT.get("urls", {}).values()
    )


def test_a_python_that_is_too_old_is_named_before_anything_is_made(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text(OLD.format(python=sys.executable))
    old.chmod(0o755)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(
        ["make", "mock", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert (
        f"This needs Python 3.11 or newer, and {old} is 3.10. Name another one: make PYTHON=python3.12"
        in done.stderr
    )
    assert "Traceback" not in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_wheel_holds_every_file_of_both_packages(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    done = subprocess.run(
        [*build, "--directory", tmp_path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.iterdir()
    held = set(zipfile.ZipFile(wheel).namelist())
    folders = (ROOT / "mock_server", ROOT / "contract_tests")
    ours = {
        str(path.relative_to(ROOT)) for path in kept() if any(map(path.is_relative_to, folders))
    }
    assert ours - held == set(), "left out of the wheel: does .gitignore name them?"
