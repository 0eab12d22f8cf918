"""Configurations and faults chosen to lock people out: afterwards a fresh client still gets in.

On hosts of its own, which it makes and removes.
"""

import concurrent.futures
import os
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from tests.lab import hosts

from . import remote

HOSTS = ["debian11-drill", "debian12-drill", "debian13-drill"]
SSHD = {"interval": 60, "count_max": 3, "conflicts": "disable", "reload": True}
TMOUT = {"timeout": "900", "conflicts": "disable"}
KILLS = 8 if os.environ.get("CURFEW_FULL") else 3
SEED = 20_000
KEEP = (
    "mkdir -p /root/kept && cp -a /etc/ssh /etc/profile /etc/profile.d /etc/bash.bashrc /root/kept/"
)
RESTORE = """
chattr -i /etc/ssh/sshd_config
umount /etc/ssh/sshd_config
umount /etc/ssh /etc/profile.d
rm -rf /etc/ssh /etc/profile.d
cp -a /root/kept/* /etc/
rm -rf /run/systemd/system/ssh.service.d
systemctl daemon-reload
systemctl reset-failed
systemctl restart ssh
"""
ON_TMPFS = """
cp -a /etc/{0} /root/small && mount -t tmpfs -o size={1}k,mode=755 none /etc/{0}
cp -a /root/small/. /etc/{0}/ && rm -rf /root/small
"""
BAD_RELOAD = """
mkdir -p /run/systemd/system/ssh.service.d
cd /run/systemd/system/ssh.service.d
printf '[Service]\\nExecReload=\\nExecReload=/bin/false\\n' > x.conf
systemctl daemon-reload
"""
DYING_RELOAD = BAD_RELOAD.replace("/bin/false", "/bin/kill -KILL $MAINPID").replace(
    "[Service]\\n", "[Service]\\nRestart=no\\n"
)
DIRTY = """
echo 'ClientAliveInterval 7' > /etc/ssh/sshd_config.d/z.conf
echo 'ClientAliveInterval 9' >> /etc/ssh/sshd_config
echo 'export TMOUT=60' >> /etc/profile
systemctl restart ssh
rm -rf /root/dirty && mkdir /root/dirty && cp -a /etc/ssh /etc/profile /etc/profile.d /root/dirty
"""
AGAIN = """
rm -rf /etc/ssh/sshd_config.d /etc/profile.d
cp -a /root/dirty/. /etc/
systemctl reset-failed ssh
systemctl reload ssh
"""
FILLED = "dd if=/dev/zero of=/etc/{0}/filler bs=1k 2>/dev/null || :"


class Drill(NamedTuple):
    """What is wrong with the host, and which module then runs on it."""

    module: str
    wrong: str
    options: Mapping[str, Any]


DRILLS = {
    "reload kills the daemon": Drill("sshd_client_alive", DYING_RELOAD, SSHD),
    "reload fails": Drill("sshd_client_alive", BAD_RELOAD, SSHD),
    "/etc/ssh is full": Drill(
        "sshd_client_alive", ON_TMPFS.format("ssh", 700) + FILLED.format("ssh"), SSHD
    ),
    "/etc/ssh is read-only": Drill(
        "sshd_client_alive",
        "mount --bind /etc/ssh /etc/ssh && mount -o remount,ro,bind /etc/ssh",
        SSHD,
    ),
    "a broken drop-in": Drill(
        "sshd_client_alive",
        "echo 'ClientAliveInterval 1h 30m' > /etc/ssh/sshd_config.d/z.conf", SSHD,
    ),
    "a drop-in that includes itself": Drill(
        "sshd_client_alive",
        "echo 'Include /etc/ssh/sshd_config.d/z.conf' > /etc/ssh/sshd_config.d/z.conf",
        SSHD,
    ),
    "sshd_config has a wrong mode": Drill(
        "sshd_client_alive", "chmod 0000 /etc/ssh/sshd_config", SSHD
    ),
    "sshd_config belongs to somebody else": Drill(
        "sshd_client_alive", "chown ops /etc/ssh/sshd_config", SSHD
    ),
    "sshd_config is immutable": Drill(
        "sshd_client_alive", "chattr +i /etc/ssh/sshd_config || mount --bind -o ro"
        " /etc/ssh/sshd_config /etc/ssh/sshd_config", SSHD,
    ),
    "sshd_config ends in a Match block": Drill(
        "sshd_client_alive",
        "printf 'Match User nobody-here\\n  X11Forwarding no' >> /etc/ssh/sshd_config", SSHD,
    ),
    "an option that no sshd knows": Drill(
        "sshd_client_alive", "echo 'NoSuchOption yes' >> /etc/ssh/sshd_config", SSHD
    ),
    "/etc/profile.d is full": Drill(
        "shell_tmout", ON_TMPFS.format("profile.d", 64) + FILLED.format("profile.d"), TMOUT
    ),
    "an earlier readonly": Drill("shell_tmout", "sed -i '1i readonly TMOUT=5' /etc/profile", TMOUT),
    "a later definition": Drill("shell_tmout", "echo 'export TMOUT=60' >> /etc/profile", TMOUT),
    "a login file that never ends": Drill(
        "shell_tmout",
        "echo 'while [ -z \"$SSH_CONNECTION\" ]; do sleep 1; done' > /etc/profile.d/z.sh", TMOUT,
    ),
    "a profile that stops at a second definition": Drill(
        "shell_tmout", "printf 'set -e\\nexport TMOUT=60\\nset +e\\n' >> /etc/profile", TMOUT
    ),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def lab() -> Iterator[None]:
    hosts.up(HOSTS, fresh=True)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(remote.install, HOSTS))
        list(pool.map(lambda host: remote.execute(host, KEEP), HOSTS))
    yield
    hosts.down(HOSTS)


def everywhere(drill: Callable[[str], None]) -> None:
    """On all hosts side by side; each is made whole again afterwards."""

    def one(host: str) -> None:
        try:
            drill(host)
        finally:
            remote.execute(host, RESTORE)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = [pool.submit(one, host) for host in HOSTS]
    for future in running:
        future.result()


@pytest.mark.parametrize("name", DRILLS)
def test_nobody_is_locked_out(name: str) -> None:
    everywhere(lambda host: _drill(host, DRILLS[name]))


def _drill(host: str, drill: Drill) -> None:
    assert remote.can_log_in(host), f"{host}: nobody gets in already before"
    remote.execute(host, drill.wrong)
    got_in = remote.can_log_in(host)
    before = _bytes(host)
    result = remote.run(host, drill.module, **drill.options)
    if result.get("failed"):
        assert _bytes(host) == before, f"{host}: failed, and left something: {result['msg']}"
    assert remote.can_log_in(host) >= got_in, (host, result)
    # Or is it only the daemon from before that still answers? A new one reads the files again.
    if not result.get("failed"):
        remote.execute(host, "systemctl restart ssh")
        assert remote.can_log_in(host), (host, result)


@pytest.mark.parametrize("module", ["sshd_client_alive", "shell_tmout"])
def test_killed_at_random(module: str) -> None:
    everywhere(lambda host: _kill_at_random(host, module))


def _kill_at_random(host: str, module: str) -> None:
    """Wherever the run is killed: people get in, sshd starts anew, and the next run finishes."""
    options = SSHD if module == "sshd_client_alive" else TMOUT
    chance = random.Random(f"{SEED} {host} {module}")
    line = remote.command(module, **options)
    remote.execute(host, DIRTY)
    for _number in range(KILLS):
        remote.execute(host, AGAIN)
        seconds = chance.uniform(0.05, 1.2)
        kill = f"{line} >/dev/null 2>&1 &\nsleep {seconds:.3f}; kill -KILL $! 2>/dev/null; wait"
        remote.execute(host, f"{kill}; /usr/sbin/sshd -t")
        where = f"{host}, killed after {seconds} s"
        assert remote.can_log_in(host), where
        remote.execute(host, "systemctl reset-failed ssh; systemctl restart ssh")
        assert remote.can_log_in(host), f"{where}, restarted"
        result = remote.run(host, module, **options)
        assert not result.get("failed"), (where, result)
        left = remote.execute(host, "find /etc/ssh /etc/profile.d -name '.*' -type f")
        assert not left, f"{where}: left {left}"


def _bytes(host: str) -> str:
    script = (
        "find /etc/ssh /etc/profile /etc/profile.d /etc/bash.bashrc -type f ! -name filler"
        " -exec md5sum {} + | sort; stat -c '%n %a %U' /etc/ssh/sshd_config"
    )
    return remote.execute(host, script)
