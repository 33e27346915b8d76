"""The pytest plugin of the gate: options, the `lab` fixture, and how a finding fails its law."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from contract_tests import contract, state, target
from contract_tests.coverage import Coverage
from contract_tests.depth import DEPTHS
from contract_tests.findings import Ledger, NotJudgedError
from contract_tests.lab import Lab
from contract_tests.reach import reached, sessions_work
from contract_tests.report import Run, write

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

PACKAGE = Path(__file__).parent
ORDER = (
    "read",
    "session",
    "projection",
    "update",
    "bounds",
    "text",
    "public",
    "pages",
    "referrals",
    "http",
    "steady",
    "concurrency",
    "machine",
    "fuzz",
)
# Option, default, what for. Each has the environment variable CONTRACT_TESTS_… of the same name.
OPTIONS = (
    ("target", "", "YAML file that describes the target"),
    ("depth", "standard", "quick, standard or deep"),
    ("seed", "1", "seed of everything random"),
    ("strict", "", "inferred findings fail the run"),
    ("report-dir", "", "directory for report.json and report.html"),
    ("max-time", "300", "seconds that depth deep may take"),
    ("verbose", "", "say every law"),
)
RUN = pytest.StashKey["Gate"]()


@dataclass
class Gate:
    """One run: what was asked for, the lab once it is open, and what became of each law."""

    run: Run
    lab: Lab | None = None
    whole: bool = True
    closed: bool = False
    laws: list[tuple[str, str, float]] = field(default_factory=list)


class LawBrokenError(Exception):
    """A law that found something; its text is the findings."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Define `--gate-…`; pytest-base-url defines `--base-url`."""
    group = parser.getgroup("contract tests")
    for name, default, text in OPTIONS:
        group.addoption(
            f"--gate-{name}", default=None, help=f"{text} (default: {default or 'none'}; CONTRACT_TESTS_{_env(name)})"
        )


def option(config: pytest.Config, name: str) -> str:
    """Answer an option's value: given, from the environment, or the default."""
    default = next(default for option_name, default, _ in OPTIONS if option_name == name)
    given = config.getoption(f"gate_{name.replace('-', '_')}", default=None)
    return str(given if given is not None else os.environ.get(f"CONTRACT_TESTS_{_env(name)}", default))


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the run and make Hypothesis follow its seed."""
    directory = option(config, "report-dir")
    run = Run(
        ledger=Ledger("", strict=option(config, "strict") in ("1", "true", "yes", "on")),
        coverage=Coverage(contract.load()),
        depth=option(config, "depth"),
        seed=int(option(config, "seed")),
        report_dir=Path(directory) if directory else None,
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
    config.stash[RUN].whole = {item.path.stem for item in ours} >= set(rank)


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The open laboratory: the target answers, and at least one of its sessions works."""
    gate = request.config.stash[RUN]
    opened = _open(request.config, gate.run)
    gate.lab = opened
    gate.run.working = sessions_work(opened)
    if gate.run.working:
        state_known(opened)
        yield opened
        close(gate)
    else:
        yield opened


def state_known(opened: Lab) -> None:
    """Remember what will be put back."""
    try:
        state.remember(opened)
    except NotJudgedError as reason:
        opened.ledger.not_judged("putting the profile back at the end", str(reason))


def close(gate: Gate) -> None:
    """Put the profiles back and judge what was reached."""
    assert gate.lab is not None
    gate.closed = True
    gate.lab.ledger.law = "reach"
    state.restore(gate.lab)
    if gate.whole:
        reached(gate.lab)
    gate.lab.client.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Run a law under its name; what it found fails it, what it could not judge is said."""
    if item.path.parent != PACKAGE:
        return (yield)
    gate = item.config.stash[RUN]
    ledger = gate.run.ledger
    if not gate.run.working:
        pytest.skip("nothing can be judged")
    ledger.law = law_name(item)
    try:
        result = yield
    except NotJudgedError as reason:
        ledger.not_judged(ledger.law, str(reason))
        if not ledger.failing(ledger.law):
            pytest.skip(str(reason))
        result = None
    if broken := ledger.failing(ledger.law):
        raise LawBrokenError("\n\n".join(finding.text() for finding in broken))
    return result


def law_name(item: pytest.Item) -> str:
    """Answer the law's name for people: module and test."""
    return f"{item.path.stem.removeprefix('test_')}: {item.name.removeprefix('test_').replace('_', ' ')}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, pytest.TestReport]:
    """Show the findings and no traceback of ours."""
    report: pytest.TestReport = yield
    if item.path.parent == PACKAGE and call.when == "call":
        item.config.stash[RUN].laws.append((law_name(item), report.outcome, report.duration))
        if call.excinfo is not None and call.excinfo.errisinstance(LawBrokenError):
            report.longrepr = str(call.excinfo.value)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Give the run its outcome, write the reports, set the exit status."""
    gate = session.config.stash[RUN]
    if gate.lab is None:
        return
    run = gate.run
    run.seconds = time.monotonic() - run.started
    run.laws = gate.laws
    if run.report_dir is not None:
        write(run, run.report_dir)
    session.exitstatus = run.exit_code


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say the verdict."""
    gate = config.stash[RUN]
    if gate.lab is not None:
        terminalreporter.write_line("")
        terminalreporter.write_line(gate.run.verdict())


def _open(config: pytest.Config, run: Run) -> Lab:
    path = option(config, "target")
    url = config.getoption("base_url", default=None) or os.environ.get("CONTRACT_TESTS_BASE_URL")
    try:
        aim = target.load(Path(path) if path else None, url)
    except target.TargetError as error:
        raise pytest.UsageError(str(error)) from error
    run.ledger.base_url = aim.base_url
    return Lab(
        aim, run.coverage.contract, run.ledger, DEPTHS[run.depth], run.seed, int(option(config, "max-time")), run.coverage
    )


def _shuffled(config: pytest.Config) -> object:
    return config.pluginmanager.get_plugin("randomly")


def _env(name: str) -> str:
    return name.replace("-", "_").upper()
