# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts, shells by what they are, and how each reads a value."""

import os
import shutil
import signal
import subprocess
import time
import types

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _accounts as shells
from ansible_collections.curfew.session.plugins.module_utils._shell import asking

PASSWD = [
    ("root:x:0:0:root:/root:/bin/bash\n", [("root", "/bin/bash")]),
    ("root:x:0:0:root:/root:/bin/bash\r\n", [("root", "/bin/bash")]),
    ("a:x:1:1::/:\n", [("a", "/bin/sh")]),
    ("a:x:1:1::/:/usr/sbin/nologin\nb:x:1:1::/:/bin/false\n", []),
    ("s:x:1:1::/:/bin/sync\nh:x:1:1::/sbin:/sbin/shutdown\n", []),
    ("+nis::::::\n#c:x:1:1::/:/bin/sh\n\nbroken\n:x:1:1::/:/bin/sh\n", []),
    ("t:x:1:1::/:/usr/bin/tmux\n", [("t", "/usr/bin/tmux")]),
]

# value, family, seconds
READ = [
    (None, "bash", None),
    ("", "bash", None),
    ("900", "bash", 900),
    ("0", "mksh", 0),
    ("15m", "bash", 15),
    ("15m", "zsh", None),
    ("900\r", "bash", 900),
    (" 900", "ksh93", 900),
    ("x", "bash", None),
    ("-5", "bash", None),
    ("9" * 50, "zsh", None),
]

LOGOUT = [
    ("bash", 900, 900),
    ("zsh", 900, 900),
    ("mksh", 900, 900),
    ("ksh93", 900, 960),
    ("dash", 900, None),
    ("tcsh", 900, None),
    ("bash", 0, None),
    ("ksh93", 0, None),
    ("bash", None, None),
]

KNOWN = ["bash", "dash", "zsh", "ksh93", "mksh", "tcsh"]
OTHERS = ["true", "sleep", "env", "python3", "perl", "tmux", "vim", "busybox", "ls"]


@pytest.mark.parametrize("text, expected", PASSWD)
def test_accounts(text, expected):
    assert [tuple(account) for account in shells.accounts(text)] == expected


@pytest.mark.parametrize("raw, family, seconds", READ)
def test_seconds_as_read(raw, family, seconds):
    assert shells.seconds_as_read(raw, family) == seconds


@pytest.mark.parametrize("family, seconds, logout", LOGOUT)
def test_logout_seconds(family, seconds, logout):
    assert shells.logout_seconds(family, seconds) == logout


@pytest.mark.parametrize("name", KNOWN)
def test_known_by_what_it_is(name, tmp_path):
    real = shutil.which(name)
    if not real:
        pytest.skip(name + " is not installed")
    assert shells.family_of(real) == (name, os.path.realpath(real))
    renamed = tmp_path / "greeter"
    shutil.copy(real, str(renamed))
    assert shells.family_of(str(renamed))[0] == name
    link = tmp_path / "link"
    link.symlink_to(renamed)
    assert shells.family_of(str(link)) == (name, str(renamed))
    renamed.chmod(0o777)
    assert shells.family_of(str(renamed)) == (None, "can be changed by others than root")


@pytest.mark.parametrize("name", OTHERS)
def test_other_programs_are_unknown(name, tmp_path):
    real = shutil.which(name)
    if not real:
        pytest.skip(name + " is not installed")
    assert shells.family_of(real)[0] is None
    disguised = tmp_path / "bash"
    shutil.copy(os.path.realpath(real), str(disguised))
    assert shells.family_of(str(disguised))[0] is None


def test_what_is_no_program(tmp_path):
    script = tmp_path / "zsh"
    script.write_text("#!/bin/sh\n# @(#)Bash version ZSH_EVAL_CONTEXT zsh_eval_context\n")
    assert shells.family_of(str(script))[0] is None
    script.chmod(0o755)
    assert shells.family_of(str(script))[0] is None
    os.mkfifo(str(tmp_path / "fifo"), 0o755)
    for path in ("fifo", "nothing", "."):
        assert shells.family_of(str(tmp_path / path))[0] is None
    assert shells.family_of("bash")[0] is None


# paths that the system is not asked about where only ASCII can be encoded, and why
REFUSED = [
    ("/bin/sch\u00e9", "locale"),
    ("/bin/\0", "absolute"),
    ("bash", "absolute"),
    ("", "absolute"),
    ("/bin/\udcff", ""),
    ("/bin/bash", ""),
]


@pytest.mark.parametrize("path, why", REFUSED)
def test_paths_that_are_none(path, why, monkeypatch):
    monkeypatch.setattr(os, "fsencode", lambda text: text.encode("ascii", "surrogateescape"))
    refused = shells.refused_path(path)
    assert (why in refused) if why else refused == ""
    if refused:
        assert shells.family_of(path) == (None, refused)
        assert shells.installed([shells.Account("a", path)])[1] == {path: refused}


def _shell(name):
    family, real_path = shells.family_of(shutil.which(name))
    return shells.Shell("/bin/" + name, real_path, family, False)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give rights up")
def test_asked_without_rights_and_nothing_is_left():
    ids = asking.strangers(["nobody"], [])
    assert ids[0] not in (0, 65534)
    (answer,) = asking.ask([_shell("bash")], ids)
    assert (answer.status, answer.exit_status) == ("answered", 0)
    scratch, _home = answer.environment["HOME"].split("/0/")
    assert scratch.startswith("/tmp/") and not os.path.exists(scratch)
    assert {"TERM": "dumb", "SHELL": "/bin/bash"}.items() <= answer.environment.items()
    assert "SSH_AUTH_SOCK" not in answer.environment


def test_one_time_limit_for_all():
    answers = asking.ask([_shell("bash")] * 2, asking.strangers([], []), limit=0.0)
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
    ids = asking.strangers([], [])
    reader, writer = os.pipe()
    run = os.fork()
    if run == 0:
        try:
            shell = subprocess.Popen(["sleep", "60"], preexec_fn=lambda: asking._drop_rights(ids))
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
    ids = asking.strangers([], [])
    done = subprocess.run(
        grow,
        preexec_fn=lambda: asking._drop_rights(ids),
        timeout=60,
        check=False,
        stderr=subprocess.PIPE,
    )
    assert done.returncode and b"cannot allocate" in done.stderr


def test_who_root_is():
    identity = shells.identity_of("root")
    assert (identity.uid, identity.gid) == (0, 0)
    assert 0 in identity.groups and "root" in identity.group_names
    assert shells.exists("root")


@pytest.mark.parametrize("user", ["no-such-user-here", "", "a\0b"])
def test_nobody_is_behind_such_a_name(user):
    assert shells.identity_of(user) is None
    assert not shells.exists(user)


# Names that are asked for, how a fitting group begins; the members
MEMBERS = [
    (["wheel"], "none", ["ann", "bob"]),
    (["none-such", "a\0b"], "none", []),
    ([], "wh", ["ann", "bob"]),
    ([], "", ["ann", "bob", "cyd"]),
    (["staff"], "wh", ["bob", "cyd", "ann"]),
]


@pytest.mark.parametrize("names, beginning, users", MEMBERS)
def test_members(tmp_path, monkeypatch, names, beginning, users):
    groups = {"wheel": (10, ["ann"]), "staff": (20, ["bob"])}

    def by_name(name):
        if "\0" in name:
            raise ValueError("embedded null byte")
        number, members = groups[name]
        return types.SimpleNamespace(gr_gid=number, gr_mem=members)

    (tmp_path / "passwd").write_text("bob:x:1:10::/:/bin/sh\ncyd:x:2:20::/:/bin/sh\nbroken\n")
    (tmp_path / "group").write_text("wheel:x:10:ann\n+\nstaff:x:20:bob\nempty:x:30:\n")
    monkeypatch.setattr(shells, "PASSWD", str(tmp_path / "passwd"))
    monkeypatch.setattr(shells, "GROUP", str(tmp_path / "group"))
    monkeypatch.setattr(shells.grp, "getgrnam", by_name)
    assert list(shells.members(names, lambda group: group.startswith(beginning))) == users
