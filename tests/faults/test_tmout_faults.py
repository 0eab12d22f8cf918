"""shell_tmout itself, on an /etc of its own: every call that changes it fails, or kills the run."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from harness import FAST_FOLDER, Drill
from test_module_faults import environment_in, module_command

SHELLS = [name for name in ("bash", "dash", "ksh93", "mksh", "zsh") if shutil.which(name)]
FULL = bool(os.environ.get("CURFEW_FULL"))
# The order in which the runs write: what contradicts goes first, what is ours comes last.
FILES = ("etc/bash.bashrc", "etc/profile", "etc/profile.d/tmout.sh")
PROFILE = """if [ -d /etc/profile.d ]; then
  for i in /etc/profile.d/*.sh; do
    if [ -r "$i" ]; then . "$i"; fi
  done
  unset i
fi
[ -z "$BASH_VERSION" ] || . /etc/bash.bashrc
umask 022; export TMOUT=60
"""
ENTER = 'mount -t tmpfs none /tmp && mount --bind "$0/etc" /etc && exec "$@"'

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can edit what root owns"),
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed"),
    pytest.mark.skipif(FAST_FOLDER is None, reason="no /dev/shm: /tmp is hidden from a run"),
    pytest.mark.skipif(
        subprocess.call(["unshare", "-m", "true"]) != 0, reason="no private mount namespaces here"
    ),
]


@pytest.fixture(scope="module")
def environment():
    """Not below /tmp, which a run has for itself."""
    with tempfile.TemporaryDirectory(dir=FAST_FOLDER) as folder:
        yield environment_in(Path(folder))


def build(tree: Path) -> None:
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
    (etc / "profile").write_text(PROFILE)
    (etc / "bash.bashrc").write_text("PS1='$ '\nreadonly TMOUT=30\n")
    (etc / "profile.d/tmout.sh").write_text("TMOUT=120\n")
    for path in (etc, etc / "profile.d", *etc.glob("profile.d/*"), *etc.glob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def inside(tree: Path, *command: str) -> list[str]:
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", ENTER, str(tree), *command]


def build_applied(environment, **options):
    """As after a run that was not disturbed."""

    def made(tree: Path) -> None:
        build(tree)
        command = inside(tree, *module_command("shell_tmout", **options)(tree))
        subprocess.run(command, env=environment, check=True, capture_output=True)

    return made


def probe(tree: Path) -> str:
    """The value in every login shell; nothing if one does not start."""
    said = []
    for shell in SHELLS:
        command = inside(
            tree, "env", "-i", "PATH=/usr/bin:/bin", "bash", "-c",
            'exec -a "-$1" "$1" -c "echo at-home-\\${TMOUT-none}-"', "bash", shell,
        )  # fmt: skip
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode or "at-home-" not in done.stdout:
            return ""
        said.append(done.stdout.partition("at-home-")[2])
    return "".join(said)


APPLY = {"timeout": "900", "conflicts": "disable"}
DRILLS = {
    "shell_tmout": (APPLY, False),
    "shell_tmout with backup": (dict(APPLY, backup=True), False),
    "shell_tmout absent": ({"state": "absent"}, True),
}


@pytest.mark.parametrize(("options", "applied"), DRILLS.values(), ids=DRILLS)
def test_every_fault(environment, options, applied, record_property, capsys):
    command = module_command("shell_tmout", **options)
    drill = Drill(
        build=build_applied(environment, **APPLY) if applied else build,
        command=lambda tree: inside(tree, *command(tree)),
        order=(),
        environment=environment,
        watch=["/etc/", environment["TMPDIR"]],
        looking=False,
        probe=probe,
        every=1 if FULL else 9,
    )
    drill.run()
    record_property("faults", dict(drill.counts))
    with capsys.disabled():
        print(f"\n  {dict(drill.counts)}, broken {len(drill.broken)}", end=" ")
    assert not drill.broken, "\n".join(drill.broken[:50])
    assert drill.counts["kills"] >= (10 if FULL else 3)
