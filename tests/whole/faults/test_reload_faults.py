"""A reload, and one that fails: the run takes everything back, and what fails then is drilled too.

The daemon is a stand-in, and so is systemctl: it "reads" the files by copying them, or refuses.
Both are seen by the run alone. What the daemon holds at the end belongs to the tree.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .harness import Drill
from .test_module_faults import (
    BOTH,
    CLOUD,
    NOT_HERE,
    build_sshd,
    environment_in,
    in_force,
    module_command,
)

SYSTEMCTL = """#!/bin/sh
case "$1" in
show) printf 'Id=ssh.service\\nLoadState=loaded\\nActiveState=active\\nMainPID=%d\\n';;
reload) %s;;
*) exit 1;;
esac
"""
READ = "rm -rf {0}/.read; mkdir {0}/.read; cp -p {0}/sshd_config {0}/*.d/* {0}/.read"
REFUSE = "grep -qx 'ClientAliveInterval 60' {0}/sshd_config && exit 1; " + READ
MANAGED = (
    "mount -t tmpfs none /run && mkdir -p /run/systemd/system /run/sshd"
    ' && mount --bind "$0/.systemctl" /usr/bin/systemctl && '
)
ENTER = MANAGED + 'mount --bind "$0" /mnt && exec "$@"'

pytestmark = [
    *(pytest.mark.skipif(condition, reason=why) for condition, why in NOT_HERE),
    pytest.mark.skipif(not Path("/usr/bin/systemctl").exists(), reason="there is no systemctl"),
]


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[int]:
    with listening(tmp_path, "-D -f /mnt/sshd_config") as number:
        yield number


@contextmanager
def listening(folder: Path, words: str) -> Iterator[int]:
    """The stand-in bears sshd's name and title: whatever does not is no daemon."""
    program = shutil.copy("/bin/sleep", folder / "sshd")
    title = f"sshd: /usr/sbin/sshd {words} [listener] 0 of 10-100 startups"
    process = subprocess.Popen([title, "3600"], executable=program)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def manage(tree: Path, number: int, folder: str, refused: bool) -> None:
    """Give the tree a service manager, which has this process read the files of the folder."""
    reload = (REFUSE if refused else READ).format(folder)
    (tree / ".systemctl").write_text(SYSTEMCTL % (number, reload))
    (tree / ".systemctl").chmod(0o755)


def inside(tree: Path, *command: str) -> list[str]:
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", ENTER, str(tree), *command]


@pytest.mark.parametrize("refused", [False, True], ids=["reload", "reload refused"])
def test_every_fault(listener, host_key, tmp_path, refused, drilled):
    def build(tree: Path) -> None:
        build_sshd(tree)
        main = tree / "sshd_config"
        main.write_text(main.read_text().replace(str(tree), "/mnt"))
        manage(tree, listener, "/mnt", refused)
        subprocess.run(inside(tree, "systemctl", "reload"), check=True)

    environment = environment_in(tmp_path)
    options = {**BOTH, "path": "/mnt/sshd_config"}
    reloading = module_command("sshd_client_alive", reload=True, **options)
    writing = module_command("sshd_client_alive", **options)
    drill = Drill(
        build=build,
        command=lambda tree: inside(tree, *reloading(tree)),
        writing=(lambda tree: inside(tree, *writing(tree))) if refused else None,
        order=("sshd_config", CLOUD),
        environment=environment,
        watch=["/mnt/", environment["TMPDIR"]],
        scratch=Path(environment["TMPDIR"]),
        ends_old=refused,
        probe=lambda tree: in_force("/mnt/sshd_config", host_key, tree),
    )
    drilled(f"sshd_client_alive: {'reload refused' if refused else 'reload'}", drill)
    if not refused:
        assert drill.new[".read/sshd_config"] == drill.new["sshd_config"], "never reloaded"
