"""Laws give findings as values, and nothing reads a text of ours again."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract_tests.findings.collector import Collector
from contract_tests.findings.evidence import Facts, Status, Text, Value, kind_of_facts
from contract_tests.http.messages import Exchange, HttpRequest
from contract_tests.redaction.redactor import Redactor
from contract_tests.reports.finding_text import finding_row

PACKAGE = Path(__file__).parents[2] / "contract_tests"
REPORTING = {"find", "find_value", "_fail", "_find_mixed", "_past_end", "Complaint"}
"""Functions that take what was received and what was expected."""
PATTERNS_READ = {
    "api/invalid_credentials.py": "credentials that it makes",
    "api/run_marks.py": "marks that runs leave in profiles",
    "checks/boundary_values.py": "patterns of the contract",
    "checks/request_validation.py": "parameters and bodies",
    "checks/response_checks.py": "headers and bodies of responses",
    "cli/own_mock.py": "the address that the mock prints",
    "config/addresses.py": "addresses",
    "config/header_values.py": "headers that are given",
    "config/shard.py": "an option",
    "config/target_file.py": "variables of a target file",
    "drift/response_facts.py": "headers and bodies of responses",
    "drift/response_shapes.py": "places in bodies",
    "findings/finding.py": "JSON pointers",
    "findings/symptoms.py": "headers of responses",
    "http/messages.py": "words of a shell",
    "config/network_options.py": "an option",
    "http/response_reader.py": "status lines",
    "laws/_support.py": "times in bodies",
    "laws/histories/test_concurrency.py": "texts in profiles",
    "laws/profile/test_handles.py": "the pattern of handles",
    "redaction/json_tokens.py": "bodies",
    "redaction/redactor.py": "bodies and error messages of Python",
    "redaction/secret_echoes.py": "bodies",
    "redaction/placeholders.py": "whatever is shown, for secrets in it",
    "redaction/secret_table.py": "keys and values of bodies",
    "redaction/terminal_text.py": "whatever is shown, for signs that nobody sees",
    "reports/github_actions.py": "whatever is shown, for signs of its commands",
    "reports/junit_xml.py": "whatever is shown, for signs that XML has not",
    "reports/templating.py": "whatever is shown, for signs of HTML and Markdown",
}
"""The modules that have regular expressions, and what these read: no text that we wrote."""


ROOMS_OF_LAWS = ("laws", "api", "checks", "runner")


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield str(path.relative_to(PACKAGE)), ast.parse(path.read_text(encoding="utf-8"))


def test_no_law_writes_a_sentence_with_values_in_it() -> None:
    written = [
        f"{name}:{argument.lineno}"
        for name, tree in modules()
        if name.startswith(ROOMS_OF_LAWS)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and called(call) in REPORTING
        for argument in call.args
        if isinstance(argument, ast.JoinedStr)
    ]
    assert written == [], "use Text(template, *values)"


def called(call: ast.Call) -> str:
    return getattr(call.func, "attr", "") or getattr(call.func, "id", "")


def test_each_module_with_patterns_says_what_they_read() -> None:
    have = {
        name
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import) and "re" in {each.name for each in node.names}
    }
    assert have == PATTERNS_READ.keys()


def test_texts_of_one_template_are_of_one_kind_whatever_their_values() -> None:
    one, other = (Text("{} items on page {}", number, number) for number in (1, 20))
    assert kind_of_facts(one) == kind_of_facts(other) != kind_of_facts(Text("{} items", 1))
    assert kind_of_facts(Value("a")) == kind_of_facts(Value("b")) != kind_of_facts(Value(None))


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ("no braces {} are read", "no braces {} are read"),
        (Text("{} is {}", "title", Value("{}")), 'title is "{}"'),
        (Text("with Allow: {}", None), "with Allow: none"),
        (Status(404), "404"),
        (Status(401, Text("for {}", "no header")), "401, for no header"),
        (Value({"a": [None, True, 1.5]}), '{"a": [null, true, 1.5]}'),
        (Value(None), "null"),
    ],
)
def test_values_are_shown_as_they_are(facts: Facts, shown: str) -> None:
    collector = Collector("http://x")
    collector.find("update.seen", "updateProfile", facts, facts)
    row = finding_row(next(iter(collector.findings.values())), collector)
    assert (row["received"], row["documented"]) == (shown, shown)


def test_a_value_of_a_field_is_shown_with_its_name_and_what_was_read_by_its_shape() -> None:
    redactor = Redactor(hides=True)
    collector = Collector("http://x", redactor=redactor)
    read = Exchange(HttpRequest("getProfile", "GET", "/"), 200, (), b'{"biography": "wilma"}')
    redactor.read(read.body)
    collector.find("update.seen", "x", Value("wilma"), Value(None), field="biography")
    row = finding_row(next(iter(collector.findings.values())), collector)
    assert row["received"] == 'biography is "‹text 1: 5 characters, lower-case letters›"'
    assert row["documented"] == "null"


def test_what_is_received_without_steps_is_the_step_to_repeat() -> None:
    collector = Collector("http://x")
    answer = Exchange(HttpRequest("getProfile", "GET", "/a"), 404, (), b"{}")
    collector.find("session.place", "getProfile", answer, Status(401))
    row = finding_row(next(iter(collector.findings.values())), collector)
    assert row["received"] == "404 {}"
    assert row["steps"] == ["curl -i http://x/a"]
