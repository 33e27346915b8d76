"""No correct server is accused: not at all where the contract is silent, never of a violation where we only decided.

`CORRECT_SEEDS=10` judges each with ten seeds; one is enough for the suite.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.contract_tests.reference import Api
from tests.contract_tests.running import forked_gate
from tests.contract_tests.serving import serving
from tests.contract_tests.variants import DIFFERENT, SAME, Rolls, Variant

SEEDS = [str(seed) for seed in range(1, int(os.environ.get("CORRECT_SEEDS", "1")) + 1)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("variant", SAME, ids=lambda variant: variant.name)
def test_what_the_contract_does_not_say(variant: Variant, seed: str, tmp_path: Path) -> None:
    with serving(variant.make(), variant.style) as url:
        code, report, output = forked_gate(
            tmp_path, "--base-url", url, "--strict", "--depth", "quick", "--seed", seed
        )
    assert not report["findings"], output
    assert code == 0, output


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("variant", DIFFERENT, ids=lambda variant: variant.name)
def test_what_is_only_our_decision(variant: Variant, seed: str, tmp_path: Path) -> None:
    with serving(variant.make(), variant.style) as url:
        code, report, output = forked_gate(
            tmp_path, "--base-url", url, "--depth", "quick", "--seed", seed
        )
    assert {finding["severity"] for finding in report["findings"]} == {"inferred"}, output
    assert code == 0, output


class Tagged(Api):
    """A display name has a number behind it."""

    def stored(self, name: str, value: Any) -> Any:
        return f"{value}#0042" if name == "displayName" else super().stored(name, value)


@pytest.mark.parametrize(
    ("made", "seed", "depth", "ends"),
    # The old name of `Tagged` cannot be put back, which is no breach and must not pass in silence.
    [(Rolls, "2", "quick", 0), (Tagged, "1", "standard", 3)],
    ids=["a day", "the same text again"],
)
def test_the_state_machine_learns_what_a_target_makes_of_it(
    made: type[Api], seed: str, depth: str, ends: int, tmp_path: Path
) -> None:
    with serving(made()) as url:
        flags = ["--depth", depth, "--seed", seed, "--laws", "machine"]
        code, report, output = forked_gate(tmp_path, "--base-url", url, *flags)
    assert (code, report["findings"]) == (ends, []), output
