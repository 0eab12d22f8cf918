"""The role on clean hosts: what sshd and the shells say, then what sessions really do."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from testinfra.host import Host

from tests.hosts import answers
from tests.hosts.sessions import KSH93_GRACE, SLACK, Sessions
from tools.lab import live

INTERVAL, COUNT_MAX, TMOUT = 3, 1, 5
MAIN, DROP_IN = "/etc/ssh/sshd_config", "/etc/profile.d/tmout.sh"
# Debian's zsh reads neither /etc/profile nor profile.d; dash reads them and never obeys.
OBEYING = ("bash", "ksh93", "mksh")
READING = (*OBEYING, "dash")


@pytest.fixture(scope="session")
def sessions(pool: ThreadPoolExecutor) -> Sessions:
    """A login of each shell, a frozen client, two that are alive, on every host at once."""
    started = Sessions(pool)
    for host in answers.HOSTS:
        maximum = answers.answer("applied", host)["sshd"]["detection_seconds"]["max"]
        for shell in OBEYING:
            patience = TMOUT + (KSH93_GRACE if shell == "ksh93" else 0) + SLACK
            started.start(host, shell, live.idle_logout, live.Login(host, shell=shell), patience)
        stays = 2 * maximum + 2
        keeper = live.Login(host, user="keeper")
        started.start(host, "busy", live.idle_stays, live.Login(host), stays)
        started.start(host, "exempt", live.idle_stays, keeper, stays, busy=False)
        started.start(host, "frozen", live.frozen_dropped, live.Login(host), maximum + SLACK)
    return started


def test_before_the_run_every_live_test_would_fail(name: str) -> None:
    assert answers.numbers("before", name)[0] == 0
    for shell in READING:
        assert answers.shells("before", name)[shell]["tmout"] == "2"


def test_check_mode_from_a_bare_host_tells_and_touches_nothing(name: str) -> None:
    assert answers.files("checked", name) == answers.files("before", name)
    said = answers.answer("checked", name)
    assert said["sshd"]["effective"] == {"interval_seconds": INTERVAL, "count_max": COUNT_MAX}
    assert said["sshd"]["changed"] and said["tmout"]["changed"]
    assert said["sshd"]["verified"] and said["tmout"]["verified"]
    for module in ("sshd", "tmout"):
        assert said[module]["diff"] == answers.answer("applied", name)[module]["diff"]


@pytest.mark.parametrize("user", ["ops", "root", "nobody"])
def test_sshd_says_so(host: Host, user: str) -> None:
    connection = f"user={user},host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22"
    said = host.check_output(f"/usr/sbin/sshd -T -C {connection}").lower().split("\n")
    assert f"clientaliveinterval {INTERVAL}" in said
    assert f"clientalivecountmax {COUNT_MAX}" in said


@pytest.mark.parametrize("shell", READING)
def test_login_shell_says_so(host: Host, shell: str) -> None:
    asked = 'echo "$TMOUT"; (unset TMOUT) 2>/dev/null || echo readonly; env | grep ^TMOUT='
    done = host.run(answers.as_user("ops", f"{shell} -l -c '{asked}'"))
    assert done.stdout.split() == [str(TMOUT), "readonly", f"TMOUT={TMOUT}"]


@pytest.mark.parametrize("shell", READING)
def test_exempt_user_is_left_alone(host: Host, shell: str) -> None:
    command = answers.as_user("keeper", f"{shell} -l -c 'echo ${{TMOUT:-0}}'")
    assert host.check_output(command).strip() == "0"


def test_main_file_holds_the_directives_once(host: Host) -> None:
    lines = host.file(MAIN).content_string.split("\n")
    assert [line for line in lines if line.startswith("ClientAlive")] == [
        f"ClientAliveInterval {INTERVAL}",
        f"ClientAliveCountMax {COUNT_MAX}",
    ]


def test_drop_in_is_for_everybody_to_read(host: Host) -> None:
    drop_in = host.file(DROP_IN)
    assert (drop_in.user, drop_in.group, drop_in.mode) == ("root", "root", 0o644)


def test_neighbours_are_untouched(name: str) -> None:
    assert answers.changed("before", "applied", name) == {MAIN, DROP_IN}
    before, after = (answers.text(step, name, MAIN) for step in ("before", "applied"))
    ours = {f"ClientAliveInterval {INTERVAL}", f"ClientAliveCountMax {COUNT_MAX}"}
    assert [line for line in after.split("\n") if line not in ours] == before.split("\n")
    old, new = (answers.files(step, name)[MAIN] for step in ("before", "applied"))
    assert (old["mode"], old["owner"]) == (new["mode"], new["owner"])


def test_everything_else_means_the_same(name: str) -> None:
    assert answers.other_keywords("applied", name) == answers.other_keywords("before", name)
    assert answers.other_variables("applied", name) == answers.other_variables("before", name)


def test_results_say_what_was_done(name: str) -> None:
    said = answers.answer("applied", name)
    assert said["sshd"]["changed_files"] == [MAIN]
    assert said["tmout"]["changed_files"] == [DROP_IN]
    assert said["sshd"]["before"]["interval_seconds"] == 0
    bash = [item for item in said["tmout"]["effective"] if item["family"] == "bash"]
    ends = {item["user"]: item["logout_seconds"] for item in bash}
    # A stranger, root, and whom the role leaves alone.
    assert ends == {None: TMOUT, "root": TMOUT, "keeper": None}
    assert "zed" in {account["user"] for account in said["tmout"]["uncovered"]}


@pytest.mark.parametrize("shell", OBEYING)
def test_idle_login_is_logged_out(name: str, sessions: Sessions, shell: str) -> None:
    expected = TMOUT + (KSH93_GRACE if shell == "ksh93" else 0)
    assert expected - 1 < sessions.seconds(name, shell)


@pytest.mark.parametrize("what", ["busy", "exempt"])
def test_idle_but_live_client_is_kept(name: str, sessions: Sessions, what: str) -> None:
    maximum = answers.answer("applied", name)["sshd"]["detection_seconds"]["max"]
    assert sessions.seconds(name, what) > 2 * maximum


def test_frozen_client_is_dropped_in_time(name: str, sessions: Sessions) -> None:
    """Only a daemon that was reloaded does that."""
    promised = answers.answer("applied", name)["sshd"]["detection_seconds"]
    took = sessions.seconds(name, "frozen")
    assert promised["min"] - 0.5 <= took <= promised["max"] + SLACK
