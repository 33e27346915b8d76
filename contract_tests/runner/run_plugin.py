"""One run as a plugin of pytest: the `context` of the laws, their order, what became of each."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from contract_tests.config.depth import DEPTHS
from contract_tests.config.shard import WHOLE
from contract_tests.exceptions import (
    CheckFailed,
    NotJudgedError,
    OutOfTimeError,
    Reason,
    StoppedError,
    UnansweredError,
    UsageError,
)
from contract_tests.interrupts import STOP, Phase
from contract_tests.redaction.internal_errors import confession
from contract_tests.redaction.terminal_text import shown
from contract_tests.redaction.traceback_redaction import crash, strip
from contract_tests.reports.finding_text import finding_row, finding_text
from contract_tests.reports.merging import save
from contract_tests.reports.report_files import report_data, write
from contract_tests.reports.report_output import unwritable
from contract_tests.reports.run_report import Law, Run
from contract_tests.reports.verdict_text import verdict
from contract_tests.runner.law_files import LAWS
from contract_tests.runner.session_start import NOT_WRITTEN, open_context, prepare
from contract_tests.runner.teardown import close, ended

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from _pytest._code.code import ExceptionRepr

    from contract_tests.api.context import Context
    from contract_tests.config.settings import Settings
    from contract_tests.config.target import Target

# What can happen once only (unread becomes read) comes first, what takes all the time last.
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
RANK = {f"test_{family}": number for number, family in enumerate(ORDER)}
PUT_BACK = "Ended at once. The profiles were put back, or it was said which were not."


PLUGIN = pytest.StashKey["RunPlugin"]()


# Compared by identity, as pytest's own plugins are.
@dataclass(eq=False, repr=False)
class RunPlugin:
    """The hooks of one run.

    `target` is read from the settings where it is not given. `total` is how many laws there are,
    `law` the one of this moment, and `unanswered` has those that ended since an operation refused
    a valid request, each with that operation.
    """

    settings: Settings
    run: Run
    target: Target | None = None
    context: Context | None = None
    total: int = 0
    law: str = ""
    unanswered: list[tuple[str, str]] = field(default_factory=list)
    _judged_before: int = 0

    def pytest_configure(self, config: pytest.Config) -> None:
        """Make Hypothesis follow the seed of the run."""
        config.stash[PLUGIN] = self
        hypothesis.core.global_force_seed = self.run.seed  # type: ignore[assignment]
        hypothesis.settings.register_profile(
            "gate",
            # Not that of a CI system, which Hypothesis would choose by itself: one seed, the same
            # calls everywhere.
            hypothesis.settings.get_profile("default"),
            max_examples=DEPTHS[self.run.depth].fuzz,
            deadline=None,
            database=None,
            phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
            suppress_health_check=list(hypothesis.HealthCheck),
        )

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        """Make Schemathesis follow the seed, too, before it makes laws of its schema."""
        if isinstance(collector, pytest.Module) and collector.path.stem == "test_fuzz":
            collector.obj.SCHEMA.config.seed = self.run.seed

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Put the laws into their order, and leave out those of other parts."""
        laws = [item for item in items if _is_law(item)]
        # pytest-randomly has shuffled them.
        if config.pluginmanager.has_plugin("randomly"):
            laws.sort(key=lambda law: law.location[1] or 0)
        laws.sort(key=lambda law: RANK.get(law.path.stem, len(RANK)))
        self.run.whole = {law.path.stem for law in laws} >= RANK.keys()
        mine: list[pytest.Item] = []
        others: list[pytest.Item] = []
        for place, law in enumerate(laws):
            is_mine = self.run.shard.has(place, family(law))
            (mine if is_mine else others).append(law)
        if others:
            config.hook.pytest_deselected(items=others)
        # Tests that are no laws come first: plain pytest may have some.
        items[:] = [item for item in items if not _is_law(item)]
        items += mine
        self.total = len(mine)

    # pytest takes no methods of an object for fixtures of a session.
    @pytest.fixture(scope="session", name="context")
    @staticmethod
    def opened(pytestconfig: pytest.Config) -> Iterator[Context]:
        """Open the run, let the laws judge, and put back what they changed."""
        yield from pytestconfig.stash[PLUGIN].open()

    def open(self) -> Iterator[Context]:
        """Do what the fixture does."""
        try:
            target = self.target or self.settings.target()
        except UsageError as error:
            pytest.exit(f"Error: {error}", pytest.ExitCode.USAGE_ERROR)
        context = self.context = open_context(self.settings, target, self.run)
        STOP.phase = Phase.AT_WORK
        STOP.let_go = context.client.let_go
        STOP.last_words = lambda: NOT_WRITTEN
        guard = prepare(self.settings, context, self.run)
        yield context
        if self.run.working:
            close(self.run, context)
        STOP.phase = Phase.PUTTING_BACK
        STOP.last_words = lambda: PUT_BACK
        if guard is not None:
            guard.dismiss()

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Note which law begins."""
        if _is_law(item):
            self.law = law_name(item)
            self._judged_before = self.run.collector.judged

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Run a law: what it found fails it, what it could not judge skips it."""
        if not _is_law(item):
            return (yield)
        context = self.context
        if context is None or not self.run.working:
            pytest.skip("nothing can be judged")
        collector = self.run.collector
        collector.law = self.law
        found, judged = len(collector.findings), collector.judged
        result = None
        reason: NotJudgedError | OutOfTimeError | None = None
        try:
            context.go_on()
            result = yield
        except (NotJudgedError, OutOfTimeError) as error:
            reason = error
        # A target that has ended looks like one that is wrong.
        is_cut_short = reason is not None and collector.judged > judged
        if is_cut_short or len(collector.findings) > found:
            reason = ended(context, found) or reason
        self._conclude(reason)
        return result

    def _conclude(self, reason: NotJudgedError | OutOfTimeError | None) -> None:
        """Fail the law of this moment for what it found, else skip it if it was not judged."""
        collector = self.run.collector
        if reason is not None:
            self._note_not_judged(reason)
        failing = collector.failing(self.law)
        if failing:
            rows = [finding_row(finding, collector) for finding in failing]
            raise CheckFailed("\n\n".join(map(finding_text, rows)))
        if reason is not None:
            pytest.skip(collector.redactor.text(str(reason)))

    def _note_not_judged(self, reason: NotJudgedError | OutOfTimeError) -> None:
        """Note why the law of this moment was not judged, or not to its end."""
        if isinstance(reason, StoppedError):
            self.run.unfinished.append(self.law)
            return
        self.run.collector.not_judged(self.law, reason)
        if isinstance(reason, UnansweredError):
            self.unanswered.append((self.law, reason.operation))
        elif reason.reason is Reason.UNFINISHED:
            self.run.unfinished.append(self.law)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, Any, pytest.TestReport]:
        """Show the findings, and of an error of ours nothing that belongs to somebody."""
        report: pytest.TestReport = yield
        if not _is_law(item):
            return report
        redactor = self.run.collector.redactor
        seconds = round(report.duration, 3)
        if call.when == "call":
            judged = self.run.collector.judged - self._judged_before
            law = Law(self.law, report.outcome, seconds, judged, family(item), name(item))
            self.run.laws.append(law)
        elif call.when == "teardown" and report.failed:
            after = f"putting back, after {self.law}"
            self.run.laws.append(Law(after, report.outcome, seconds, 0, after, after))
        if call.excinfo is not None and report.failed:
            error = call.excinfo.value
            if isinstance(error, CheckFailed):
                # The text is all there is to say; a traceback would be ours.
                report.longrepr = str(error)
            else:
                self.run.failures.append(f"{self.law}: {confession(error)}")
                report.longrepr = crash(redactor, item, call.excinfo)
        report.sections = [(name, redactor.crash(text)) for name, text in report.sections]
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: ExceptionRepr) -> None:
        """Keep what the gate was reading out of what pytest says when the gate itself breaks."""
        strip(excrepr)

    def pytest_keyboard_interrupt(self) -> None:
        """Note that the run was interrupted, where pytest itself heard of it."""
        STOP.is_stopping = True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int
    ) -> Generator[None, Any, None]:
        """Give the run its outcome, after all that pytest itself still puts away."""
        run = self.run
        if exitstatus == pytest.ExitCode.INTERRUPTED:
            STOP.is_stopping = True
        try:
            yield
        except OSError as error:
            self._note_unwritten(error)
        if self.context is None:
            return
        if exitstatus == pytest.ExitCode.INTERNAL_ERROR:
            run.failures.append("an error outside the laws")
        run.interrupted = STOP.is_stopping
        run.ended = self.context.watch.ended
        run.passing = self.context.watch.passed()
        run.seconds = time.monotonic() - run.started
        self._count_never_answered()
        self._write_reports()
        session.exitstatus = run.exit_code

    def _count_never_answered(self) -> None:
        """Count laws as not judged where the operation that they need has never succeeded.

        They are meant for this target, too, as far as anybody knows.
        """
        coverage = self.run.coverage
        never = {law: name for law, name in self.unanswered if not coverage.has_succeeded(name)}
        self.run.unfinished += never
        for name in dict.fromkeys(never.values()):
            why = f"{name} never answered a valid request"
            self.run.collector.not_judged(f"what rests on {name}", why, Reason.REFUSED)

    def _write_reports(self) -> None:
        run = self.run
        if run.report_dir is None:
            return
        try:
            write(run, run.report_dir)
            if run.shard != WHOLE:
                save(run, run.report_dir)
        except OSError as error:
            self._note_unwritten(error)

    def _note_unwritten(self, error: OSError) -> None:
        """Note that a report could not be written: the run does not conform then."""
        directory = self.run.report_dir
        why = unwritable(directory, error) if directory else f"{error.strerror or error}"
        if why not in self.run.failures:
            self.run.failures.append(why)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say the verdict, where pytest's own terminal shows the run."""
        if self.context is not None:
            terminalreporter.write_line("")
            terminalreporter.write_line(shown(verdict(self.run, report_data(self.run))))


def _is_law(item: pytest.Item) -> bool:
    return LAWS in item.path.parents


def family(item: pytest.Item) -> str:
    """Return the family of a law."""
    return item.path.stem.removeprefix("test_")


def name(item: pytest.Item) -> str:
    """Return what a law says, in words."""
    return item.name.removeprefix("test_").replace("_", " ")


def law_name(item: pytest.Item) -> str:
    """Return the law's name for people: its family and what it says."""
    return f"{family(item)}: {name(item)}"
