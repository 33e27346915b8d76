"""Takes the two pictures of the README again: python -m tests.screenshots."""

import shutil
import tempfile
from pathlib import Path

from tests import npm
from tests.browsers import chromium
from tests.live import live_mock

ROOT = Path(__file__).parent.parent


def main() -> None:
    npm.install()
    with tempfile.TemporaryDirectory() as folder, live_mock("--port", "4010") as mock:
        script = shutil.copy(ROOT / "tests" / "window" / "screenshots.mjs", folder)
        (Path(folder) / "node_modules").symlink_to(npm.MODULES)
        more = {"CHROMIUM": chromium(), "MOCK_URL": mock.url, "PICTURES": str(ROOT / "docs")}
        done = npm.run("node", str(script), cwd=Path(folder), more=more)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


if __name__ == "__main__":
    main()
