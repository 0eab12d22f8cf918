"""The hosts of the rows: two at a time, the rows of a host one after the other.

A fixture starts those that pytest has chosen, and each test waits for its own.
"""

import concurrent.futures
from collections.abc import Iterator

import pytest

from tools.lab import hosts, images

from . import judge, rows

Running = dict[tuple[str, str], "concurrent.futures.Future[None]"]


@pytest.fixture(scope="session")
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    chosen: dict[str, list[str]] = {}
    for item in request.session.items:
        parameters = getattr(item, "callspec", None)
        if parameters and "host" in parameters.params:
            chosen.setdefault(parameters.params["host"], []).append(parameters.params["name"])
    started: Running = {
        (host, name): concurrent.futures.Future()
        for host, names in chosen.items()
        for name in names
    }
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for host, names in chosen.items():
            pool.submit(_all, host, names, started)
        yield started


def _all(host: str, names: list[str], started: Running) -> None:
    """A host that cannot be had is the end of each of its rows."""
    name = f"{host}-field"
    try:
        if why := images.unavailable(hosts.kind_of(name).image):
            pytest.skip(why)
        _new(name)
    except BaseException as error:  # pytest's skip is none of Exception
        for row in names:
            started[host, row].set_exception(error)
        return
    for row in names:
        try:
            started[host, row].set_result(judge.perform(name, rows.ROWS[row]))
        except BaseException as error:
            started[host, row].set_exception(error)
        if not judge.restore(name):
            _new(name)
    hosts.down([name])


def _new(name: str) -> None:
    hosts.up([name], fresh=True)
    judge.prepare(name)
