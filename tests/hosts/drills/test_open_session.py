"""Last: the session that was opened before all other drills."""

from tools.lab.common import wait_for

from . import remote
from .conftest import Hosts


def test_it_is_still_there(name: str, queues: Hosts) -> None:
    """Through every reload and restart, of the good ones and of the bad."""
    session = queues.sessions[name].result()
    session.type("touch /var/tmp/still-there")
    seen = "test ! -e /var/tmp/still-there || echo yes"
    wait_for(f"an answer of {name}", lambda: remote.execute(name, seen), 10)
    assert session.alive
