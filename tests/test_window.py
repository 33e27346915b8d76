"""The window in a real Chromium: every feature once, its security, its looks for all eyes, and how much it bears."""

import shutil
import sys
from pathlib import Path

from tests import npm
from tests.browsers import chromium
from tests.live import live_mock, live_proxy

HERE = Path(__file__).parent
TOKEN = "correct-horse"
SECONDS = 600.0


def test_the_window_does_what_it_shows(tmp_path: Path) -> None:
    browser = chromium()
    npm.install()
    made = tmp_path / "window"
    shutil.copytree(HERE / "window", made)
    (made / "node_modules").symlink_to(npm.MODULES)
    with (
        live_mock("--max-requests", "10000") as mock,
        live_mock("--control-token", TOKEN) as protected,
        live_proxy(mock.url) as proxy,
    ):
        more = {
            "CHROMIUM": browser,
            "MOCK_URL": mock.url,
            "PROTECTED_URL": protected.url,
            "PROTECTED_TOKEN": TOKEN,
        }
        more |= {
            "PROXY_URL": proxy.url,
            "PYTHON": sys.executable,
            "SPARE_PORT": str(npm.free_port()),
        }
        done = npm.run("playwright", "test", cwd=made, more=more, seconds=SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
