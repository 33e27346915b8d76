"""`python -m mock_server`."""

from .cli import main

main(prog_name="mock-server")
