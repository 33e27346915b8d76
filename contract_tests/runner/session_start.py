"""From the options of pytest to an open laboratory."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contract_tests.api.context import Lab
from contract_tests.config import target
from contract_tests.config.depth import DEPTHS
from contract_tests.exceptions import UsageError
from contract_tests.findings import baseline
from contract_tests.http.network_options import Manners, manners
from contract_tests.http.write_policy import FORWARDED, Permission, decide
from contract_tests.redaction.redactor import Veil
from contract_tests.runner import tunnel_detection
from contract_tests.runner.pytest_options import flag, option

if TYPE_CHECKING:
    from contract_tests.reports.run_report import Run


def open_lab(config: pytest.Config, run: Run) -> Lab:
    """Return the laboratory that the options describe; raises `pytest.UsageError`."""
    path = option(config, "target")
    url = config.getoption("base_url", default=None) or os.environ.get("CONTRACT_TESTS_BASE_URL")
    try:
        how = _manners(config)
        far = flag(config, "far") or bool(how.proxy)
        aim = replace(target.load(Path(path) if path else None, url, run.shard), far=far)
        accepted = option(config, "baseline")
        run.ledger.baseline = baseline.read(Path(accepted)) if accepted else ()
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error
    run.ledger.base_url = aim.base_url
    run.ledger.veil = _veil(config, run, aim, how)
    run.target = aim
    permission = _permission(config, aim)
    lab = Lab(
        aim,
        run.coverage.contract,
        run.ledger,
        DEPTHS[run.depth],
        run.seed,
        run.coverage,
        permission,
        how,
    )
    run.sent = lab.client.sent
    return lab


def look_beyond(config: pytest.Config, lab: Lab) -> None:
    """Take a target on this machine that only forwards to another one for that: it is read, unless more is allowed."""
    if not lab.target.is_local or not lab.permission.writes:
        return
    if sign := tunnel_detection.sign(lab):
        lab.target = replace(lab.target, far=True)
        lab.permission = replace(_permission(config, lab.target), no_writes=FORWARDED.format(sign))
    if not lab.permission.writes:
        lab.ledger.not_judged("what writing does", lab.permission.no_writes)


def _permission(config: pytest.Config, aim: target.Target) -> Permission:
    allowed = {
        name: flag(config, f"allow-{name}".replace("_", "-"))
        for name in ("writes", "mark_read", "first_write")
    }
    return decide(aim, read_only=flag(config, "read-only"), **allowed)


def _veil(config: pytest.Config, run: Run, aim: target.Target, how: Manners) -> Veil:
    """Hide what was read, unless it is the sample data of our own mock, or is wanted."""
    shows = flag(config, "show-values") if option(config, "show-values") else aim.is_sample
    words = run.coverage.contract.words | {*aim.usernames, *aim.containers}
    return Veil(not shows, frozenset(words), (*aim.secrets, *how.secrets))


def _manners(config: pytest.Config) -> Manners:
    return manners(
        option(config, "rate-limit"),
        float(option(config, "request-timeout")),
        proxy=option(config, "proxy"),
        verify=flag(config, "tls-verify"),
        certificate=option(config, "client-cert"),
        headers=tuple(line for line in option(config, "header").splitlines() if line.strip()),
    )
