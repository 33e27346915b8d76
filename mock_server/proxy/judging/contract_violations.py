"""Violations of the proxy: what breaks the contract, in which of its views, and how that is shown."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from mock_server.errors import Violation

DOCUMENTED = "documented"
"""The view of what the API's documentation says."""
INFERRED = "inferred"
"""Only the full view says so: it rests on a decision of this project."""
HEADER = "X-Contract-Violations"
LONGEST = 200


class ContractViolation(NamedTuple):
    """One broken rule.

    `side` is `request` or `answer`; `where` is `query`, `path`, `header`, `body` or `status`.
    """

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
        if self.where == "status":
            return Violation("header", ":status", self.reason)
        return Violation(self.where, self.name, self.reason)

    def __str__(self) -> str:
        parts = (f"{self.side}:", self.where, self.name, self.reason)
        return " ".join(part for part in parts if part)


def header_value(violations: Sequence[ContractViolation]) -> str:
    """Return the value of `X-Contract-Violations`: JSON of bounded length, in one line of ASCII."""
    documented = [violation for violation in violations if violation.view == DOCUMENTED]
    first = str((documented or violations)[0])
    if len(first) > LONGEST:
        first = first[:LONGEST] + "…"
    counts = {DOCUMENTED: len(documented), INFERRED: len(violations) - len(documented)}
    text = json.dumps({**counts, "first": first})
    # JSON may hold DEL as it is; a header may not (RFC 9110, 5.5).
    return text.replace("\x7f", "\\u007f")
