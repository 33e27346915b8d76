"""The pytest plugin of the gate: the `lab` fixture, the order of the laws, and how a finding fails its law."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from contract_tests import contract
from contract_tests.closing import claim, close, remember
from contract_tests.coverage import Coverage
from contract_tests.crashes import crash, strip
from contract_tests.depth import DEPTHS
from contract_tests.findings import Ledger, NotJudgedError, OutOfTimeError
from contract_tests.guardian import watch
from contract_tests.merging import save
from contract_tests.opening import look_beyond, open_lab
from contract_tests.options import define, flag, option
from contract_tests.reach import sessions_work
from contract_tests.report import Law, Run, write
from contract_tests.screen import shown
from contract_tests.shard import WHOLE, Shard, read
from contract_tests.target import TargetError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from _pytest._code.code import ExceptionRepr

    from contract_tests.lab import Lab

PACKAGE = Path(__file__).parent
ORDER = (
    "read",
    "session",
    "identity",
    "projection",
    "update",
    "handles",
    "bounds",
    "queries",
    "headers",
    "text",
    "public",
    "lasting",
    "pages",
    "referrals",
    "http",
    "steady",
    "concurrency",
    "fuzz",
    "machine",
)
RUN = pytest.StashKey["Gate"]()


@dataclass
class Gate:
    """One run: what was asked for, the lab once it is open, and what became of each law."""

    run: Run
    lab: Lab | None = None
    calls: int = 0
    total: int = 0
    now: str = ""


class LawBrokenError(Exception):
    """A law that found something; its text is the findings."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Define the options."""
    define(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the run and make Hypothesis follow its seed."""
    directory = option(config, "report-dir")
    run = Run(
        ledger=Ledger("", strict=flag(config, "strict")),
        coverage=Coverage(contract.load()),
        depth=option(config, "depth"),
        seed=int(option(config, "seed")),
        report_dir=Path(directory) if directory else None,
        max_time=int(option(config, "max-time")),
        repeat=option(config, "repeat"),
        shard=_shard(config),
        before=[line for line in [option(config, "before")] if line],
    )
    config.stash[RUN] = Gate(run)
    # Schemathesis takes its seed when the laws are collected.
    os.environ["CONTRACT_TESTS_SEED"] = str(run.seed)
    hypothesis.core.global_force_seed = run.seed  # type: ignore[assignment]
    limit = DEPTHS[run.depth].fuzz
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile(
        "gate",
        max_examples=limit,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(hypothesis.HealthCheck),
    )


def _shard(config: pytest.Config) -> Shard:
    try:
        return read(option(config, "shard"))
    except TargetError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the laws in their order: what can happen once only (unread becomes read) comes first."""
    ours = [item for item in items if item.path.parent == PACKAGE]
    rank = {f"test_{name}": number for number, name in enumerate(ORDER)}
    places = {id(item): number for number, item in enumerate(items)}
    ours.sort(
        key=lambda item: (
            rank.get(item.path.stem, len(rank)),
            places[id(item)] if _shuffled(config) is None else item.location[1] or 0,
        )
    )
    mine = iter(ours)
    items[:] = [next(mine) if item.path.parent == PACKAGE else item for item in items]
    gate = config.stash[RUN]
    gate.run.whole = {item.path.stem for item in ours} >= set(rank)
    theirs = [item for place, item in enumerate(ours) if not gate.run.shard.has(place, item.path.stem.removeprefix("test_"))]
    if theirs:
        items[:] = [item for item in items if item not in theirs]
        config.hook.pytest_deselected(items=theirs)
    gate.total = len(ours) - len(theirs)


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The open laboratory: the target answers, and at least one of its sessions works."""
    gate = request.config.stash[RUN]
    opened = open_lab(request.config, gate.run)
    gate.lab = opened
    gate.run.working = sessions_work(opened)
    if gate.run.working:
        look_beyond(request.config, opened)
        gate.run.working = remember(opened)
    if gate.run.working:
        opened.until = opened.client.until = gate.run.started + gate.run.max_time
    guardian = watch(opened) if gate.run.working else None
    if gate.run.working:
        gate.run.working = claim(opened)
    yield opened
    if gate.run.working:
        close(gate.run, opened)
    if guardian is not None:
        guardian.dismiss()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Run a law under its name; what it found fails it, what it could not judge is said."""
    if item.path.parent != PACKAGE:
        return (yield)
    gate = item.config.stash[RUN]
    ledger = gate.run.ledger
    if not gate.run.working:
        pytest.skip("nothing can be judged")
    ledger.law = gate.now
    try:
        if gate.lab is not None:
            gate.lab.go_on()
        result = yield
    except (NotJudgedError, OutOfTimeError) as reason:
        ledger.not_judged(ledger.law, str(reason))
        if not ledger.failing(ledger.law):
            pytest.skip(ledger.veil.text(str(reason)))
        result = None
    if broken := ledger.failing(ledger.law):
        raise LawBrokenError("\n\n".join(finding.text() for finding in broken))
    return result


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note which law begins."""
    if item.path.parent == PACKAGE:
        gate = item.config.stash[RUN]
        gate.now, gate.calls = law_name(item), gate.run.ledger.judged


def law_name(item: pytest.Item) -> str:
    """Answer the law's name for people: module and test."""
    return f"{item.path.stem.removeprefix('test_')}: {item.name.removeprefix('test_').replace('_', ' ')}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, pytest.TestReport]:
    """Show the findings and no traceback of ours, and of an error of ours nothing that belongs to somebody."""
    report: pytest.TestReport = yield
    if item.path.parent != PACKAGE:
        return report
    gate = item.config.stash[RUN]
    if call.when == "call":
        calls = gate.run.ledger.judged - gate.calls
        gate.run.laws.append(Law(gate.now, report.outcome, round(report.duration, 3), calls))
    elif report.failed and call.when == "teardown":
        gate.run.laws.append(Law(f"putting back, after {gate.now}", report.outcome, round(report.duration, 3), 0))
    if call.excinfo is not None and report.failed:
        broken = call.excinfo.errisinstance(LawBrokenError)
        report.longrepr = str(call.excinfo.value) if broken else crash(gate.run.ledger.veil, item, call.excinfo)
    report.sections = [(name, gate.run.ledger.veil.crash(text)) for name, text in report.sections]
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_internalerror(excrepr: ExceptionRepr) -> None:
    """Keep what the gate was reading out of what pytest says when the gate itself breaks."""
    strip(excrepr)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Give the run its outcome, write the reports, set the exit status."""
    gate = session.config.stash[RUN]
    if gate.lab is None:
        return
    run = gate.run
    run.interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
    run.seconds = time.monotonic() - run.started
    if run.report_dir is not None:
        write(run, run.report_dir)
        if run.shard != WHOLE:
            save(run, run.report_dir)
    session.exitstatus = run.exit_code


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say the verdict."""
    gate = config.stash[RUN]
    if gate.lab is not None:
        terminalreporter.write_line("")
        terminalreporter.write_line(shown(gate.run.verdict()))


def _shuffled(config: pytest.Config) -> object:
    return config.pluginmanager.get_plugin("randomly")
