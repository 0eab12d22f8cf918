# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts, shells by what they are, and how each reads a value."""

import os
import shutil

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _accounts as shells

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
