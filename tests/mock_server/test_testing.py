"""The pytest plugin, from projects of its users: a process of their own, with nothing but the installed plugin."""

import subprocess
import sys
from pathlib import Path

import pytest

RECIPE = Path(__file__).parent.parent / "recipes" / "pytest" / "test_profile.py"
USUAL = ["-p", "no:randomly", "-p", "no:cacheprovider"]


def run(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", *USUAL, *flags]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120, check=False)


@pytest.mark.parametrize("flags", [(), ("-n", "4")], ids=["one process", "four processes"])
def test_the_recipe_works(tmp_path: Path, flags: tuple[str, ...]) -> None:
    (tmp_path / "test_profile.py").write_text(RECIPE.read_text())
    done = run(tmp_path, *flags)
    assert done.returncode == 0, done.stdout
    assert "8 passed" in done.stdout
    assert done.stderr == ""


def test_it_costs_nothing_where_it_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        "import sys\n\ndef test():\n    assert not {'flask', 'granian', 'mock_server.serving'} & set(sys.modules)\n"
    )
    assert run(tmp_path).returncode == 0


def test_a_failing_test_leaves_no_noise(tmp_path: Path) -> None:
    (tmp_path / "test_wrong.py").write_text("def test(user_profile_mock):\n    assert user_profile_mock.count() == 1\n")
    done = run(tmp_path)
    assert done.returncode == 1
    assert "assert 0 == 1" in done.stdout
    assert done.stderr == ""


def test_ctrl_c_leaves_no_noise(tmp_path: Path) -> None:
    (tmp_path / "test_stopped.py").write_text("def test(user_profile_mock):\n    raise KeyboardInterrupt\n")
    done = run(tmp_path)
    assert done.returncode == 2
    assert done.stderr == ""


def test_another_scenario_can_be_started_from(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("users: [{username: zoe, displayName: Zoë}]\n")
    (tmp_path / "test_mine.py").write_text(
        "def test(user_profile_mock):\n"
        "    assert user_profile_mock.control('GET', '/state')['users'] == [{'username': 'zoe', 'displayName': 'Zoë'}]\n"
    )
    done = run(tmp_path, "--user-profile-mock-fixtures", "mine.yaml")
    assert done.returncode == 0, done.stdout
