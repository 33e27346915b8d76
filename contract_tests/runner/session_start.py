"""From the options of pytest to an open laboratory."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contract_tests.api.context import Context
from contract_tests.config import target
from contract_tests.config.depth import DEPTHS
from contract_tests.exceptions import UsageError
from contract_tests.findings import baseline
from contract_tests.http.network_options import NetworkOptions, read_network_options
from contract_tests.http.write_policy import FORWARDED, Permission, decide
from contract_tests.redaction.redactor import Redactor
from contract_tests.runner import tunnel_detection
from contract_tests.runner.pytest_options import flag, option

if TYPE_CHECKING:
    from contract_tests.reports.run_report import Run


def open_context(config: pytest.Config, run: Run) -> Context:
    """Return the laboratory that the options describe; raises `pytest.UsageError`."""
    path = option(config, "target")
    url = config.getoption("base_url", default=None) or os.environ.get("CONTRACT_TESTS_BASE_URL")
    try:
        how = _manners(config)
        far = flag(config, "far") or bool(how.proxy)
        aim = replace(target.load(Path(path) if path else None, url, run.shard), far=far)
        accepted = option(config, "baseline")
        run.collector.baseline = baseline.read(Path(accepted)) if accepted else ()
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error
    run.collector.base_url = aim.base_url
    run.collector.redactor = _veil(config, run, aim, how)
    run.target = aim
    permission = _permission(config, aim)
    context = Context(
        aim,
        run.coverage.contract,
        run.collector,
        DEPTHS[run.depth],
        run.seed,
        run.coverage,
        permission,
        how,
    )
    run.sent = context.client.sent
    return context


def look_beyond(config: pytest.Config, context: Context) -> None:
    """Take a target on this machine that only forwards to another one for that: it is read, unless more is allowed."""
    if not context.target.is_local or not context.permission.writes:
        return
    if sign := tunnel_detection.sign(context):
        context.target = replace(context.target, far=True)
        context.permission = replace(
            _permission(config, context.target), no_writes=FORWARDED.format(sign)
        )
    if not context.permission.writes:
        context.collector.not_judged("what writing does", context.permission.no_writes)


def _permission(config: pytest.Config, aim: target.Target) -> Permission:
    allowed = {
        name: flag(config, f"allow-{name}".replace("_", "-"))
        for name in ("writes", "mark_read", "first_write")
    }
    return decide(aim, read_only=flag(config, "read-only"), **allowed)


def _veil(config: pytest.Config, run: Run, aim: target.Target, how: NetworkOptions) -> Redactor:
    """Hide what was read, unless it is the sample data of our own mock, or is wanted."""
    shows = flag(config, "show-values") if option(config, "show-values") else aim.is_sample
    words = run.coverage.contract.words | {*aim.usernames, *aim.containers}
    return Redactor(not shows, frozenset(words), (*aim.secrets, *how.secrets))


def _manners(config: pytest.Config) -> NetworkOptions:
    return read_network_options(
        option(config, "rate-limit"),
        float(option(config, "request-timeout")),
        proxy=option(config, "proxy"),
        verify=flag(config, "tls-verify"),
        certificate=option(config, "client-cert"),
        headers=tuple(line for line in option(config, "header").splitlines() if line.strip()),
    )
