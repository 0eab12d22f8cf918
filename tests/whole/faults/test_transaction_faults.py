"""Every call that a Transaction makes on its files is made to fail, and the run killed there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .calls import ERRORS
from .harness import Drill

PROGRAM = Path(__file__).with_name("transaction_run.py")
ORDER = ("etc/changed", "usr/real", "etc/created.d/created", "etc/removed")

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="owners can only be kept by root"),
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed"),
]


@pytest.fixture(scope="session")
def python(tmp_path_factory):
    """An interpreter that makes the same calls each time: its byte code is compiled before."""
    cache = tmp_path_factory.mktemp("byte-code")
    command = [sys.executable, "-E", "-s", "-S", "-X", f"pycache_prefix={cache}"]
    warm_tree = tmp_path_factory.mktemp("warm")
    build(warm_tree)
    subprocess.run([*command, str(PROGRAM), str(warm_tree)], check=True)
    return [*command, "-B"]


def build(tree: Path) -> None:
    for folder in ("etc/created.d", "usr"):
        (tree / folder).mkdir(parents=True)
    for name, mode in (("etc/changed", 0o640), ("usr/real", 0o600), ("etc/removed", 0o644)):
        path = tree / name
        path.write_bytes(b"before " + name.encode())
        os.chown(path, 0 if name == "usr/real" else 1234, 4321)  # a link to others' is refused
        path.chmod(mode)
        os.setxattr(path, "trusted.note", b"kept")
        os.utime(path, ns=(10**18, 10**18))
    (tree / "etc/link").symlink_to("../usr/real")
    (tree / "etc/neighbour").write_text("not ours")


def build_killed_at(python, call, number, options=()):
    """A tree as a killed run leaves it: the drill is then on the run that recovers it."""

    def build_and_kill(tree: Path) -> None:
        build(tree)
        inject = ["-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}"]
        command = [*python, str(PROGRAM), str(tree), *options]
        subprocess.run(["strace", "-qq", "-o", "/dev/null", *inject, *command], check=False)

    return build_and_kill


# Clean runs rename four times: the journal, two files, the removed one; the fifth marks it proven.
DRILLS = {
    "write": ((), None),
    "write with backup": (("backup",), None),
    "write without hard links": (("nolinks",), None),
    "write and undo": (("undo",), None),
    "undo without hard links": (("undo", "nolinks"), None),
    "recover a run killed before it was proven": ((), ("rename", 5)),
    "recover a run killed while it finished": (("backup",), ("rename", 7)),
}


@pytest.mark.parametrize(("options", "killed_at"), DRILLS.values(), ids=DRILLS)
def test_every_fault(python, options, killed_at, request, drilled):
    full = options in ((), ("undo",)) and not killed_at
    drill = Drill(
        build=build_killed_at(python, *killed_at, options) if killed_at else build,
        command=lambda tree: [*python, str(PROGRAM), str(tree), *options],
        order=ORDER,
        ends_old="undo" in options,
        writing=lambda tree: [*python, str(PROGRAM), str(tree), *set(options) - {"undo"}],
        original=build if killed_at else None,
        errors=ERRORS if full else ("EIO",),
    )
    drilled(f"files: {request.node.callspec.id}", drill)
