"""Links between the pages of this repository lead to files and headings that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")]
)
CODE = re.compile(r"^(`{3,}).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ELSEWHERE = ("http://", "https://")


def anchors(page: str) -> set[str]:
    """The names by which GitHub links to the headings of a page."""
    headings = (re.sub(r"\]\(.*?\)", "]", heading) for heading in HEADING.findall(page))
    return {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


def broken_links(page: Path, text: str) -> list[str]:
    """The links of a page that lead nowhere; in code there are none."""
    broken = []
    for link in LINK.findall(CODE.sub("", text)):
        if link.startswith(ELSEWHERE):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        is_heading = not anchor or (
            target.suffix == ".md" and anchor in anchors(target.read_text(encoding="utf-8"))
        )
        if not (target.exists() and is_heading):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken_links(page, page.read_text(encoding="utf-8")) == []


def test_links_to_nothing_are_found_and_code_is_none() -> None:
    text = "[a](README.md) [b](nowhere.md) [c](README.md#nowhere) [d](#nowhere) `[e](nowhere.md)`\n```\n[f](nowhere.md)\n```\n"
    page = ROOT / "README.md"
    assert broken_links(page, text) == ["nowhere.md", "README.md#nowhere", "#nowhere"]
