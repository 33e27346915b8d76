"""Files of YAML are read within bounds, or refused with line and reason."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from contract_tests.config import target, yaml_loader
from contract_tests.exceptions import UsageError
from contract_tests.findings import baseline
from tests.yaml_bombs import BOMBS

READERS: dict[str, Callable[[Path], object]] = {
    "target": lambda path: target.load(path, None),
    "baseline": baseline.read,
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize(("raw", "line", "says"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_with_its_line(
    raw: bytes, line: int, says: str, read: Callable[[Path], object], tmp_path: Path
) -> None:
    if read is baseline.read and any(word in says for word in ("number", "64 bits", "!!int")):
        pytest.skip("a baseline holds text alone")
    path = tmp_path / "file.yaml"
    path.write_bytes(raw)
    with pytest.raises(UsageError) as caught:
        read(path)
    assert f"{path}:{line}: " in str(caught.value)
    assert says in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 250


def test_a_reasonable_document_with_anchors_is_read() -> None:
    raw = b"a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {<<: [*a, {x: 5, z: 6}]}\nd: [*a, *a]\n"
    both = {"x": 1, "y": 2}
    assert yaml_loader.load(raw) == {
        "a": both,
        "b": {"x": 1, "y": 3},
        "c": {**both, "z": 6},
        "d": [both, both],
    }


def test_only_what_json_has_is_a_number_or_a_truth_value() -> None:
    raw = b"[1, -2, 0x10, 1.5, true, null, ~, 2030-12-31, 12:30, =, '1', !!str 1, ! 1]"
    expected = [1, -2, 16, 1.5, True, None, None, "2030-12-31", "12:30", "=", "1", "1", "1"]
    assert yaml_loader.load(raw) == expected


@pytest.mark.parametrize(
    "raw", ["\ufeffa: é".encode(), "a: é".encode("utf-16"), "a: é\r\n".encode()]
)
def test_every_encoding_of_yaml_is_read(raw: bytes) -> None:
    assert yaml_loader.load(raw) == {"a": "é"}


def test_what_is_no_file_is_refused_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_loader, "PATIENCE", 0.05)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reasons = {
        tmp_path: "a directory",
        Path("/dev/zero"): "a device",
        tmp_path / "none": "No such file",
        pipe: "said nothing",
    }
    for path, reason in reasons.items():
        with pytest.raises(UsageError, match=reason):
            target.load(path, None)


def test_what_a_pipe_says_is_read() -> None:
    end, other = os.pipe()

    def write() -> None:
        os.write(other, b"base_url: http://x")
        os.close(other)

    writer = threading.Timer(0.05, write)
    writer.start()
    try:
        assert yaml_loader.load(yaml_loader.read_file(Path(f"/dev/fd/{end}"))) == {
            "base_url": "http://x"
        }
    finally:
        writer.join()
        os.close(end)


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(UsageError, match="is over 16 MiB"):
        target.load(path, None)
