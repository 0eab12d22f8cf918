# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Login shells are asked without rights, within a time limit, and nothing is left of them."""

import os
import shutil
import signal
import subprocess
import time

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _accounts as shells
from ansible_collections.curfew.session.plugins.module_utils import _identities, _view
from ansible_collections.curfew.session.plugins.module_utils._identities import Person
from ansible_collections.curfew.session.plugins.module_utils._login_programs import program_at
from ansible_collections.curfew.session.plugins.module_utils._shell import asking, starting
from ansible_collections.curfew.session.plugins.module_utils._shell.asking import Asker

from .one_etc import needs_namespaces


def _shell(name):
    program = program_at(shutil.which(name))
    return shells.Shell("/bin/" + name, program.real_path, program.family, False)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give rights up")
def test_asked_without_rights_and_nothing_is_left():
    person = _identities.stranger(["nobody"], [])
    assert person.uid not in (0, 65534)
    (answer,) = asking.ask([Asker(_shell("bash"), person)])
    assert (answer.status, answer.exit_status) == ("answered", 0)
    scratch, _home = answer.environment["HOME"].split("/0/")
    assert scratch.startswith("/tmp/") and not os.path.exists(scratch)
    assert {"TERM": "dumb", "SHELL": "/bin/bash"}.items() <= answer.environment.items()
    assert "SSH_AUTH_SOCK" not in answer.environment


RIGHTS = "cat /proc/self/status; id; umask; ulimit -c; ulimit -f; ulimit -v"


@needs_namespaces
@pytest.mark.parametrize("terminal", [False, True])
def test_who_asks_in_a_view_is_the_person_and_no_more(terminal):
    """One after the other, and however they are started."""
    persons = [Person("a", 61001, 61002, (61002, 61003)), Person("root", 0, 0, (0,))] * 2
    askers = [Asker(_shell("bash"), person) for person in persons]
    way = asking.Way(terminal, in_view=True)

    def ask():
        own = os.getresuid(), os.getresgid(), os.getgroups()
        with starting.started(askers, way, lambda _asker, _answers: ["-c", RIGHTS]) as running:
            starting.wait(running, time.monotonic() + 20, lambda _running: "")
            assert (os.getresuid(), os.getresgid(), os.getgroups()) == own
            return [one.output.decode() for one in running]

    for person, said in zip(persons, _view.within([], ask, 30)):
        rights = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
        assert rights["Uid"].split() == [str(person.uid)] * 4
        assert rights["Gid"].split() == [str(person.gid)] * 4
        assert [int(gid) for gid in rights["Groups"].split()] == list(person.groups)
        powers = {int(rights[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapInh")}
        assert powers <= {0, 1 << _view._DAC_READ_SEARCH} and rights["NoNewPrivs"] == "1"
        assert person.uid == 0 or int(rights["CapEff"], 16) == 0
        limits = [starting.FLOOD // 1024, starting._MAX_MEMORY // 1024]
        assert said.split()[-4:] == ["0022", "0", *map(str, limits)]


@needs_namespaces
def test_a_home_is_in_its_place_in_a_view_and_empty():
    """What has files of the system in it, holds another home, or does not exist, is as it is."""
    homes = [f"/home/curfew-{name}" for name in ("ann", "bob", "bob/cyn", "none")]
    places = [*homes, homes[0], "/usr/sbin", "", "relative"]
    askers = [
        Asker(_shell("bash"), Person(f"p{uid}", 61000 + uid, 61000, (), place))
        for uid, place in enumerate(places)
    ]

    def ask():
        for home in homes[:3]:  # in the view: nothing of it is here
            os.mkdir(home)
            os.chmod(home, 0o755)
        for home in (homes[0], homes[2]):
            with open(home + "/.profile", "w") as profile:
                profile.write("exit 3\n")
        words = ["-c", 'echo; echo "$HOME|$(cd; pwd)|$(ls -A ~ | tr "\\n" " ")"']
        way = asking.Way(in_view=True)
        with starting.started(askers, way, lambda _asker, _answers: words) as running:
            starting.wait(running, time.monotonic() + 20, lambda _running: "")
            return [one.output.decode().split("\n")[-2].split("|") for one in running]

    said = _view.within([], ask, 30)
    assert said[0] == [places[0], places[0], ".zshrc "]
    assert said[1] == [places[1], places[1], "cyn "]
    assert said[2] == [places[2], places[2], ".zshrc "] and said[3][0] == places[3]
    assert said[4][0] != places[4] and said[4][2] == ".zshrc "  # it is another's
    assert said[5][0] == "/usr/sbin" and "useradd" in said[5][2]
    assert said[6][2] == ".zshrc " and said[7][0] == "relative"
    assert not os.path.exists(homes[0])


def test_one_time_limit_for_all():
    answers = asking.ask([Asker(_shell("bash"), _identities.stranger())] * 2, limit=0.0)
    assert {answer.status for answer in answers} == {"hangs"}
    assert {answer.tmout for answer in answers} == {None}
    assert asking.describe(answers[0])["readonly"] is None


def _is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_shell_ends_with_the_run_that_asks_it():
    """Even if that is killed, and cannot end it any more."""
    person = _identities.stranger()
    reader, writer = os.pipe()
    run = os.fork()
    if run == 0:
        try:
            shell = subprocess.Popen(["sleep", "60"], preexec_fn=lambda: starting._become(person))
            os.write(writer, b"%d" % shell.pid)
            shell.wait()
        finally:
            os._exit(0)
    shell = int(os.read(reader, 20))
    assert _is_alive(shell)
    os.kill(run, signal.SIGKILL)
    os.waitpid(run, 0)
    deadline = time.monotonic() + 10
    while _is_alive(shell) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _is_alive(shell)


def test_a_shell_cannot_take_all_memory():
    grow = ["bash", "-c", "x=xxxxxxxx; while :; do x=$x$x; done"]
    person = _identities.stranger()
    done = subprocess.run(
        grow,
        preexec_fn=lambda: starting._become(person),
        timeout=60,
        check=False,
        stderr=subprocess.PIPE,
    )
    assert done.returncode and b"cannot allocate" in done.stderr


# family, what its TMOUT (or autologout) is, and how that is described
DESCRIBED = [
    ("bash", "900", 900, 900),
    ("ksh93", "900", 900, 960),
    ("dash", "900", 900, None),
    ("bash", None, None, None),
    ("tcsh", "15 5", None, 900),
    ("tcsh", "0", None, None),
]


@pytest.mark.parametrize("family, value, seconds, logout", DESCRIBED)
def test_an_answer_is_described(family, value, seconds, logout):
    shell = shells.Shell("/bin/x", "/bin/x", family, False)
    answer = asking.Answer(
        Asker(shell, Person("ann", 7, 7)), "answered", 0, "", value, True, False, {}
    )
    assert asking.describe(answer) == {
        "path": "/bin/x",
        "family": family,
        "tmout_seconds": seconds,
        "readonly": True,
        "exported": False,
        "logout_seconds": logout,
    }
