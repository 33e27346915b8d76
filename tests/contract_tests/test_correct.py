"""No correct server is accused: not at all where the contract is silent, never of a violation where we only decided."""

from pathlib import Path

import pytest

from tests.contract_tests.running import gate
from tests.contract_tests.serving import serving
from tests.contract_tests.variants import DIFFERENT, SAME, Variant


def test_there_are_enough() -> None:
    assert len(SAME) >= 10


@pytest.mark.parametrize("variant", SAME, ids=lambda variant: variant.name)
def test_what_the_contract_does_not_say(variant: Variant, tmp_path: Path) -> None:
    for seed in ("1",):
        with serving(variant.make(), variant.style) as url:
            code, report, output = gate(tmp_path, "--base-url", url, "--strict", "--depth", "quick", "--seed", seed)
        assert not report["findings"], output
        assert code == 0, output


@pytest.mark.parametrize("variant", DIFFERENT, ids=lambda variant: variant.name)
def test_what_is_only_our_decision(variant: Variant, tmp_path: Path) -> None:
    with serving(variant.make(), variant.style) as url:
        code, report, output = gate(tmp_path, "--base-url", url, "--depth", "quick")
    assert {finding["severity"] for finding in report["findings"]} == {"inferred"}, output
    assert code == 0, output
