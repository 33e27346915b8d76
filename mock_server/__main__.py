"""`python -m mock_server`, and the command `mock-server`."""

import signal


def run() -> None:
    """Run the command; a Ctrl-C while its modules are loaded ends it as it ends every program, without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from mock_server.cli.serve_command import main  # noqa: PLC0415 - takes a fifth of a second

    main(prog_name="mock-server")


if __name__ == "__main__":
    run()
