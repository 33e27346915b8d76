"""Prints the table of rules for `docs/gate.md`: `python -m contract_tests.findings.rule_table`."""

from __future__ import annotations

from contract_tests.findings.rules import CHECKS


def table() -> str:
    """Return the rules as a Markdown table."""
    rows = [f"| `{rule.name}` | {rule.severity} | {rule.says} |" for rule in CHECKS.values()]
    return "\n".join(["| rule | severity | what it demands |", "|---|---|---|", *rows])


if __name__ == "__main__":
    print(table())  # noqa: T201 - a command
