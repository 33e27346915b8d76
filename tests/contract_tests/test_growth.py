"""What a hostile target says takes the gate time in proportion to its length."""

from collections.abc import Callable
from time import process_time

import pytest

from contract_tests.drift.response_facts import _challenge
from contract_tests.redaction import json_tokens
from contract_tests.redaction.redactor import Redactor

READERS: dict[str, Callable[[str], object]] = {
    "challenge": lambda text: _challenge(f"Bearer {text}"),
    "tokens of a body": lambda text: list(json_tokens.tokens(text)),
    "what an error says": lambda text: Redactor(hides=True).crash(f"E   '{text}"),
}


@pytest.mark.parametrize("reader", READERS)
def test_eight_times_the_text_takes_about_eight_times_as_long(reader: str) -> None:
    def seconds(text: str) -> float:
        started = process_time()
        READERS[reader](text)
        return process_time() - started

    for piece in ("a", "a ", "'\\", '"\\', '"a', "{", "year:", "- ", " ", "\\", "="):
        short, long = seconds(piece * 4000), seconds(piece * 32_000)
        assert long < 0.05 + short * 30, (
            f"{piece!r}: {short * 1000:.1f} ms, and {long * 1000:.1f} ms for eight times as much"
        )
