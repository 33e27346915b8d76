"""One state in one process and in many: what each way serves, and what it costs the Redis server between them."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from servers import HERE, PROFILE, Running, free_port, run

PAGE = HERE.parent / "docs" / "deployment.md"
START, END = "<!-- figures: written by `make bench` -->", "<!-- end of figures -->"
DURABLE = ["--appendonly", "yes", "--appendfsync", "always"]
WAYS = {
    "memory × 1": None,
    "Redis × 1": (1, []),
    "Redis × 2": (2, []),
    "Redis × 4": (4, []),
    "Redis × 2, durable": (2, DURABLE),
}
"""How many processes, and the flags of the Redis server between them."""
LOADS = {
    "getProfile": (PROFILE, None),
    "getProfile, 200 sandboxes": (PROFILE, "sandboxes.lua"),
    "updateProfile": ("/v1/user/profile", "update.lua"),
    "updateProfile, 200 sandboxes": ("/v1/user/profile", "update-sandboxes.lua"),
}
FIGURES = {
    "requests/s": "{:,.0f}",
    "p99 ms": "{:.1f}",
    "round trips": "{:.2f}",
    "bytes to Redis": "{:,.0f}",
    "bytes from Redis": "{:,.0f}",
    "µs of Redis": "{:.0f}",
}
"""All but the first two are for each request."""
SANDBOX = 'headers["X-Mock-Sandbox"] = "s" .. (n % 200)\n'
GET = (
    "local n, headers = 0, wrk.headers\nrequest = function()\n  n = n + 1\n"
    '  {0}  return wrk.format("GET", nil, headers)\nend\n'
)
POST = (
    'local n, headers = 0, wrk.headers\nheaders["Content-Type"] = "application/json"\nrequest = function()\n  n = n + 1\n'
    '  {0}  return wrk.format("POST", nil, headers, \'{{"biography": "Number \' .. n .. \'", "displayName": "Ada"}}\')\nend\n'
)


@dataclass
class Redis:
    """A server under measurement, spoken to in its own protocol: the client library is not what is measured."""

    port: int

    def info(self) -> dict[str, float]:
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            line.sendall(b"INFO everything\r\n")
            said = line.makefile("rb")
            text = said.read(int(said.readline()[1:])).decode()
        scripts = re.search(r"cmdstat_evalsha:calls=\d+,usec=(\d+)", text)
        totals = re.findall(
            r"^(total_net_\w+_bytes|total_writes_processed):(\d+)", text, re.MULTILINE
        )
        return {
            **{name: float(value) for name, value in totals},
            "usec": float(scripts[1]) if scripts else 0,
        }


@contextlib.contextmanager
def redis(flags: list[str]) -> Iterator[Redis]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = ["redis-server", "--port", str(port), "--dir", folder, "--save", "", *flags]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            yield Redis(port)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def measure(rounds: int, seconds: float) -> dict[str, dict[str, dict[str, float]]]:
    """Return the median of each figure by load and way; the ways take turns."""
    from run import wrk  # noqa: PLC0415 - each is the other's part

    if not shutil.which("redis-server"):
        subprocess.run(
            ["apt-get", "install", "-y", "-q", "redis-server"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    (HERE / "sandboxes.lua").write_text(GET.format(SANDBOX))
    (HERE / "update-sandboxes.lua").write_text(POST.format(SANDBOX))
    found: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    with contextlib.ExitStack() as stack:
        servers: dict[str, tuple[Running, Redis | None]] = {}
        for name, way in WAYS.items():
            between = None if way is None else stack.enter_context(redis(way[1]))
            flags = [] if way is None or between is None else shared_by(way[0], between)
            servers[name] = stack.enter_context(run("ours", *flags)), between
        for _ in range(rounds):
            for load, (path, script) in LOADS.items():
                for name, (server, between) in servers.items():
                    before = between.info() if between else {}
                    rate, late = wrk(server.url + path, seconds, script)
                    row = found[load][name]
                    row["requests/s"].append(rate)
                    row["p99 ms"].append(late)
                    if between:
                        spent = {
                            key: (value - before[key]) / (rate * seconds)
                            for key, value in between.info().items()
                        }
                        row["round trips"].append(
                            spent["total_writes_processed"]
                        )  # those that go out together are one
                        row["bytes to Redis"].append(spent["total_net_input_bytes"])
                        row["bytes from Redis"].append(spent["total_net_output_bytes"])
                        row["µs of Redis"].append(spent["usec"])
    return {
        load: {
            name: {figure: median(values) for figure, values in row.items()}
            for name, row in ways.items()
        }
        for load, ways in found.items()
    }


def shared_by(workers: int, between: Redis) -> list[str]:
    return ["--workers", str(workers), "--store", f"redis://127.0.0.1:{between.port}/0"]


def by_size(sizes: tuple[int, ...] = (30, 100_000)) -> dict[str, float]:
    """Return the bytes that one update moves, by how many notifications its user has."""
    found = {}
    for size in sizes:
        note = {
            "id": "n-{n}",
            "containerId": "main",
            "type": "news",
            "title": "t",
            "body": "b",
            "read": False,
        }
        notes = [{**note, "createdAt": "2026-03-10T12:00:00Z", "repeat": size, "every": 60}]
        ada = {"username": "ada", "notifications": notes}
        world = {"containers": [{"id": "main", "members": ["ada"]}], "users": [ada]}
        world["sessions"] = [{"token": "ada-session", "username": "ada"}]
        path = HERE / f"scenario-shared-{size}.json"
        path.write_text(json.dumps(world))
        with (
            redis([]) as between,
            run("ours", "--fixtures", str(path), *shared_by(1, between)) as server,
        ):
            connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
            before = between.info()
            for n in range(100):
                headers = {
                    "Authorization": "Bearer ada-session",
                    "Content-Type": "application/json",
                }
                connection.request(
                    "POST", "/v1/user/profile", json.dumps({"biography": f"Number {n}"}), headers
                )
                assert connection.getresponse().read()
            after = between.info()
            connection.close()
        moved = sum(
            after[key] - before[key] for key in ("total_net_input_bytes", "total_net_output_bytes")
        )
        found[f"{size:,}"] = moved / 100
        path.unlink()
    return found


def table(found: dict[str, dict[str, dict[str, float]]], sizes: dict[str, float]) -> str:
    """Return the figures in Markdown."""
    lines = [
        f"Measured by `make bench` on a machine with {os.cpu_count()} cores that Redis and the load generator share.",
        "",
    ]
    lines += [
        "| load | processes | " + " | ".join(FIGURES) + " |",
        "|---" * (len(FIGURES) + 2) + "|",
    ]
    for load, ways in found.items():
        for name, row in ways.items():
            figures = [
                form.format(row[figure]) if figure in row else "–"
                for figure, form in FIGURES.items()
            ]
            lines.append(f"| {load} | {name} | " + " | ".join(figures) + " |")
    said = " and ".join(
        f"{moved:,.0f} bytes where its user has {size}" for size, moved in sizes.items()
    )
    return "\n".join(
        [
            *lines,
            "",
            f"One update at a time moves {said} notifications, its journal entry included.",
        ]
    )


def write(found: dict[str, dict[str, dict[str, float]]], sizes: dict[str, float]) -> None:
    """Put the figures into the page about deployment."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    tail = rest.partition(END)[2]
    PAGE.write_text(f"{head}{START}\n\n{table(found, sizes)}\n\n{END}{tail}", encoding="utf-8")


def main(rounds: int, seconds: float) -> dict[str, dict[str, dict[str, float]]]:
    found, sizes = measure(rounds, seconds), by_size()
    write(found, sizes)
    for leftover in ("sandboxes.lua", "update-sandboxes.lua"):
        Path(HERE / leftover).unlink()
    return found


if __name__ == "__main__":
    from run import prepare

    prepare()
    main(3, 2.0)
