"""sshd_client_alive itself: every call that touches its files fails, or ends the run there."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import CannotBeAsked
from tests.search.sshd_oracle import refuses

from .harness import NOT_ASKED, TIME_LIMIT_SECONDS, Drill

ROOT = Path(__file__).resolve().parents[3]
NOT_HERE = (
    (not shutil.which("strace"), "strace is not installed"),
    (not Path("/usr/sbin/sshd").exists(), "sshd is not installed"),
)

pytestmark = [pytest.mark.skipif(condition, reason=why) for condition, why in NOT_HERE]


@pytest.fixture
def environment(tmp_path):
    return environment_in(tmp_path)


def environment_in(folder: Path) -> dict[str, str]:
    """Where a module finds this collection and ansible, and a folder for its temporary files."""
    import ansible

    path = folder / "path"
    (path / "ansible_collections/curfew").mkdir(parents=True)
    (path / "ansible_collections/curfew/session").symlink_to(ROOT)
    (path / "ansible").symlink_to(Path(ansible.__file__).parent)
    (folder / "tmp").mkdir()
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(path),
        "PYTHONPYCACHEPREFIX": str(folder / "byte-code"),
        "PYTHONHASHSEED": "0",
        "TMPDIR": str(folder / "tmp"),
    }


def module_command(name, **options):
    """The command that runs a module on a tree; {tree} in an option is the tree's path."""

    def command(tree: Path) -> list[str]:
        text = json.dumps({"ANSIBLE_MODULE_ARGS": options}).replace("{tree}", str(tree))
        return [sys.executable, str(ROOT / "plugins/modules" / f"{name}.py"), text]

    return command


def build_sshd(tree: Path) -> None:
    """The interval of a drop-in wins, the count of the main file's own Match all."""
    _write(tree, {
        "sshd_config": "Include {tree}/sshd_config.d/*.conf\nX11Forwarding no\n"
        "ClientAliveInterval 300\nMatch all\n    ClientAliveCountMax 9\n",
        "sshd_config.d/50-cloud-init.conf": "ClientAliveInterval 900\n",
    })  # fmt: skip


def build_three(tree: Path) -> None:
    """Two drop-ins contradict each other, too."""
    build_sshd(tree)
    _write(tree, {"sshd_config.d/60-site.conf": "ClientAliveInterval 500\n"})


def build_match(tree: Path) -> None:
    """A drop-in's Match all beats the block of the main file."""
    _write(tree, {
        "sshd_config": "Include {tree}/sshd_config.d/*.conf\nClientAliveCountMax 5\n"
        "Match User backup\n    ClientAliveInterval 300\n",
        "sshd_config.d/50-site.conf": "Match all\n    ClientAliveInterval 900\n",
    })  # fmt: skip


def _write(tree: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        path = tree / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("{tree}", str(tree)))
        path.chmod(0o600 if name == "sshd_config" else 0o644)


def applied(build: Callable[[Path], None]) -> Callable[[Path], None]:
    """As after a run that disabled what contradicts."""

    def made(tree: Path) -> None:
        build(tree)
        for path in (tree / "sshd_config", *tree.glob("sshd_config.d/*")):
            lines = path.read_text().split("\n")
            path.write_text("\n".join(map(_applied, lines)))

    return made


def _applied(line: str) -> str:
    if not line.lstrip().startswith("Client"):
        return line
    return line.replace("300", "60") if "300" in line else f"#curfew.session# {line}"


def build_doubting(tree: Path) -> None:
    """Beside the files an sshd that says something else of the real files once they are new."""
    build_three(tree)
    (tree / ".sshd").write_text(
        f'#!/bin/sh\ncase " $* " in *" -f {tree}/sshd_config "*)\n'
        f"  if grep -qx 'ClientAliveInterval 60' {tree}/sshd_config; then\n"
        '    exec /usr/sbin/sshd "$@" -o ClientAliveInterval=77\n  fi;;\nesac\n'
        'exec /usr/sbin/sshd "$@"\n'
    )
    (tree / ".sshd").chmod(0o755)


def in_force(
    config: str, key: Path, there: Path = Path("/mnt"), at: str = "/mnt"
) -> dict[str, str]:
    """What sshd gives two users, by name and value; nothing if it would not start.

    The folder `there` is the one that it sees `at` this place.
    """
    said = {}
    for user in ("backup", "nobody"):
        script = (
            'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && mount --bind "$3" "$4"'
            f" || exit {NOT_ASKED}"
            '; /usr/sbin/sshd -t -h "$0" -f "$1"'
            ' && exec /usr/sbin/sshd -T -h "$0" -f "$1" -C "$2"'
        )
        where = f"user={user},host=192.0.2.1,addr=192.0.2.1,laddr=192.0.2.2,lport=22"
        command = ["unshare", "-m", "sh", "-c", script, str(key), config, where, str(there), at]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TIME_LIMIT_SECONDS
        )
        if refuses(done):
            return {}
        if done.returncode:
            raise CannotBeAsked(f"sshd ends with {done.returncode}: {done.stderr}")
        lines = [line.split(" ") for line in done.stdout.split("\n")]
        said.update({f"{user}'s {line[0]}": line[1] for line in lines if "clientalive" in line[0]})
    return said


SSHD: dict[str, Any] = {"path": "{tree}/sshd_config", "conflicts": "disable"}
BOTH, ABSENT = dict(SSHD, interval=60, count_max=3), dict(SSHD, state="absent")
CLOUD, SITE = "sshd_config.d/50-cloud-init.conf", "sshd_config.d/60-site.conf"
# What is there, the options, and the files in the order in which they are written.
DRILLS = {
    "present": (build_three, BOTH, ("sshd_config", SITE, CLOUD)),
    "backup": (build_sshd, dict(SSHD, interval=60, backup=True), ("sshd_config", CLOUD)),
    "match": (
        build_match,
        dict(SSHD, interval=60, match="User backup"),
        ("sshd_config", "sshd_config.d/50-site.conf"),
    ),
    "absent": (
        applied(build_three),
        ABSENT,
        (CLOUD, SITE, "sshd_config"),
    ),
}


@pytest.mark.parametrize(("build", "options", "order"), DRILLS.values(), ids=DRILLS)
def test_every_fault(environment, host_key, build, options, order, request, drilled):
    drill = Drill(
        build=build,
        command=module_command("sshd_client_alive", **options),
        order=order,
        environment=environment,
        watch=[environment["TMPDIR"]],
        scratch=Path(environment["TMPDIR"]),
        looking=options in (BOTH, ABSENT),
        probe=lambda tree: in_force(f"{tree}/sshd_config", host_key),
    )
    drilled(f"sshd_client_alive: {request.node.callspec.id}", drill)


def test_every_fault_of_an_undo(environment, host_key, drilled):
    drill = Drill(
        build=build_doubting,
        command=module_command("sshd_client_alive", sshd="{tree}/.sshd", **BOTH),
        writing=module_command("sshd_client_alive", **BOTH),
        order=("sshd_config", SITE, CLOUD),
        ends_old=True,
        environment=environment,
        watch=[environment["TMPDIR"]],
        scratch=Path(environment["TMPDIR"]),
        probe=lambda tree: in_force(f"{tree}/sshd_config", host_key),
    )
    drilled("sshd_client_alive: undo", drill)
