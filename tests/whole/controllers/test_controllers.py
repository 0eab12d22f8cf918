"""The oldest and the newest ansible-core that are supported, on the same host.

All other tests use the one in .venv. Each core is run as a module of Python, so that none gets into
the environment of another.
"""

import functools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tools import collection
from tools.lab import hosts
from tools.lab.common import INVENTORY, TOP
from tools.suite.pythons import OLDEST_CORE, newest

HOST = "debian12-core"
NEWEST_CORE = "2.21.5"
PYTHON_OF_NEWEST = (3, 12)
SSHD = "curfew.session.sshd_client_alive"
PLAYS = Path(__file__).parent
ASSERTIONS = 7
RELOADING = "Reload sshd, and see that it has read its files"


class Core(NamedTuple):
    """An ansible-core, by the Python that runs it and the folder that holds it."""

    python: Path
    path: str

    def run(self, program: str, *words: str, **more: str) -> str:
        """What a program of it prints, with ``more`` environment; all but success is an error."""
        command = [str(self.python), "-m", "ansible", program, *words]
        env = {**self._environment(), **more}
        done = subprocess.run(command, cwd=TOP, env=env, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
        assert done.returncode == 0, done.stdout
        assert "Traceback" not in done.stdout, done.stdout
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return {
            **{key: value for key, value in os.environ.items() if key != "PYTHONHOME"},
            "PYTHONPATH": self.path,
            "ANSIBLE_COLLECTIONS_PATH": str(collection.build()),
            "ANSIBLE_INVENTORY": str(INVENTORY),
            "ANSIBLE_NOCOLOR": "1",
            "LANG": "C.UTF-8",
        }


@functools.cache
def oldest_core() -> Core:
    """On the Python of .venv, whose other packages it can use."""
    folder = TOP / ".cache" / f"controller-{OLDEST_CORE}"
    if not folder.exists():
        words = ["--no-deps", f"--target={folder}", f"ansible-core=={OLDEST_CORE}"]
        _pip(Path(sys.executable), *words)
    return Core(Path(sys.executable), str(folder))


@functools.cache
def newest_core() -> Core | None:
    """In an environment of its own, with a newer Python; None where this machine has none."""
    version, python = newest()
    if version < PYTHON_OF_NEWEST:
        return None
    folder = TOP / ".cache" / "controller-{}-python{}.{}".format(NEWEST_CORE, *version)
    if not (folder / "bin" / "ansible").exists():
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
        _pip(folder / "bin" / "python", f"ansible-core=={NEWEST_CORE}")
    return Core(folder / "bin" / "python", "")


def _pip(python: Path, *words: str) -> None:
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words]
    subprocess.run(pip, check=True)


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    hosts.up([HOST], fresh=True)
    yield HOST
    hosts.down([HOST])


@pytest.fixture(params=["oldest", "newest"])
def core(request: pytest.FixtureRequest) -> Core:
    found = oldest_core() if request.param == "oldest" else newest_core()
    if found is None:
        pytest.skip(f"ansible-core {NEWEST_CORE} wants Python 3.12, and none is on this machine")
    return found


def _changed(output: str) -> int:
    recap = re.search(r"changed=(\d+)\s+unreachable=0\s+failed=0", output)
    assert recap, output
    return int(recap[1])


def test_role_modules_audit_and_documentation(core: Core, host: str, tmp_path: Path) -> None:
    """A host is brought to the policy, found to be there, audited, and taken back."""
    apply = ["playbook", "curfew.session.apply", "-e", f"target={host}"]
    assert _changed(core.run(*apply, "--check", "--diff"))
    assert _changed(core.run(*apply))
    assert not _changed(core.run(*apply))
    said = core.run("adhoc", host, "-b", "-m", SSHD, "-a", "interval=60 count_max=3 reload=true")
    assert '"changed": false' in said
    report = f"session_timeouts_report={tmp_path}"
    core.run("playbook", "curfew.session.audit", "-e", f"target={host}", "-e", report)
    assert '"holds": true' in (tmp_path / "report.json").read_text()
    only_tmout = core.run(*apply, "-e", "session_timeouts_tmout=600")
    assert _changed(only_tmout) == 1 and RELOADING in only_tmout  # which finds nothing to do
    taken_back = core.run(*apply, "-e", "session_timeouts_state=absent")
    assert _changed(taken_back) == 2 and RELOADING in taken_back
    assert SSHD in core.run("doc", SSHD).lower()


def test_role_in_every_way_with_odd_values(core: Core, host: str) -> None:
    """The plays look for themselves: results under all their names, values as they were given."""
    played = core.run("playbook", str(PLAYS / "role.yml"), "--diff", "--limit", host)
    assert len(re.findall(r"All assertions passed", played)) == ASSERTIONS, played


def test_role_loads_no_filter_and_no_test_where_all_is_well(core: Core, host: str) -> None:
    """Each would be loaded on each host anew. What a filter looks like, the second play shows."""
    plays = ["playbook", str(PLAYS / "steady.yml"), "--limit", host]
    core.run(*plays)
    played = core.run(*plays, ANSIBLE_DEBUG="1")
    steady, filtered = played.split("PLAY [Use a filter]", 1)
    loading = re.compile(r"Loading (?:Filter|Test)Module")
    assert loading.search(filtered)
    assert not loading.findall(steady)
    assert "changed: [" not in steady
