"""The hosts, the live sessions' threads, and the count for the scenario's last step."""

import concurrent.futures
import json
from collections import Counter
from collections.abc import Iterator

import pytest
import testinfra
from testinfra.host import Host

from .answers import ANSWERS, HOSTS

_outcomes: Counter[str] = Counter()
_hosts: set[str] = set()


@pytest.fixture(params=HOSTS)
def name(request: pytest.FixtureRequest) -> str:
    """Each host of the scenario; one that testinfra cannot find is an error here, not a skip."""
    return str(request.param)


@pytest.fixture
def host(name: str, request: pytest.FixtureRequest) -> Host:
    """The host as testinfra reaches it: as root, over ssh."""
    inventory = request.config.getoption("--ansible-inventory")
    return testinfra.get_host(f"ansible://{name}", ansible_inventory=inventory)


@pytest.fixture(scope="session")
def pool() -> Iterator[concurrent.futures.ThreadPoolExecutor]:
    """Live sessions mostly wait, so all of them wait at the same time."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=64) as executor:
        yield executor


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        _outcomes[report.outcome] += 1
        _hosts.update(name for name in HOSTS if name in report.nodeid)


def pytest_sessionfinish() -> None:
    """For tested.yml, which sees that no run of the tests was empty."""
    entry = {"hosts": sorted(_hosts), **{key: _outcomes[key] for key in ("passed", "skipped")}}
    with (ANSWERS / "tested.jsonl").open("a") as log:
        log.write(json.dumps(entry) + "\n")
