"""Configurations and faults chosen to lock people out: afterwards a fresh client still gets in."""

import os
from collections.abc import Iterator

import pytest

from tests.hosts.answers import HOSTS

from . import drill as drills
from . import sshd_drills, tmout_drills
from .conftest import Running

FULL = bool(os.environ.get("CURFEW_FULL"))

SSHD = {f"sshd: {name}": drill for name, drill in sshd_drills.DRILLS.items()}
TMOUT = {f"tmout: {name}": drill for name, drill in tmout_drills.DRILLS.items()}
DRILLS = {**SSHD, **TMOUT}
# A host that is shaped otherwise has another unit and other login files, but Debian 11's sshd.
SHAPED = [f"sshd: {name}" for name in sshd_drills.DAEMON] + list(TMOUT)


def perform(host: str, name: str) -> None:
    drills.perform(host, DRILLS[name])


def _hosts_and_drills() -> Iterator[tuple[str, str]]:
    for host in HOSTS:
        chosen = DRILLS if host.startswith("debian") or FULL else SHAPED
        yield from ((host, name) for name in chosen)


@pytest.mark.parametrize(("name", "drill"), _hosts_and_drills())
def test_nobody_is_locked_out(name: str, drill: str, running: Running) -> None:
    running[name, drill].result()
