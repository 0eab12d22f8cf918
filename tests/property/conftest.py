"""The sshd to ask, and how many examples to try.

CURFEW_SSHD names another sshd than the installed one; CURFEW_EXAMPLES another number of examples.
"""

import os
from collections.abc import Iterator

import hypothesis
import pytest

from tests.property.sshd import ANSWERS
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
    unit.pytest_configure(config)


@pytest.fixture
def answered() -> Iterator[None]:
    """A property that held because nothing was asked has not been tried."""
    ANSWERS.clear()
    yield
    assert ANSWERS["taken"] >= EXAMPLES // 2, f"of {EXAMPLES} trees sshd answered {dict(ANSWERS)}"
