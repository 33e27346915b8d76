"""The whole catalogue: importing the modules enters their faults."""

from tests.contract_tests import (  # noqa: F401 - enters them
    faults_answers,
    faults_beside,
    faults_exact,
    faults_history,
    faults_identity,
    faults_input,
    faults_nearly,
    faults_requests,
    faults_state,
)
from tests.contract_tests.catalogue import FAULTS, Fault

__all__ = ["FAULTS", "Fault"]
