"""JSON as RFC 8259 allows it, also with half characters and numbers that few programs can keep."""

import json
import re
import sys
from typing import Any

import orjson

from .content_codings import UnjudgedError

TOO_DEEP = "the body is nested too deep"
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(u[dD][89a-fA-F][0-9a-fA-F]{2})"
    r"|.)",
    re.DOTALL,
)
"""A pair of surrogates, one alone (which is captured), or any other escape."""
MOST_DIGITS = 18
LARGEST = sys.float_info.max


def read_json(raw: bytes) -> Any:
    """Return the value of JSON; raise `ValueError` where it is none.

    Half a character becomes U+FFFD, which is as long, and a number too large for a double becomes
    the largest one. Raises `UnjudgedError` for JSON that is nested too deep.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        text = _ESCAPE.sub(lambda found: r"\ufffd" if found[1] else found[0], raw.decode())
    try:
        return json.loads(text, parse_float=_bounded, parse_int=_whole, parse_constant=_refuse)
    except RecursionError:
        raise UnjudgedError(TOO_DEEP) from None


def _bounded(digits: str) -> float:
    return max(-LARGEST, min(LARGEST, float(digits)))


def _whole(digits: str) -> float:
    # Python refuses to read integers of thousands of digits, since that takes quadratic time.
    return int(digits) if len(digits) < MOST_DIGITS else _bounded(digits)


def _refuse(constant: str) -> None:
    raise ValueError(constant)
