"""A pytest plugin: each run writes a JUnit file of its own into $CURFEW_JUNIT_DIR.

Molecule starts pytest more than once in a scenario, always with the same options.
"""

import os
import time

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    folder = os.environ.get("CURFEW_JUNIT_DIR")
    if folder and not config.option.xmlpath:
        config.option.xmlpath = os.path.join(folder, f"{time.time_ns()}.xml")
