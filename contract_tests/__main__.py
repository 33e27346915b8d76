"""`python -m contract_tests` is the command `contract-tests`."""

from contract_tests.start import main

main()
