"""How much work each depth does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Depth:
    """Numbers of repetitions, examples and rounds.

    `deep` repeats the state machine until `--max-time` is over.
    """

    name: str
    repeats: int
    subsets: int
    limits: tuple[int, ...]
    pages: int
    examples: int
    steps: int
    fuzz: int
    rounds: int


DEPTHS = {
    "quick": Depth("quick", 8, 8, (1, 7, 100), 25, 3, 12, 6, 10),
    "standard": Depth(
        "standard", 16, 31, (1, 2, 3, 5, 7, 10, 11, 19, 20, 21, 50, 99, 100), 60, 40, 30, 80, 25
    ),
    "deep": Depth("deep", 40, 31, (*range(1, 33), 49, 50, 51, 64, 99, 100), 400, 60, 40, 400, 150),
}
