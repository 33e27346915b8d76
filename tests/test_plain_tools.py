"""Tools that other people use read `openapi.yaml` without complaint."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests import npm

ROOT = Path(__file__).parent.parent
CONTRACT = ROOT / "openapi.yaml"
ADA = {"Authorization": "Bearer ada-session"}
SECONDS = 30.0

OPERATIONS = [
    pytest.param(
        "GET", "/v1/user/profile?fields=handle&fields=biography", None, 200, id="getProfile"
    ),
    pytest.param("POST", "/v1/user/profile", {"handle": "ada"}, 200, id="updateProfile"),
    pytest.param(
        "GET", "/v1/user/by-id/ada/public?containerId=main", None, 200, id="getPublicProfile"
    ),
    pytest.param("GET", "/v1/user/referrals", None, 200, id="listReferrals"),
    pytest.param(
        "GET",
        "/v1/user/notifications?containerId=main&page=1&limit=5",
        None,
        200,
        id="listNotifications",
    ),
    pytest.param("POST", "/v1/user/notifications/read", None, 201, id="markNotificationsRead"),
]


@pytest.fixture(scope="session", autouse=True)
def _tools() -> None:
    npm.install()


def output(done: subprocess.CompletedProcess[str]) -> str:
    return f"{done.args} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"


def broken_contract(folder: Path) -> Path:
    """Answer a copy of the contract in which one reference leads nowhere."""
    copy = folder / "openapi.yaml"
    text = CONTRACT.read_text(encoding="utf-8")
    copy.write_text(
        text.replace("$ref: '#/components/schemas/Profile'", "$ref: '#/components/schemas/Profil'")
    )
    return copy


def lockfile_addresses(text: str) -> list[str]:
    return [
        package.get("resolved", "")
        for package in json.loads(text)["packages"].values()
        if "resolved" in package
    ]


@pytest.mark.parametrize("folder", ["tests/tools", "bench"])
def test_a_lockfile_does_not_tell_where_packages_were_fetched_from(folder: str) -> None:
    assert lockfile_addresses((ROOT / folder / "package-lock.json").read_text()) == []


def test_redocly_finds_nothing() -> None:
    done = npm.run(
        "redocly",
        "lint",
        str(CONTRACT),
        "--config",
        str(ROOT / "redocly.yaml"),
        "--format=json",
        cwd=ROOT,
    )
    assert done.returncode == 0, output(done)
    assert json.loads(done.stdout)["problems"] == [], output(done)


def test_redocly_finds_a_broken_reference(tmp_path: Path) -> None:
    broken = broken_contract(tmp_path)
    done = npm.run(
        "redocly",
        "lint",
        str(broken),
        "--config",
        str(ROOT / "redocly.yaml"),
        "--format=json",
        cwd=tmp_path,
    )
    assert done.returncode == 1, output(done)
    assert "no-unresolved-refs" in {
        problem["ruleId"] for problem in json.loads(done.stdout)["problems"]
    }, output(done)


def spectral(contract: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    ruleset = str(ROOT / ".spectral.yaml")
    return npm.run(
        "spectral",
        "lint",
        str(contract),
        "--ruleset",
        ruleset,
        "--fail-severity=hint",
        "--quiet",
        "-f=json",
        cwd=cwd,
    )


def test_spectral_finds_nothing() -> None:
    done = spectral(CONTRACT, ROOT)
    assert done.returncode == 0, output(done)
    assert json.loads(done.stdout) == [], output(done)


def test_spectral_finds_a_broken_reference(tmp_path: Path) -> None:
    done = spectral(broken_contract(tmp_path), tmp_path)
    assert done.returncode == 1, output(done)
    assert "invalid-ref" in {problem["code"] for problem in json.loads(done.stdout)}, output(done)


@pytest.mark.parametrize("config", ["redocly.yaml", ".spectral.yaml"])
def test_every_rule_that_is_turned_off_has_its_reason_above_it(config: str) -> None:
    lines = (ROOT / config).read_text().partition("\nrules:\n")[2].splitlines()
    without = [
        line.strip()
        for above, line in zip(["", *lines], lines, strict=False)
        if not {"#"} & {above.strip()[:1], line.strip()[:1]}
    ]
    assert not without, f"{config} turns {without} off and gives no reason in a comment above"


@pytest.fixture
def typescript(tmp_path: Path) -> Path:
    """A folder with the generated types and the client that uses them."""
    done = npm.run(
        "openapi-typescript", str(CONTRACT), "--output", str(tmp_path / "api.d.ts"), cwd=tmp_path
    )
    assert done.returncode == 0, output(done)
    shutil.copy(npm.TOOLS / "client.ts", tmp_path)
    return tmp_path


def tsc(folder: Path) -> subprocess.CompletedProcess[str]:
    target = (
        "--target",
        "es2022",
        "--lib",
        "es2022,dom,dom.iterable",
        "--module",
        "esnext",
        "--moduleResolution",
        "bundler",
    )
    sources = sorted(path.name for path in folder.glob("*.ts"))
    return npm.run("tsc", "--strict", "--noEmit", *target, *sources, cwd=folder)


def test_a_client_of_the_generated_types_compiles_strictly(typescript: Path) -> None:
    done = tsc(typescript)
    assert done.returncode == 0, output(done)


MISUSES = {
    "an unknown field": 'client.getProfile(["birthday"])',
    "a field that was not asked for": 'client.getProfile(["handle"]).then((profile) => profile.biography)',
    "null that nobody looked for": 'client.getProfile(["handle"]).then((profile) => profile.handle.length)',
    "a handle of another type": "client.updateProfile({ handle: 7 })",
    "a date without its day": "client.updateProfile({ dateOfBirth: { year: 1985, month: 12 } })",
    "no container": 'client.getPublicProfile({ username: "ada" }, {})',
    "another user's date of birth": (
        'client.getPublicProfile({ username: "ada" }, { containerId: "main" }).then((profile) => profile.dateOfBirth)'
    ),
    "a page in words": 'client.listNotifications({ containerId: "main", page: "first" })',
    "items of nothing": "client.markNotificationsRead().then((answer) => answer.items)",
    "an unknown error": 'client.listReferrals().catch((error: ApiError) => error.body.code === "TEAPOT")',
}


def test_a_misuse_of_the_generated_types_does_not_compile(typescript: Path) -> None:
    head = 'import type { ApiError, Client } from "./client";\ndeclare const client: Client;\ndeclare const unused: ApiError;\n'  # noqa: E501
    for number, misuse in enumerate(MISUSES.values()):
        (typescript / f"misuse-{number}.ts").write_text(f"{head}export const wrong = {misuse};\n")
    done = tsc(typescript)
    refused = {
        int(number)
        for number in re.findall(r"^misuse-(\d+)\.ts\(4,", done.stdout, flags=re.MULTILINE)
    }
    accepted = [name for number, name in enumerate(MISUSES) if number not in refused]
    assert not accepted, f"tsc compiles {accepted}\n{output(done)}"


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = str(npm.free_port())
    command = ["prism", "mock", str(CONTRACT), "--host", "127.0.0.1", "--port", port]
    with npm.server(command, "Prism is listening", tmp_path_factory.mktemp("prism")):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(("method", "target", "body", "status"), OPERATIONS)
def test_prism_mocks_the_operation(
    prism: str, method: str, target: str, body: object, status: int
) -> None:
    answer = requests.request(method, prism + target, json=body, headers=ADA, timeout=SECONDS)
    assert answer.status_code == status, answer.text
    assert "sl-violations" not in answer.headers, (
        f"Prism complains of its own answer: {answer.headers['sl-violations']}"
    )


def test_prism_reads_the_security_and_the_bounds(prism: str) -> None:
    target = f"{prism}/v1/user/notifications?containerId=main&limit=101"
    stranger = requests.get(target, timeout=SECONDS)
    assert (stranger.status_code, stranger.json()["code"]) == (401, "GENERIC_UNAUTHORIZED")
    greedy = requests.get(target, headers=ADA, timeout=SECONDS)
    assert (greedy.status_code, greedy.json()["code"]) == (400, "GENERIC_CLIENT_ERROR")


@pytest.mark.skipif(
    shutil.which("java") is None,
    reason="Specmatic runs on Java, and there is no `java` on the path",
)
def test_specmatic_serves_the_contract(tmp_path: Path) -> None:
    # Only the two operations that list a 2xx: for a `default` its stub answers the status 1000, whatever the contract.
    port = str(npm.free_port())
    command = ["specmatic", "stub", str(CONTRACT), "--host", "127.0.0.1", "--port", port]
    with npm.server(command, "Mock server is running", tmp_path) as log:
        url = f"http://127.0.0.1:{port}/v1/user/notifications"
        page = requests.get(url, params={"containerId": "main"}, headers=ADA, timeout=SECONDS)
        assert page.status_code == 200, f"{page.text}\n{log.read_text()}"
        assert set(page.json()) == {"items", "page", "limit", "total"}, page.text
        marked = requests.post(f"{url}/read", headers=ADA, timeout=SECONDS)
        assert marked.status_code == 201, f"{marked.text}\n{log.read_text()}"
        assert "API Operations: 6" in log.read_text(), log.read_text()
