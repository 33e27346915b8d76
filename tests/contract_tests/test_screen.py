"""What a target, a file or the environment says is shown as text: it moves no cursor, hides nothing and forges no line."""

import io
import json
import sys

import click
import pytest

from contract_tests.redaction import terminal_text
from contract_tests.redaction.redactor import Redactor
from contract_tests.redaction.terminal_text import Screen, line, shown

EVIL = [
    "\x1b[31mred",
    "\x1b]0;title\x07",
    "\x9b2J",
    "\x00\x08\x7f",
    "left\u202eright",
    "\u2066isolate",
    "zero\u200bwidth",
    "\ufeff",
    "\u2028line",
    "half \ud800",
    "tag \U000e0041",
    "back\rover",
]


@pytest.mark.parametrize("evil", EVIL, ids=ascii)
def test_every_character_is_seen(evil: str) -> None:
    seen = shown(evil)
    assert seen.isprintable()
    assert json.loads(f'"{seen}"') == evil, "spelt as JSON spells it"
    assert shown(seen) == seen


@pytest.mark.parametrize(
    "good", ["plain\ttext\n", "größer 漢字 שלום", "e\u0301", "👍🏽 🇩🇪", "‹text 1›…"]
)
def test_what_can_be_seen_stays(good: str) -> None:
    assert shown(good) == good


def test_evidence_is_one_line_that_is_not_endless() -> None:
    assert line("a\nhttp://x CONFORMS\tb", 100) == "a\\nhttp://x CONFORMS\\tb"
    assert line("x" * 5000, 600) == "x" * 600 + "…"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_nothing_goes_around_the_screen(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    terminal_text.guard()
    terminal_text.guard()
    for evil in EVIL:
        print(evil)  # noqa: T201 - as anything may
        click.echo(evil)
        sys.stdout.write(evil)
        sys.stdout.writelines([evil, "\n"])
    sys.stdout.flush()
    assert isinstance(sys.stdout, Screen)
    said = raw.getvalue().decode()
    assert all(each.isprintable() for each in said.split("\n"))
    assert said.count("red") == 4


def test_only_the_program_itself_clears_a_line() -> None:
    out = io.StringIO()
    terminal = Screen(out)
    terminal.write(terminal_text.ERASE)
    assert "\x1b" not in out.getvalue()
    terminal.erase()
    assert out.getvalue().endswith(terminal_text.ERASE)


def test_evidence_of_a_finding_is_shown_as_text() -> None:
    from contract_tests.findings.collector import Collector  # noqa: PLC0415
    from contract_tests.reports.finding_text import finding_row  # noqa: PLC0415

    collector = Collector("http://x", redactor=Redactor())
    collector.find("http.method", "getProfile", "400 \x1b[2J\nhttp://x CONFORMS", "a\u202eb")
    collector.not_judged("\x1b[2J", "y" * 9000)
    row = finding_row(next(iter(collector.findings.values())), collector)
    assert (row["received"], row["documented"]) == (
        "400 \\u001b[2J\\nhttp://x CONFORMS",
        "a\\u202eb",
    )
    assert all(
        len(each) < 1000 and each.isprintable()
        for skipped in collector.skipped
        for each in (skipped.what, skipped.why)
    )
