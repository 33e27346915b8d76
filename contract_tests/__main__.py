"""`python -m contract_tests` is the command `contract-tests`."""

from contract_tests.cli.entry_point import main

main()
