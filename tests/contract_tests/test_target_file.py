"""A target file means what is written in it, or is refused with file, line and what to do, and without a value."""

import os
from pathlib import Path
from threading import Thread

import pytest

from contract_tests.config.shard import Shard
from contract_tests.config.target import load, parts
from contract_tests.exceptions import UsageError

GOOD = "base_url: http://127.0.0.1:1\nsessions:\n  primary: token\n"
NO_TEXT = {
    "zeros first": "0123456712",
    "a number": "12345678",
    "a fraction": "1.5",
    "no": "no",
    "true": "true",
    "hexadecimal": "0x1234",
    "a list": "[SECRET]",
    "a mapping": "{a: SECRET}",
    "nothing": "",
    "null": "~",
    "no text": '""',
}


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "target.yaml"
    path.write_text(text, encoding=encoding)
    return path


def refusal(tmp_path: Path, text: str) -> str:
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load(path, None)
    said = str(caught.value)
    assert said.startswith(str(path))
    return said.removeprefix(str(path))


@pytest.mark.parametrize("value", NO_TEXT.values(), ids=NO_TEXT)
@pytest.mark.parametrize(
    ("entry", "line"),
    [("  secondary: {}", 4), ("containers: [main, {}]", 4), ("usernames:\n- {}", 5)],
    ids=["session", "container", "username"],
)
def test_what_is_no_text_is_refused_with_its_line(
    entry: str, line: int, value: str, tmp_path: Path
) -> None:
    said = refusal(tmp_path, GOOD + entry.format(value or "~"))
    assert said.startswith(f":{line}: "), said
    assert "quote it" in said or "is empty" in said
    assert value not in said.replace(" no,", "") or len(value) < 5
    assert "SECRET" not in said


def test_a_quoted_number_is_a_token(tmp_path: Path) -> None:
    target = load(
        written(
            tmp_path,
            GOOD.replace("token", '"0123456712"') + "containers: ['no', \"1\", 2026-01-01]",
        ),
        None,
    )
    assert target.sessions == {"primary": "0123456712"}
    assert target.containers == ("no", "1", "2026-01-01")


def test_a_byte_order_mark_is_no_part_of_a_key(tmp_path: Path) -> None:
    assert load(written(tmp_path, GOOD, "utf-8-sig"), None).sessions == {"primary": "token"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD + "conteiners: [a]", ":4: unknown key conteiners; did you mean containers?"),
        (GOOD + "  secundary: x", ":4: unknown session secundary; did you mean secondary?"),
        (GOOD + "  primary: SECRET", ":4: has the key 'primary' twice, first in line 3"),
        (GOOD + "containers: [a]\ncontainers: [b]", "twice, first in line 4"),
        (
            GOOD.replace("token", "$PRIMARY"),
            ":3: sessions.primary: a variable of the environment is written ${PRIMARY}",
        ),
        (
            GOOD.replace("token", "${NOT_THERE}"),
            ":3: sessions.primary: the environment has no variable NOT_THERE",
        ),
        (GOOD.replace("token", "${EMPTY}"), ":3: sessions.primary: the variable EMPTY is empty"),
        (
            GOOD.replace("token", "${BROKEN}"),
            ":3: sessions.primary: $BROKEN cannot be sent: there is a line break in it",
        ),
        (
            GOOD.replace("token", '"SEC\\x1bRET"'),
            ":3: sessions.primary cannot be sent: there is a control character in it",
        ),
        (
            GOOD.replace("token", "Bearer SECRET"),
            ":3: sessions.primary cannot be sent: a token is what follows `Bearer`",
        ),
        (GOOD + "shards: {}", ":4: shards must be a list of mappings"),
        (GOOD + "shards:\n- session: {}", ":5: unknown key session; did you mean sessions?"),
        (GOOD + "usernames: ada", ":4: usernames must be a list of names"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    text: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("BROKEN", "SECRET\n")
    monkeypatch.delenv("NOT_THERE", raising=False)
    said = refusal(tmp_path, text)
    assert says in said
    assert "SEC" not in said


def test_a_part_needs_no_variable_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRST", "one")
    monkeypatch.delenv("OTHER", raising=False)
    shards = "shards:\n- sessions: {primary: '${FIRST}'}\n- sessions: {primary: '${OTHER}'}\n"
    path = written(tmp_path, "base_url: http://127.0.0.1:1\n" + shards)
    assert parts(path) == 2
    assert load(path, None, Shard(1, 2)).sessions == {"primary": "one"}
    with pytest.raises(
        UsageError, match=r":4: sessions\.primary: the environment has no variable OTHER"
    ):
        load(path, None, Shard(2, 2))


def test_a_pipe_is_read_once_and_used_as_often_as_wanted(tmp_path: Path) -> None:
    """Such as `--target <(envsubst <target.yaml)`: a run looks at its target more than once."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_text, args=(GOOD,))
    writer.start()
    assert load(pipe, None) == load(pipe, None)
    writer.join()
