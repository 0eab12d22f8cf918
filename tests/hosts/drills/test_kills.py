"""Runs killed at random moments: people get in, sshd starts anew, and the next run finishes."""

import datetime
import os
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.hosts.answers import HOSTS

from . import remote
from .conftest import Running
from .drill import BOTH, NEW_DAEMON, OPTIONS, RESTORE, SHARED

FULL = bool(os.environ.get("CURFEW_FULL"))
KILLS = 8 if FULL else 2
SEED = 20_000
DIRTY = """
echo 'ClientAliveInterval 7' > /etc/ssh/sshd_config.d/z.conf
echo 'ClientAliveInterval 9' >> /etc/ssh/sshd_config
echo 'export TMOUT=60' >> /etc/profile
systemctl restart sshd
"""
SAVE = "rm -rf /root/dirty && mkdir /root/dirty"
SAVE += " && cp -a /etc/ssh /etc/profile /etc/profile.d /root/dirty\n"
AGAIN = """
rm -rf /etc/ssh/sshd_config.d /etc/profile.d
cp -a /root/dirty/. /etc/
systemctl reset-failed sshd
systemctl reload sshd
"""
KILLED = """
{line} >/dev/null 2>&1 &
sleep {seconds:.3f}; kill -KILL $! 2>/dev/null; wait
/usr/sbin/sshd -t
"""
# Nothing of a run is left half done; a note that leads to nothing waits for those whom it is for.
BEGUN = "find /etc/ssh /etc/profile.d -name '.*' -type f ! -name '*.draft' ! -name '*.elsewhere'"
LONGEST = {"sshd_client_alive": 1.2, "shell_tmout": 1.2, "timeouts": 1.6}
DRILLS = {
    f"{module} {state}": (module, state) for module in OPTIONS for state in ("present", "absent")
}


def perform(host: str, name: str) -> None:
    module, state = DRILLS[name]
    options = dict(OPTIONS[module])
    remote.execute(host, DIRTY)
    try:
        if state == "absent":
            assert not remote.run(host, module, **options).get("failed")
            options = _absent(options)
        remote.execute(host, SAVE)
        chance = random.Random(f"{SEED} {host} {name}")
        for _number in range(KILLS):
            _kill(host, module, options, chance)
    finally:
        remote.execute(host, RESTORE)


def _absent(options: Mapping[str, Any]) -> dict[str, Any]:
    """The same options without any that say what is to be in force."""
    kept: dict[str, Any] = {"state": "absent"}
    for key, value in options.items():
        if key in BOTH and isinstance(value, dict):
            kept[key] = {name: value[name] for name in value if name == "reload"}
        elif key == "reload":
            kept[key] = value
    return kept


def _kill(host: str, module: str, options: dict[str, Any], chance: random.Random) -> None:
    seconds = chance.uniform(0.05, LONGEST[module])
    line = remote.command(module, **options)
    where = f"{host}, killed after {seconds} s"
    remote.execute(host, AGAIN + KILLED.format(line=line, seconds=seconds))
    assert remote.can_log_in(host), where
    remote.execute(host, NEW_DAEMON)
    assert remote.can_log_in(host), f"{where}, restarted"
    if module == "timeouts":
        _one_first(host, chance.choice([*BOTH][:2]), options, where)
    result = remote.run(host, module, **options)
    assert not result.get("failed"), (where, result)
    left = remote.execute(host, "find /etc/ssh /etc/profile.d -name '.*' -type f")
    assert not left, f"{where}: left {left}"


def _one_first(host: str, module: str, options: dict[str, Any], where: str) -> None:
    """Whoever comes next, and be it for one of the two, finds what was begun for both."""
    shared = {key: options[key] for key in SHARED if key in options}
    result = remote.run(host, module, **shared, **options[module])
    assert not result.get("failed"), (where, module, result)
    left = remote.execute(host, BEGUN)
    assert not left, f"{where}: {module} left {left}"


def _hosts_and_drills() -> Iterator[tuple[str, str]]:
    """Two of three on each host, tomorrow another two; CURFEW_FULL=1: all of them."""
    today = datetime.datetime.now(datetime.UTC).toordinal()
    for at, host in enumerate(HOSTS):
        left_out = [*DRILLS][(today + at) % 3 :: 3]
        yield from ((host, name) for name in DRILLS if FULL or name not in left_out)


@pytest.mark.parametrize(("name", "drill"), _hosts_and_drills())
def test_killed_at_random(name: str, drill: str, running: Running) -> None:
    running[name, drill].result()
