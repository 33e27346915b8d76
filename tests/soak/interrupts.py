"""Interrupts a run at every moment: it must end with 130, find nothing, and leave every profile as it was.

`python -m tests.soak.interrupts [--every 0.2] [--until 20] [-- FLAGS OF THE GATE]` prints a line for each moment, and ends
with 1 if one was wrong. `--hang 300` lets the target stop answering after so many calls.
"""

import argparse
import copy
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.contract_tests.reference import UPDATABLE, Answer, Api, Request
from tests.contract_tests.serving import serving

ROOT = Path(__file__).parent.parent.parent
SPEAKS_OF_A_FAULT = re.compile(
    r"VIOLATES|Traceback|Error during collection|fault, and|please report|\(violation\)|\(inferred\)"
)
START, EVERY = 0.3, 0.2
"""Seconds in which the interpreter itself starts and hears nothing, and between two moments."""
TIMEOUT, GRACE = 2.0, 3.0
"""Seconds that an answer may take, and that a busy machine may need besides."""
MOST = 2 * TIMEOUT + GRACE
"""Seconds in which a run that is interrupted ends: a write under way is waited for, then the profiles are put back."""
LAWS = ("--laws", "referrals", "--laws", "update", "--laws", "concurrency", "--laws", "fuzz")


class Patient(Api):
    """Counts its calls, and answers none from the call `hang` on; slow enough that a run takes a while."""

    def __init__(self, hang: int = 0, latency: float = 0.001) -> None:
        super().__init__()
        self.hang, self.latency, self.calls = hang, latency, 0

    def __call__(self, request: Request) -> Answer:
        self.calls += 1
        time.sleep(3600 if self.hang and self.calls > self.hang else self.latency)
        return super().__call__(request)


@dataclass
class Outcome:
    """How a run ended that was interrupted; `late` is how long that took."""

    code: int | None
    late: float
    output: str
    as_before: bool
    kept: list[str]

    def wrong(self, most: float, *, hangs: bool = False) -> str:
        """Say what is wrong; empty where nothing is."""
        if self.code != 130:
            return f"exit code {self.code}"
        if found := SPEAKS_OF_A_FAULT.search(self.output):
            return f"it says {found[0]!r}"
        if self.late > most:
            return f"it took {self.late:.1f} s"
        if hangs:
            return "" if self.as_before or "restore" in self.output else "what is left is not said"
        if not self.as_before:
            return "the profiles are not as they were"
        return f"it left {self.kept}" if self.kept else ""


def profiles(api: Api) -> dict[str, dict[str, object]]:
    return copy.deepcopy(
        {name: {field: user[field] for field in UPDATABLE} for name, user in api.users.items()}
    )


def interrupted(
    api: Patient,
    after: float,
    *flags: str,
    signum: int = signal.SIGINT,
    calls: int = 0,
    twice: float = 0,
) -> Outcome:
    """Run the gate, and interrupt it after so many seconds and calls, and again `twice` seconds later."""
    before = profiles(api)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CONTRACT_TESTS_", "PYTEST_", "GITHUB_"))
    }
    with (
        serving(api) as url,
        tempfile.TemporaryDirectory() as state,
        tempfile.TemporaryFile("w+") as output,
    ):
        command = [
            sys.executable,
            "-m",
            "contract_tests",
            "--base-url",
            url,
            "--depth",
            "quick",
            *flags,
        ]
        environment["XDG_STATE_HOME"] = state
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        time.sleep(after)
        while api.calls < calls and process.poll() is None:
            time.sleep(0.01)
        begun = time.monotonic()
        process.send_signal(signum)
        if twice:
            time.sleep(twice)
            process.send_signal(signum)
        code = process.wait(120)
        late = time.monotonic() - begun
        kept = [path.name for path in Path(state).rglob("*.json")]
        output.seek(0)
        return Outcome(code, late, output.read(), profiles(api) == before, kept)


def interrupt_at_every_moment(seconds: float, seed: int) -> dict[str, object]:
    """Interrupt runs ever later, by Ctrl-C and by SIGTERM, against a right target and one that hangs."""
    chance, until = Random(seed), time.monotonic() + seconds
    moment, tried, wrong = START, 0, []
    while time.monotonic() < until:
        hang = chance.choice((0, 0, 0, 400))
        signum = chance.choice((signal.SIGINT, signal.SIGTERM))
        ended = interrupted(
            Patient(hang), moment, "--request-timeout", str(TIMEOUT), *LAWS, signum=signum
        )
        tried += 1
        if ended.code in (0, 3):  # the run was over
            moment = START
            continue
        if why := ended.wrong(MOST, hangs=bool(hang)):
            wrong.append(f"after {moment:.2f} s (hangs: {bool(hang)}): {why}\n{ended.output}")
        moment += EVERY
    if wrong:
        raise AssertionError("\n".join(wrong))
    return {"runs interrupted": tried}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=float, default=EVERY)
    parser.add_argument("--until", type=float, default=20)
    parser.add_argument("--hang", type=int, default=0)
    parser.add_argument("flags", nargs="*")
    given = parser.parse_args()
    moment, bad = START, 0
    while moment < given.until:
        ended = interrupted(
            Patient(given.hang), moment, "--request-timeout", str(TIMEOUT), *given.flags
        )
        if ended.code in (0, 3):
            sys.stdout.write(f"{moment:6.2f} s: the run was over\n")
            break
        why = ended.wrong(MOST, hangs=bool(given.hang))
        bad += bool(why)
        sys.stdout.write(
            f"{moment:6.2f} s: {why or 'right'} ({ended.late:.2f} s)\n{ended.output if why else ''}"
        )
        sys.stdout.flush()
        moment += given.every
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
