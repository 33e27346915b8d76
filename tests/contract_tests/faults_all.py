"""The whole catalogue: importing the modules enters their faults."""

from tests.contract_tests import (  # noqa: F401 - enters them
    faults_auth,
    faults_bounds,
    faults_cache,
    faults_concurrency,
    faults_http,
    faults_pages,
    faults_read,
    faults_schema,
    faults_state,
    faults_text,
)
from tests.contract_tests.catalogue import FAULTS, Fault

__all__ = ["FAULTS", "Fault"]
