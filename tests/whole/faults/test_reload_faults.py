"""A run that reloads the daemon.

That is a stand-in: it listens, and opens its socket anew when it is told to read its files.
"""

import os
import shutil
import socket
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
reload) %s; kill -HUP %d;;
*) exit 1;;
esac
"""
HUPS = "told-to-read"
# Like sshd it closes its socket and opens another one when it is to read its files.
LISTENS = """
import os, signal, socket


def listen():
    global own
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    own.bind(("127.0.0.1", int(os.environ["PORT"])))
    own.listen(1)


def again(*_signal):
    own.close()
    listen()
    open(os.environ["HUPS"], "a").close()


listen()
signal.signal(signal.SIGHUP, again)
print("listens", flush=True)
while True:
    signal.pause()
"""
READ = "rm -rf {0}/.read; mkdir {0}/.read; cp -p {0}/sshd_config {0}/*.d/* {0}/.read"
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
    """The stand-in bears sshd's name and title, listens, and has a path of its files built in.

    Whatever does not is no daemon.
    """
    program = shutil.copy(os.path.realpath("/usr/bin/python3"), folder / "sshd")
    with open(program, "ab") as file:
        file.write(b"\0/etc/ssh/sshd_config\0")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    words += f" -o ListenAddress=127.0.0.1:{port}"
    title = f"sshd: /usr/sbin/sshd {words} [listener] 0 of 10-100 startups"
    process = subprocess.Popen(
        [title, "-c", LISTENS],
        executable=program,
        env={"PYTHONHOME": "/usr", "PORT": str(port), "HUPS": str(folder / HUPS)},
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout and process.stdout.readline() == b"listens\n"
        yield process.pid
    finally:
        process.kill()
        process.wait()


def manage(tree: Path, number: int, folder: str) -> None:
    """Give the tree a service manager, which has this process read the files of the folder."""
    reload = READ.format(folder)
    (tree / ".systemctl").write_text(SYSTEMCTL % (number, reload, number))
    (tree / ".systemctl").chmod(0o755)


def inside(tree: Path, *command: str) -> list[str]:
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", ENTER, str(tree), *command]


def test_every_fault(listener, host_key, tmp_path, drilled):
    def build(tree: Path) -> None:
        build_sshd(tree)
        main = tree / "sshd_config"
        main.write_text(main.read_text().replace(str(tree), "/mnt"))
        manage(tree, listener, "/mnt")
        subprocess.run(inside(tree, "sh", "-c", READ.format("/mnt")), check=True)

    environment = environment_in(tmp_path)
    options = {**BOTH, "path": "/mnt/sshd_config"}
    reloading = module_command("sshd_client_alive", reload=True, **options)
    drill = Drill(
        build=build,
        command=lambda tree: inside(tree, *reloading(tree)),
        order=("sshd_config", CLOUD),
        environment=environment,
        watch=["/mnt/", environment["TMPDIR"]],
        scratch=Path(environment["TMPDIR"]),
        network=True,
        probe=lambda tree: in_force("/mnt/sshd_config", host_key, tree),
    )
    drilled("sshd_client_alive: reload", drill)
    assert (tmp_path / HUPS).exists(), "never reloaded"
