"""Client generators understand what the mock serves for them: each makes a client that compiles strictly."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests import npm
from tests.live import LiveMock, live_mock

RECIPE = Path(__file__).parent / "recipes" / "types" / "profile.ts"
COMPILER = {
    "strict": True,
    "target": "es2022",
    "lib": ["es2022", "dom", "dom.iterable"],
    "module": "esnext",
    "moduleResolution": "bundler",
    "types": ["node"],
    "skipLibCheck": True,
    "outDir": "made",
}
USES = """
import { getProfile, refreshSession } from './client/hey';
import * as orval from './client/orval';
import type { paths } from './client/api';
import type { paths as control } from './control/api';
import { addRule } from './control/hey';

const answer = await getProfile({ query: { fields: ['handle'] } });
export const handle: string | null | undefined = answer.data?.handle;
export const code: string | undefined = answer.error?.code;
export const token = (await refreshSession({ body: { refreshToken: 'x' } })).data?.sessionToken satisfies string | undefined;
// @ts-expect-error - a field that no profile has
export const none = answer.data?.birthday;

const other = await orval.getProfile({ fields: ['handle'] });
export const same: string | null | undefined = other.status === 200 ? other.data.handle : other.data.message;

type Success = paths['/v1/user/profile']['get']['responses'][200]['content']['application/json'];
export const profile: Success = { displayName: null };
// @ts-expect-error - the success is no default any more
export type Default = paths['/v1/user/profile']['get']['responses']['default'];

type User = control['/__mock/users/{username}']['get']['responses'][200]['content']['application/json'];
export const name = (user: User): string | null => user.profile.displayName;
await addRule({ body: { operation: 'getProfile', code: 500 }, headers: { 'X-Mock-Control': '1' } });
"""


@pytest.fixture(scope="module")
def own() -> Iterator[LiveMock]:
    with live_mock() as running:
        yield running


def test_clients_of_three_generators_compile_strictly_and_one_of_them_runs(
    own: LiveMock, tmp_path: Path
) -> None:
    npm.install()
    (tmp_path / "node_modules").symlink_to(npm.MODULES)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for name, path in (("client", "openapi.json?view=client"), ("control", "control.json")):
        (tmp_path / f"{name}.json").write_text(
            requests.get(f"{own.url}/__mock/{path}", timeout=10).text
        )
    made = npm.run("node", str(npm.TOOLS / "generate.mjs"), "client", "control", cwd=tmp_path)
    assert made.returncode == 0, made.stdout + made.stderr
    shutil.copy(RECIPE, tmp_path / "client")
    (tmp_path / "uses.ts").write_text(USES)
    (tmp_path / "tsconfig.json").write_text(
        json.dumps({"compilerOptions": COMPILER, "include": ["client", "control", "uses.ts"]})
    )
    compiled = npm.run("tsc", cwd=tmp_path)
    assert compiled.returncode == 0, compiled.stdout
    run = npm.run("node", "made/client/profile.js", cwd=tmp_path, more={"MOCK_URL": own.url})
    assert run.returncode == 0, run.stderr
    name, token = run.stdout.split("\n")[:2]
    assert name == "Ada Lovelace"
    assert token.startswith("session-")
