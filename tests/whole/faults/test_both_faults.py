"""timeouts with both mechanisms, on an /etc of its own: every call that touches it fails, or ends
the run; what sshd gives and what all shells get is then the old or the new value of each.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .calls import ERRORS
from .harness import FAST_FOLDER, Drill
from .test_module_faults import NOT_HERE, environment_in, in_force, module_command
from .test_tmout_faults import (
    DOUBTING,
    DROP_IN,
    MAIN,
    PROFILE,
    SHELLS,
    inside,
    probe,
)
from .test_tmout_faults import build as build_etc
from .trees import made_once

SSHD, CLOUD = "etc/ssh/sshd_config", "etc/ssh/sshd_config.d/50-cloud-init.conf"
# As Debian has them, but for bash's own file, which sets nothing here.
STOCK = {
    SSHD: "Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\nUsePAM yes\n",
    MAIN: PROFILE.replace("; export TMOUT=60", ""),
    "etc/bash.bashrc": "PS1='$ '\n",
}
DIRTY = {**STOCK, CLOUD: "ClientAliveInterval 900\n", MAIN: PROFILE}
PRESENT: dict[str, Any] = {
    "sshd_client_alive": {"interval": 60, "count_max": 3},
    "shell_tmout": {"timeout": 900},
    "conflicts": "disable",
}
ABSENT: dict[str, Any] = {"sshd_client_alive": {}, "shell_tmout": {}, "state": "absent"}
# Between two writes, what contradicts may be disabled already, and ours not yet written.
WITHOUT = dict.fromkeys(SHELLS, ("none", "0"))
CONFIG = "/etc/ssh/sshd_config"

pytestmark = [
    *(pytest.mark.skipif(condition, reason=why) for condition, why in NOT_HERE),
    pytest.mark.skipif(FAST_FOLDER is None, reason="no /dev/shm: /tmp is hidden from a run"),
]


@pytest.fixture
def folder():
    """Not below /tmp, which a run has for itself."""
    with tempfile.TemporaryDirectory(dir=FAST_FOLDER) as path:
        yield Path(path)


class Case(NamedTuple):
    """What is there, after a run with `before` if given, and the files in the order of writing."""

    texts: Mapping[str, str]
    options: Mapping[str, Any]
    order: tuple[str, ...]
    between: Mapping[str, tuple[str, ...]] = {}
    before: Mapping[str, Any] | None = None
    # Undoes what it does; with these options it does not.
    writing: Mapping[str, Any] | None = None
    rights: Mapping[str, int] = {}
    # All that can go wrong with a call, and where the run only looks, too.
    full: bool = False
    # Which of the two by itself sees to what a killed run left: one in whose folder it had begun.
    alone: tuple[str, ...] = ("sshd_client_alive", "shell_tmout")


DRILLS = {
    "first run": Case(STOCK, PRESENT, (SSHD, DROP_IN), full=True),
    "both values change": Case(DIRTY, PRESENT, (SSHD, MAIN, DROP_IN), WITHOUT),
    "backup": Case(DIRTY, dict(PRESENT, backup=True), (SSHD, MAIN, DROP_IN), WITHOUT),
    "absent": Case(
        DIRTY, ABSENT, (SSHD, DROP_IN, MAIN), WITHOUT, before=PRESENT, full=True
    ),
    "sshd's value changes": Case(
        DIRTY, dict(PRESENT, sshd_client_alive={"interval": 30, "count_max": 2}), (SSHD,),
        before=PRESENT, alone=("sshd_client_alive",),
    ),
    "the shells' value changes": Case(
        DIRTY, dict(PRESENT, shell_tmout={"timeout": 600}), (DROP_IN,), before=PRESENT,
        alone=("shell_tmout",),
    ),
    "the drop-in's rights": Case(
        DIRTY, dict(PRESENT, sshd_client_alive={"interval": 30, "count_max": 2}),
        (SSHD, DROP_IN), before=PRESENT, rights={DROP_IN: 0o600},
    ),
    "undo": Case(
        {**DIRTY, "etc/profile.d/zzz.sh": DOUBTING}, PRESENT, (SSHD, MAIN, DROP_IN),
        WITHOUT, writing=dict(PRESENT, verify=False), alone=(),
    ),
}  # fmt: skip


def run(tree: Path, options: Mapping[str, Any], only: str = "") -> Sequence[str]:
    """The command for both, or for one of them by its own module."""
    if not only:
        return inside(tree, *module_command("timeouts", **options)(tree))
    shared = {key: options[key] for key in ("conflicts", "state", "backup") if key in options}
    return inside(tree, *module_command(only, **shared, **options[only])(tree))


def build(tree: Path, texts: Mapping[str, str], host_key: Path) -> None:
    (tree / "etc/ssh/sshd_config.d").mkdir(parents=True)
    build_etc(tree, texts)
    for name in (SSHD, CLOUD):
        if name in texts:
            (tree / name).chmod(0o600)
    shutil.copy(host_key, tree / "etc/ssh/ssh_host_ed25519_key")
    with (tree / "etc/passwd").open("a") as passwd:
        passwd.write("sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n")


def both_in_force(tree: Path, host_key: Path) -> dict[str, str]:
    """What sshd gives, and what all shells get; nothing where one of the two lets nobody in."""
    given = in_force(CONFIG, host_key, tree / "etc", "/etc")
    shells = probe(tree)
    return {**given, **shells} if given and shells else {}


@pytest.mark.parametrize("case", DRILLS.values(), ids=DRILLS)
def test_every_fault(case, folder, host_key, request, drilled):
    environment = environment_in(folder)

    def make(tree: Path) -> None:
        build(tree, case.texts, host_key)
        if case.before:
            command = run(tree, case.before)
            subprocess.run(command, env=environment, check=True, capture_output=True)
        for name, mode in case.rights.items():
            (tree / name).chmod(mode)

    drill = Drill(
        build=made_once(make, folder / "template"),
        command=lambda tree: run(tree, case.options),
        writing=(lambda tree: run(tree, case.writing)) if case.writing else None,
        ends_old=bool(case.writing),
        order=case.order,
        environment=environment,
        watch=["/etc/", environment["TMPDIR"]],
        scratch=Path(environment["TMPDIR"]),
        errors=ERRORS if case.full else ("EIO", "ENOSPC"),
        looking=case.full,
        probe=lambda tree: both_in_force(tree, host_key),
        between=case.between,
        others=[lambda tree, name=name: run(tree, case.options, name) for name in case.alone],
    )
    drilled(f"both: {request.node.callspec.id}", drill)
