"""The run of a server, until the process ends."""

import os
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from mock_server.server.asgi_app import AsgiApp
from mock_server.server.lifecycle import Beside, serve
from mock_server.server.stop_signals import Ending
from mock_server.server.workers import Workers

from .server_output import ServerOutput

Finish = Callable[[], tuple[str, bool]]
"""Write what must not be lost; return a message about it, and whether that is an error."""


def run(  # noqa: PLR0913 - what differs between the two commands
    app: AsgiApp,
    ending: Ending,
    output: ServerOutput,
    *,
    ready: Callable[[], None],
    finish: Finish,
    beside: Beside | None = None,
) -> NoReturn:
    """Serve until the process is asked to end, and end it.

    `ready` is called when connections are accepted, and `beside` runs in a thread as long.
    """
    workers = app.core.settings.workers
    output.log_requests(app.core.store)
    serve_here = partial(serve, app, ending, beside)
    try:
        if workers == 1:
            serve_here(ready)
        else:
            Workers(serve_here, ending).run(workers, ready)
    finally:
        # Whatever ended it, the state or the recording must not be lost.
        words, is_error = finish()
        output.end(words, is_error=is_error)
    # Without tearing down the interpreter, under which Granian's threads abort noisily.
    os._exit(int(is_error))
