"""Golden transcripts: what a client sends and what the mock answers, to the letter.

A transcript is a list of steps that share one state. `UPDATE_TRANSCRIPTS=1` writes the answers anew: read the difference.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

from mock_server.behaviours.operations import OPERATIONS

TRANSCRIPTS = sorted(Path(__file__).with_name("transcripts").glob("*.yaml"))


def answer(client: FlaskClient, step: dict[str, Any]) -> dict[str, Any]:
    method, path = step["request"].split(" ", 1)
    response = client.open(path, method=method, headers=step.get("headers"), data=step.get("body"))
    headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
    text = response.get_data(as_text=True)
    return {
        "status": response.status_code,
        "headers": headers,
        "body": json.loads(text) if text else None,
    }


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_the_mock_answers_as_its_transcript_says(client: FlaskClient, path: Path) -> None:
    steps = yaml.safe_load(path.read_text())
    answers = [answer(client, step) for step in steps]
    if os.environ.get("UPDATE_TRANSCRIPTS"):
        told = [{**step, "answer": given} for step, given in zip(steps, answers, strict=True)]
        path.write_text(yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=127))
    for step, given in zip(steps, answers, strict=True):
        assert given == step["answer"], f"{path.stem}: {step['name']}: {step['request']}"


def test_every_operation_has_a_transcript() -> None:
    assert set(OPERATIONS) <= {path.stem for path in TRANSCRIPTS}
