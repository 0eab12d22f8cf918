"""Situations from the field: what a module claims there is what the host's own programs say.

One of each kind on one release; CURFEW_FULL=1: all, on all hosts, or on those in
CURFEW_FIELD_HOSTS.
"""

import os
from collections.abc import Iterator

import pytest

from .conftest import Running
from .rows import ROWS

FULL = bool(os.environ.get("CURFEW_FULL"))
CHOSEN = os.environ.get("CURFEW_FIELD_HOSTS", "").split()


def _hosts_and_rows() -> Iterator[tuple[str, str]]:
    places = sorted({host for row in ROWS.values() for host in row.on})
    for host in CHOSEN or places:
        for name, row in ROWS.items():
            here = host in row.on
            first = "debian13" if "debian13" in row.on else row.on[0]
            if here and (FULL or CHOSEN or (row.sample and host == first)):
                yield host, name


@pytest.mark.parametrize(("host", "name"), list(_hosts_and_rows()))
def test_what_is_claimed_is_so(host: str, name: str, running: Running) -> None:
    running[host, name].result()
