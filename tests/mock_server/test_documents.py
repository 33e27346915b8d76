"""Files of the user's are read within bounds, or refused with file, line and reason."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mock_server.config import DEFAULT_CONTRACT
from mock_server.contract import safe_yaml
from mock_server.contract.compiled import Contract
from mock_server.contract.files import FileError, line_of, read_document
from mock_server.scenarios.atomic_files import write_document
from mock_server.scenarios.loading import load_world
from mock_server.server.lifecycle import load_contract
from tests.yaml_bombs import BOMBS

Read = Callable[[Path], object]


@pytest.fixture(params=["scenario", "contract"])
def read(request: pytest.FixtureRequest, control: Contract) -> Read:
    return load_contract if request.param == "contract" else lambda path: load_world(path, control)


@pytest.mark.parametrize(("raw", "line", "says"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_with_its_line(
    raw: bytes, line: int, says: str, read: Read, tmp_path: Path
) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(raw)
    with pytest.raises(FileError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert says in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 250


JSON = {
    "a key twice": (
        b'{\n"users": [],\n"\\u0075sers": []}',
        ":3: has the key 'users' twice, first in line 2",
    ),
    "a key twice, deep within": (
        b'{"users": [{"username": "a",\n"username": "b"}]}',
        ":2: has the key 'username' twice",
    ),
    "101 lists": (b"[" * 101 + b"]" * 101, "nested deeper than 100 levels"),
    "100,000 lists": (b"[" * 100_000, "nested deeper than 100 levels"),
    "a number beyond all": (b"[\n1e400]", ":2: is not valid JSON"),
    "nothing": (b"", "is not valid JSON"),
    "null": (b"null", "is empty"),
}


@pytest.mark.parametrize(("raw", "says"), JSON.values(), ids=JSON)
def test_json_is_refused_likewise(raw: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(raw)
    with pytest.raises(FileError) as caught:
        read_document(path)
    assert says in str(caught.value)


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_a_hundred_levels_are_read_and_written(suffix: str, tmp_path: Path) -> None:
    deep: list[object] = []
    for _ in range(99):
        deep = [deep]
    path = tmp_path / f"file.{suffix}"
    write_document(path, deep)
    assert read_document(path) == deep


def test_a_reasonable_document_with_anchors_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(
        "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc:\n  - *a\n  - <<: [*a, {x: 5, z: 6}]\n    v: 7\n"
    )
    both = {"x": 1, "y": 2}
    assert read_document(path) == {
        "a": both,
        "b": {"x": 1, "y": 3},
        "c": [both, {**both, "z": 6, "v": 7}],
    }
    assert line_of(path, ["c", 1, "v"]) == 6
    assert line_of(path, ["c", 0, "nothing"]) == 1, (
        "the line of the anchor, where the value is written"
    )
    assert line_of(path, ["c", 7]) == 3 + 1, "the list starts there"


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~"])
def test_an_empty_file_is_called_so(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text)
    with pytest.raises(FileError, match="is empty"):
        read_document(path)


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_what_is_no_file_is_refused_soon(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safe_yaml, "PATIENCE", 0.05)
    pipe, device, folder = (tmp_path / f"{name}.{suffix}" for name in ("pipe", "device", "folder"))
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    folder.mkdir()
    for path, reason in {
        pipe: "said nothing",
        device: "it is a device",
        folder: "Is a directory",
    }.items():
        with pytest.raises(FileError, match=reason):
            read_document(path)


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    for suffix, most in {"json": 64, "yaml": 16}.items():
        path = tmp_path / f"file.{suffix}"
        with path.open("wb") as file:
            file.truncate(2**40)
        with pytest.raises(FileError, match=f"is over {most} MiB"):
            read_document(path)


def test_a_wrong_file_is_not_quoted_whole(control: Contract, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(
        json.dumps(
            {"users": [{"username": "u", "biography": ["secret " * 100_000]}], "x" * 100_000: 1}
        )
    )
    with pytest.raises(FileError) as caught:
        load_world(path, control)
    assert len(str(caught.value)) < len(str(path)) + 400


LOOP = "$ref: '#/components/schemas/Loop'"
REFERENCES = {
    "a file": ("{$ref: 'file:///etc/passwd'}", "is outside of this document"),
    "a neighbour": ("{$ref: 'other.yaml#/Loop'}", "is outside of this document"),
    "the web": ("{properties: {a: {$ref: 'http://127.0.0.1:9/'}}}", "is outside of this document"),
    "another way to the web": (
        "{$dynamicRef: 'http://127.0.0.1:9/'}",
        "is outside of this document",
    ),
    "nothing": ("{$ref: '#/components/nothing'}", "is not in this document"),
    "itself": (f"{{{LOOP}}}", "refers to itself in a circle"),
    "itself, in a longer circle": (
        f"{{allOf: [{{not: {{anyOf: [{{{LOOP}}}]}}}}]}}",
        "refers to itself in a circle",
    ),
}


@pytest.mark.parametrize(("schema", "says"), REFERENCES.values(), ids=REFERENCES)
def test_a_contract_holds_all_that_it_refers_to(schema: str, says: str, tmp_path: Path) -> None:
    text = DEFAULT_CONTRACT.read_text().replace(
        "\n  schemas:\n", f"\n  schemas:\n    Loop: {schema}\n"
    )
    path = tmp_path / "openapi.yaml"
    path.write_text(text)
    line = text[: text.index("    Loop: ")].count("\n") + 1
    with pytest.raises(FileError) as caught:
        load_contract(path)
    assert str(caught.value).startswith(f"{path}:{line}: components/schemas/Loop")
    assert says in str(caught.value)


def test_a_contract_may_have_statuses_that_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "openapi.yaml"
    path.write_text(DEFAULT_CONTRACT.read_text().replace("'401':", "401:"))
    assert load_contract(path).operations["getProfile"].responses["401"]
