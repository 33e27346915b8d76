"""The command `contract-tests`, which handles signals before it imports anything slow."""

from __future__ import annotations

import os
import signal

INTERRUPTED = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM)
for _signum in SIGNALS:
    signal.signal(_signum, lambda *_: os._exit(INTERRUPTED))


def main() -> None:
    """Run the command."""
    # Both take longer to import than anybody waits before pressing Ctrl-C.
    from contract_tests.interrupts import STOP  # noqa: PLC0415

    STOP.install()
    from contract_tests.cli import judge_command  # noqa: PLC0415

    try:
        judge_command.main(prog_name="contract-tests")
    finally:
        # The exit code is decided; Python would end with another while it clears up.
        for signum in SIGNALS:
            signal.signal(signum, signal.SIG_IGN)
