"""Odd requests to every operation and every control call, while somebody else asks whether the server is well."""

import json
import string
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import requests

from tests.live import LiveMock, live_mock, live_proxy
from tests.soak.figures import Figures
from tests.soak.wire import Answer, Connection, request

CLIENTS = 4
PAUSE = 1.0
"""Seconds for which nobody may have to wait for an answer to a simple question."""
SERVER_ERROR = 500
ANYWHERE = frozenset({400, 404, 405, 408, 411, 413, 414, 415, 421, 431})
"""Statuses with which a request is refused before it is known which operation it is for, or whether it is HTTP."""
TOKENS = (
    "ada-session",
    "grace-session",
    "ada-session-expired",
    "ada-refresh-expired",
    "nobody",
    "",
    "ä",
    "a b",
    "x" * 5000,
)
NUMBERS = (
    "0",
    "1",
    "-1",
    "101",
    "1e3",
    "1e99999999999999",
    "9" * 5000,
    "00000000007",
    "NaN",
    "0x10",
    "1_0",
    "٣",
    " 1",
    "1.0",
)
TEXTS = (
    "main",
    "ada",
    "",
    "é",
    "\x00",
    "\ud800",
    "../..",
    "a/b",
    "%",
    "%zz",
    "x" * 3000,
    "💥",
    "'\"<script>",
    "\u202e",
    "\r\nX: 1",
)
TYPES = (
    "application/json",
    "application/json; charset=latin-1",
    "text/plain",
    "",
    "multipart/form-data",
    "a/b;" * 500,
)
PREFERENCES = (
    "code=401",
    "example=SESSION_TOKEN_EXPIRED",
    "code=404, delay=1",
    "respond-async",
    "code",
    "code=x",
    'a="b',
    ",;=",
)
WHOLE = (
    "{}",
    "[]",
    "null",
    "1",
    '"a"',
    "",
    "{",
    "\x00",
    "[" * 1000,
    '{"a":' * 1000,
    "[" * 100_000,
    '{"a":1e400}',
    '"\\ud800"',
)
AS_IT_IS = frozenset(string.ascii_letters + string.digits + "-._~!$'()*+,;=:@%")


class Probe(threading.Thread):
    """Asks again and again whether the server is well; `slowest` is the longest that an answer took, in seconds."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url, self._end = url, threading.Event()
        self.slowest, self.calls, self.wrong = 0.0, 0, ""

    def run(self) -> None:
        """Ask until the end."""
        connection = Connection(self._url)
        raw = request("GET", "/__mock/health", connection.host, [], None)
        while not self._end.wait(0.02):
            began = time.monotonic()
            answer = connection.send("GET", raw)
            self.slowest, self.calls = max(self.slowest, time.monotonic() - began), self.calls + 1
            if answer.status != 200:
                self.wrong = f"{answer.status} {answer.body[:200]!r}"

    def end(self) -> None:
        """Stop asking."""
        self._end.set()
        self.join(20)

    def check(self) -> None:
        """Make sure that every answer came, and came soon."""
        assert not self.wrong, f"health was {self.wrong}"
        assert self.slowest < PAUSE, f"everybody waited for {self.slowest:.2f} s"


@contextmanager
def watched(probe: Probe) -> Iterator[None]:
    """Ask during the block; what the block raises goes before what the answers were."""
    probe.start()
    try:
        yield
    except BaseException:
        probe.end()
        raise
    probe.end()
    probe.check()


class Operation:
    """An operation of a document: how it is called, and what it may answer."""

    def __init__(self, document: dict[str, Any], path: str, method: str) -> None:
        self._document, self.path, self.method = document, path, method.upper()
        item = document["paths"][path]
        self.node = item[method]
        self.id: str = self.node["operationId"]
        self.parameters = [
            self._resolved(each)
            for each in [*item.get("parameters", []), *self.node.get("parameters", [])]
        ]
        self._responses = {
            status: self._resolved(node) for status, node in self.node["responses"].items()
        }
        self._validators: dict[str, Callable[[object], bool]] = {}

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            target: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def allows(self, answer: Answer) -> bool:
        """Tell whether the document knows such an answer; an empty body is right where none is described."""
        status = str(answer.status)
        if status not in self._responses:
            status = "default" if "default" in self._responses and answer.status < 300 else ""
        if not status:
            return answer.status in ANYWHERE
        content = self._responses[status].get("content", {})
        if not content:
            return not answer.body
        if answer.media_type not in content:
            return False
        if answer.media_type != "application/json":
            return True
        return self._valid(status, content["application/json"]["schema"])(json.loads(answer.body))

    def _valid(self, status: str, schema: dict[str, Any]) -> Callable[[object], bool]:
        if status not in self._validators:
            whole = {**schema, "components": self._document.get("components", {})}
            self._validators[status] = jsonschema_rs.Draft202012Validator(whole).is_valid
        return self._validators[status]


def operations(document: dict[str, Any]) -> list[Operation]:
    """Return all operations of a document but those whose answers never end."""
    found = [
        Operation(document, path, method)
        for path, item in document["paths"].items()
        for method in item
        if method in {"get", "post", "put", "patch", "delete"}
    ]
    return [each for each in found if "text/event-stream" not in json.dumps(each.node)]


class Dice:
    """Draws requests: mostly nearly right, often wrong in one place, sometimes wrong altogether."""

    def __init__(self, seed: object, sandbox: str) -> None:
        self.random, self.sandbox = Random(str(seed)), sandbox

    def value(self, schema: dict[str, Any]) -> str:
        """Draw the text of a parameter."""
        known = [str(each) for each in (*schema.get("enum", ()), *schema.get("examples", ()))]
        kind = schema.get("items", schema)
        known += [str(each) for each in kind.get("enum", ())]
        if kind.get("type") in {"integer", "number"}:
            known += ["1", "20", *NUMBERS]
        return self.random.choice([*known, *known, *TEXTS])

    def target(self, operation: Operation) -> str:
        """Draw path and query."""
        path, query = operation.path, []
        for each in operation.parameters:
            text = self.value(each.get("schema", {}))
            if each["in"] == "path":
                path = path.replace("{" + each["name"] + "}", self.encoded(text or "x"))
            elif each["in"] == "query" and self.random.random() < 0.8:
                query += [f"{each['name']}={self.encoded(text)}"] * self.random.choice([1, 1, 1, 2])
        if self.random.random() < 0.1:
            query.append(
                self.encoded(self.random.choice(TEXTS)) + "=" + self.random.choice(NUMBERS[:4])
            )
        if self.random.random() < 0.05:
            path = self.random.choice(["/", "//", "/./", "/%2e%2e/", "/__mock/../"]) + path[1:]
        return path + ("?" + "&".join(query) if query else "")

    def encoded(self, text: str) -> str:
        """Percent-encode a text, seldom not at all where a URI may hold it as it is (RFC 3986, 3.4)."""
        if self.random.random() < 0.1 and set(text) <= AS_IT_IS:
            return text
        return quote(text, safe="", errors="surrogatepass")

    def headers(self) -> list[tuple[str, str]]:
        """Draw headers; those that steer the mock are always there."""
        found = [("X-Mock-Control", "1"), ("X-Mock-Sandbox", self.sandbox)]
        found.append(
            (
                "Authorization",
                f"Bearer {self.random.choice((TOKENS[0], TOKENS[1], self.random.choice(TOKENS)))}",
            )
        )
        if self.random.random() < 0.1:
            found.append(("Prefer", self.random.choice(PREFERENCES)))
        if self.random.random() < 0.1:
            found.append(
                (
                    self.random.choice(["Accept", "X-Odd", "Cookie", "If-None-Match"]),
                    self.random.choice(TYPES),
                )
            )
        return [
            (name, "".join(letter for letter in value if letter not in "\r\n\0"))
            for name, value in found
        ]

    def body(self, operation: Operation) -> tuple[bytes | None, str]:
        """Draw a body and its type."""
        if "requestBody" not in operation.node:
            return (None, "") if self.random.random() < 0.8 else (b"{}", TYPES[0])
        kind = TYPES[0] if self.random.random() < 0.9 else self.random.choice(TYPES)
        if self.random.random() < 0.3:
            return self.random.choice(WHOLE).encode("utf-8", "surrogatepass"), kind
        return json.dumps(self.object(_properties(operation))).encode(), kind

    def object(self, names: list[str]) -> dict[str, Any]:
        """Draw an object with some of these names."""
        return {name: self.json(2) for name in names if self.random.random() < 0.6}

    def json(self, depth: int) -> Any:
        """Draw any JSON."""
        leaf = [None, True, 0, 1, -1, 2**70, 1.5, "main", "a" * 60, *TEXTS, *NUMBERS[:5]]
        if depth == 0 or self.random.random() < 0.6:
            return self.random.choice(leaf)
        if self.random.random() < 0.5:
            return [self.json(depth - 1) for _ in range(self.random.choice([0, 1, 3, 100]))]
        return {
            name: self.json(depth - 1) for name in ("year", "month", "day", "name", "action", "")
        }


def _properties(operation: Operation) -> list[str]:
    """Return every name of a property that stands anywhere in the operation, which is where odd values matter most."""
    found: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            found.update(node.get("properties", ()))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(operation.node)
    return sorted(found) or [
        "displayName",
        "handle",
        "biography",
        "dateOfBirth",
        "users",
        "notifications",
        "sessions",
    ]


def _work(url: str, client: str, seed: int, until: float, calls: list[Operation]) -> Counter[int]:
    """Send requests until the time is over; raises `AssertionError` on the first answer that is not right."""
    dice, connection = Dice(f"{seed}:{client}", client), Connection(url)
    statuses: Counter[int] = Counter()
    while time.monotonic() < until:
        operation = dice.random.choice(calls)
        body, kind = dice.body(operation)
        headers = [*dice.headers(), *([("Content-Type", kind)] if kind else [])]
        raw = request(operation.method, dice.target(operation), connection.host, headers, body)
        answer = connection.send(operation.method, raw)
        statuses[answer.status] += 1
        where = f"{operation.id}, seed {seed}, client {client}: {raw[:600]!r}\nanswered {answer.status} {answer.body[:600]!r}"
        assert answer.status < SERVER_ERROR, f"nobody asked for a failure: {where}"
        assert operation.allows(answer), f"an answer that the document does not allow: {where}"
    connection.close()
    return statuses


def _fuzz(
    server: LiveMock, seconds: float, seed: int, groups: list[tuple[str, list[Operation]]]
) -> Figures:
    probe = Probe(server.url)
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(CLIENTS) as pool, watched(probe):
        jobs = [
            pool.submit(_work, server.url, f"{sandbox}-{number}", seed, until, calls)
            for number in range(CLIENTS // len(groups))
            for sandbox, calls in groups
        ]
        statuses = sum((job.result() for job in jobs), Counter[int]())
    assert server.process.poll() is None, "the server is gone"
    answers = ", ".join(f"{count:,} x {status}" for status, count in sorted(statuses.items()))
    return {
        "requests": f"{statuses.total():,}",
        "answers": answers,
        "server errors": 0,
        "longest pause": f"{probe.slowest * 1000:.0f} ms",
    }


def fuzz_the_mock(seconds: float, seed: int) -> Figures:
    """Fuzz the API and the control API of one mock, each in sandboxes of its own."""
    with live_mock("--quiet") as server:
        api, control = (
            requests.get(f"{server.url}/__mock/{name}.json", timeout=20).json()
            for name in ("openapi", "control")
        )
        return _fuzz(
            server, seconds, seed, [("api", operations(api)), ("control", operations(control))]
        )


def fuzz_the_proxy(seconds: float, seed: int) -> Figures:
    """Fuzz the API through a proxy in front of a mock."""
    with live_mock("--quiet") as mock, live_proxy(mock.url, "--quiet") as server:
        api = requests.get(f"{mock.url}/__mock/openapi.json", timeout=20).json()
        return _fuzz(server, seconds, seed, [("proxied", operations(api))])
