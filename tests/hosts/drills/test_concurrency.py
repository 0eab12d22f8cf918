"""Runs at once on one host, each with another value: at the end the tree is one of them, whole."""

import os
import re
from typing import Any

import pytest

from . import remote
from .conftest import Running
from .drill import OPTIONS, RESTORE

RUNS = 10
ROUNDS = 3 if os.environ.get("CURFEW_FULL") else 1
FOLDERS = {"sshd_client_alive": "/etc/ssh", "shell_tmout": "/etc/profile.d"}
CONTENT = """
cd /etc
find ssh/ profile profile.d/ -type f ! -name 'ssh_host_*' ! -name moduli | sort | xargs grep ''
"""
LOCK_FILES = """
find /etc /run /var/lock /var/tmp /tmp -xdev -newer /opt/curfew ! -path '/run/systemd/*' \
    \\( -name '*lock?*' -o -name '*curfew*' -o -name '.*~' \\)
"""
# A login file that takes its time holds the run, and with it the lock, long enough.
SLOW = "echo 'sleep 3' > /etc/profile.d/slow.sh"
LOCK = "/run/curfew.session{}.lock"
HOLDS = """
( {line} ) >/dev/null 2>&1 &
for i in $(seq 200); do test -e {lock} && ! flock -n {lock} true && break; sleep 0.02; done
test -e {lock} || echo free
kill -KILL $(pgrep -f '/plugins/modules/{module}.py')
"""


def _numbered(module: str, number: int) -> dict[str, Any]:
    values: dict[str, dict[str, Any]] = {
        "sshd_client_alive": {"interval": 100 + number, "count_max": 10 + number},
        "shell_tmout": {"timeout": str(100 + number)},
    }
    return {**values.get(module, values), "conflicts": "disable"}


def _content(host: str, number: int | None = None) -> str:
    """All files; with a number, as they would be if it had been the 0 that they hold."""
    text = remote.execute(host, CONTENT)
    if number is None:
        return text
    text = re.sub(r"(ClientAliveInterval|TMOUT=)( ?)100\b", rf"\1\g<2>{100 + number}", text)
    return re.sub(r"(ClientAliveCountMax) 10\b", rf"\1 {10 + number}", text)


def _at_once(host: str, modules: list[str]) -> None:
    """As many runs as modules are named; `alone` is what each would leave."""
    for module in sorted(set(modules)):
        assert not remote.run(host, module, **_numbered(module, 0)).get("failed")
    alone = {number: _content(host, number).split("\n") for number in range(RUNS)}
    assert alone[0] != alone[1]
    for _round in range(ROUNDS):
        lines = [
            f"( {remote.command(module, **_numbered(module, number))} >/root/said.{number} 2>&1;"
            f" echo $? >/root/status.{number} ) &"
            for number, module in enumerate(modules)
        ]
        remote.execute(host, "\n".join(["rm -f /root/said.* /root/status.*", *lines, "wait"]))
        said = remote.execute(host, "cat /root/said.*")
        assert "Traceback" not in said, said
        done = remote.execute(host, "cat /root/status.*").split()
        assert len(done) == RUNS and done.count("0") >= len(set(modules)), said
        found = _content(host).split("\n")
        for folder in FOLDERS.values():
            assert _part(folder, found) in [_part(folder, tree) for tree in alone.values()], found
        assert len(found) == len(alone[0]), found
        assert remote.can_log_in(host)


def _part(folder: str, lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(folder[5:])]


def _killed_with_the_lock(host: str, module: str) -> None:
    remote.execute(host, SLOW)
    line = remote.command(module, **OPTIONS[module])
    lock = LOCK.format(FOLDERS[module].replace("/", "-"))
    said = remote.execute(host, HOLDS.format(line=line, lock=lock, module=module))
    assert "free" not in said, "the run was over before it could be killed"
    remote.execute(host, "rm /etc/profile.d/slow.sh")
    result = remote.run(host, module, **OPTIONS[module])
    assert not result.get("failed") and result["changed"], result
    assert remote.can_log_in(host)


def _no_lock_file(host: str) -> None:
    left = remote.execute(host, LOCK_FILES)
    assert not left, left


DRILLS = {
    "ten of sshd_client_alive": lambda host: _at_once(host, ["sshd_client_alive"] * RUNS),
    "ten of shell_tmout": lambda host: _at_once(host, ["shell_tmout"] * RUNS),
    "three of each, four of both": lambda host: _at_once(
        host, ["timeouts", *[*FOLDERS, "timeouts"] * 3]
    ),
    "one is killed while it has the lock": lambda host: _killed_with_the_lock(host, "shell_tmout"),
    "no lock file is left": _no_lock_file,
}


def perform(host: str, name: str) -> None:
    try:
        DRILLS[name](host)
    finally:
        if name != "no lock file is left":
            remote.execute(host, RESTORE)


@pytest.mark.parametrize("drill", DRILLS)
def test_runs_at_once(name: str, drill: str, running: Running) -> None:
    running[name, drill].result()
