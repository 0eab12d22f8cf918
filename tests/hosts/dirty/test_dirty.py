"""Dirty hosts: refused as they are, in force once contradictions may be disabled."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from testinfra.host import Host

from tests.hosts import answers
from tests.hosts.sessions import SLACK, Sessions
from tools.lab import live

INTERVAL, COUNT_MAX, TMOUT = 2, 1, 5
MAIN, DROP_IN = "/etc/ssh/sshd_config", "/etc/profile.d/tmout.sh"
CLOUD_INIT = "/etc/ssh/sshd_config.d/50-cloud-init.conf"
PROFILE, SITE = "/etc/profile", "/etc/profile.d/00-site.sh"
MARK = "#curfew.session# "
# What others have left where, by the module that must name it.
EXCEPTION = "    ClientAliveInterval 900"
IN_THE_WAY = {
    "sshd": {CLOUD_INIT: "ClientAliveInterval 420", MAIN: "    ClientAliveCountMax 7"},
    "tmout": {PROFILE: "export TMOUT=60", SITE: "readonly TMOUT=0"},
}
DUPLICATES = ["ClientAliveInterval 240", "  clientaliveinterval = 5m"]


@pytest.fixture(scope="session")
def sessions(pool: ThreadPoolExecutor) -> Sessions:
    """A login that sits idle, a client that is alive and one that is frozen, on each host."""
    started = Sessions(pool)
    for host in answers.HOSTS:
        maximum = answers.answer("applied", host)["sshd"]["detection_seconds"]["max"]
        login = live.Login(host)
        started.start(host, "idle", live.idle_logout, login, TMOUT + SLACK)
        started.start(host, "alive", live.idle_stays, login, 2 * maximum + 2)
        started.start(host, "frozen", live.frozen_dropped, login, maximum + SLACK)
    return started


def _line(host: str, path: str, text: str) -> int:
    return answers.text("before", host, path).split("\n").index(text) + 1


def test_before_the_run_every_live_test_would_fail(name: str) -> None:
    assert answers.numbers("before", name) == (420, 7)
    assert answers.shells("before", name)["bash"]["tmout"] == "0"


@pytest.mark.parametrize("module", IN_THE_WAY)
def test_report_names_every_file_and_line(name: str, module: str) -> None:
    said = answers.answer("refused", name)[module]
    assert said["failed"] and not said["changed"]
    named = {(item["path"], item["line"]) for item in said["conflicts"]}
    assert named >= {(path, _line(name, path, text)) for path, text in IN_THE_WAY[module].items()}
    assert not any(item["disabled"] for item in said["conflicts"])


def test_report_says_in_words_what_stands_in_the_way(name: str) -> None:
    said = answers.answer("refused", name)
    assert f"{MAIN} line {_line(name, MAIN, IN_THE_WAY['sshd'][MAIN])}" in said["sshd"]["msg"]
    assert SITE in said["tmout"]["msg"]
    assert str(_line(name, SITE, "readonly TMOUT=0")) in said["tmout"]["msg"]


@pytest.mark.parametrize("step", ["refused", "checked"])
def test_nothing_is_touched(name: str, step: str) -> None:
    """Not one byte, inode or time, of files and of folders."""
    assert answers.files(step, name) == answers.files("before", name)


@pytest.mark.parametrize("module", IN_THE_WAY)
def test_check_mode_tells_what_the_real_run_does(name: str, module: str) -> None:
    checked, applied = (answers.answer(step, name)[module] for step in ("checked", "applied"))
    assert checked["diff"] and checked["diff"] == applied["diff"]
    for key in ("changed", "before", "effective", "verified", "conflicts"):
        assert checked[key] == applied[key], key
    assert checked["verified"] is True


def test_diff_is_what_was_written(name: str) -> None:
    for module in IN_THE_WAY:
        for part in answers.answer("applied", name)[module]["diff"]:
            path = part["after_header"].split(" ")[0]
            assert part["before"] == answers.text("before", name, path)
            assert part["after"] == answers.text("applied", name, path)


def test_sshd_says_so(host: Host) -> None:
    for user in ("ops", "root", "nobody"):
        connection = f"user={user},host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22"
        said = host.check_output(f"/usr/sbin/sshd -T -C {connection}").lower().split("\n")
        assert f"clientaliveinterval {INTERVAL}" in said
        assert f"clientalivecountmax {COUNT_MAX}" in said


@pytest.mark.parametrize("shell", ["bash", "ksh93", "mksh", "dash"])
def test_login_shell_says_so(host: Host, shell: str) -> None:
    asked = 'echo "$TMOUT"; (unset TMOUT) 2>/dev/null || echo readonly; env | grep ^TMOUT='
    done = host.run(answers.as_user("ops", f"{shell} -l -c '{asked}'"))
    assert done.stdout.split() == [str(TMOUT), "readonly", f"TMOUT={TMOUT}"]


def test_exception_of_a_match_block_stands(name: str) -> None:
    assert answers.numbers("applied", name, "backup") == (900, COUNT_MAX)
    line = _line(name, MAIN, EXCEPTION)
    listed = answers.answer("refused", name)["sshd"]["conflicts"]
    assert (MAIN, line) in {(item["path"], item["line"]) for item in listed}


def test_only_the_lines_in_the_way_are_disabled(name: str) -> None:
    expected = {MAIN, DROP_IN, CLOUD_INIT, PROFILE, SITE}
    assert answers.changed("before", "applied", name) == expected
    for path in expected - {DROP_IN}:
        before, after = (answers.text(step, name, path) for step in ("before", "applied"))
        disabled = {text for texts in IN_THE_WAY.values() for text in texts.values()}
        kept = [MARK + line if line in disabled else line for line in before.split("\n")]
        assert list(_others(after)) == list(_others("\n".join(kept))), path


def _others(text: str) -> Iterator[str]:
    """The lines that are neither ours nor the duplicates that had to make place for it."""
    ours = {f"ClientAliveInterval {INTERVAL}", f"ClientAliveCountMax {COUNT_MAX}"}
    return (line for line in text.split("\n") if line not in ours and line not in DUPLICATES)


def test_files_keep_owner_and_mode(name: str) -> None:
    before, after = answers.files("before", name), answers.files("applied", name)
    for path in before:
        assert (before[path]["mode"], before[path]["owner"]) == (
            after[path]["mode"], after[path]["owner"]), path  # fmt: skip


def test_everything_else_means_the_same(name: str) -> None:
    assert answers.other_keywords("applied", name) == answers.other_keywords("before", name)
    before, after = answers.shells("before", name), answers.shells("applied", name)
    for shell in before:
        assert after[shell]["env"] == before[shell]["env"], shell
        assert after[shell]["umask"] == before[shell]["umask"], shell


def test_logins_are_silent_now(name: str) -> None:
    """They complained about a readonly variable before."""
    assert "TMOUT" in str(answers.shells("before", name)["bash"]["complaint"])
    assert not any(said["complaint"] for said in answers.shells("applied", name).values())


def test_idle_login_is_logged_out(name: str, sessions: Sessions) -> None:
    assert sessions.seconds(name, "idle") > TMOUT - 1


def test_idle_but_live_client_is_kept(name: str, sessions: Sessions) -> None:
    maximum = answers.answer("applied", name)["sshd"]["detection_seconds"]["max"]
    assert sessions.seconds(name, "alive") > 2 * maximum


def test_frozen_client_is_dropped_in_time(name: str, sessions: Sessions) -> None:
    promised = answers.answer("applied", name)["sshd"]["detection_seconds"]
    took = sessions.seconds(name, "frozen")
    assert promised["min"] - 0.5 <= took <= promised["max"] + SLACK
