"""Puts HAProxy in front of several servers, one request to each in turn."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.redis_server import free_port
from tests.system import program

DEADLINE = 20.0
CONFIGURATION = """
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 30s
frontend all
  bind 127.0.0.1:{port}
  default_backend mocks
backend mocks
  balance roundrobin
  option redispatch
  retries 3
  retry-on conn-failure
{servers}
"""


@contextmanager
def balancer(folder: Path, urls: Sequence[str]) -> Iterator[str]:
    """Answer a URL whose requests go to the servers; what could not be sent to one goes to another."""
    haproxy, port = program("haproxy", "haproxy"), free_port()
    servers = "\n".join(
        f"  server mock{n} {url.removeprefix('http://')} check inter 200"
        for n, url in enumerate(urls)
    )
    path = folder / "haproxy.cfg"
    path.write_text(CONFIGURATION.format(port=port, servers=servers))
    process = subprocess.Popen(
        [haproxy, "-db", "-f", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url, until = f"http://127.0.0.1:{port}", time.monotonic() + DEADLINE
    try:
        while not _serves(url):
            assert time.monotonic() < until, f"HAProxy did not serve within {DEADLINE} s"
            time.sleep(0.05)
        yield url
    finally:
        process.kill()
        process.wait()


def _serves(url: str) -> bool:
    try:
        return requests.get(f"{url}/__mock/health", timeout=5).status_code == 200
    except requests.RequestException:
        return False
