"""The audit's playbook, run by Ansible on hosts of every fate; what hosts say is made up."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tools.collection import TOP

from . import fleet

# Says what SAID in its environment holds.
MODULE = """
import json
import os

from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule(
    dict(
        path=dict(type="path"),
        sshd=dict(type="path"),
        connections=dict(type="list"),
        users=dict(type="list"),
    ),
    supports_check_mode=True,
)
module.exit_json(**json.loads(os.environ["SAID"]))
"""
LOCAL = {
    "ansible_connection": "local",
    "ansible_python_interpreter": sys.executable,
    "ansible_become": False,
}


class Run(NamedTuple):
    """What came of the playbook."""

    status: int
    output: str
    report: dict[str, Any]
    folder: Path

    def host(self, name: str) -> dict[str, Any]:
        return next(host for host in self.report["hosts"] if host["name"] == name)

    def codes(self, name: str) -> list[str]:
        return [reason["code"] for reason in self.host(name)["reasons"]]


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection, with a module that touches nothing in the place of `timeout_info`."""
    top = tmp_path_factory.mktemp("collections")
    copy = top / "ansible_collections" / "curfew" / "session"
    for name in ("plugins", "playbooks", "roles", "meta"):
        shutil.copytree(TOP / name, copy / name)
    shutil.copy(TOP / "galaxy.yml", copy)
    (copy / "plugins" / "modules" / "timeout_info.py").write_text(MODULE)
    return top


@pytest.fixture
def audit(collections: Path, tmp_path: Path) -> Any:
    def run(hosts: dict[str, dict[str, Any]], *arguments: str) -> Run:
        return _audit(collections, tmp_path, hosts, *arguments)

    return run


def _audit(
    collections: Path, folder: Path, hosts: dict[str, dict[str, Any]], *arguments: str
) -> Run:
    inventory = folder / "hosts.json"
    inventory.write_text(json.dumps({"all": {"vars": LOCAL, "hosts": hosts}}))
    program = str(Path(sys.executable).parent / "ansible-playbook")
    done = subprocess.run(
        [program, "-i", str(inventory), "curfew.session.audit", *arguments],
        cwd=folder,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_NOCOLOR": "1",
            "SAID": json.dumps(fleet.zsh()),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    reports = [*folder.rglob("report.json")]
    assert len(reports) == 1, done.stdout + done.stderr
    report = json.loads(reports[0].read_text())
    assert (reports[0].parent / "report.html").stat().st_size > 20_000
    return Run(done.returncode, done.stdout + done.stderr, report, reports[0].parent)


ZSH = {"session_timeouts_tmout_exempt_users": ["deploy", "web"]}


def test_success_is_exit_status_0(audit: Any, tmp_path: Path) -> None:
    run = audit({"a": ZSH, "b": ZSH})
    assert run.status == 0, run.output
    assert run.report["sentence"] == "The policy holds on all 2 hosts."
    assert run.report["sentence"] in run.output
    assert run.folder == tmp_path


def test_every_fate_is_told(audit: Any) -> None:
    run = audit(
        {
            "good": ZSH,
            "zsh": {},
            "shorter": {**ZSH, "session_timeouts_tmout": "10m"},
            "typo": {"session_timeouts_tmout": "{{ nope }}"},
            "nonsense": {"session_timeouts_client_alive_interval": "often"},
            "gone": {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1},
            "no_python": {"ansible_python_interpreter": "/nonexistent/python"},
            "no_root": {
                "ansible_become": True,
                "ansible_become_user": "nobody",
                "ansible_become_exe": "/bin/false",
            },
            "{{ 7 * 7 }}</script>": {},
        },
        "--forks=3",
    )
    assert run.status == 2
    assert "The policy holds on 1 of 9 hosts, and not on zsh, shorter, typo" in run.output
    assert run.codes("good") == []
    assert run.codes("zsh") == run.codes("{{ 7 * 7 }}</script>") == ["uncovered"]
    assert set(run.codes("shorter")) == {"late"}
    assert "policy_unreadable" in run.codes("typo")
    assert "policy_unreadable" in run.codes("nonsense")
    assert run.host("gone")["status"] == "unreachable"
    assert run.codes("no_python") == run.codes("no_root") == ["failed"]
    assert run.report["summary"] == {
        "hosts": 9,
        "holds": 1,
        "differs": 3,
        "unverified": 4,
        "unreachable": 1,
    }


def test_all_hosts_gone(audit: Any) -> None:
    gone = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    run = audit({"a": gone, "b": gone})
    assert run.status == 2
    assert run.report["summary"]["unreachable"] == 2


def test_check_mode_writes_the_report(audit: Any) -> None:
    assert audit({"a": ZSH}, "--check", "--diff").status == 0


def test_limit(audit: Any) -> None:
    run = audit({"a": {}, "b": ZSH}, "--limit=b")
    assert (run.status, run.report["summary"]["hosts"]) == (0, 1)


def test_folder_of_the_report(audit: Any, tmp_path: Path) -> None:
    run = audit({"a": ZSH}, "-e", "session_timeouts_report=new/folder")
    assert run.folder == tmp_path / "new" / "folder"
    assert sorted(path.name for path in run.folder.iterdir()) == ["report.html", "report.json"]


def test_command_line_is_part_of_the_policy(audit: Any) -> None:
    run = audit({"a": ZSH}, "-e", "session_timeouts_client_alive_interval=15")
    assert run.codes("a") == ["interval"]
    run = audit({"a": {}}, "-e", "session_timeouts_tmout_enabled=false")
    assert run.status == 0


def test_version_is_the_collections(audit: Any) -> None:
    version = f"version: {audit({'a': ZSH}).report['collection']['version']}\n"
    assert version in (TOP / "galaxy.yml").read_text()


def test_folder_that_cannot_be(collections: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AssertionError, match="file/report.json cannot be written"):
        _audit(collections, tmp_path, {"a": ZSH}, "-e", "session_timeouts_report=file")
