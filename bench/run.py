"""`make bench`: ours and its peers on this machine, one after another, in interleaved rounds; medians and ratios.

Writes results.json and chart.svg beside this file. `--rounds`, `--seconds` say how much; `--quick` is for trying it out.
"""

import argparse
import contextlib
import http.client
import json
import re
import shutil
import subprocess
import threading
import time
import urllib.request
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import shared
import yaml
from report import chart, table
from servers import HERE, NODE, PROFILE, Running, run

ADA = "Authorization: Bearer ada-session"
NOTIFICATIONS = "/v1/user/notifications?containerId=main&limit=20"
REJECTED = "/v1/user/notifications?page=0&limit=101"
LOADS = {
    "getProfile": (
        PROFILE,
        None,
        ["ours", "Prism", "Scalar", "bare Flask", "openapi-core per request"],
    ),
    "listNotifications": (NOTIFICATIONS, None, ["ours", "Prism", "Scalar"]),
    "updateProfile": ("/v1/user/profile", "update.lua", ["ours", "Prism", "Scalar"]),
    "rejected request": (REJECTED, None, ["ours", "Prism"]),
}
SIZES = {"×1": 1, "×100": 100, "×10,000": 10_000}
STARTS = ["ours", "Prism", "Scalar"]
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}

Figures = dict[str, dict[str, list[float]]]


def wrk(url: str, seconds: float, script: str | None = None) -> tuple[float, float]:
    """Requests a second and the 99th percentile in ms, from one thread with 16 connections that stay open."""
    command = [
        "wrk",
        "-t1",
        "-c16",
        f"-d{seconds:g}s",
        "--latency",
        "-H",
        ADA,
        *(["-s", str(HERE / script)] if script else []),
        url,
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    assert rate and late, said
    assert ("Non-2xx" in said) == (REJECTED in url), f"{url} did not answer as expected:\n{said}"
    return float(rate[1]), float(late[1]) * UNITS[late[2]]


def prepare() -> None:
    """Install the peers and the load tool."""
    if not shutil.which("wrk"):
        subprocess.run(
            ["apt-get", "install", "-y", "-q", "wrk"], check=True, stdout=subprocess.DEVNULL
        )
    if not NODE.is_dir():
        subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund"],
            cwd=HERE,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    (HERE / "update.lua").write_text(
        'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nlocal n = 0\n'
        "request = function()\n  n = n + 1\n"
        '  return wrk.format(nil, nil, nil, \'{"biography": "Number \' .. n .. \'", "displayName": "Ada"}\')\nend\n'
    )


def scenario(size: int) -> Path:
    """Write the default scenario with `size` times its users and Ada's notifications (at most 10,000 users)."""
    world = yaml.safe_load((HERE.parent / "fixtures/default.yaml").read_text())
    ada = next(user for user in world["users"] if user["username"] == "ada")
    count = sum(item["containerId"] == "main" for item in ada["notifications"]) * size
    template = {
        **ada["notifications"][0],
        "id": "n-{n}",
        "repeat": count,
        "every": 60,
        "read": False,
    }
    ada["notifications"] = [{**template, "containerId": "main"}]
    extra = [
        f"user-{n}" for n in range(min(len(world["users"]) * size, 10_000) - len(world["users"]))
    ]
    world["users"] += [
        {"username": name, "displayName": name.title(), "handle": name.replace("-", "_")}
        for name in extra
    ]
    next(item for item in world["containers"] if item["id"] == "main")["members"] += extra
    path = HERE / f"scenario-{size}.json"
    path.write_text(json.dumps(world))
    return path


def delayed(url: str, stop: threading.Event) -> None:
    """Keep one request waiting for its answer, which is delayed by two seconds each time."""
    asked = urllib.request.Request(
        url + PROFILE, headers={"Authorization": "Bearer ada-session", "Prefer": "delay=2000"}
    )
    while not stop.is_set():
        urllib.request.urlopen(asked, timeout=30).read()


def with_delays(server: Running, seconds: float) -> float:
    """Throughput while 50 other requests are always being delayed."""
    stop = threading.Event()
    threads = [threading.Thread(target=delayed, args=(server.url, stop)) for _ in range(50)]
    for thread in threads:
        thread.start()
    rate, _ = wrk(server.url + PROFILE, seconds)
    stop.set()
    for thread in threads:
        thread.join()
    return rate


def sandboxes(server: Running, count: int = 200) -> dict[str, float]:
    """Milliseconds to make, fork, reset and drop a sandbox over a kept connection: the median of `count` calls."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    calls = {
        "create": ("GET", "/__sandbox/s{}/__mock/clock"),
        "fork": ("PUT", "/__mock/sandboxes/f{}"),
        "reset": ("POST", "/__sandbox/s{}/__mock/reset"),
        "drop": ("DELETE", "/__mock/sandboxes/s{}"),
    }
    times: dict[str, list[float]] = defaultdict(list)
    for name, (method, path) in calls.items():
        for number in range(count):
            began = time.perf_counter()
            connection.request(method, path.format(number), headers={"X-Mock-Control": "1"})
            answer = connection.getresponse()
            answer.read()
            times[name].append((time.perf_counter() - began) * 1000)
            assert answer.status in {200, 204}, (name, answer.status)
    connection.close()
    return {name: median(values) for name, values in times.items()}


def measure(rounds: int, seconds: float) -> tuple[Figures, dict[str, Any]]:
    """Run everything; return lists of figures by load and server."""
    found: Figures = defaultdict(lambda: defaultdict(list))
    paths = {label: scenario(size) for label, size in SIZES.items()}
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(run(name)) for name in LOADS["getProfile"][2]}
        sized = {
            label: stack.enter_context(run("ours", "--fixtures", str(path)))
            for label, path in paths.items()
        }
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", flush=True)
            for load, (path, script, names) in LOADS.items():
                for name in names:
                    rate, late = wrk(servers[name].url + path, seconds, script)
                    found[load][name].append(rate)
                    found[f"{load} p99 ms"][name].append(late)
            for label, server in sized.items():
                found["listNotifications by size"][label].append(
                    wrk(server.url + NOTIFICATIONS, seconds)[0]
                )
                found["getProfile by size"][label].append(wrk(server.url + PROFILE, seconds)[0])
                found["updateProfile by size"][label].append(
                    wrk(server.url + "/v1/user/profile", seconds, "update.lua")[0]
                )
                for call, spent in sandboxes(server).items():
                    found[f"{call} a sandbox ms"][label].append(spent)
            found["with 50 delayed"]["without"].append(
                wrk(servers["ours"].url + PROFILE, seconds)[0]
            )
            found["with 50 delayed"]["with"].append(with_delays(servers["ours"], seconds))
        for name in STARTS:
            found["memory MB"][name].append(servers[name].memory())
    for _ in range(rounds):
        for name in STARTS:
            with run(name) as server:
                found["start s"][name].append(server.started)
    return found, {label: path.unlink() for label, path in paths.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each load")
    parser.add_argument("--quick", action="store_true", help="one short round")
    options = parser.parse_args()
    prepare()
    rounds, seconds = (1, 1.0) if options.quick else (options.rounds, options.seconds)
    found, _ = measure(rounds, seconds)
    medians = {
        load: {name: median(values) for name, values in row.items()} for load, row in found.items()
    }
    (HERE / "results.json").write_text(
        json.dumps({"rounds": rounds, "seconds": seconds, "medians": medians}, indent=1) + "\n"
    )
    (HERE / "chart.svg").write_text(chart(medians))
    print(table(medians))
    shared.main(rounds, seconds)


if __name__ == "__main__":
    main()
