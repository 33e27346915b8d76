"""Files that hold state: where they may go, whose they are, and that nothing half done is seen."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from mock_server.contract.files import FileError
from mock_server.scenarios.atomic_files import check_target, rescue_document, write_document


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def read_only(folder: Path) -> Path:
    path = folder / "kept.json"
    path.touch(0o400)
    return path


def a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a folder": (lambda folder: folder, "is a folder; name a file in it"),
    "no folder": (lambda folder: folder / "no" / "x.json", "there is no folder"),
    "a file for a folder": (lambda _: Path(__file__) / "x.json", "there is no folder"),
    "a folder that takes no files": (lambda _: Path("/proc/x.json"), "cannot be written: "),
    "a device": (lambda _: Path(os.devnull), "is not a regular file"),
    "a pipe": (a_pipe, "is not a regular file"),
    "a name too long": (
        lambda folder: folder / ("x" * 300),
        "cannot be written: File name too long",
    ),
}


@pytest.mark.parametrize(("place", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_written_is_found_before(
    place: Callable[[Path], Path], words: str, tmp_path: Path
) -> None:
    path = place(tmp_path)
    with pytest.raises(FileError) as refused:
        check_target(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert words in str(refused.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_is_read_only_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is read-only"):
        check_target(read_only(tmp_path))


def test_looking_leaves_no_trace(tmp_path: Path) -> None:
    check_target(tmp_path / "new.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("before", "after"), [(None, 0o600), (0o644, 0o600), (0o666, 0o600), (0o400, 0o400)]
)
def test_only_its_owner_reads_a_file_and_a_stricter_mode_stays(
    before: int | None, after: int, tmp_path: Path
) -> None:
    path = tmp_path / "state.json"
    if before is not None:
        path.touch()
        path.chmod(before)
    old = os.umask(0)
    try:
        write_document(path, {"a": 1})
    finally:
        os.umask(old)
    assert (mode(path), path.read_text()) == (after, '{\n  "a": 1\n}\n')


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.touch()
    os.chown(path, 12345, 12346)
    write_document(path, {})
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 12346)


def test_a_link_stays_a_link_and_its_name_says_the_format(tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    link = tmp_path / "state.yaml"
    link.symlink_to(Path("volume") / "data")
    check_target(link)
    for value in ({"a": 1}, {"b": 2}):
        write_document(link, value)
    assert (link.is_symlink(), (tmp_path / "volume" / "data").read_text()) == (True, "b: 2\n")
    assert [each.name for each in (tmp_path / "volume").iterdir()] == ["data"]


def test_a_write_that_fails_leaves_what_was_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.json"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match=r"state.json: cannot be written: No space left on device"):
        write_document(path, {})
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("state.json", "old")]


def test_where_nothing_can_be_written_the_loss_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    assert rescue_document(Path("x.json"), {}) == (
        "it could not be kept elsewhere either (No space left on device), and is lost"
    )
