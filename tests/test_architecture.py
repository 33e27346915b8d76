"""The map of the house: whatever it names is there, and no room is missing."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAP = (ROOT / "ARCHITECTURE.md").read_text()
PACKAGES = ("mock_server", "contract_tests")


def rooms(package: str) -> set[str]:
    return {place.parent.name for place in (ROOT / package).glob("*/__init__.py")}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_is_on_the_map(package: str) -> None:
    part = MAP.partition(f"## Rooms of `{package}`")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+)/`", part))
    assert rooms(package) <= named, rooms(package) - named


def test_every_file_on_the_map_is_there() -> None:
    for name in re.findall(r"`([\w/]+\.(?:py|yaml|md))`", MAP):
        places = [ROOT, *(ROOT / package for package in PACKAGES)]
        found = [place for place in places if (place / name).exists()]
        inside = [path for package in PACKAGES for path in (ROOT / package).rglob(name)]
        assert found or inside, name


def test_every_link_on_the_map_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", MAP):
        assert (ROOT / target).exists(), target
