"""What an operator types at a prompt, on bare hosts, as an ordinary user who may use sudo."""

import functools
import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from testinfra.host import Host

from tests.hosts import answers
from tests.hosts.sessions import SLACK, Sessions
from tools.lab import live

SSHD = ("curfew.session.sshd_client_alive", "interval=60 count_max=3 reload=true")
TMOUT = ("curfew.session.shell_tmout", "timeout=900")
# Check, real, check, real: the first two change something.
RUNS = {"check": True, "real": True, "check again": False, "real again": False}
MAIN, DROP_IN = "/etc/ssh/sshd_config", "/etc/profile.d/tmout.sh"


def _ansible(module: str, arguments: str, *options: str) -> dict[str, dict[str, Any]]:
    """ansible all -b -m MODULE -a ARGUMENTS, and what each host said."""
    inventory = os.environ["MOLECULE_PROJECT_DIRECTORY"] + "/.cache/lab/inventory.yml"
    command = ["ansible", "all", "-b", "-m", module, "-a", arguments, *options]
    command += ["-i", inventory, "-l", ",".join(answers.HOSTS), "-e", "ansible_user=ops"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.findall(r"^(\S+) \| [A-Z!]+ => (\{.*?^\})", done.stdout, re.MULTILINE | re.DOTALL)
    assert len(found) == len(answers.HOSTS), done.stdout + done.stderr
    return {name: json.loads(said) for name, said in found}


@functools.cache
def _runs(module: str, arguments: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Every run, in the order of the table, on all hosts at once."""
    return {
        run: _ansible(module, arguments, *(["--check"] if "check" in run else [])) for run in RUNS
    }


@pytest.mark.parametrize("module", [SSHD, TMOUT], ids=["sshd_client_alive", "shell_tmout"])
@pytest.mark.parametrize("run", RUNS)
def test_runs_change_what_they_say(name: str, run: str, module: tuple[str, str]) -> None:
    said = _runs(*module)[run][name]
    assert not said.get("failed"), said["msg"]
    assert said["changed"] is RUNS[run]
    assert said["verified"] is True
    if module == SSHD:
        assert said["effective"] == {"interval_seconds": 60, "count_max": 3}
        assert said["before"]["interval_seconds"] == (0 if RUNS[run] else 60)
        assert said["reload_needed"] is (run == "check")
        doubled = 2 if name.startswith("debian12") else 1
        assert said["detection_seconds"]["max"] == 60 * 4 * doubled
    else:
        bash = [shell for shell in said["effective"] if shell["family"] == "bash"]
        assert bash and all(shell["logout_seconds"] == 900 for shell in bash)


def test_host_obeys(host: Host) -> None:
    connection = "user=ops,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22"
    said = host.check_output(f"/usr/sbin/sshd -T -C {connection}").lower().split("\n")
    assert {"clientaliveinterval 60", "clientalivecountmax 3"} <= set(said)
    for shell in ("bash", "ksh93", "mksh", "dash"):
        command = answers.as_user("ops", f"{shell} -l -c 'echo $TMOUT'")
        assert host.check_output(command).strip() == "900", shell
    read_at, changed_at = host.check_output(f"stat -c %Y /run/sshd.pid {MAIN}").split()
    assert int(read_at) >= int(changed_at)


@pytest.fixture(scope="session")
def sessions(pool: ThreadPoolExecutor) -> Sessions:
    """Shorter numbers, by the same commands: those above are too long to wait for."""
    said = _ansible(SSHD[0], "interval=2 count_max=1 reload=true")
    _ansible(TMOUT[0], "timeout=4")
    started = Sessions(pool)
    for name in answers.HOSTS:
        within = said[name]["detection_seconds"]["max"] + SLACK
        started.start(name, "frozen", live.frozen_dropped, live.Login(name), within)
        started.start(name, "idle", live.idle_logout, live.Login(name), 4 + SLACK)
    return started


def test_reload_reaches_new_sessions(name: str, sessions: Sessions) -> None:
    assert sessions.seconds(name, "frozen") > 1.5


def test_idle_login_is_logged_out(name: str, sessions: Sessions) -> None:
    assert sessions.seconds(name, "idle") > 3


@functools.cache
def _absent() -> dict[str, dict[str, Any]]:
    _ansible(TMOUT[0], "state=absent")
    return _ansible(SSHD[0], "state=absent reload=true")


def test_absent_takes_it_back(host: Host, name: str) -> None:
    """The package manager itself says that the main file is as it was shipped."""
    assert _absent()[name]["effective"] == {"interval_seconds": 0, "count_max": 3}
    assert not host.file(DROP_IN).exists
    shipped = host.check_output("md5sum /usr/share/openssh/sshd_config").split()[0]
    assert host.file(MAIN).md5sum == shipped
