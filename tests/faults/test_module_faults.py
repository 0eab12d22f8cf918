"""The real modules: every call that changes the host is made to fail, and the run killed there."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from harness import Drill

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can edit what root owns"),
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed"),
    pytest.mark.skipif(not Path("/usr/sbin/sshd").exists(), reason="sshd is not installed"),
]


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
    (tree / "sshd_config.d").mkdir()
    (tree / "sshd_config").write_text(
        f"Include {tree}/sshd_config.d/*.conf\nX11Forwarding no\nClientAliveInterval 300\n"
        "Match all\n    ClientAliveCountMax 9\n"
    )
    (tree / "sshd_config").chmod(0o600)
    (tree / "sshd_config.d/50-cloud-init.conf").write_text("ClientAliveInterval 900\n")


def build_sshd_after_apply(tree: Path) -> None:
    build_sshd(tree)
    for name in ("sshd_config", "sshd_config.d/50-cloud-init.conf"):
        path = tree / name
        path.write_text(path.read_text().replace("    Client", "#curfew.session# Client"))


# All faults take a quarter of an hour: make test tries a fixed sample, CURFEW_FULL=1 all.
FULL = bool(os.environ.get("CURFEW_FULL"))
SSHD_FILES = ("sshd_config.d/50-cloud-init.conf", "sshd_config")
SSHD = {"path": "{tree}/sshd_config", "conflicts": "disable"}
DRILLS = {
    "sshd_client_alive": (build_sshd, dict(SSHD, interval=60, count_max=3)),
    "sshd_client_alive with backup": (build_sshd, dict(SSHD, interval=60, backup=True)),
    "sshd_client_alive absent": (build_sshd_after_apply, dict(SSHD, state="absent")),
}


@pytest.mark.parametrize(("build", "options"), DRILLS.values(), ids=DRILLS)
def test_every_fault(environment, build, options, record_property, capsys):
    drill = Drill(
        build=build,
        command=module_command("sshd_client_alive", **options),
        order=(),
        environment=environment,
        watch=[environment["TMPDIR"]],
        looking=False,
        every=1 if FULL else 7,
    )
    drill.run()
    record_property("faults", dict(drill.counts))
    with capsys.disabled():
        print(f"\n  {dict(drill.counts)}, broken {len(drill.broken)}", end=" ")
    assert not drill.broken, "\n".join(drill.broken[:50])
    assert drill.counts["kills"] >= 3
