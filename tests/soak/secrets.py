"""Canaries in every place where a secret may travel: none of them sings in an output."""

import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote, urlencode

import requests

from tests.live import live_mock, live_proxy
from tests.redis_server import redis_server
from tests.soak.figures import Figures
from tests.soak.wire import Connection, request

PARAMETERS = (
    *(
        "token",
        "access_token",
        "accessToken",
        "ACCESS-TOKEN",
        "refreshToken",
        "id_token",
        "sessionToken",
        "session_token",
    ),
    *(
        "api_key",
        "apiKey",
        "APIKEY",
        "api-key",
        "key",
        "access_key",
        "accessKey",
        "secret",
        "client_secret",
        "clientSecret",
    ),
    *(
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "pin",
        "otp",
        "jwt",
        "sig",
        "signature",
        "auth",
        "authorization",
        "credential",
    ),
    *(
        "user[password]",
        "user.token",
        "X-Amz-Signature",
        "X-Amz-Security-Token",
        "csrf_token",
        "sessionid",
        "sid",
    ),
)
HEADERS = (
    *(
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "X-Auth",
        "X-Auth-Token",
        "X-Access-Key",
        "X-Api-Key",
        "Api-Key",
    ),
    *(
        "Ocp-Apim-Subscription-Key",
        "Dpop",
        "X-Amz-Security-Token",
        "X-Csrf-Token",
        "X-Session-Id",
        "X-Secret",
        "X-Vault-Token",
    ),
)
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
ADA = ("Authorization", "Bearer ada-session")
PROFILE = "/v1/user/profile"


class Canaries:
    """Makes canaries, and remembers in which request each was planted."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}

    def make(self, where: str) -> str:
        """Return a new canary."""
        bird = f"canary{len(self.planted):05d}x"
        self.planted[bird] = where
        return bird

    def look(self, output: str, text: str) -> None:
        """Raise `AssertionError` where a canary is in the text."""
        heard = sorted({self.planted[bird] for bird in self.planted if bird in text})
        assert not heard, f"{output} shows what was sent as {heard[:20]} ({len(heard)} in all)"


def _requests(canaries: Canaries, host: str) -> Iterator[tuple[str, bytes]]:
    """Return method and bytes of a request for each place and name."""
    for name in PARAMETERS:
        for how, spelt in (
            ("as it is", quote(name, safe="[]")),
            ("encoded", "".join(f"%{ord(one):02x}" for one in name)),
        ):
            bird = canaries.make(f"query {name} {how}")
            yield (
                "GET",
                request("GET", f"{PROFILE}?fields=handle&{spelt}={bird}", host, [ADA], None),
            )
        yield from _bodies(canaries, host, name)
        bird = canaries.make(f"Referer with {name}")
        yield (
            "GET",
            request(
                "GET", PROFILE, host, [ADA, ("Referer", f"https://a.example/?{name}={bird}")], None
            ),
        )
    for name in HEADERS:
        value = canaries.make(f"header {name}")
        if name == "Cookie":
            value = f"session={value}; other={canaries.make('a second cookie')}"
        headers = [(name, f"Bearer {value}" if "uthorization" in name else value)]
        yield "GET", request("GET", f"{PROFILE}?fields=handle", host, headers, None)
    bird = canaries.make("userinfo of a URL in Referer")
    yield (
        "GET",
        request("GET", PROFILE, host, [ADA, ("Referer", f"https://me:{bird}@a.example/")], None),
    )
    bird = canaries.make("a refresh token that nobody has")
    body = json.dumps({"refreshToken": bird}).encode()
    yield (
        "POST",
        request("POST", "/v1/user/auth/refresh-session", host, [("Content-Type", JSON)], body),
    )


def _bodies(canaries: Canaries, host: str, name: str) -> Iterator[tuple[str, bytes]]:
    def post(kind: str, body: str) -> tuple[str, bytes]:
        return "POST", request("POST", PROFILE, host, [ADA, ("Content-Type", kind)], body.encode())

    escaped = "".join(f"\\u{ord(one):04x}" for one in name)
    number = "9" * 6 + canaries.make(f"a number under {name}")[6:11] + "1234567"
    canaries.planted[number] = f"a number under {name}"
    yield post(JSON, json.dumps({name: canaries.make(f"JSON {name}")}))
    yield post(
        JSON, json.dumps({"a": [{name: {"deep": canaries.make(f"an object under {name}")}}]})
    )
    yield post(JSON, json.dumps({name: [canaries.make(f"a list under {name}")]}))
    yield post(JSON, f'{{"{escaped}": "{canaries.make(f"JSON {name} escaped")}"}}')
    yield post(JSON, f'{{"{name}": {number}}}')
    yield post(JSON, f'{{"{name}": "{canaries.make(f"JSON {name}, cut")}')
    yield post(JSON, json.dumps({name: canaries.make(f"JSON {name}, long") * 400}))
    yield post(FORM, urlencode({"a": "b", name: canaries.make(f"form {name}")}))
    part = f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{canaries.make(f"multipart {name}")}\r\n--x--\r\n'
    yield post("multipart/form-data; boundary=x", part)


def look_for_canaries(_seconds: float, _seed: int) -> Figures:
    """Send them to a mock, to a mock over Redis and to a proxy that records, and read all that these show and keep."""
    canaries, outputs = Canaries(), 0
    with (
        tempfile.TemporaryDirectory() as folder,
        redis_server(Path(folder)) as redis,
        ExitStack() as stack,
    ):
        recording = Path(folder) / "recorded.yaml"
        plain = stack.enter_context(live_mock("--max-requests", "100000", "--log-format", "json"))
        shared = stack.enter_context(
            live_mock("--max-requests", "100000", "--log-format", "json", "--store", redis.url)
        )
        proxy = stack.enter_context(
            live_proxy(
                plain.url,
                "--max-requests",
                "100000",
                "--log-format",
                "json",
                "--record",
                str(recording),
            )
        )
        for name, server in (
            ("the mock", plain),
            ("the mock over Redis", shared),
            ("the proxy", proxy),
        ):
            for log in _drained(server.process, server.url, canaries):
                outputs += 1
                canaries.look(f"the log of {name}", log)
            for what, text in _shown(server.url):
                outputs += 1
                canaries.look(f"{what} of {name}", text)
        for key in redis.client.keys("*"):
            outputs += 1
            canaries.look(f"Redis, {key!r}", (redis.client.dump(key) or b"").decode("latin-1"))
        proxy.stop()
        canaries.look("the recording", recording.read_text())
    return {"canaries": f"{len(canaries.planted):,}", "outputs": f"{outputs + 1:,}", "heard": 0}


def _drained(process: subprocess.Popen[str], url: str, canaries: Canaries) -> Iterator[str]:
    """Send everything, and return what the server wrote meanwhile."""
    connection = Connection(url)
    assert process.stdout is not None
    for number, (method, raw) in enumerate(_requests(canaries, connection.host)):
        connection.send(method, raw)
        if number % 20 == 0:  # before the pipe is full
            yield _available(process)
    time.sleep(0.5)
    yield _available(process)


def _available(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    text = b""
    while select.select([process.stdout], [], [], 0)[0] and (
        chunk := os.read(process.stdout.fileno(), 65536)
    ):
        text += chunk
    return text.decode("utf-8", "replace")


def _shown(url: str) -> Iterator[tuple[str, str]]:
    headers = {"X-Mock-Control": "1"}
    listed = requests.get(f"{url}/__mock/requests?limit=100000", headers=headers, timeout=60)
    yield "the list", listed.text
    for each in listed.json()["requests"]:
        yield (
            "a request",
            requests.get(
                f"{url}/__mock/requests/by-id/{each['id']}", headers=headers, timeout=20
            ).text,
        )
    with requests.get(
        f"{url}/__mock/requests/stream", headers={"Last-Event-ID": "0"}, stream=True, timeout=5
    ) as stream:
        seen, until = "", time.monotonic() + 2
        for chunk in stream.iter_content(65536):
            seen += chunk.decode()
            if time.monotonic() > until or f'"id":{listed.json()["requests"][0]["id"]},' in seen:
                break
    yield "the stream", seen
