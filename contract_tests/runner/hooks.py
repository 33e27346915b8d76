"""The pytest plugin of the gate: the `context` fixture, the order of the laws, and how a finding fails its law."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from contract_tests.api.saved_profiles import keep
from contract_tests.checks.coverage import Coverage
from contract_tests.config.depth import DEPTHS
from contract_tests.config.shard import WHOLE, Shard, read
from contract_tests.exceptions import (
    NEVER_ANSWERED,
    UNFINISHED,
    CheckFailed,
    NotJudgedError,
    OutOfTimeError,
    StoppedError,
    UnansweredError,
    UsageError,
)
from contract_tests.findings.collector import Collector
from contract_tests.interrupts import STOP, Phase
from contract_tests.redaction.internal_errors import confession
from contract_tests.redaction.terminal_text import shown
from contract_tests.redaction.traceback_redaction import crash, strip
from contract_tests.reports.merging import save
from contract_tests.reports.report_output import say, unwritable
from contract_tests.reports.run_report import Law, Run, write
from contract_tests.runner.preflight import sessions_work
from contract_tests.runner.pytest_options import define, flag, option, way_to
from contract_tests.runner.restore_guard import watch
from contract_tests.runner.session_start import look_beyond, open_context
from contract_tests.runner.teardown import claim, close, ended, remember
from contract_tests.spec import contract

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from _pytest._code.code import ExceptionRepr

    from contract_tests.api.context import Context
    from contract_tests.runner.restore_guard import Guardian

PACKAGE = Path(__file__).parents[1] / "laws"
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
    """One run: what was asked for, the context once it is open, and what became of each law."""

    run: Run
    context: Context | None = None
    calls: int = 0
    total: int = 0
    now: str = ""
    unanswered: list[tuple[str, str]] = field(default_factory=list)
    """Laws that ended since an operation refused a valid request, and that operation."""


NOT_WRITTEN = "Ended at once. The target was only read."
ENDED = "Ended at once. The profiles were put back, or it was said which were not."


def pytest_addoption(parser: pytest.Parser) -> None:
    """Define the options."""
    define(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the run and make Hypothesis follow its seed."""
    directory = option(config, "report-dir")
    run = Run(
        collector=Collector("", strict=flag(config, "strict")),
        coverage=Coverage(contract.load()),
        depth=option(config, "depth"),
        seed=int(option(config, "seed")),
        report_dir=Path(directory) if directory else None,
        max_time=int(option(config, "max-time")),
        min_judged=float(option(config, "min-judged")),
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
        # Not that of a CI system, which Hypothesis would choose by itself: one seed, the same calls everywhere.
        hypothesis.settings.get_profile("default"),
        max_examples=limit,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(hypothesis.HealthCheck),
    )


def _shard(config: pytest.Config) -> Shard:
    try:
        return read(option(config, "shard"))
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the laws in their order: what can happen once only (unread becomes read) comes first."""
    ours = [item for item in items if PACKAGE in item.path.parents]
    rank = {f"test_{name}": number for number, name in enumerate(ORDER)}
    places = {id(item): number for number, item in enumerate(items)}
    ours.sort(
        key=lambda item: (
            rank.get(item.path.stem, len(rank)),
            places[id(item)] if _shuffled(config) is None else item.location[1] or 0,
        )
    )
    mine = iter(ours)
    items[:] = [next(mine) if PACKAGE in item.path.parents else item for item in items]
    gate = config.stash[RUN]
    gate.run.whole = {item.path.stem for item in ours} >= set(rank)
    theirs = [
        item
        for place, item in enumerate(ours)
        if not gate.run.shard.has(place, item.path.stem.removeprefix("test_"))
    ]
    if theirs:
        items[:] = [item for item in items if item not in theirs]
        config.hook.pytest_deselected(items=theirs)
    gate.total = len(ours) - len(theirs)


@pytest.fixture(scope="session")
def context(request: pytest.FixtureRequest) -> Iterator[Context]:
    """The open laboratory: the target answers, and at least one of its sessions works."""
    gate = request.config.stash[RUN]
    opened = open_context(request.config, gate.run)
    gate.context = opened
    opened.until = opened.client.until = gate.run.started + gate.run.max_time
    STOP.phase, STOP.let_go, STOP.last_words = (
        Phase.AT_WORK,
        opened.client.let_go,
        lambda: NOT_WRITTEN,
    )
    gate.run.working = sessions_work(opened) and _is_known(request.config, opened)
    guardian = _keep(request.config, gate.run, opened) if gate.run.working else None
    if gate.run.working and not claim(opened):
        gate.run.working = False
        if gate.run.originals is not None:
            gate.run.originals.narrow(())
    yield opened
    if gate.run.working:
        close(gate.run, opened)
    STOP.phase, STOP.last_words = Phase.PUTTING_BACK, lambda: ENDED
    if guardian is not None:
        guardian.dismiss()


def _is_known(config: pytest.Config, context: Context) -> bool:
    """Find out what may be written and what is to be put back; tell whether that was possible."""
    try:
        look_beyond(config, context)
    except (NotJudgedError, OutOfTimeError) as reason:
        context.collector.not_judged("everything", str(reason))
        return False
    return remember(context)


def _keep(config: pytest.Config, run: Run, context: Context) -> Guardian | None:
    """Keep the profiles for the case that this process cannot put them back, and say what is left should it end at once."""
    try:
        run.originals = keep(context, way_to(config), option(config, "shard"))
    except OSError as error:
        say(
            f"Warning: the profiles as they are cannot be kept in a file: {error.strerror or error}\n"
        )
    guardian = watch(context, run.originals)

    def last_words() -> str:
        if guardian is None:
            return NOT_WRITTEN
        guardian.hush()
        users = " and ".join(f"${role.upper()}" for role in context.roles())
        how = f"\n{run.originals.how_to()}" if run.originals is not None else ""
        return (
            f"Ended at once. The profiles of {users} may be as the gate wrote them; "
            f"a process that is left behind tries to put them back.{how}"
        )

    STOP.last_words = last_words
    return guardian


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Run a law under its name; what it found fails it, what it could not judge is said."""
    if PACKAGE not in item.path.parents:
        return (yield)
    gate = item.config.stash[RUN]
    collector = gate.run.collector
    if not gate.run.working:
        pytest.skip("nothing can be judged")
    collector.law = gate.now
    found, calls = len(collector.findings), collector.judged
    result, reason = None, None
    try:
        if gate.context is not None:
            gate.context.go_on()
        result = yield
    except (NotJudgedError, OutOfTimeError) as error:
        reason = error
    if gate.context is not None and (
        len(collector.findings) > found or (reason is not None and collector.judged > calls)
    ):
        reason = ended(gate.context, found) or reason
    if reason is not None:
        _note_not_judged(gate, reason)
        if not collector.failing(collector.law):
            pytest.skip(collector.redactor.text(str(reason)))
    if broken := collector.failing(collector.law):
        raise CheckFailed("\n\n".join(finding.text() for finding in broken))
    return result


def _note_not_judged(gate: Gate, reason: Exception) -> None:
    """Note why the law of this moment was not judged, or not to its end."""
    law = gate.run.collector.law
    if isinstance(reason, StoppedError):
        gate.run.unfinished.append(law)
        return
    gate.run.collector.not_judged(law, str(reason))
    if isinstance(reason, UnansweredError):
        gate.unanswered.append((law, reason.operation))
    elif str(reason) in UNFINISHED:
        gate.run.unfinished.append(law)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note which law begins."""
    if PACKAGE in item.path.parents:
        gate = item.config.stash[RUN]
        gate.now, gate.calls = law_name(item), gate.run.collector.judged


def law_name(item: pytest.Item) -> str:
    """Return the law's name for people: module and test."""
    return f"{item.path.stem.removeprefix('test_')}: {item.name.removeprefix('test_').replace('_', ' ')}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, pytest.TestReport]:
    """Show the findings and no traceback of ours, and of an error of ours nothing that belongs to somebody."""
    report: pytest.TestReport = yield
    if PACKAGE not in item.path.parents:
        return report
    gate = item.config.stash[RUN]
    if call.when == "call":
        calls = gate.run.collector.judged - gate.calls
        gate.run.laws.append(Law(gate.now, report.outcome, round(report.duration, 3), calls))
    elif report.failed and call.when == "teardown":
        gate.run.laws.append(
            Law(f"putting back, after {gate.now}", report.outcome, round(report.duration, 3), 0)
        )
    if call.excinfo is not None and report.failed:
        broken = call.excinfo.errisinstance(CheckFailed)
        if not broken:
            gate.run.failures.append(f"{gate.now}: {confession(call.excinfo.value)}")
        report.longrepr = (
            str(call.excinfo.value)
            if broken
            else crash(gate.run.collector.redactor, item, call.excinfo)
        )
    report.sections = [
        (name, gate.run.collector.redactor.crash(text)) for name, text in report.sections
    ]
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_internalerror(excrepr: ExceptionRepr) -> None:
    """Keep what the gate was reading out of what pytest says when the gate itself breaks."""
    strip(excrepr)


def pytest_keyboard_interrupt() -> None:
    """Note that the run was interrupted, where pytest itself heard of it."""
    STOP.asked = True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None, Any, None]:
    """Give the run its outcome, write the reports, set the exit status; all after what pytest itself still puts away."""
    gate = session.config.stash[RUN]
    run = gate.run
    if exitstatus == pytest.ExitCode.INTERRUPTED:
        STOP.asked = True
    try:
        yield
    except OSError as error:
        _not_written(run, error)
    if gate.context is None:
        return
    if exitstatus == pytest.ExitCode.INTERNAL_ERROR:
        run.failures.append("an error outside the laws")
    run.interrupted, run.ended, run.passing = (
        STOP.asked,
        gate.context.watch.ended,
        gate.context.watch.passed(),
    )
    run.seconds = time.monotonic() - run.started
    _count_never_answered(gate)
    if run.report_dir is not None:
        try:
            write(run, run.report_dir)
            if run.shard != WHOLE:
                save(run, run.report_dir)
        except OSError as error:
            _not_written(run, error)
    session.exitstatus = run.exit_code


def _count_never_answered(gate: Gate) -> None:
    """Count laws as not judged, not as meant for other targets, where the operation that they need has never succeeded."""
    never = {
        law: name for law, name in gate.unanswered if not gate.run.coverage.has_succeeded(name)
    }
    gate.run.unfinished += list(never)
    for name in dict.fromkeys(never.values()):
        gate.run.collector.not_judged(f"what rests on {name}", f"{name} {NEVER_ANSWERED}")


def _not_written(run: Run, error: OSError) -> None:
    """Say that a report could not be written, which makes a run that would conform a failure."""
    why = unwritable(run.report_dir, error) if run.report_dir else f"{error.strerror or error}"
    if why not in run.failures:
        run.failures.append(why)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say the verdict."""
    gate = config.stash[RUN]
    if gate.context is not None:
        terminalreporter.write_line("")
        terminalreporter.write_line(shown(gate.run.verdict()))


def _shuffled(config: pytest.Config) -> object:
    return config.pluginmanager.get_plugin("randomly")
