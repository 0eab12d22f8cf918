"""The hosts' drills: one after the other on a host, the hosts side by side.

A fixture starts those that pytest has chosen, and each test waits for its own.
"""

import concurrent.futures
from collections.abc import Callable, Iterable, Iterator, Mapping

import pytest

from tests.hosts.answers import HOSTS
from tools.lab import live

from . import remote
from .drill import KEEP

Running = Mapping[tuple[str, str], "concurrent.futures.Future[None]"]


class Hosts:
    """Each with a queue of its own, and a session that was opened before the first drill."""

    def __init__(self) -> None:
        self._queues = {host: concurrent.futures.ThreadPoolExecutor(1) for host in HOSTS}
        self.sessions = {host: self._queues[host].submit(_prepare, host) for host in HOSTS}

    def start(
        self, chosen: Iterable[tuple[str, str]], drill: Callable[[str, str], None]
    ) -> Running:
        return {(host, name): self._queues[host].submit(drill, host, name) for host, name in chosen}

    def end(self) -> None:
        for queue in self._queues.values():
            queue.shutdown(cancel_futures=True)
        for opened in self.sessions.values():
            opened.result().close()


def _prepare(host: str) -> live.Session:
    remote.install(host)
    remote.execute(host, KEEP)
    return live.Session(live.Login(host))


@pytest.fixture(scope="session")
def queues() -> Iterator[Hosts]:
    hosts = Hosts()
    yield hosts
    hosts.end()


@pytest.fixture(scope="module")
def running(queues: Hosts, request: pytest.FixtureRequest) -> Running:
    """The drills of a module that are chosen, each by its `perform(host, name)`."""
    items = [item for item in request.session.items if item.path == request.path]
    chosen = [
        (item.callspec.params["name"], item.callspec.params["drill"])  # type: ignore[attr-defined]
        for item in items
    ]
    perform: Callable[[str, str], None] = request.module.perform
    return queues.start(chosen, perform)
