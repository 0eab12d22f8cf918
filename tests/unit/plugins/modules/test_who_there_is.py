# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with very many accounts, and with accounts of a directory: the real modules there."""

import json
import os
import shutil
import subprocess
import time

import pytest

from ansible_collections.curfew.session.plugins.plugin_utils._audit import judge, policy
from ansible_collections.curfew.session.tests.unit.plugins.modules import login_host

CROWD = 20000
# Such a run takes a second; when each account was looked at by itself it took minutes.
MOST_SECONDS = 40
POLICY = policy.Policy(None, policy.Tmout(900, True, []))
CC = shutil.which("cc")
# A directory that knows one account; one more of it never gets an answer.
LIBRARY = r"""
#include <errno.h>
#include <nss.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static enum nss_status answer(int known, struct passwd *to, int *error) {
  if (!known) { *error = ENOENT; return NSS_STATUS_NOTFOUND; }
  to->pw_name = "dora"; to->pw_passwd = "x"; to->pw_uid = 60001; to->pw_gid = 60000;
  to->pw_gecos = ""; to->pw_dir = "/home/dora"; to->pw_shell = "/bin/bash";
  return NSS_STATUS_SUCCESS;
}
enum nss_status _nss_curfew_getpwnam_r(const char *name, struct passwd *to, char *buffer,
                                       size_t size, int *error) {
  if (getenv("CURFEW_HANGS") || !strcmp(name, "slow")) pause();
  return answer(!strcmp(name, "dora"), to, error);
}
enum nss_status _nss_curfew_getpwuid_r(uid_t uid, struct passwd *to, char *buffer,
                                       size_t size, int *error) {
  if (getenv("CURFEW_HANGS")) pause();
  return answer(uid == 60001, to, error);
}
"""


@pytest.fixture
def host(tmp_path, module_environment):
    made = login_host.make(tmp_path, module_environment, "timeout_info", set())
    made.write("ssh/sshd_config", "")
    return made


def crowd(host, shell, last):
    rows = "".join(
        f"u{number:05}:x:{20000 + number}:100:Member {number}:/home/u{number:05}:{shell}\n"
        for number in range(CROWD)
    )
    host.write("passwd", host.text("passwd") + rows + last)


def timed(host, module, **args):
    started = time.monotonic()
    result = host.run_module(module, **args)
    assert time.monotonic() - started < MOST_SECONDS
    assert not result.get("failed"), result["msg"]
    return result


LAST = "zlast:x:199999:100::/home/z:/bin/dash\n"


@pytest.mark.thorough
def test_a_crowd_is_told_in_classes(host):
    crowd(host, "/bin/bash", LAST)
    group = "fac:x:70000:" + ",".join(f"u{number:05}" for number in range(0, CROWD, 3)) + "\n"
    host.write("group", host.text("group") + group)
    host.write("idle.users", "".join(f"u{number:05}\n" for number in range(1, CROWD, 3)))
    host.write(
        "profile.d/idle.sh",
        "TMOUT=900\nid -Gn | grep -qw fac && TMOUT=60\n"
        'grep -qx "$(id -un)" /etc/idle.users && TMOUT=0\ncase $USER in u0*) A=1 ;; esac\n'
        "readonly TMOUT\n",
    )
    host.write("ssh/sshd_config", "Match Group fac\n  PermitTTY no\nMatch User u0000?\n")
    said = timed(host, "timeout_info")
    assert len(json.dumps(said)) < 50000
    assert sum(one["count"] for one in said["classes"]) == CROWD + 2
    assert [
        (one["state"], one["idle_logout_seconds"], one["count"]) for one in said["classes"]
    ] == [
        ("ends", 900, 1 + 6666),
        ("unknown", None, 6667),
        ("never", None, 6667),
        ("never", None, 1),
    ]
    assert [one["user"] for one in said["accounts"]] == ["root", "u00000", "u00001", "zlast"]
    assert any("not all in `accounts`" in sentence for sentence in said["verdict"])
    reasons = judge.judge(POLICY, said)
    assert {reason.code for reason in reasons} == {"uncovered", "shell_unknown"}
    assert any("session of zlast (/bin/dash)" in reason.text for reason in reasons)


@pytest.mark.thorough
def test_a_crowd_that_lacks_nothing_but_one(host):
    crowd(host, "/bin/bash", LAST)
    done = timed(host, "shell_tmout", timeout=900)
    assert (done["changed"], done["verified"]) == (True, True)
    assert [one["user"] for one in done["uncovered"]] == ["zlast"]


@pytest.mark.thorough
def test_a_crowd_that_is_not_covered(host):
    crowd(host, "/bin/dash", "zlast:x:199999:100::/home/z:/bin/tcsh\nodd:x:9:9::/:/usr/bin/env\n")
    done = timed(host, "shell_tmout", check=True, timeout=900)
    assert len(done["uncovered"]) == 1000
    assert done["uncovered"][-1]["user"] == "odd"
    assert f"The result holds 1000 of these {CROWD + 1 + bool(shutil.which('tcsh'))}" in (
        done["warnings"]
    ) or not shutil.which("tcsh")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The environment in which the C library finds a directory of ours."""
    if CC is None:
        pytest.skip("no compiler is installed here")
    folder = tmp_path_factory.mktemp("library")
    folder.chmod(0o755)
    source = folder / "directory.c"
    source.write_text(LIBRARY)
    made = folder / "libnss_curfew.so.2"
    command = [CC, "-shared", "-fPIC", "-w", "-o", str(made), str(source)]
    if subprocess.call(command, stderr=subprocess.DEVNULL) != 0:
        pytest.skip("the compiler cannot make a library here")
    return {"LD_LIBRARY_PATH": str(folder)}


@pytest.fixture
def directory(host, library):
    host.write("nsswitch.conf", "passwd: files curfew\ngroup: files\n")
    host.write("group", host.text("group") + "fac:x:60000:\nlab:x:60005:dora\n")
    host.write(
        "profile.d/idle.sh", "TMOUT=900\nid -Gn | grep -qw lab && TMOUT=60\nreadonly TMOUT\n"
    )

    def run(module, hangs=False, sees_others=False, **args):
        more = {"CURFEW_HANGS": "1"} if hangs else {}
        # Else the sessions of a test that runs beside this one would be open here.
        alone = () if sees_others else ("unshare", "--pid", "--fork", "--mount-proc")
        return host.run_module(module, wrapper=alone, environment=dict(library, **more), **args)

    return run


def is_said(said, words):
    return any(words in sentence for sentence in said["verdict"])


def test_an_account_of_a_directory_is_looked_up_and_asked(directory):
    said = directory("timeout_info", users=["dora", "root", "ghost"])
    assert [(one["user"], one["idle_logout_seconds"]) for one in said["accounts"]] == [
        ("root", 900),
        ("dora", 60),
    ]
    assert said["directories"] == [{"name": "curfew", "answers": True, "why": "", "asked": 1}]
    assert is_said(said, "Option users: nobody is called ghost.")
    assert is_said(said, "may have further accounts than the 1 that was looked at")
    assert judge.judge(POLICY, said) == []


def test_one_who_has_a_session_open_is_asked_too(directory, host):
    process = subprocess.Popen(
        ["sshd: dora@pts/0", "60"], executable="/bin/sleep", preexec_fn=lambda: os.setuid(60001)
    )
    try:
        said = directory("timeout_info", sees_others=True)
        os.unlink(str(host.etc / "profile.d/idle.sh"))
        done = directory("shell_tmout", sees_others=True, check=True, timeout=900)
    finally:
        process.kill()
        process.wait()
    assert [one["user"] for one in said["accounts"]] == ["root", "dora"]
    assert said["directories"][0]["asked"] == 1
    assert done["verified"] and "directory" not in done["warnings"]


@pytest.mark.thorough
def test_nobody_of_a_directory_was_asked(directory, host):
    said = directory("timeout_info")
    assert said["directories"] == [{"name": "curfew", "answers": True, "why": "", "asked": 0}]
    assert is_said(said, "The directory curfew (/etc/nsswitch.conf) has further accounts")
    (reason,) = judge.judge(POLICY, said)
    assert (reason.status, reason.code) == (judge.UNVERIFIED, "directory")
    os.unlink(str(host.etc / "profile.d/idle.sh"))
    done = directory("shell_tmout", check=True, timeout=900)
    assert "No account of the directory curfew was looked at" in done["warnings"]
    done = directory("shell_tmout", check=True, timeout=900, users=["dora"])
    assert "directory" not in done["warnings"]
    done = directory("shell_tmout", check=True, timeout=900, users=["ghost"])
    assert "Option users: nobody is called ghost." in done["warnings"]


@pytest.mark.thorough
def test_who_is_away_is_named_and_the_rest_is_answered(directory):
    said = directory("timeout_info", users=["slow", "dora"])
    assert is_said(said, "No directory answered in time when it was asked for slow and dora")
    assert [one["user"] for one in said["accounts"]] == ["root"]
    started = time.monotonic()
    said = directory("timeout_info", hangs=True, users=["dora"])
    assert time.monotonic() - started < MOST_SECONDS
    why = "did not answer within 3 seconds"
    assert said["directories"] == [{"name": "curfew", "answers": False, "why": why, "asked": 0}]
    assert is_said(said, f"The directory curfew (/etc/nsswitch.conf) {why}: nothing is said")
    (reason,) = judge.judge(POLICY, said)
    assert reason.text.endswith(f"none was asked: it {why}.")
