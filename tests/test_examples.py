"""The sample front end in a real Chromium, from an origin of its own, against the mock."""

import shutil
import sys
from pathlib import Path

from tests import npm
from tests.browsers import chromium
from tests.live import live_mock

HERE = Path(__file__).parent
SECONDS = 600.0


def test_a_front_end_lives_with_the_mock(tmp_path: Path) -> None:
    browser = chromium()
    npm.install()
    made = tmp_path / "examples"
    shutil.copytree(HERE / "examples", made)
    (made / "node_modules").symlink_to(npm.MODULES)
    with live_mock() as mock:
        more = {
            "CHROMIUM": browser,
            "MOCK_URL": mock.url,
            "PYTHON": sys.executable,
            "ROOT": str(HERE.parent),
        }
        more |= {
            "APP_PORT": str(npm.free_port()),
            "SPARE_PORT": str(npm.free_port()),
            "EXAMPLES": str(HERE.parent / "examples"),
        }
        done = npm.run("playwright", "test", cwd=made, more=more, seconds=SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
