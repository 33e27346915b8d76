"""The command `mock-server proxy`: flags to settings, one clear message for every mistake."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mock_server.documents import FileError
from mock_server.options import Options
from mock_server.serving import DEFAULT_CONTRACT, free_port, is_loopback
from mock_server.usage import LEVELS, UsageProblem, address_problem

if TYPE_CHECKING:
    from .running import Parts, Settings

MISSING = "the proxy needs aiohttp: pip install 'user-profile-api-mock[proxy]'"


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("url", envvar="MOCK_SERVER_PROXY_URL")
@click.option("--host", default="127.0.0.1", show_default=True, show_envvar=True, help="Address to listen on.")
@click.option(
    "--port",
    "-p",
    type=click.IntRange(0, 65535),
    default=4010,
    show_default=True,
    show_envvar=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--openapi",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONTRACT,
    show_default="the packaged one",
    show_envvar=True,
    metavar="FILE",
    help="The contract to judge by.",
)
@click.option(
    "--errors",
    is_flag=True,
    show_envvar=True,
    help="Answer 400 or 502 instead of what breaks the documented view of the contract.",
)
@click.option(
    "--record",
    type=click.Path(path_type=Path),
    show_envvar=True,
    metavar="FILE",
    help="Write what is seen as a scenario without personal data: .yaml or .json, for mock-server --fixtures.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    show_envvar=True,
    metavar="SECONDS",
    help="How long the upstream may take to connect, to begin its answer, and between two pieces of it.",
)
@click.option(
    "--tls-verify",
    default="true",
    show_default=True,
    show_envvar=True,
    metavar="true|false|FILE",
    help="Whether to verify the upstream's certificate, or the file of authorities to verify it by.",
)
@click.option(
    "--max-requests",
    type=click.IntRange(min=0),
    default=1000,
    show_default=True,
    show_envvar=True,
    metavar="N",
    help="How many requests the journal keeps (GET /__mock/requests).",
)
@click.option(
    "--max-journal",
    type=click.IntRange(min=0),
    default=64 * 1024 * 1024,
    show_default=True,
    show_envvar=True,
    metavar="BYTES",
    help="How much the journal may take.",
)
@click.option(
    "--control-token",
    show_envvar=True,
    metavar="TOKEN",
    help="What X-Mock-Control must say for every call under /__mock/; required beyond loopback.",
)
@click.option(
    "--control-origin",
    "control_origins",
    multiple=True,
    show_envvar=True,
    metavar="ORIGIN",
    help="A web page of this origin may call /__mock/; may be repeated.",
)
@click.option(
    "--log-level",
    type=click.Choice(LEVELS),
    default="info",
    show_default=True,
    show_envvar=True,
    help="How much to say; debug has a line for each request.",
)
def proxy(log_level: str, **flags: Any) -> None:
    """Forward to the API at URL, and say what breaks the contract.

    Nothing is altered: what is wrong stands in the header X-Contract-Violations and in the journal (GET /__mock/requests),
    by both views of the contract: what the API's documentation says, and what only this project inferred.
    """
    logging.basicConfig(level=log_level.upper(), format="%(levelname)s %(message)s", stream=sys.stderr)
    try:
        importlib.import_module("aiohttp")
    except ImportError:
        raise UsageProblem(MISSING) from None
    from .running import Parts, serve  # noqa: PLC0415 - needs what the extra installs

    try:
        parts = Parts(_settings(**flags))
    except FileError as error:
        raise UsageProblem(str(error)) from None
    asyncio.run(serve(parts, lambda: click.echo(greeting(parts.settings))))
    code = _finish(parts)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # Granian's threads abort noisily where the interpreter is torn down under them


def _settings(url: str, host: str, port: int, *, record: Path | None, tls_verify: str, **rest: Any) -> Settings:
    from .running import Settings  # noqa: PLC0415 - likewise
    from .upstream import check_url, trust  # noqa: PLC0415 - likewise

    if problem := check_url(url):
        raise UsageProblem(f"the URL of the upstream {problem}")
    if record is not None and (record.is_dir() or not os.access(record.parent, os.W_OK)):
        raise UsageProblem(f"{record}: cannot be written")
    try:
        port = free_port(host, port)
        options = _options(host, **rest)
    except (OSError, OverflowError) as error:
        raise UsageProblem(address_problem(host, port, error)) from None
    try:
        verify = trust(tls_verify)
    except OSError:
        raise UsageProblem(f"--tls-verify {tls_verify}: is neither true nor false nor a file of certificates") from None
    judged = rest["openapi"], rest["timeout"], verify, rest["errors"]
    return Settings(url.rstrip("/"), host, port, *judged, record, options)


def _options(
    host: str, max_requests: int, max_journal: int, control_token: str | None, control_origins: tuple[str, ...], **_: object
) -> Options:
    if control_token is None and not is_loopback(host):
        raise UsageProblem(f"{host} can be reached from other machines: protect the control API with --control-token")
    return Options(
        max_requests=max_requests,
        max_journal_bytes=max_journal,
        control_token=control_token,
        control_origins=tuple(control_origins),
    )


def _finish(parts: Parts) -> int:
    if parts.recorder is None:
        return 0
    try:
        click.echo(parts.recorder.finish())
    except FileError as error:
        click.echo(f"Error: {error}", err=True)
        return 1
    return 0


def greeting(settings: Settings) -> str:
    """Say what is in front of what, and where to look."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{settings.port}"
    wrong = "answered by an error (--errors)" if settings.errors else "reported, and passed on"
    lines = [
        f"Validating proxy listens on {url} in front of {settings.url}",
        "",
        f"What breaks the contract is {wrong}:",
        f"  curl '{url}/__mock/requests?only=violations'",
    ]
    if settings.record is not None:
        lines += ["", f"Recording to {settings.record}, without personal data and tokens."]
    return "\n".join([*lines, "", "Stop with Ctrl-C."])
