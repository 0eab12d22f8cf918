"""shell_tmout itself, on an /etc of its own: every call that touches it fails, or ends the run."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.oracle import CannotBeAsked
from tests.unit.private_mounts import hide_tmp

from .harness import FAST_FOLDER, NOT_ASKED, TIME_LIMIT_SECONDS, Drill
from .test_module_faults import environment_in, module_command
from .trees import made_once

SHELLS = ("bash", "dash", "ksh93", "mksh", "zsh")
PROFILE = """if [ -d /etc/profile.d ]; then
  for i in /etc/profile.d/*.sh; do
    if [ -r "$i" ]; then . "$i"; fi
  done
  unset i
fi
[ -z "$BASH_VERSION" ] || . /etc/bash.bashrc
umask 022; export TMOUT=60
"""
# Says something once the real files, and not only staged ones, are new.
DOUBTING = """if grep -q 900 /etc/profile.d/tmout.sh 2>/dev/null &&
  ls /etc/profile.d/.curfew.session.journal* >/dev/null 2>&1; then
  echo I do not like this
fi
"""
BASHRC, MAIN, LATER, DROP_IN = (
    "etc/bash.bashrc", "etc/profile", "etc/profile.d/zz-site.sh", "etc/profile.d/tmout.sh"
)  # fmt: skip
TEXTS = {
    BASHRC: "PS1='$ '\nreadonly TMOUT=30\n",
    MAIN: PROFILE,
    LATER: "alias ll='ls -l'\nTMOUT=240\n",
    DROP_IN: "TMOUT=120\n",
}
ENTER = hide_tmp() + f' && mount --bind "$0/etc" /etc || exit {NOT_ASKED}; exec "$@"'
# How the question to all shells ends where one of them did not answer.
NO_LOGIN = 98

pytestmark = [
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed"),
    pytest.mark.skipif(FAST_FOLDER is None, reason="no /dev/shm: /tmp is hidden from a run"),
]


@pytest.fixture
def folder():
    """Not below /tmp, which a run has for itself."""
    with tempfile.TemporaryDirectory(dir=FAST_FOLDER) as path:
        yield Path(path)


@pytest.fixture
def environment(folder):
    return environment_in(folder)


def build(tree: Path, texts: Mapping[str, str]) -> None:
    etc = tree / "etc"
    (etc / "profile.d").mkdir(parents=True)
    for name in ("ld.so.cache", "nsswitch.conf", "localtime"):
        if Path("/etc", name).exists():
            shutil.copy(Path("/etc", name), etc / name)
    if Path("/etc/alternatives").is_dir():
        shutil.copytree("/etc/alternatives", etc / "alternatives", symlinks=True)
    (etc / "passwd").write_text(
        "root:x:0:0::/root:/bin/bash\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n"
    )
    (etc / "group").write_text("root:x:0:\nnogroup:x:65534:\n")
    for name, text in texts.items():
        (tree / name).write_text(text)
    for path in (etc, etc / "profile.d", *etc.glob("profile.d/*"), *etc.glob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def inside(tree: Path, *command: str) -> list[str]:
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", ENTER, str(tree), *command]


def probe(tree: Path) -> dict[str, str]:
    """The value in every login shell, by the shell; nothing if one of them does not start."""
    script = (
        'for shell; do (exec -a "-$shell" "$shell" -c'
        ' \'echo "at-home ${TMOUT-none} $0"\' "$shell") || exit $0; done'
    )
    ask = ["env", "-i", "PATH=/usr/bin:/bin", "bash", "-c", script, str(NO_LOGIN), *SHELLS]
    done = subprocess.run(
        inside(tree, *ask),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=TIME_LIMIT_SECONDS,
    )  # fmt: skip
    if done.returncode not in (0, NO_LOGIN):
        raise CannotBeAsked(f"the shells: status {done.returncode}: {done.stderr}")
    lines = [line.split(" ") for line in done.stdout.split("\n") if line.startswith("at-home ")]
    return {shell: value for _at_home, value, shell in lines} if len(lines) == len(SHELLS) else {}


class Case(NamedTuple):
    """`texts` are what is there, after a run with `before` if given; `between` maps shells to the
    values that docs/safety.md tells of."""

    texts: Mapping[str, str]
    options: Mapping[str, Any]
    order: tuple[str, ...]
    between: Mapping[str, tuple[str, ...]]
    before: Mapping[str, Any] | None = None
    # Undoes what it does; with these options it does not.
    writing: Mapping[str, Any] | None = None


# Between two writes, what contradicts may be disabled already, and ours not yet written.
WITHOUT = dict.fromkeys(SHELLS, ("60", "120", "240", "none", "0"))
APPLY, ABSENT = {"timeout": "900", "conflicts": "disable"}, {"state": "absent"}
ONE = {MAIN: PROFILE.replace("[ -z", "[ ! -r /etc/bash.bashrc ] || [ -z")}
DRILLS = {
    "present": Case(TEXTS, APPLY, (), WITHOUT),
    "first drop-in": Case(ONE, APPLY, (MAIN, DROP_IN), dict.fromkeys(SHELLS, ("none", "0"))),
    "backup": Case(TEXTS, dict(APPLY, backup=True), (), WITHOUT),
    "not readonly": Case(ONE, dict(APPLY, readonly=False), (DROP_IN, MAIN), {}),
    "absent": Case(TEXTS, ABSENT, (), WITHOUT, APPLY),
    "absent, not readonly": Case(
        ONE, dict(ABSENT, verify=True), (MAIN, DROP_IN), {}, dict(APPLY, readonly=False)
    ),
    "undo": Case(
        {**TEXTS, "etc/profile.d/zzz.sh": DOUBTING}, APPLY, (), WITHOUT,
        writing=dict(APPLY, verify=False),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DRILLS.values(), ids=DRILLS)
def test_every_fault(environment, case, folder, request, drilled):
    def run(options: Mapping[str, Any], tree: Path) -> list[str]:
        return inside(tree, *module_command("shell_tmout", **options)(tree))

    def make(tree: Path) -> None:
        build(tree, case.texts)
        if case.before:
            command = run(case.before, tree)
            subprocess.run(command, env=environment, check=True, capture_output=True)

    drill = Drill(
        build=made_once(make, folder / "template"),
        command=lambda tree: run(case.options, tree),
        writing=(lambda tree: run(case.writing, tree)) if case.writing else None,
        ends_old=bool(case.writing),
        order=case.order,
        environment=environment,
        watch=["/etc/", environment["TMPDIR"]],
        scratch=Path(environment["TMPDIR"]),
        looking=case.options in (APPLY, ABSENT),
        probe=probe,
        between=case.between,
    )
    drilled(f"shell_tmout: {request.node.callspec.id}", drill)
