"""A private mount namespace with cgroup2, for machines whose own cgroups are v1 or hybrid.

crun runs systemd on cgroup2 only. One process (the holder) keeps a mount namespace open in which
/sys/fs/cgroup is cgroup2, and every podman runs in that same namespace: podman's network
namespaces are mounts too, and would be invisible from a second one. The machine's own mounts do
not change. The holder belongs to the machine, not to a checkout, because podman's storage does.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .common import LabError

STATE = Path("/run/curfew-lab")
HOLDER = STATE / "holder"
# What podman knows of running containers lies in /run, and is true in this namespace alone: it
# goes with the holder, so that the next one finds hosts of a dead one stopped, as after a reboot.
OF_PODMAN = "/run/libpod /run/containers /run/netns"
ENTER_CGROUP2 = (
    "umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup"
    f" && mkdir -p {OF_PODMAN}"
    f" && for place in {OF_PODMAN}; do mount -t tmpfs -o mode=755 none $place || exit 1; done"
    " && echo ready && exec sleep infinity"
)


def prefix() -> list[str]:
    """What to put before a command so that it sees cgroup2; nothing where it does already."""
    if Path("/sys/fs/cgroup/cgroup.controllers").exists():
        return []
    with _locked():
        pid = _holder() or _start_holder()
    return ["nsenter", f"--mount=/proc/{pid}/ns/mnt", f"--wd={os.getcwd()}", "--"]


def leave() -> None:
    """Let the namespace go; call it when no container is left."""
    with _locked():
        pid = _holder()
        if pid:
            os.kill(pid, signal.SIGTERM)
        HOLDER.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    STATE.mkdir(mode=0o700, exist_ok=True)
    with (STATE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _holder() -> int | None:
    try:
        pid, born = HOLDER.read_text().split()
        alive = _born(int(pid)) == born
    except (OSError, ValueError):
        return None
    return int(pid) if alive else None


def _born(pid: int) -> str:
    """The start time of a process: a recycled pid has another one."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def _start_holder() -> int:
    holder = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER_CGROUP2],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert holder.stdout is not None
    if holder.stdout.readline() != b"ready\n":
        raise LabError("cannot mount cgroup2 in a private namespace: root and CAP_SYS_ADMIN needed")
    HOLDER.write_text(f"{holder.pid} {_born(holder.pid)}")
    return holder.pid
