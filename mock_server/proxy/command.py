"""The command `mock-server proxy`: flags to settings, one clear message for every mistake."""

from __future__ import annotations

import asyncio
import importlib
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mock_server.documents import FileError
from mock_server.flags import LISTENING, SAYING, STEERING, Voice, flags, options
from mock_server.greeting import address
from mock_server.serving import DEFAULT_CONTRACT, free_port
from mock_server.usage import UsageProblem, address_problem

if TYPE_CHECKING:
    from .running import Parts, Settings

MISSING = "the proxy needs aiohttp: pip install 'user-profile-api-mock[proxy]'"


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("url", envvar="MOCK_SERVER_PROXY_URL")
@flags(LISTENING)
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
@flags(STEERING, SAYING)
def proxy(log_level: str, log_format: str, *, quiet: bool, **rest: Any) -> None:
    """Forward to the API at URL, and say what breaks the contract.

    Nothing is altered: what is wrong stands in the header X-Contract-Violations and in the journal (GET /__mock/requests),
    by both views of the contract: what the API's documentation says, and what only this project inferred.
    """
    voice = Voice(log_level, log_format, quiet=quiet)
    try:
        importlib.import_module("aiohttp")
    except ImportError:
        raise UsageProblem(MISSING) from None
    from .running import Parts, serve  # noqa: PLC0415 - needs what the extra installs

    try:
        parts = Parts(_settings(**rest))
    except FileError as error:
        raise UsageProblem(str(error)) from None
    voice.listen(parts.journal)
    facts = {"url": address(parts.settings.host, parts.settings.port), "upstream": parts.settings.url}
    asyncio.run(serve(parts, partial(voice.greet, greeting(parts.settings), **facts)))
    code = _finish(parts)
    voice.end()
    os._exit(code)  # Granian's threads abort noisily where the interpreter is torn down under them


def _settings(  # noqa: PLR0913 - one argument for each flag
    url: str,
    host: str,
    port: int,
    openapi: Path,
    *,
    timeout: float,
    errors: bool,
    record: Path | None,
    tls_verify: str,
    **rest: Any,
) -> Settings:
    from .running import Settings  # noqa: PLC0415 - likewise
    from .upstream import check_url, trust  # noqa: PLC0415 - likewise

    if problem := check_url(url):
        raise UsageProblem(f"the URL of the upstream {problem}")
    if record is not None and (record.is_dir() or not os.access(record.parent, os.W_OK)):
        raise UsageProblem(f"{record}: cannot be written")
    try:
        port = free_port(host, port)
        opts = options(host, **rest)
    except (OSError, OverflowError) as error:
        raise UsageProblem(address_problem(host, port, error)) from None
    try:
        verify = trust(tls_verify)
    except OSError:
        raise UsageProblem(f"--tls-verify {tls_verify}: is neither true nor false nor a file of certificates") from None
    return Settings(url.rstrip("/"), host, port, openapi, timeout, verify, errors, record, opts)


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
    url = address(settings.host, settings.port)
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
