"""A target whose every answer is malformed, slow, endless or a lie: the gate says so in time, and fails in no other way."""

import subprocess
import sys
import time
from collections import Counter
from random import Random

from tests.soak.figures import Figures
from tests.soak.upstream import liar, lies

MOST = 8
"""Seconds that a run may judge."""
SLACK = 90.0
"""Seconds that start, opening and reports may take on a busy machine."""
VIOLATES, NOT_JUDGED = 1, 3
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
TELLING = (
    "status 000",
    "status 200",
    "status 999",
    "0x1b in a header",
    "no answer",
    "nonsense",
    "10,000 headers",
    "continue without end",
    "gzip that is none",
)
"""Lies that every run tells; the others are drawn."""


def judge_hostile_targets(seconds: float, seed: int) -> Figures:
    """Judge one hostile target after another."""
    every = lies() | {
        "escapes in a body": HEAD
        + b"Content-Length: 25\r\n\r\n"
        + b'{"\\u001b[31mcode\\u0007": 1}'[:25],
        "100,000 levels": HEAD + b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000,
        "a number past all doubles": HEAD + b"Content-Length: 13\r\n\r\n" + b'{"a": 1e9999}',
    }
    drips = {
        "a head that drips": (b"HTTP/1.1 200 OK\r\nX: ", b"a"),
        "a body that drips": (HEAD + b"\r\n", b"["),
    }
    names = [
        *TELLING,
        *(each for each in every if each not in TELLING and not each.startswith(("status", "0x"))),
    ]
    rest = [each for each in every if each not in names]
    Random(seed).shuffle(rest)
    codes: Counter[int] = Counter()
    slowest, until = 0.0, time.monotonic() + seconds
    with liar() as target:
        for name in [*drips, *names, *rest]:
            if time.monotonic() > until:
                break
            target.lie, target.drip = every.get(name, b""), drips.get(name)
            began = time.monotonic()
            code, said = _judge(target.url)
            slowest = max(slowest, time.monotonic() - began)
            codes[code] += 1
            assert code in {VIOLATES, NOT_JUDGED}, f"{name}: exit {code}\n{said[-2000:]}"
            assert "Traceback" not in said, f"{name}: {said[-2000:]}"
            assert "\x1b" not in said, f"{name}: an escape sequence reached the output"
    results = ", ".join(f"{count} x exit {code}" for code, count in sorted(codes.items()))
    return {"targets": codes.total(), "results": results, "slowest": f"{slowest:.1f} s"}


def _judge(url: str) -> tuple[int, str]:
    flags = ["--depth", "quick", "--read-only", "--max-time", str(MOST), "--request-timeout", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "contract_tests", "--base-url", url, *flags],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=MOST + SLACK,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
