"""A host shaped like RHEL's: its login files read profile.d again, and in functions."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from testinfra.host import Host

from tests.hosts import answers
from tests.hosts.sessions import SLACK, Sessions
from tools.lab import live

INTERVAL, COUNT_MAX, TMOUT = 2, 1, 5
MAIN, DROP_IN = "/etc/ssh/sshd_config", "/etc/profile.d/tmout.sh"
# What is typed after the shell's name, and whether it ever reads the login files.
ASKED = 'echo "$TMOUT"; (unset TMOUT) 2>/dev/null || echo readonly; env | grep ^TMOUT='
STARTS = {
    "login bash": "bash -l -c",
    "bash that reads bashrc": "bash -i -c",
    "login zsh": "zsh -l -c",
    "login ksh93": "ksh93 -l -c",
    "login mksh": "mksh -l -c",
    "login dash": "dash -l -c",
}


@pytest.fixture(scope="session")
def sessions(pool: ThreadPoolExecutor) -> Sessions:
    started = Sessions(pool)
    for host in answers.HOSTS:
        maximum = answers.answer("applied", host)["sshd"]["detection_seconds"]["max"]
        login = live.Login(host)
        for shell in ("bash", "zsh", "mksh"):
            shelled = live.Login(host, shell=shell)
            started.start(host, shell, live.idle_logout, shelled, TMOUT + SLACK)
        started.start(host, "alive", live.idle_stays, login, 2 * maximum + 2)
        started.start(host, "frozen", live.frozen_dropped, login, maximum + SLACK)
    return started


def test_before_the_run_every_live_test_would_fail(name: str) -> None:
    assert answers.numbers("before", name)[0] == 0
    assert {said["tmout"] for said in answers.shells("before", name).values()} <= {"unset", "0"}


def test_check_mode_touches_nothing_and_tells_the_diff(name: str) -> None:
    assert answers.files("checked", name) == answers.files("before", name)
    for module in ("sshd", "tmout"):
        checked, applied = (answers.answer(step, name)[module] for step in ("checked", "applied"))
        assert checked["diff"] and checked["diff"] == applied["diff"]
        assert checked["verified"] is True


def test_sshd_says_so(host: Host) -> None:
    connection = "user=ops,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22"
    said = host.check_output(f"/usr/sbin/sshd -T -C {connection}").lower().split("\n")
    assert {f"clientaliveinterval {INTERVAL}", f"clientalivecountmax {COUNT_MAX}"} <= set(said)


@pytest.mark.parametrize("start", STARTS)
def test_shell_says_so(host: Host, start: str) -> None:
    """At the first reading and at the second one, in functions and out of them."""
    done = host.run(answers.as_user("ops", f"{STARTS[start]} '{ASKED}'"))
    assert done.stdout.split() == [str(TMOUT), "readonly", f"TMOUT={TMOUT}"]
    assert "TMOUT" not in done.stderr


def test_a_shell_within_the_login_is_silent(host: Host) -> None:
    """It inherits the value, and reads profile.d once more."""
    done = host.run(answers.as_user("ops", "bash -l -c 'bash -i -c \"echo =$TMOUT\"'"))
    assert done.stdout.split() == [f"={TMOUT}"]
    assert "TMOUT" not in done.stderr


def test_files_keep_their_mode_and_neighbours_are_untouched(name: str) -> None:
    assert answers.changed("before", "applied", name) == {MAIN, DROP_IN}
    assert answers.files("applied", name)[MAIN]["mode"] & 0o777 == 0o600
    before, after = (answers.text(step, name, MAIN) for step in ("before", "applied"))
    ours = {f"ClientAliveInterval {INTERVAL}", f"ClientAliveCountMax {COUNT_MAX}"}
    assert [line for line in after.split("\n") if line not in ours] == before.split("\n")
    assert answers.other_keywords("applied", name) == answers.other_keywords("before", name)
    assert answers.other_variables("applied", name) == answers.other_variables("before", name)


def test_service_is_found_under_its_own_name(name: str) -> None:
    service = answers.answer("applied", name)["sshd"]["service"]
    assert service == {"name": "sshd", "manager": "systemd", "running": True}


@pytest.mark.parametrize("shell", ["bash", "zsh", "mksh"])
def test_idle_login_is_logged_out(name: str, sessions: Sessions, shell: str) -> None:
    assert sessions.seconds(name, shell) > TMOUT - 1


def test_idle_but_live_client_is_kept(name: str, sessions: Sessions) -> None:
    maximum = answers.answer("applied", name)["sshd"]["detection_seconds"]["max"]
    assert sessions.seconds(name, "alive") > 2 * maximum


def test_frozen_client_is_dropped_in_time(name: str, sessions: Sessions) -> None:
    promised = answers.answer("applied", name)["sshd"]["detection_seconds"]
    took = sessions.seconds(name, "frozen")
    assert promised["min"] - 0.5 <= took <= promised["max"] + SLACK
