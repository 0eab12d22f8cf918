"""Configurations and faults chosen to lock people out: afterwards a fresh client still gets in."""

import datetime
import os
from collections.abc import Iterator

import pytest

from tests.hosts.answers import HOSTS

from . import both_drills, sshd_drills, tmout_drills
from . import drill as drills
from .conftest import Running

RELEASES = sum(host.startswith("debian") for host in HOSTS)
FULL = bool(os.environ.get("CURFEW_FULL"))

SSHD = {f"sshd: {name}": drill for name, drill in sshd_drills.DRILLS.items()}
TMOUT = {f"tmout: {name}": drill for name, drill in tmout_drills.DRILLS.items()}
BOTH = {f"both: {name}": drill for name, drill in both_drills.DRILLS.items()}
DRILLS = {**SSHD, **TMOUT, **BOTH}
# A host that is shaped otherwise has another unit and other login files, but Debian 11's sshd.
SHAPED = [f"sshd: {name}" for name in sshd_drills.DAEMON] + [*TMOUT, *BOTH]


def perform(host: str, name: str) -> None:
    drills.perform(host, DRILLS[name])


def _hosts_and_drills() -> Iterator[tuple[str, str]]:
    """Every drill on one release, tomorrow on the next one; CURFEW_FULL=1: on all of them."""
    today = datetime.datetime.now(datetime.UTC).toordinal()
    for at, host in enumerate(HOSTS):
        chosen = list(DRILLS) if host.startswith("debian") or FULL else SHAPED
        turn = (today + at) % RELEASES
        yield from ((host, name) for name in (chosen if FULL else chosen[turn::RELEASES]))


@pytest.mark.parametrize(("name", "drill"), _hosts_and_drills())
def test_nobody_is_locked_out(name: str, drill: str, running: Running) -> None:
    running[name, drill].result()
