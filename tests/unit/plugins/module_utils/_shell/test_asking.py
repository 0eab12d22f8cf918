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
from ansible_collections.curfew.session.plugins.module_utils import _identities
from ansible_collections.curfew.session.plugins.module_utils._identities import Person
from ansible_collections.curfew.session.plugins.module_utils._login_programs import program_at
from ansible_collections.curfew.session.plugins.module_utils._shell import asking, starting
from ansible_collections.curfew.session.plugins.module_utils._shell.asking import Asker


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
