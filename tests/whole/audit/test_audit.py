"""The audit of three hosts that are in different disorder; what it says is checked on the hosts."""

import concurrent.futures
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tools.lab import hosts, live
from tools.lab.common import INVENTORY
from tools.lab.live import Login
from tools.sandbox.apply import playbook

ORDERLY, LAX, STALE = "debian12-audit", "debian11-audit", "debian13-audit"
GONE = "gone-audit"
POLICY = {
    "session_timeouts_client_alive_interval": 2,
    "session_timeouts_client_alive_count_max": 1,
    "session_timeouts_tmout": 4,
}
# What a busy machine may add.
SLACK = 4
MAIN = "/etc/ssh/sshd_config"
# Above everything else, so that they win.
SET = f"""
set -eu
sed -i '1i ClientAliveInterval 2\\nClientAliveCountMax 1' {MAIN}
printf 'typeset -xr TMOUT=4\\n' > /etc/profile.d/tmout.sh
"""
RELOAD = "systemctl reload ssh\n"
DIRT = {
    ORDERLY: SET + RELOAD,
    # An exception, and an account of whose shell nothing asks anything.
    LAX: SET
    + f"""
printf 'Match User backup\\n  ClientAliveInterval 7\\n' >> {MAIN}
useradd --create-home --shell /usr/bin/zsh --password '*' deploy
cp -r /home/ops/.ssh /home/deploy/.ssh
touch /home/deploy/.zshrc  # or zsh greets a new user with a menu
chown -R deploy: /home/deploy/.ssh
"""
    + RELOAD,
    # A drop-in that wins, a daemon that has not read it, a later TMOUT that anyone can change.
    STALE: f"""
set -eu
printf 'ClientAliveInterval 9\\n' > /etc/ssh/sshd_config.d/50-cloud-init.conf
printf 'ClientAliveInterval 2\\nClientAliveCountMax 1\\n' >> {MAIN}
sed -i '/^ *export PATH/a export TMOUT=8' /etc/profile
""",
}


PICTURE = "find /etc /home /root /run/sshd.pid -xdev -printf '%p %i %m %s %T@ %C@\\n' | sort"


class Audit(NamedTuple):
    """The exit status, the report, and whether the files of each host are as they were."""

    status: int
    report: dict[str, Any]
    untouched: dict[str, bool]

    def host(self, name: str) -> dict[str, Any]:
        return next(host for host in self.report["hosts"] if host["name"] == name)

    def reasons(self, name: str) -> dict[str, str]:
        return {reason["code"]: reason["text"] for reason in self.host(name)["reasons"]}

    def lane(self, name: str, user: str | None) -> dict[str, Any]:
        """What the report says of the end of an idle user, or of a client that vanishes."""
        kind = "idle" if user else "gone"
        return next(
            lane
            for lane in self.host(name)["timeline"]
            if lane["kind"] == kind and (user is None or user in lane["users"])
        )


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audit]:
    folder = tmp_path_factory.mktemp("audit")
    try:
        hosts.up(DIRT, fresh=True)
        for name, script in DIRT.items():
            hosts.execute(name, "sh", "-c", script)
        before = {name: hosts.execute(name, "sh", "-c", PICTURE) for name in DIRT}
        status, report = _audit(folder, *DIRT, GONE)
        after = {name: hosts.execute(name, "sh", "-c", PICTURE) for name in DIRT}
        yield Audit(status, report, {name: before[name] == after[name] for name in DIRT})
    finally:
        hosts.down(DIRT)


def _audit(folder: Path, *names: str) -> tuple[int, dict[str, Any]]:
    extra = folder / "gone.yml"
    gone = {"ansible_host": "127.0.0.1", "ansible_port": 1}
    extra.write_text(json.dumps({"all": {"hosts": {GONE: gone}}}))
    wanted = {**POLICY, "session_timeouts_report": str(folder), "target": ",".join(names)}
    arguments = ["-i", str(extra), "curfew.session.audit", "-e", json.dumps(wanted)]
    status = playbook(str(INVENTORY), *arguments)
    return status, json.loads((folder / "report.json").read_text())


@pytest.fixture(scope="module")
def sessions(audit: Audit) -> Iterator[dict[str, concurrent.futures.Future[float]]]:
    """All at once: each waits for what the report says, and a little longer."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        started: dict[str, concurrent.futures.Future[float]] = {}

        def start(
            what: str, proof: Callable[[Login, float], float], login: Login, lane: Any
        ) -> None:
            end = lane["to_seconds"]
            limit = end + SLACK if end else 4 * POLICY["session_timeouts_tmout"]
            started[what] = pool.submit(proof, login, limit)

        for name in DIRT:
            start(f"idle {name}", live.idle_logout, Login(name), audit.lane(name, "ops"))
        for name in (ORDERLY, LAX):
            start(f"gone {name}", live.frozen_dropped, Login(name), audit.lane(name, None))
        deploy = Login(LAX, "deploy")
        started["deploy"] = pool.submit(
            live.idle_stays, deploy, 3.0 * POLICY["session_timeouts_tmout"], False
        )
        yield started


def test_exit_status_and_sentence(audit: Audit) -> None:
    assert audit.status == 2
    assert audit.report["sentence"] == (
        f"The policy holds on 1 of 4 hosts, and not on {LAX}, {STALE} and {GONE}."
    )


def test_nothing_was_changed(audit: Audit) -> None:
    """Reloads would show as well, in the daemon's pid file."""
    assert audit.untouched == dict.fromkeys(DIRT, True)


def test_each_host_is_in_its_state(audit: Audit) -> None:
    states = {host["name"]: host["status"] for host in audit.report["hosts"]}
    assert states == {ORDERLY: "holds", LAX: "differs", STALE: "differs", GONE: "unreachable"}
    assert set(audit.reasons(LAX)) == {"uncovered"}
    assert {"interval", "reload_needed", "late", "writable"} == set(audit.reasons(STALE))


@pytest.mark.parametrize("name", DIRT)
def test_numbers_are_those_of_sshd(audit: Audit, name: str) -> None:
    assert audit.host(name)["info"]["sshd"]["effective"] == _sshd(name, "somebody")


@pytest.mark.parametrize("name", DIRT)
def test_lines_named_say_what_is_told(audit: Audit, name: str) -> None:
    definitions = audit.host(name)["info"]["sshd"]["definitions"]
    assert definitions
    for one in definitions:
        line = hosts.execute(name, "sed", "-n", f"{one['line']}p", one["path"])
        assert line.split() == [one["keyword"], one["value"]]


def test_reason_names_the_line(audit: Audit) -> None:
    assert audit.reasons(STALE)["interval"].startswith(
        "ClientAliveInterval is 9 seconds where the policy asks for 2 seconds"
        " (/etc/ssh/sshd_config.d/50-cloud-init.conf line 1)."
    )


def test_exception_is_listed_and_true(audit: Audit) -> None:
    (exception,) = audit.host(LAX)["exceptions"]
    assert (exception["scope"], exception["value"]) == ("Match User backup", "7")
    assert _sshd(LAX, "backup")["interval_seconds"] == 7


def test_daemon_is_older_than_its_files(audit: Audit) -> None:
    newer = "test /etc/ssh/sshd_config.d/50-cloud-init.conf -nt /run/sshd.pid"
    hosts.execute(STALE, "sh", "-c", newer)
    assert audit.host(ORDERLY)["info"]["sshd"]["reload_needed"] is False


def test_uncovered_account_is_named(audit: Audit) -> None:
    assert audit.reasons(LAX)["uncovered"].startswith(
        "Nothing ends an idle session of deploy (/usr/bin/zsh): uses zsh"
    )


def test_value_that_users_can_change(audit: Audit) -> None:
    change = "unset TMOUT && echo changed"
    shell = ["runuser", "-u", "ops", "--", "bash", "-lc", change]
    assert hosts.execute(STALE, *shell).strip() == "changed"
    assert "/bin/bash" in audit.reasons(STALE)["writable"]


@pytest.mark.parametrize("name", DIRT)
def test_idle_login_ends_when_told(
    audit: Audit, sessions: dict[str, concurrent.futures.Future[float]], name: str
) -> None:
    told = audit.lane(name, "ops")
    assert told["to_seconds"] == (8 if name == STALE else 4)
    assert told["to_seconds"] - 1 < sessions[f"idle {name}"].result() < told["to_seconds"] + SLACK


@pytest.mark.parametrize("name", [ORDERLY, LAX])
def test_vanished_client_is_dropped_when_told(
    audit: Audit, sessions: dict[str, concurrent.futures.Future[float]], name: str
) -> None:
    told = audit.lane(name, None)
    end = sessions[f"gone {name}"].result()
    assert told["from_seconds"] - 1 < end < told["to_seconds"] + SLACK


def test_uncovered_account_stays(
    audit: Audit, sessions: dict[str, concurrent.futures.Future[float]]
) -> None:
    assert audit.lane(LAX, "deploy")["to_seconds"] is None
    assert sessions["deploy"].result() > 2 * POLICY["session_timeouts_tmout"]


def _sshd(name: str, user: str) -> dict[str, int]:
    connection = f"user={user},host=h,addr=192.0.2.9,laddr=192.0.2.8,lport=22"
    said = hosts.execute(name, "/usr/sbin/sshd", "-T", "-C", connection).lower().split("\n")
    numbers = dict(line.split(" ", 1) for line in said if line.startswith("clientalive"))
    return {
        "interval_seconds": int(numbers["clientaliveinterval"]),
        "count_max": int(numbers["clientalivecountmax"]),
    }
