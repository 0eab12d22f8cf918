"""A reload that fails: the run takes everything back, and whatever fails then is drilled too.

The daemon is a stand-in, and so is systemctl, which refuses every reload; both are seen by the
run alone. It must end with the old bytes, every time.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Drill
from test_module_faults import SSHD, build_sshd, environment_in, module_command

FULL = bool(os.environ.get("CURFEW_FULL"))
SYSTEMCTL = """#!/bin/sh
[ "$1" = show ] || exit 1
printf 'Id=ssh.service\\nLoadState=loaded\\nActiveState=active\\nMainPID=%d\\n'
"""
ENTER = (
    "mount -t tmpfs none /run && mkdir -p /run/systemd/system /run/sshd"
    ' && mount --bind "$0/.systemctl" /usr/bin/systemctl && mount --bind "$0" /mnt && exec "$@"'
)

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can edit what root owns"),
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed"),
    pytest.mark.skipif(not Path("/usr/sbin/sshd").exists(), reason="sshd is not installed"),
    pytest.mark.skipif(not Path("/usr/bin/systemctl").exists(), reason="there is no systemctl"),
    pytest.mark.skipif(
        subprocess.call(["unshare", "-m", "true"]) != 0, reason="no private mount namespaces here"
    ),
]


@pytest.fixture
def listener() -> Iterator[int]:
    title = "sshd: /usr/sbin/sshd -D -f /mnt/sshd_config [listener] 0 of 10-100 startups"
    process = subprocess.Popen(["bash", "-c", f"exec -a '{title}' sleep 3600"])
    yield process.pid
    process.kill()
    process.wait()


def inside(tree: Path, *command: str) -> list[str]:
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", ENTER, str(tree), *command]


def test_every_fault(listener, tmp_path, record_property, capsys):
    def build(tree: Path) -> None:
        build_sshd(tree)
        main = tree / "sshd_config"
        main.write_text(main.read_text().replace(str(tree), "/mnt"))
        (tree / ".systemctl").write_text(SYSTEMCTL % listener)
        (tree / ".systemctl").chmod(0o755)

    environment = environment_in(tmp_path)
    options = {**SSHD, "path": "/mnt/sshd_config", "interval": 60, "count_max": 3}
    reloading = module_command("sshd_client_alive", reload=True, **options)
    writing = module_command("sshd_client_alive", **options)
    drill = Drill(
        build=build,
        command=lambda tree: inside(tree, *reloading(tree)),
        writing=lambda tree: inside(tree, *writing(tree)),
        order=(),
        environment=environment,
        watch=["/mnt/", environment["TMPDIR"]],
        ends_old=True,
        errors=("EIO", "ENOSPC"),
        looking=False,
        every=1 if FULL else 5,
    )
    drill.run()
    record_property("faults", dict(drill.counts))
    with capsys.disabled():
        print(f"\n  {dict(drill.counts)}, broken {len(drill.broken)}", end=" ")
    assert not drill.broken, "\n".join(drill.broken[:50])
    assert drill.counts["kills"] >= (10 if FULL else 3)
