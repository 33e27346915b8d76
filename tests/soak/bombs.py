"""Files that were made to eat memory or time: the commands refuse them within little of both."""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.soak.figures import Figures

MEMORY = 1024**3
"""Bytes of address space that a command may take, which is some times what it needs."""
SECONDS = 20.0
NESTED = 900

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)
BOMBS = {
    "aliases that multiply": LAUGHS,
    "merge keys that multiply": "a: &a {x: 1}\n"
    + "".join(
        f"{n}: &{n} {{<<: [{', '.join([f'*{b}'] * 9)}]}}\n"
        for b, n in zip("abcdefgh", "bcdefghi", strict=True)
    ),
    "itself within itself": "users: &a [*a]\n",
    "an integer of 5,000 digits": f"users: {'9' * 5000}\n",
    "900 levels": "users: " + "[" * NESTED + "]" * NESTED + "\n",
    "100,000 levels": "users: " + "[" * 100_000 + "\n",
    "10,000 levels of blocks": "".join(" " * level + "a:\n" for level in range(10_000)),
    "a long text": "users: " + "x" * 5_000_000 + "\n",
    "a file elsewhere": "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {$ref: 'file:///etc/passwd'}\n",
    "a device's name": "users: !!python/object/apply:os.system ['true']\n",
    "a key given twice": "users: []\nusers: []\n",
    "nothing": "",
    "binary": "\x00\x01\x02",
}
COMMANDS = {
    "scenario": ("mock_server", "--port", "0", "--fixtures"),
    "import": ("mock_server", "--port", "0", "--import"),
    "contract": ("mock_server", "--port", "0", "--openapi"),
    "target": ("contract_tests", "--dry-run", "--target"),
    "baseline": ("contract_tests", "--base-url", "http://127.0.0.1:9", "--baseline"),
}


def load_bombs(_seconds: float, _seed: int) -> Figures:
    """Give each file to each command that reads one."""
    slowest, tried = 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        for what, text in BOMBS.items():
            path = Path(folder) / "bomb.yaml"
            path.write_text(text, encoding="utf-8")
            for use, (module, *flags) in COMMANDS.items():
                began = time.monotonic()
                code, said = _run(module, *flags, str(path))
                slowest, tried = max(slowest, time.monotonic() - began), tried + 1
                where = f"{what} as {use}: exit {code}, {said[:600]}"
                assert code == 2, where
                assert "Traceback" not in said, where
                assert len(said) < 4000, f"{where} … {len(said)} characters"
                assert "bomb.yaml" in said, f"the file is not named: {where}"
    return {
        "files x commands": tried,
        "slowest": f"{slowest:.1f} s",
        "memory at most": f"{MEMORY // 1024**2} MiB",
    }


def _run(module: str, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    return done.returncode, done.stdout + done.stderr
