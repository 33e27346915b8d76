"""Tracebacks of the gate's own errors, without the values that it was working on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from _pytest._code.code import ExceptionChainRepr, ReprEntry

if TYPE_CHECKING:
    import pytest
    from _pytest._code.code import ExceptionRepr

    from contract_tests.redaction.redactor import Redactor


def crash(redactor: Redactor, item: pytest.Item, info: pytest.ExceptionInfo[BaseException]) -> str:
    """Return where a law broke down and why.

    Arguments and variables would tell what it was reading.
    """
    return redactor.crash(
        str(info.getrepr(style="short", tbfilter=lambda each: each.traceback.cut(path=item.path)))
    )


def strip(report: ExceptionRepr) -> None:
    """Remove messages and arguments from pytest's report of an internal error."""
    for traceback, _, _ in report.chain if isinstance(report, ExceptionChainRepr) else ():
        for entry in traceback.reprentries:
            entry.lines = [line for line in entry.lines if not line.startswith("E")]
            if isinstance(entry, ReprEntry):
                entry.reprfuncargs = entry.reprlocals = None
