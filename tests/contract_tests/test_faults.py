"""Every fault of the catalogue is caught by its rule on its operation, and accused of nothing else."""

from pathlib import Path

import pytest

from tests.contract_tests.faults_all import FAULTS
from tests.contract_tests.running import forked_gate, laws
from tests.contract_tests.serving import serving


def test_the_catalogue_has_lost_no_fault() -> None:
    assert len(FAULTS) == 223


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_the_gate_fails_by_the_law(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    with serving(fault.make(), fault.style) as url:
        flags = ["--base-url", url, "--strict", "--depth", fault.depth, *laws(fault.law)]
        code, report, output = forked_gate(tmp_path, *flags)
    found = {(finding["check"], finding["operation"]) for finding in report["findings"]}
    assert (fault.rule, fault.operation) in found, output
    assert {rule for rule, _ in found} <= fault.accusers, (
        f"accused of more than its fault\n{output}"
    )
    assert code == 1
