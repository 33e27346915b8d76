"""What is a secret in one place is one in every place, however it is spelt; hiding it takes time in proportion to the text."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from time import process_time
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mock_server.contract.decoding import decode_number, percent_decode, split_query
from mock_server.contract.route_hints import canonical
from mock_server.errors import Violation
from mock_server.journal import access_log, masking, secret_names
from mock_server.journal.capture import Capture
from mock_server.journal.entries import Entry, event, presentable
from mock_server.stores.redis.entry_codec import pack_entry, unpack_entry

SECRET = """
    api_key apiKey key jwt sig signature auth pwd passwd otp %74oken %2574oken access_token client_secret credential sid pin
    X-Auth X-Access-Key Ocp-Apim-Subscription-Key Dpop Proxy-Authorization Cookie X-Amz-Security-Token X-CSRF-Token
    X-Mock-Control x_mock_control
    user[token] token[] token2 ToKeN APIKEY ApIkEy xApiKey accesstoken passwordhash refreshToken session
    session_id PHPSESSID JSESSIONID connect.sid AWSAccessKeyId X-Hub-Signature-256 oauth2_token tokens
    \uff54oken userPass code_verifier verification_code recoveryCode backup-code mfaCode
""".split()  # noqa: SIM905
HARMLESS = """
    keyboard author monkey passage sessions tokenizer authority compass bypass possession assignment design signal
    keyword hockey token_type sessionCount expiresIn Idempotency-Key sec-websocket-key sortKey spin opinion pinned sidebar
    passenger page fields containerId handle displayName code user X-Request-Id Content-Type errorCode country_code ticket
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", SECRET)
def test_a_secret_is_known_by_the_words_of_its_name(name: str) -> None:
    assert secret_names.is_secret(name)


@pytest.mark.parametrize("name", HARMLESS)
def test_a_name_that_only_looks_like_a_secret_is_none(name: str) -> None:
    assert not secret_names.is_secret(name)


PARTS = (
    '--B\r\nContent-Disposition: form-data; name="pwd"\r\n\r\n%s\r\n'
    '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\ny\r\n--B--'
)
BODIES = {
    '{"apiKey":12,"pin":true,"ok":[1]}': '{"apiKey":"***","pin":"***","ok":[1]}',
    '{"\\u0074oken": {"a": "}"}, "b": [{"jwt" : ["x"]}]}': '{"\\u0074oken": "***", "b": [{"jwt" : "***"}]}',
    '{"password": null, "author": "Ada"}': '{"password": null, "author": "Ada"}',
    '{"password": "hun': '{"password": "***"',
    "{password: 'hunter 2', b: 1}": "{password: '***', b: 1}",
    '{"inside": "{\\"token\\":\\"x\\"}"}': '{"inside": "{\\"token\\":\\"***\\"}"}',
    '{"link":"https://u:p@h/?sig=1&a=2"}': '{"link":"https://***@h/?sig=***&a=2"}',
    '{"said": "Bearer abcdefgh", "at": "12:30:00Z"}': '{"said": "***", "at": "12:30:00Z"}',
    "a=1&user%5Btoken%5D=x&code=y": "a=1&user%5Btoken%5D=***&code=***",
    "<a><password>x</password><b>c</b></a>": "<a><password>***</password><b>c</b></a>",
    "password: hunter 2\nname: Ada": "password: ***\nname: Ada",
    PARTS % "x": PARTS % "***",
}


@pytest.mark.parametrize("text", BODIES)
def test_a_body_of_any_form_is_shown_without_its_secrets_and_else_as_it_was(text: str) -> None:
    assert masking.body(text) == BODIES[text]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        (
            "Referer",
            "https://a.example/b?token=x&y=1#access_token=z",
            "https://a.example/b?token=***&y=1#access_token=***",
        ),
        (
            "Location",
            "/b?redirect=https%3A%2F%2Fh%2F%3Fjwt%3Dx",
            "/b?redirect=https%3A//h/%3Fjwt%3D***",
        ),
        ("Set-Cookie", "sid=abc; Path=/; HttpOnly", "sid=***; Path=/; HttpOnly"),
        ("X-Forward", "Basic dTpw", "***"),
        ("WWW-Authenticate", 'Bearer realm="here"', 'Bearer realm="here"'),
        (
            "Prefer",
            "code=401, example=SESSION_TOKEN_EXPIRED",
            "code=401, example=SESSION_TOKEN_EXPIRED",
        ),
        ("User-Agent", "curl/8.5 (x; y)", "curl/8.5 (x; y)"),
    ],
)
def test_a_header_is_shown_without_its_secrets(name: str, value: str, shown: str) -> None:
    assert masking.header(name, value) == shown


@pytest.mark.parametrize(
    ("path", "shown"),
    {
        "/__mock/sessions/abc/x": "/__mock/sessions/***/x",
        "/v1/user/auth/refresh-session": "/v1/user/auth/refresh-session",
        "/a;jsessionid=1/b": "/a;jsessionid=***/b",
        "/v1/user/by-id/ada/public": "/v1/user/by-id/ada/public",
    }.items(),
)
def test_a_path_is_shown_without_its_secrets(path: str, shown: str) -> None:
    assert masking.path(path) == shown


CANARY, NUMBER = "c4n4ryWh1chN0b0dyM4ySee", "4815162342108"
TERMS = (
    "api key",
    "access key",
    "token",
    "refresh token",
    "client secret",
    "password",
    "passwd",
    "auth",
    "sid",
    "jwt",
    "pin",
)


@st.composite
def names(draw: st.DrawFn) -> str:
    """A name of the table in one of its spellings."""
    words = draw(st.sampled_from(TERMS)).split()
    before = draw(st.sampled_from(["", "x", "user", "my"]))
    words = [before, *words] if before else words
    style = draw(st.sampled_from(["-", "_", ".", "camel", "Title-Case", "UPPER_CASE"]))
    if style == "camel":
        return words[0] + "".join(word.capitalize() for word in words[1:])
    if style == "Title-Case":
        return "-".join(word.capitalize() for word in words)
    return "_".join(words).upper() if style == "UPPER_CASE" else style.join(words)


def encoded(name: str) -> str:
    return "".join(f"%{ord(letter):02x}" for letter in name)


def escaped(name: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in name)


Place = Callable[[str], dict[str, str]]
PLACES: dict[str, Place] = {
    "query": lambda name: {"query": f"a=1&{name}={CANARY}&b=2"},
    "query, encoded": lambda name: {"query": f"{encoded(name)}={CANARY}"},
    "query, nested": lambda name: {"query": f"user[{name}]={CANARY}"},
    "query, of a URL in it": lambda name: {
        "query": f"to={quote(f'https://x.example/?{name}={CANARY}', safe='')}"
    },
    "query, echoed": lambda name: {
        "query": f"{name}={CANARY}",
        "reason": f"must be one of a, b, not {CANARY}",
    },
    "path": lambda name: {
        "path": f"/v1/tokens/{CANARY}",
        "nearest": f"it has {CANARY}" if not name else "",
    },
    "path, parameter": lambda name: {"path": f"/v1/x;{name}={CANARY}"},
    "header": lambda name: {"header": f"{re.sub('(?<=[a-z])(?=[A-Z])', '-', name)}: {CANARY}"},
    "header, a URL": lambda name: {"header": f"Referer: https://x.example/?{name}={CANARY}&a=1"},
    "header, userinfo": lambda _: {"header": f"Location: https://user:{CANARY}@x.example/"},
    "JSON": lambda name: {"body": json.dumps({"a": [{name: CANARY}], "b": 1})},
    "JSON, a number": lambda name: {"body": json.dumps({name: int(NUMBER)})},
    "JSON, an object": lambda name: {
        "body": json.dumps({name: {"deep": [CANARY, {"er": CANARY}]}}, indent=1)
    },
    "JSON, escaped": lambda name: {"body": f'{{"{escaped(name)}" : "{CANARY}"}}'},
    "JSON, cut": lambda name: {"body": f'{{"x":1,"{name}":["{CANARY[:20]}'},
    "JSON, in JSON": lambda name: {"body": json.dumps({"x": json.dumps({name: CANARY})})},
    "JSON, given twice": lambda name: {"body": f'{{"{name}":"{CANARY}","{name}":1}}'},
    "form": lambda name: {"body": f"a=1&{name}={CANARY}"},
    "multipart": lambda name: {
        "body": f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{CANARY}\r\n--B--\r\n',
        "header": "Content-Type: multipart/form-data; boundary=B",
    },
    "change": lambda name: {"change": f"/users/ada/{name}"},
    "credentials, echoed": lambda _: {
        "header": f"Authorization: Bearer {CANARY}",
        "reason": CANARY,
        "body": f'{{"x":"{CANARY}"}}',
    },
}


def entry(  # noqa: PLR0913 - every place
    *,
    path: str = "/v1",
    query: str = "",
    header: str = "",
    body: str = "",
    reason: str = "",
    change: str = "",
    nearest: str = "",
) -> Entry:
    name, _, value = header.partition(": ")
    raw = [(name.lower().encode(), value.encode())] if header else []
    wire = Capture(
        0,
        raw,
        body.encode(),
        len(body),
        [(name, value)] if header else [],
        body.encode(),
        len(body),
    )
    violations = [Violation("query", "x", reason)] if reason else []
    changes = ((change, CANARY, CANARY),) if change else ()
    at = datetime(2026, 3, 10, tzinfo=UTC)
    return Entry(
        1,
        "s",
        at,
        "GET",
        path,
        query,
        "",
        None,
        400,
        0.1,
        violations,
        changes,
        nearest,
        "",
        "",
        wire,
    )


def outputs(kept: Entry) -> list[str]:
    """Everything that shows or stores an entry."""
    assert kept.wire is not None
    told = [kept.wire.request_as_json(), kept.wire.reply_as_json(), kept.as_json()]
    return [
        json.dumps(told),
        event(kept).decode(),
        access_log.text(kept, colours=True),
        access_log.json(kept),
        pack_entry(kept).decode(),
    ]


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=20, deadline=None)
@given(name=names())
def test_a_secret_is_in_no_output_wherever_it_stood(place: str, name: str) -> None:
    kept = presentable(entry(**PLACES[place](name)))
    for said in outputs(kept):
        assert CANARY[:12] not in said, said
        assert NUMBER not in said, said


def test_what_the_shared_store_kept_is_read_and_shown_as_it_was() -> None:
    kept = presentable(
        entry(
            query="a=1", header="Referer: https://x.example/?token=1", body='{"token":"1","n":"né"}'
        )
    )
    again = unpack_entry(b"1 " + pack_entry(kept))
    assert again.wire is not None
    assert kept.wire is not None
    assert (again.as_json(), again.wire.request_as_json()) == (
        kept.as_json(),
        kept.wire.request_as_json(),
    )


@pytest.mark.parametrize(
    "body",
    [
        f'{{"x": "y", "password": "{CANARY}", "b": 1}}',
        f'{{"token":{{"a":"{CANARY}"}}}}',
        f"a=b&pwd={CANARY}",
    ],
)
def test_a_body_that_was_cut_anywhere_shows_nothing_of_a_secret(body: str) -> None:
    for length in range(len(body)):
        assert CANARY[:3] not in masking.body(body[:length]), body[:length]


pieces = st.sampled_from(
    [
        '"',
        "'",
        "{",
        "}",
        "[",
        "]",
        ":",
        "=",
        "&",
        "\\",
        "\\u0074oken",
        "%",
        "%3D",
        "token",
        "a",
        "1",
        "/",
        "//",
        "@",
        "?",
        " ",
        "\n",
        "<",
        ">",
        "--",
        ";",
        "é",
        "null",
        ",",
        "***",
    ]
)


@given(st.lists(pieces, max_size=30).map("".join))
@example('{"token":"***"}')
def test_hiding_twice_is_hiding_once_and_nothing_breaks_it(text: str) -> None:
    for mask in (
        masking.body,
        masking.query,
        masking.path,
        masking.plain,
        lambda value: masking.header("X", value),
    ):
        once = mask(text)
        assert mask(once) == once


HOSTILE = [
    "token",
    "tokentoken?",
    "a=",
    "&",
    "a&",
    "token=",
    ":",
    '"',
    "\\",
    '{"a\\"',
    "{",
    '{"token":[',
    "<",
    "%25",
    "%",
    "://",
    "--a\n",
]
HOSTILE += [
    'a:"',
    " ",
    'key"\\=',
    '{"a":"{\\"b\\":',
    "A",
    "aA",
    "/sessions",
    "1",
    "[",
    ",bearer ",
    "é",
]
READERS: dict[str, Callable[[str], object]] = {
    "query": masking.query,
    "path": masking.path,
    "body": masking.body,
    "JSON": lambda text: masking.body('{"x":' + text),
    "form": lambda text: masking.body(text, "application/x-www-form-urlencoded"),
    "multipart": lambda text: masking.body("--a\r\n" + text, "multipart/form-data"),
    "header": lambda text: masking.header("Referer", text),
    "cookie": lambda text: masking.header("Set-Cookie", text),
    "name": secret_names.is_secret,
    "canonical path": canonical,
    "split query": split_query,
    "decoding": lambda text: _tried(
        percent_decode, text.encode("ascii", "replace").decode(), plus=True
    ),
    "number": lambda text: _tried(decode_number, text),
}


def _tried(function: Callable[..., object], *arguments: object, **more: object) -> None:
    with suppress(ValueError):
        function(*arguments, **more)


@pytest.mark.parametrize("reader", READERS)
def test_eight_times_the_text_takes_about_eight_times_as_long(reader: str) -> None:
    def seconds(text: str) -> float:
        started = process_time()
        READERS[reader](text)
        return process_time() - started

    for piece in HOSTILE:
        text = piece * (600 // len(piece))
        short, long = seconds(text), seconds(text * 8)
        assert long < 0.02 + short * 30, (
            f"{piece!r} repeated: {short * 1000:.1f} ms, and {long * 1000:.1f} ms for eight times as much"
        )


def test_a_body_that_is_not_what_its_type_says_is_shown_without_its_secrets() -> None:
    assert masking.body("<token>hush</token>", "application/json") == "<token>***</token>"
    assert masking.query("ticket=ST-hush&a=1") == "ticket=***&a=1"


def test_a_name_of_marks_that_have_an_order_takes_no_longer_than_another() -> None:
    marks = "a" + "\u0301\u0327" * 30_000  # normalized as a whole, they would be sorted one by one
    started = process_time()
    assert not secret_names.is_secret(marks)
    assert process_time() - started < 2, "60,000 marks take a twentieth of a second, and sorted 10"
