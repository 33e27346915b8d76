"""Every control call, in every spelling of its path, under every guise of a foreign page: none gets past the guard."""

from itertools import product
from typing import Any

import requests

from tests.live import live_mock
from tests.soak.figures import Figures
from tests.soak.fuzz import Operation, operations
from tests.soak.wire import Connection, request

TOKEN = "soak-token"
SPELLINGS = {
    "as documented": lambda path: path,
    "two slashes": lambda path: "/" + path,
    "a slash within": lambda path: path.replace("/__mock/", "/__mock//"),
    "encoded letters": lambda path: path.replace("__mock", "%5f_mock"),
    "encoded upper": lambda path: path.replace("__mock", "%5F%5Fmock"),
    "another letter encoded": lambda path: path.replace("__mock", "__%6dock"),
    "the call encoded": lambda path: path[:8] + f"%{ord(path[8]):02x}" + path[9:],
    "dots": lambda path: "/." + path,
    "dots back": lambda path: "/v1/.." + path,
    "encoded dots": lambda path: "/%2e" + path,
    "another case": lambda path: path.replace("__mock", "__MOCK"),
    "a slash at the end": lambda path: path + "/",
    "parameters": lambda path: path + ";a=b",
    "an encoded slash": lambda path: path.replace("/__mock/", "/__mock%2f"),
    "a backslash": lambda path: "\\" + path[1:],
    "a sandbox before it": lambda path: "/__sandbox/guarded" + path,
    "a sandbox and two slashes": lambda path: "/__sandbox/guarded/" + path,
    "an encoded sandbox": lambda path: "/%5f_sandbox/guarded" + path,
    "the whole URL": lambda path: "http://evil.example" + path,
}
NOBODY = "nobody in particular"
GUISES: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "a foreign page": ("", [("Origin", "https://evil.example")]),
    "a sandboxed frame": ("", [("Origin", "null")]),
    "a rebound name": ("evil.example", []),
    "a rebound page": ("evil.example", [("Origin", "http://evil.example")]),
    "a rebound page with the header": (
        "evil.example",
        [("Origin", "http://evil.example"), ("X-Mock-Control", "1")],
    ),
    "a foreign page with the header": (
        "",
        [("Origin", "https://evil.example"), ("X-Mock-Control", "1")],
    ),
    "a form": ("", [("Origin", "https://evil.example"), ("Content-Type", "text/plain")]),
    "an image": ("", [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")]),
    NOBODY: ("", []),
}
WITH_TOKEN = {
    "no token": ("", []),
    "a wrong token": ("", [("X-Mock-Control", "1")]),
    "a longer token": ("", [("X-Mock-Control", TOKEN + "x")]),
    "a foreign page with the token": (
        "",
        [("Origin", "https://evil.example"), ("X-Mock-Control", TOKEN)],
    ),
}
REFUSED = frozenset({400, 403, 404, 405, 421})
READING = "GET"
OPEN_TO_READ = (NOBODY, "an image")
LAST = tuple(SPELLINGS)[-1]
WATCHED = ("state", "rules", "sandboxes")


def try_every_spelling(_seconds: float, _seed: int) -> Figures:
    """Try them on a mock without and on one with a token."""
    tried = 0
    for flags, guises in (((), GUISES), (("--control-token", TOKEN), WITH_TOKEN)):
        with live_mock("--quiet", *flags) as mock:
            headers = {"X-Mock-Control": TOKEN if flags else "1"}
            control = requests.get(
                f"{mock.url}/__mock/control.json", headers=headers, timeout=20
            ).json()
            calls = [each for each in operations(control) if each.path.startswith("/__mock/")]
            before = _state(mock.url, headers)
            for guise, call, (how, spell) in product(guises, calls, SPELLINGS.items()):
                tried += 1
                status, body = _send(mock.url, call, spell(_filled(call.path)), guises[guise])
                open_to_all = call.method == READING and guise in OPEN_TO_READ and status < 300
                where = f"{call.method} {call.path}, {how}, by {guise}: {status} {body[:200]!r}"
                assert open_to_all or status in REFUSED, where
                if guise != NOBODY:  # who may read may also use a sandbox, which makes it
                    assert how != LAST or _state(mock.url, headers) == before, (
                        f"{guise} changed something by {where}"
                    )
    return {"calls x spellings x guises": f"{tried:,}", "got past": 0}


def _filled(path: str) -> str:
    for name in ("{name}", "{token}", "{id}", "{username}"):
        path = path.replace(name, "ada-session" if name == "{token}" else "default")
    return path


def _send(
    url: str, call: Operation, target: str, guise: tuple[str, list[tuple[str, str]]]
) -> tuple[int, bytes]:
    host, headers = guise
    connection = Connection(url)
    body = b"{}" if "requestBody" in call.node else None
    answer = connection.send(
        call.method, request(call.method, target, host or connection.host, headers, body)
    )
    connection.close()
    return answer.status, answer.body


def _state(url: str, headers: dict[str, str]) -> Any:
    """Return all that a call could have changed: the state, the rules, and which sandboxes there are."""
    found = {
        name: requests.get(f"{url}/__mock/{name}", headers=headers, timeout=20).json()
        for name in WATCHED
    }
    for sandbox in found["sandboxes"]["sandboxes"]:
        del sandbox["idle"]
    return found
