"""Runs killed at random moments: people get in, sshd starts anew, and the next run finishes."""

import os
import random

import pytest

from . import remote
from .conftest import Running
from .drill import NEW_DAEMON, OPTIONS, RESTORE

KILLS = 8 if os.environ.get("CURFEW_FULL") else 2
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
            options = {key: options[key] for key in options if key == "reload"}
            options["state"] = "absent"
        remote.execute(host, SAVE)
        chance = random.Random(f"{SEED} {host} {name}")
        for _number in range(KILLS):
            _kill(host, module, options, chance.uniform(0.05, 1.2))
    finally:
        remote.execute(host, RESTORE)


def _kill(host: str, module: str, options: dict[str, object], seconds: float) -> None:
    line = remote.command(module, **options)
    where = f"{host}, killed after {seconds} s"
    remote.execute(host, AGAIN + KILLED.format(line=line, seconds=seconds))
    assert remote.can_log_in(host), where
    remote.execute(host, NEW_DAEMON)
    assert remote.can_log_in(host), f"{where}, restarted"
    result = remote.run(host, module, **options)
    assert not result.get("failed"), (where, result)
    left = remote.execute(host, "find /etc/ssh /etc/profile.d -name '.*' -type f")
    assert not left, f"{where}: left {left}"


@pytest.mark.parametrize("drill", DRILLS)
def test_killed_at_random(name: str, drill: str, running: Running) -> None:
    running[name, drill].result()
