"""What was wrong with a request or an answer, by which view of the contract, and how that is told."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from mock_server.errors import Violation

DOCUMENTED = "documented"
"""The view of what the API's documentation says."""
INFERRED = "inferred"
"""Only the full view says so: it rests on a decision of this project."""
HEADER = b"x-contract-violations"
LONGEST = 200


class Finding(NamedTuple):
    """One broken rule: `side` is `request` or `answer`, `where` one of `query`, `path`, `header`, `body`, `status`."""

    view: str
    side: str
    where: str
    name: str
    reason: str

    def as_json(self) -> dict[str, str]:
        """Return what the journal shows."""
        return {
            "view": self.view,
            "side": self.side,
            "in": self.where,
            "name": self.name,
            "reason": self.reason,
        }

    def as_violation(self) -> Violation:
        """Return the `ErrorDetail`, which knows no status: HTTP/2 makes a header of it."""
        return (
            Violation("header", ":status", self.reason)
            if self.where == "status"
            else Violation(*self[2:])
        )

    def __str__(self) -> str:
        return " ".join(
            part for part in (f"{self.side}:", self.where, self.name, self.reason) if part
        )


def header_value(findings: Sequence[Finding]) -> bytes:
    """Return the value of `X-Contract-Violations`: JSON in ASCII, without line breaks, of bounded length."""
    documented = [finding for finding in findings if finding.view == DOCUMENTED]
    first = str((documented or findings)[0])
    shown = first if len(first) <= LONGEST else first[:LONGEST] + "…"
    counts = {DOCUMENTED: len(documented), INFERRED: len(findings) - len(documented)}
    return json.dumps({**counts, "first": shown}).encode().replace(b"\x7f", b"\\u007f")
