"""What is compared: each a command on a tree, as Ansible would run it on a host."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.unit.private_mounts import hide_tmp

TOP = Path(__file__).resolve().parents[3]
OURS = TOP / "plugins" / "modules"
INTERVAL, COUNT_MAX, TIMEOUT = 600, 2, 900
DROP_IN = f"TMOUT={TIMEOUT}\nreadonly TMOUT\nexport TMOUT\n"
# How a command ends that was not even started.
NOT_ASKED = 99
Commands = list[list[str]]


def ours(name: str, **options: object) -> list[str]:
    return [sys.executable, str(OURS / f"{name}.py"), _arguments(options)]


def core(name: str, **options: object) -> list[str]:
    """By its module's name: beside the file lie others that are called like Python's own."""
    return [sys.executable, "-m", f"ansible.modules.{name}", _arguments(options)]


def _arguments(options: dict[str, object]) -> str:
    return json.dumps({"ANSIBLE_MODULE_ARGS": options})


def client_alive(tree: Path) -> Commands:
    options = {"interval": INTERVAL, "count_max": COUNT_MAX, "conflicts": "disable"}
    return [ours("sshd_client_alive", path=f"{tree}/sshd_config", **options)]


def lineinfile(tree: Path) -> Commands:
    """Two tasks, one after the other, as they stand in most roles."""
    wanted = (("ClientAliveInterval", INTERVAL), ("ClientAliveCountMax", COUNT_MAX))
    return [
        core(
            "lineinfile",
            path=f"{tree}/sshd_config",
            regexp=f"^#?{keyword}",
            line=f"{keyword} {value}",
            validate="/usr/sbin/sshd -t -f %s",
        )
        for keyword, value in wanted
    ]


def shell_tmout(tree: Path) -> Commands:
    options = {"timeout": str(TIMEOUT), "conflicts": "disable"}
    return [inside(tree, *ours("shell_tmout", **options))]


def copy(tree: Path) -> Commands:
    """Its file comes from the controller: here it lies beside /etc, put there by `bring`."""
    options = {"dest": "/etc/profile.d/tmout.sh", "mode": "0644", "remote_src": True}
    return [inside(tree, *core("copy", src="/mnt/tmout.sh", **options))]


def bring(tree: Path) -> None:
    (tree / "tmout.sh").write_text(DROP_IN)


def inside(tree: Path, *command: str) -> list[str]:
    """With the tree's /etc in place of the machine's own."""
    script = (
        f'{hide_tmp()} && mount --bind "$0" /mnt && mount --bind "$0/etc" /etc'
        f' || exit {NOT_ASKED}; exec "$@"'
    )
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", script, str(tree), *command]


def joined(commands: Commands) -> Sequence[str]:
    """One command of several, that ends with the first failure."""
    if len(commands) == 1:
        return commands[0]
    script = "import subprocess, sys, json\nfor one in json.loads(sys.argv[1]):\n"
    script += "    subprocess.run(one).returncode and sys.exit(1)\n"
    return [sys.executable, "-c", script, json.dumps(commands)]
