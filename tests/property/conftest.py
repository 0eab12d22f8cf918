"""The sshd to ask, and how many examples to try.

CURFEW_SSHD names another sshd than the installed one; CURFEW_EXAMPLES another number of examples.
"""

import os
import sys

import hypothesis
import pytest

from tests.property.sshd import Sshd, find_sshd
from tests.unit import conftest as unit

EXAMPLES = int(os.environ.get("CURFEW_EXAMPLES", "25"))

hypothesis.settings.register_profile(
    "sshd",
    max_examples=EXAMPLES,
    deadline=None,  # how long a program takes says nothing about us
    database=None,
    print_blob=True,
    suppress_health_check=list(hypothesis.HealthCheck),
)
hypothesis.settings.load_profile("sshd")


def pytest_configure(config: pytest.Config) -> None:
    if "ansible_collections.curfew.session" not in sys.modules:
        unit.pytest_configure(config)


@pytest.fixture(scope="session")
def sshd() -> Sshd:
    found = find_sshd()
    if found is None:
        pytest.skip("no sshd is installed here; CURFEW_SSHD names one")
    return found
