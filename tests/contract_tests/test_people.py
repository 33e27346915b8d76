"""What belongs to people is shown nowhere: not on the terminal, not in a report, not by its shape's neighbours."""

import re
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode, urlsafe_b64encode
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contract_tests.api.context import Context
from contract_tests.api.invalid_credentials import invalid_credentials
from contract_tests.api.request_templates import REFERRALS
from contract_tests.checks.coverage import Coverage
from contract_tests.config.depth import DEPTHS
from contract_tests.config.target import Target
from contract_tests.findings.collector import Collector
from contract_tests.http.messages import Exchange, HttpRequest
from contract_tests.redaction.redactor import Redactor
from contract_tests.redaction.text_shapes import shape
from contract_tests.spec import contract
from tests.contract_tests.people import Gossip, Planted, told
from tests.contract_tests.reference import Answer, Request
from tests.contract_tests.running import ROOT, gate
from tests.contract_tests.serving import serving

QUICK = ("--depth", "quick", "--request-timeout", "2")
KEY = "quorquorgnur-key"
ARTEFACTS = ("report.json", "report.html", "junit.xml")


def everything(directory: Path, output: str) -> dict[str, str]:
    return {"the terminal": output, **{name: (directory / name).read_text() for name in ARTEFACTS}}


def tellers(planted: set[str], shown: dict[str, str]) -> dict[str, list[str]]:
    """What tells something, and what."""
    return {where: words for where, text in shown.items() if (words := told(planted, text))}


def test_a_whole_run_shows_nothing_of_anybody_and_stays_useful(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Gossip()
    years = {
        str(user["dateOfBirth"]["year"]) for user in api.users.values()
    }  # later the gate's own may be there
    monkeypatch.setenv("GATEWAY_KEY", KEY)
    with serving(api) as url:
        flags = ["--verbose", "--header", "X-Gateway: key ${GATEWAY_KEY}"]
        _, report, output = gate(
            tmp_path, "--target", api.target(tmp_path / "target.yaml", url), *QUICK, *flags
        )
    shown = everything(tmp_path, output)
    assert tellers(api.planted | {KEY.partition("-")[0]}, shown) == {}
    assert {where: found for where, text in shown.items() if (found := years & numbers(text))} == {}
    assert_useful(report)
    assert_pastable(report, dict(zip(("PRIMARY", "SECONDARY"), api.sessions.items(), strict=False)))


def numbers(text: str) -> set[str]:
    """The whole numbers in a text but those by which hidden texts are told apart."""
    return set(re.findall(r"(?<!\d)\d+(?!\d)", re.sub(r"‹text \d+", "‹text", text)))


def assert_useful(report: dict[str, Any]) -> None:
    assert {finding["operation"] for finding in report["findings"]} >= set(
        contract.load().operations
    )
    received = " ".join(finding["received"] for finding in report["findings"])
    assert re.search(
        r"‹text \d+: \d+ characters, [^›]*lower-case letters[^›]*U\+(200B|00AB) at \d+", received
    ), received
    plain = received.replace("'", '"')
    for kept in (
        "‹4 digits›",
        '"containerId": "main"',
        '"INTERNAL_SERVER_ERROR"',
        '"createdAt": "2026-03',
        "contract-tests",
    ):
        assert kept in plain


def assert_pastable(report: dict[str, Any], users: dict[str, tuple[str, str]]) -> None:
    """A line without the name of its user says what has to be set, and then asks the same."""
    role, found = next(
        (role, each)
        for each in report["findings"]
        for role in users
        if f"${role}_USERNAME/" in each["curl"]
    )
    assert any(f"{role}_USERNAME=…" in line for line in report["before_curl"])
    known = " ".join(
        f"{each}={token} {each}_USERNAME={name}" for each, (token, name) in users.items()
    )
    with serving(Planted()) as url:
        line = re.sub(r"http://[\d.:]+", url, found["curl"])
        said = subprocess.run(["bash", "-c", f"{known}; {line}"], capture_output=True, check=True)
    assert b'"username": "%s"' % users[role][1].encode() in said.stdout


def test_a_run_shows_what_it_read_if_asked_to_but_no_token(tmp_path: Path) -> None:
    api = Gossip()
    flags = ["--laws", "projection", "--laws", "session", "--show-values"]
    with serving(api) as url:
        _, report, output = gate(
            tmp_path, "--target", api.target(tmp_path / "target.yaml", url), *QUICK, *flags
        )
    name = next(iter(api.users.values()))["displayName"]
    assert name in str(report["findings"]) or name.swapcase() in str(report["findings"])
    assert told(api.planted, output)
    assert told({*api.sessions, *api.expired}, "".join(everything(tmp_path, output).values())) == []
    assert "--show-values" in report["repeat"]


@pytest.mark.parametrize(
    ("flags", "hidden"), [([], False), (["--hide-values"], True)], ids=["by default", "if asked to"]
)
def test_sample_data_are_shown(flags: list[str], tmp_path: Path, *, hidden: bool) -> None:
    class Shouting(Planted):
        """Has the sample sessions, and shouts."""

        def __init__(self) -> None:
            super().__init__()
            self.sessions = {f"{role}-session": self.names[role] for role in self.names}

        def project(self, user: dict[str, Any], names: list[str]) -> dict[str, Any]:
            found = super().project(user, names)
            return {**found, "displayName": "!"} if len(names) == 1 else found

    api = Shouting()
    with serving(api) as url:
        _, report, output = gate(
            tmp_path, "--base-url", url, *QUICK, "--laws", "projection", *flags
        )
    assert report["findings"]
    assert (told(api.planted, output) == []) == hidden


BREAKING = """
import sys
import {module}
from contract_tests.cli.judge_command import main

def break_down(*args, **kwargs):
    raise KeyError(args, {{"of": "{word}"}}, "{word} in words".upper())

{module}.{name} = break_down
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("contract_tests.api.resources", "profile"),
        ("contract_tests.api.resources", "restore"),
        ("contract_tests.checks.response_checks", "judge"),
    ],
)
def test_a_law_that_breaks_down_tells_nothing(module: str, name: str, tmp_path: Path) -> None:
    api = Planted()
    word = next(iter(api.users.values()))["handle"]
    with serving(api) as url:
        target = api.target(tmp_path / "target.yaml", url)
        code = BREAKING.format(module=module, name=name, word=word)
        command = [
            sys.executable,
            "-c",
            code,
            "--target",
            target,
            *QUICK,
            "--laws",
            "referrals",
            "--report-dir",
            str(tmp_path),
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    shown = everything(tmp_path, done.stdout + done.stderr)
    assert "KeyError" in shown["the terminal"]
    assert "break_down" in shown["the terminal"]
    assert tellers(api.planted, shown) == {}


class Slow(Gossip):
    """Gives time to stop the run in its middle."""

    def __call__(self, request: Request) -> Answer:
        time.sleep(0.005)
        return super().__call__(request)


def test_a_run_that_is_stopped_tells_nothing(tmp_path: Path) -> None:
    api = Slow()
    with serving(api) as url:
        command = [
            sys.executable,
            "-m",
            "contract_tests",
            "--target",
            api.target(tmp_path / "target.yaml", url),
            "--verbose",
        ]
        command += [*QUICK, "--report-dir", str(tmp_path), "--laws", "update", "--laws", "session"]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        until = time.monotonic() + 60
        while next(api.counter) < 1000:
            assert time.monotonic() < until, "the run did not begin"
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    shown = everything(tmp_path, output)
    assert "violation" in output
    assert tellers(api.planted, shown) == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Ada Lovelace", "12 characters, upper-case letters, lower-case letters, spaces"),
        ("a\u200bb", "3 characters, lower-case letters, U+200B at 2"),
        (" 7", "2 characters, spaces, digits, white space first"),
        ("a.b@c", "5 characters, lower-case letters, punctuation .@"),
        ("\uff41", "1 character, lower-case letters beyond ASCII that NFKC changes"),
        (
            "漢😀\u0301\u0301\u0301",
            "5 characters, letters beyond ASCII, U+1F600 at 2, U+0301 at 3, U+0301 at 4, 1 more odd ones",
        ),
    ],
)
def test_a_shape_keeps_what_a_law_is_about(text: str, says: str) -> None:
    assert shape(text) == says


def redactor(*read: str) -> Redactor:
    made = Redactor(hides=True, words=frozenset({"main", "handle", "true"}))
    for text in read:
        made.read(b'{"username": "%s"}' % text.encode())
    return made


@pytest.mark.parametrize(
    ("read", "evidence", "shown"),
    [
        (
            "ed",
            "ed handled it, 'ed'",
            "‹text 1: 2 characters, lower-case letters› handled it, '‹text 1: 2 characters, lower-case letters›'",
        ),
        ("x", "an x in 'x'", "an x in '‹text 1: 1 character, lower-case letters›'"),
        (
            "é b",
            "/by-id/%C3%A9%20b",
            "/by-id/‹text 1: 3 characters, lower-case letters beyond ASCII, spaces, lower-case letters›",
        ),
        (
            "é b",
            "\\u00e9 b",
            "‹text 1: 3 characters, lower-case letters beyond ASCII, spaces, lower-case letters›",
        ),
        ("main", "main", "main"),
        ("", "''", "''"),
    ],
)
def test_a_text_is_found_however_it_is_spelt(read: str, evidence: str, shown: str) -> None:
    assert redactor(read).text(evidence) == shown


@pytest.mark.parametrize(
    "line",
    ["E   KeyError: 'wilm...'", '  | ValueError: no "bet..." here', "    | KeyError: 'wilma'"],
)
def test_what_an_error_quotes_is_hidden_also_where_it_was_cut(line: str) -> None:
    code = "    raise KeyError('wilm...')"
    shown = redactor("wilma").crash(f"{code}\n{line}")
    assert shown.startswith(code)
    assert not re.search("wilm|bet", shown.removeprefix(code))


@pytest.mark.parametrize(
    "made", ["WILMA", "wilm", "wilmax", "w_lma", "\uff57\uff49\uff4c\uff4d\uff41", "_ilma"]
)
def test_a_name_that_the_gate_makes_of_another_is_not_its_own(made: str) -> None:
    hiding = redactor("wilma")
    call = HttpRequest(
        "getPublicProfile", "GET", f"/v1/user/by-id/{made}/public?containerId=main", redactor=hiding
    )
    hiding.sent(call)
    assert made not in call.curl("http://x")


@pytest.mark.parametrize(
    ("name", "sent"), [("wilma", "wilma"), ("wilma@stone.example", "wilma%40stone.example")]
)
def test_the_name_of_a_session_is_a_variable_of_the_shell(name: str, sent: str) -> None:
    hiding = redactor(name)
    hiding.name(name, "PRIMARY_USERNAME")
    call = HttpRequest(
        "getPublicProfile",
        "GET",
        f"/v1/user/by-id/{sent}/public",
        (("X-User", name),),
        redactor=hiding,
    )
    assert (
        call.curl("http://x")
        == 'curl -i "http://x/v1/user/by-id/$PRIMARY_USERNAME/public" -H "X-User: $PRIMARY_USERNAME"'
    )


def test_what_the_gate_made_up_stays() -> None:
    hiding = redactor("wilma")
    body = (
        '{"biography": "0123 contract-tests", "dateOfBirth": {"year": 1950, "month": 1, "day": 2}}'
    )
    call = HttpRequest(
        "updateProfile", "POST", "/v1/user/profile", (), body.encode(), redactor=hiding
    )
    hiding.sent(call)
    assert body in call.curl("http://x")
    shouted = body.replace("contract-tests", "CONTRACT-TESTS")
    assert Exchange(call, 200, (), shouted.encode()).shown() == f"200 {shouted}"
    assert (
        hiding.text("{'year': 1950, 'month': 1, 'day': 3}")
        == "{'year': ‹4 digits›, 'month': ‹1 digits›, 'day': ‹1 digits›}"
    )


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (
            '{"handle": "wilma", "n": 123456',
            '{"handle": "‹text 1: 5 characters, lower-case letters›", "n": ‹number of 6 characters›',
        ),
        ("<p>wilma</p>", "‹text 1: 12 characters, punctuation <>/, lower-case letters›"),
        (
            '{"code": "NOT_HERE", "page": 12345, "read": true}',
            '{"code": "NOT_HERE", "page": 12345, "read": true}',
        ),
        (
            "{'handle': 'wilma'}",
            "{'handle': '‹text 1: 5 characters, lower-case letters›'}",
        ),
    ],
)
def test_a_body_is_taken_apart_also_where_it_is_broken(body: str, shown: str) -> None:
    assert redactor("wilma").body(body) == shown


TOKENS = st.text("abcdefghijkmnopqrstuvwxyzABCXYZ0123456789-_.", min_size=9, max_size=40)


KNOWN = contract.load()


def lab_of(primary: str, secondary: str) -> Context:
    target = Target("http://127.0.0.1:1", {"primary": primary, "secondary": secondary}, (), ())
    return Context(target, KNOWN, Collector(target.base_url), DEPTHS["quick"], 0, Coverage(KNOWN))


PLAIN_LINE = 'curl -i http://x/v1/user/referrals -H "Authorization: '


@settings(deadline=None, max_examples=40)
@example("http00000", "000000000")
@example("100010001", "000000er1")
@given(TOKENS, TOKENS)
def test_no_credential_that_is_made_of_a_token_tells_it(primary: str, secondary: str) -> None:
    """Neither its half, nor all but one letter, nor its octets; and the line still sends the same."""
    context = lab_of(primary, secondary)
    for kind in invalid_credentials(context):
        if kind.header is None:
            continue
        call = context.request(REFERRALS, None, kind.header)
        line = call.curl("http://x")
        # Letters of the line itself may be those of a token, too.
        shown = unquote(line).removeprefix(PLAIN_LINE)
        piece = SequenceMatcher(None, shown, primary, autojunk=False).find_longest_match()
        if kind.name in ("an unknown token", "null", "a malformed header", "an empty header"):
            continue
        assert piece.size < max(4, len(primary) // 3), (kind.name, line)


def test_the_line_of_a_credential_that_is_made_of_a_token_sends_the_same() -> None:
    primary, secondary = "Tok-en.0123456789", "other-token"
    context = lab_of(primary, secondary)
    for kind in invalid_credentials(context):
        if kind.header:
            line = context.request(REFERRALS, None, kind.header).curl("http://x")
            word = line.partition("-H ")[2]
            script = f"PRIMARY={primary} SECONDARY={secondary}; printf %s {word}"
            said = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout
            assert said.decode() == f"Authorization: {kind.header}", kind.name


TOKEN = "tK9-xQ_77hVbW1~mZ0pp"


@pytest.mark.parametrize(
    "echo",
    [
        TOKEN,
        TOKEN.swapcase(),
        TOKEN[: len(TOKEN) // 2],
        TOKEN[len(TOKEN) // 2 :],
        TOKEN.encode().hex(),
        "".join(f"%{ord(letter):02x}" for letter in TOKEN),
        b64encode(f"Bearer {TOKEN}".encode()).decode(),
        urlsafe_b64encode(f"x:{TOKEN}".encode()).decode(),
        f"\u0130{TOKEN.title()}",
    ],
)
def test_no_form_that_a_target_gives_a_token_is_shown(echo: str) -> None:
    redactor = Redactor(hides=True, secrets=((TOKEN, "$PRIMARY"),))
    shown = redactor.text(f"401 with WWW-Authenticate: Bearer realm={echo}, and more")
    left = shown.partition("realm=")[2].partition(",")[0].replace("a part of $PRIMARY", "")
    assert "PRIMARY" in shown
    assert len(left) < len(TOKEN)
    assert shown.endswith(", and more")


def test_what_is_shown_may_be_asked_for_while_other_threads_read() -> None:
    hiding = redactor("wilma")
    done = threading.Event()

    def read() -> None:
        for number in range(600):
            hiding.read(b'{"username": "somebody-%d"}' % number)
        done.set()

    thread = threading.Thread(target=read)
    thread.start()
    while not done.is_set():
        assert "wilma" not in hiding.text("wilma")
    thread.join()
