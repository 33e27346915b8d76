"""The README tells the truth: its lines for the mock give the answers below them, its flags are those of the command."""

import re
import subprocess
from pathlib import Path

from mock_server.cli.serve_command import main
from tests.live import live_mock

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:4010"


def test_every_line_to_try_gives_the_answer_below_it() -> None:
    lines = re.findall(r"^\$ (curl .*)\n(.+)$", README, re.MULTILINE)
    assert len(lines) >= 4
    with live_mock() as mock:
        for command, answer in lines:
            done = subprocess.run(
                ["bash", "-c", f"{command.replace(ADDRESS, mock.url)} -s"],
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
            )
            assert done.stdout == answer, command


def test_the_greeting_is_shown_as_it_is() -> None:
    with live_mock() as mock:
        assert mock.greeting.replace(mock.url, ADDRESS).strip() in README


def test_every_flag_is_listed() -> None:
    flags = {
        option for param in main.params for option in param.opts if option.startswith("--")
    } - {"--version"}
    assert sorted(flag for flag in flags if f"`{flag}" not in README) == []
