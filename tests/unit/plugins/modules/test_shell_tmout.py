# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real module on an /etc of its own: bound over the real one in a private mount namespace."""

import os
import shutil
import stat
import subprocess

import pytest

from ansible_collections.curfew.session.tests.unit.plugins.modules import login_host
from ansible_collections.curfew.session.tests.unit.plugins.modules.login_host import DEBIAN_PROFILE

KEYS = {
    "before",
    "effective",
    "verified",
    "conflicts",
    "uncovered",
    "changed_files",
    "backup_files",
    "changed",
}
# Shells of the kind that the drop-in reaches on Debian, where installed.
COVERED = [s for s in ("bash", "ksh93", "mksh") if shutil.which(s)]

LOOP = """for i in /etc/profile.d/*.sh; do
    if [ -r "$i" ]; then . "$i"; fi
done
unset i
"""
RHEL_PROFILE = """pathmunge () { PATH=$PATH:$1; }
for i in /etc/profile.d/*.sh /etc/profile.d/sh.local ; do
    if [ -r "$i" ]; then
        if [ "${-#*i}" != "$-" ]; then
            . "$i"
        else
            . "$i" >/dev/null
        fi
    fi
done
unset i
unset -f pathmunge
if [ -n "${BASH_VERSION-}" ] ; then
    if [ -f /etc/bashrc ] ; then
        . /etc/bashrc
    fi
fi
"""
RHEL_BASHRC = """_again() {
    for i in /etc/profile.d/*.sh; do
        if [ -r "$i" ]; then . "$i"; fi
    done
}
_again
unset -f _again
"""
RHEL_ZPROFILE = """_src_etc_profile()
{
    emulate -L ksh
    if [ -f /etc/profile ]; then
        source /etc/profile
    fi
}
_src_etc_profile
unset -f _src_etc_profile
"""
EMULATING_ZPROFILE = "emulate sh -c '. /etc/profile'\n"
NATIVE_ZPROFILE = "_f() { source /etc/profile; }\n_f\n"


@pytest.fixture
def host(tmp_path, module_environment):
    return login_host.make(tmp_path, module_environment, "shell_tmout", KEYS)


@pytest.mark.parametrize("shell", ["bash", "dash", "ksh93", "mksh", "tcsh", "zsh"])
def test_the_shells_to_ask_are_here(shell):
    """A shell that is missing is asked nowhere below, and nobody would notice."""
    if not shutil.which(shell):
        pytest.skip(shell + " is not installed")


def _by_family(result, key="effective"):
    """What strangers' shells said."""
    return {one["family"]: one for one in result[key] if one["user"] is None}


def _values(result, key="effective"):
    """What the shells said, but for how that is known: who changes something looks closer."""
    return [dict(one, basis=None) for one in result[key]]


def _four_runs(host, **args):
    """Check, real, check, real: the second pair changes nothing."""
    before = host.tree()
    checked = host.run(check=True, **args)
    assert host.tree() == before
    real = host.run(**args)
    assert not checked.get("failed") and not real.get("failed"), (checked, real)
    assert (checked["changed"], checked["diff"]) == (real["changed"], real["diff"])
    assert checked["effective"] == real["effective"]
    assert checked["changed_files"] == real["changed_files"]
    after = host.tree()
    for again in (host.run(check=True, **args), host.run(**args)):
        assert not again["changed"] and not again.get("failed"), again
        assert again["changed_files"] == []
        assert _values(again) == _values(real) == _values(again, "before")
    assert host.tree() == after
    return real


def test_clean_host(host):
    result = _four_runs(host, timeout="15m")
    assert result["verified"] is True and result["changed"]
    shells = _by_family(result)
    for family in COVERED:
        grace = 60 if family == "ksh93" else 0
        assert shells[family]["tmout_seconds"] == 900
        assert shells[family]["readonly"] and shells[family]["exported"]
        assert shells[family]["logout_seconds"] == 900 + grace
        assert host.login(family, 'echo "$TMOUT"') == "900\n"
    if "zsh" in shells:
        assert shells["zsh"]["tmout_seconds"] is None
    if "dash" in shells:
        assert shells["dash"]["tmout_seconds"] == 900
        assert shells["dash"]["logout_seconds"] is None
    assert result["changed_files"] == ["/etc/profile.d/tmout.sh"]
    assert (host.etc / "profile.d" / "tmout.sh").stat().st_mode & 0o777 == 0o644
    assert result["uncovered"] == [] and result["conflicts"] == []


@pytest.mark.parametrize("zprofile", [RHEL_ZPROFILE, NATIVE_ZPROFILE, EMULATING_ZPROFILE])
def test_host_shaped_like_rhel(host, zprofile):
    host.write("profile", RHEL_PROFILE)
    host.write("bashrc", RHEL_BASHRC)
    for name in ("zprofile", "zsh/zprofile"):
        host.write(name, zprofile)
    shells = _by_family(_four_runs(host, timeout=600))
    for family in COVERED + (["zsh"] if shutil.which("zsh") else []):
        assert (shells[family]["tmout_seconds"], shells[family]["readonly"]) == (600, True)


DIRTY = {
    "profile": DEBIAN_PROFILE + "umask 027\nexport TMOUT=60\n",
    "profile.d/aaa.sh": "A=1; readonly TMOUT=0\nexport A\n",
    "profile.d/zzz.sh": 'if [ "$A" ]; then\n  TMOUT=30\nfi\nexport HISTSIZE=77 TMOUT=20\n',
}


def test_dirty_host_report(host):
    for name, text in DIRTY.items():
        host.write(name, text)
    before = host.tree()
    for check in (True, False):
        result = host.run(check=check, timeout=900)
        assert result["failed"] and not result["changed"]
        # It is why TMOUT is 0; the others give it another value.
        assert "0 in /bin/bash, not 900 because of /etc/profile.d/aaa.sh, line 1" in result["msg"]
        others = result["msg"].split("; in the way too: ")[1]
        for where in (
            "/etc/profile, line 17: export TMOUT=60",
            "/etc/profile.d/zzz.sh, line 2",
            "/etc/profile.d/zzz.sh, line 4",
        ):
            assert where in others
        assert [(c["path"][5:], c["line"], c["disabled"]) for c in result["conflicts"]] == [
            ("profile.d/aaa.sh", 1, False),
            ("profile.d/zzz.sh", 2, False),
            ("profile.d/zzz.sh", 4, False),
            ("profile", 17, False),
        ]
    assert host.tree() == before


def test_dirty_host_disable_and_absent(host):
    for name, text in DIRTY.items():
        host.write(name, text)
    result = _four_runs(host, timeout=900, conflicts="disable")
    assert [c["disabled"] for c in result["conflicts"]] == [True] * 4
    assert result["changed_files"][-1] == "/etc/profile.d/tmout.sh"
    for family in COVERED:
        said = host.login(family, 'echo "$TMOUT $A $HISTSIZE $(umask)"')
        assert said.split() in (["900", "1", "77", "0027"], ["900", "1", "77", "027"])
    gone = _four_runs(host, state="absent")
    assert gone["changed_files"][0] == "/etc/profile.d/tmout.sh"
    assert {name: host.text(name) for name in DIRTY} == DIRTY
    assert not (host.etc / "profile.d" / "tmout.sh").exists()
    assert _by_family(gone)["bash"]["tmout_seconds"] == 0


OPTIONS = [
    ({"readonly": False}, (900, False, True)),
    ({"export": False}, (900, True, False)),
    ({"readonly": False, "export": False}, (900, False, False)),
    ({"interactive_only": True}, (900, True, True)),
    ({"exempt_users": ["nobody", "root"], "exempt_groups": ["nogroup"]}, (900, True, True)),
]


@pytest.mark.parametrize("options, expected", OPTIONS)
def test_options(host, options, expected):
    shells = _by_family(_four_runs(host, timeout=900, **options))
    for family in COVERED:
        one = shells[family]
        assert (one["tmout_seconds"], one["readonly"], one["exported"]) == expected


FOREIGN = [
    ("TMOUT=60\nreadonly TMOUT\n", None),
    ("# ours\n", None),
    ("TMOUT=60\nPATH=/x\n", "line 2: PATH=/x"),
    ("TMOUT=900\nreadonly TMOUT\nexport TMOUT\nmesg n 2>/dev/null\n", "line 4: mesg n"),
    ("TMOUT=900\nreadonly TMOUT export TMOUT\n", None),
    (
        '# c\nif [ -n "$SSH_TTY" ]; then\n  TMOUT=600\nfi\n',
        "the same TMOUT, line 2: if [",
    ),
    ("[ $UID = 0 ] && return\nPATH=/x\nTMOUT=600\n", "everybody the same TMOUT, line 1: [ $UID"),
    ("PATH=/x\n[ $UID = 0 ] && return\nTMOUT=600\n", "line 1: PATH=/x"),
]


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("text, foreign", FOREIGN)
def test_foreign_drop_in(host, text, foreign, state):
    host.write("profile.d/tmout.sh", text, mode=0o600)
    before = host.tree()
    args = {"timeout": 900} if state == "present" else {}
    result = host.run(state=state, **args)
    assert bool(result.get("failed")) == bool(foreign), result
    if foreign:
        assert foreign in result["msg"] and host.tree() == before
    elif state == "present":
        assert (host.etc / "profile.d" / "tmout.sh").stat().st_mode & 0o777 == 0o644


def test_a_drop_in_that_is_a_link_keeps_its_target(host):
    """Else the link would lead nowhere, and the next run would refuse it."""
    host.write("opt/tmout.sh", "TMOUT=60\n")
    link = host.etc / "profile.d" / "tmout.sh"
    link.symlink_to("/etc/opt/tmout.sh")
    for _turn in range(2):
        assert _four_runs(host, timeout=900)["verified"]
        assert _four_runs(host, state="absent")["changed"]
        assert link.is_symlink() and host.text("opt/tmout.sh") == ""


def test_unreadable_drop_in_is_repaired(host):
    host.run(timeout=900)
    (host.etc / "profile.d" / "tmout.sh").chmod(0o600)
    result = _four_runs(host, timeout=900)
    assert result["changed"] and result["changed_files"] == ["/etc/profile.d/tmout.sh"]
    assert _by_family(result, "before")["bash"]["tmout_seconds"] is None


def test_backup(host):
    host.write("profile.d/tmout.sh", "TMOUT=60\n")
    result = host.run(timeout=900, backup=True)
    (kept,) = result["backup_files"]
    assert os.path.basename(kept).startswith(".")
    assert host.text("profile.d/" + os.path.basename(kept)) == "TMOUT=60\n"


BAD_OPTIONS = [
    ({}, "timeout"),
    ({"timeout": 0}, "timeout"),
    ({"timeout": True}, "timeout"),
    ({"timeout": 1.5}, "timeout"),
    ({"timeout": "15 m"}, "timeout"),
    ({"timeout": "900\n"}, "timeout"),
    ({"timeout": 900, "state": "absent"}, "timeout"),
    ({"timeout": 900, "path": "/etc/profile.d/tmout"}, "path"),
    ({"timeout": 900, "path": "/etc/profile.d/.tmout.sh"}, "path"),
    ({"timeout": 900, "path": "profile.d/tmout.sh"}, "path"),
    ({"timeout": 900, "path": "/etc/profile.d/a b.sh"}, "path"),
    ({"timeout": 900, "path": "/etc/profile.d/a\n.sh"}, "path"),
    ({"timeout": 900, "path": "/etc/profile.d/a'.sh"}, "path"),
    ({"timeout": 900, "path": "/etc/nowhere/tmout.sh"}, "path"),
    ({"timeout": 900, "path": "/etc/folder.sh"}, "/etc/folder.sh"),
    ({"timeout": 900, "path": "/etc/loop.sh"}, "/etc/loop.sh"),
    ({"timeout": 900, "path": "/etc/unread.sh"}, "/etc/unread.sh"),
    ({"timeout": 900, "exempt_users": ["a'b"]}, "exempt_users"),
    ({"timeout": 900, "exempt_groups": ["a\nb"]}, "exempt_groups"),
]


@pytest.mark.parametrize("args, named", BAD_OPTIONS)
def test_bad_options(host, args, named):
    (host.etc / "folder.sh").mkdir()
    (host.etc / "loop.sh").symlink_to("loop.sh")
    before = host.tree()
    result = host.run(**args)
    assert result["failed"] and named in result["msg"] and "\n" not in result["msg"]
    assert host.tree() == before


BROKEN_LOGINS = [
    ("profile.d/zzz.sh", "exit 3\n", "ends before its prompt"),
    pytest.param(
        "profile.d/zzz.sh",
        "setsid sleep 1000 &\nsleep 1000\n",
        "does not come to its prompt",
        marks=pytest.mark.thorough,
    ),
    ("profile.d/zzz.sh", "yes\n", "without end"),
    ("profile.d/zzz.sh", "exec /bin/true\n", "ends before its prompt"),
]


@pytest.mark.parametrize("name, text, why", BROKEN_LOGINS)
def test_logins_that_were_broken_before(host, name, text, why):
    host.write(name, text)
    before = host.tree()
    result = host.run(timeout=900)
    assert result["failed"] and why in result["msg"] and "/bin/bash" in result["msg"]
    assert host.tree() == before


ODD_LOGINS = [
    "echo hello; date +%N; echo $$\n",
    "exec >/dev/null 2>&1\n",
    "exec 0<&- 1>&- 2>&-\n",
    "printf() { :; }; echo() { :; }; test() { :; }; unset() { :; }; env() { exit; }\n",
    "alias echo=exit env=exit printf=exit 2>/dev/null || :\n",
    "trap 'echo bye' EXIT 2>/dev/null || trap 'echo bye' 0\n",
    "set -C; set -f\n",
    "PATH=/nonexistent; export PATH\n",
    "X='\nTMOUT=5\n'; export X\n",
    "(setsid sleep 30 >/dev/null 2>&1 &)\n",
    "setsid sleep 30 &\n",
    "TMOUTS=5; export TMOUTS; # TMOUT=5\n",
    "cat >/dev/null <<E\nTMOUT=5\nE\n",
    "TMOUT=5\n",
]


@pytest.mark.parametrize("text", ODD_LOGINS)
def test_odd_logins(host, text):
    host.write("profile.d/aaa.sh", text)
    result = host.run(timeout=900)
    assert not result.get("failed"), result
    for family in COVERED:
        assert _by_family(result)[family]["tmout_seconds"] == 900
    assert not host.run(timeout=900)["changed"]


def test_nothing_but_known_shells_is_started(host):
    trap = host.etc.parent / "started"
    paths = []
    for name in ("mybash-menu", "nologin", "bash"):
        path = host.write("bin/" + name, f"#!/bin/sh\ntouch {trap}\n", mode=0o755)
        paths.append("/etc/bin/" + path.name)
    shutil.copy(shutil.which("bash"), str(host.etc / "bin" / "renamed"))
    lines = [f"u{i}:x:9{i}:9::/:{path}\n" for i, path in enumerate(paths)]
    lines += [
        "r:x:99:9::/:/etc/bin/renamed\n",
        "d:x:98:9::/:/sbin/shutdown\n",
        "e:x:97:9::/:\n",
        "f:x:96:9::/:/nowhere\n",
        "broken line\n",
    ]
    host.write("passwd", host.text("passwd") + "".join(lines))
    host.write("shells", "/etc/bin/mybash-menu\n/etc/bin/bash\n/etc\nrelative\n")
    result = host.run(timeout=900)
    assert not result.get("failed"), result
    assert not trap.exists()
    shells = {one["path"]: one for one in result["effective"]}
    assert shells["/etc/bin/renamed"]["family"] == "bash"
    assert shells["/etc/bin/renamed"]["tmout_seconds"] == 900
    uncovered = {one["user"] for one in result["uncovered"]}
    assert {"u0", "u1", "u2"} <= uncovered
    assert not {"r", "d", "f", "sync", "root"} & uncovered


def test_reported_only(host):
    host.write("environment", "TMOUT=60\n")
    host.write("csh.login", "setenv TMOUT 60\n")
    host.write("ssh/sshd_config", "SetEnv TMOUT=60\n")
    host.write("sudoers", 'Defaults env_keep += "LANG TMOUT"\n')
    before = {path: value for path, value in host.tree().items() if "profile.d" not in path}
    result = host.run(timeout=900, conflicts="disable")
    scopes = {one["scope"]: one["path"] for one in result["conflicts"]}
    assert scopes == {
        "PAM": "/etc/environment",
        "csh login shells": "/etc/csh.login",
        "sshd SetEnv": "/etc/ssh/sshd_config",
        "sudoers": "/etc/sudoers",
    }
    after = host.tree()
    assert {path: after[path] for path in before} == before
    assert "/etc/environment, line 1" in result["warnings"]


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_uncovered_zsh(host):
    host.write("passwd", host.text("passwd") + "z:x:1000:1000::/home/z:/usr/bin/zsh\n")
    result = host.run(timeout=900)
    assert [(one["user"], one["shell"]) for one in result["uncovered"]] == [("z", "/usr/bin/zsh")]
    assert "z (/usr/bin/zsh" in result["warnings"]


# what ends their sessions is not ours, and is no reason to warn that nothing does
OF_THEIR_OWN = [("zsh", "zsh/zshrc", "TMOUT=600\n"), ("tcsh", "csh.cshrc", "set autologout=10\n")]


@pytest.mark.parametrize("shell, name, text", OF_THEIR_OWN)
def test_shells_with_a_timeout_of_their_own_are_not_uncovered(host, shell, name, text):
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"no {shell} is installed here")
    host.write("passwd", host.text("passwd") + f"z:x:1000:1000::/home/z:{path}\n")
    host.write(name, text)
    result = host.run(timeout=900)
    assert result["uncovered"] == [], result
    assert _by_family(result)[shell]["logout_seconds"] == 600


# options, and what is told of scanners, or None
SCANNED = [
    ({}, None),
    ({"interactive_only": True, "exempt_users": ["a"]}, None),
    ({"readonly": False}, "one that is not readonly fails"),
    ({"export": False}, "one that is not exported fails"),
    ({"path": "/etc/local.d/tmout.sh"}, "do not see the one in /etc/local.d/tmout.sh."),
]


@pytest.mark.parametrize("args, words", SCANNED)
def test_warns_of_what_scanners_fail(host, args, words):
    host.write("local.d/README", "")
    host.write("profile", host.text("profile") + "for i in /etc/local.d/*.sh; do . $i; done\n")
    result = host.run(timeout=900, **args)
    assert result["changed"] is True, result
    assert ("Scanners" in result["warnings"]) == (words is not None)
    assert (words or "") in result["warnings"]


def test_profile_that_never_reads_the_folder(host):
    host.write("profile", "umask 022\n")
    before = host.tree()
    result = host.run(timeout=900)
    assert result["failed"] and "/etc/profile.d/tmout.sh" in result["msg"]
    assert host.tree() == before


# A file that cannot be edited safely: the run says so, and nothing changes.
UNEDITABLE = ["eval 'export TMOUT=60'\n", "export A='x\ny' TMOUT=60\n"]


@pytest.mark.parametrize("text", UNEDITABLE)
def test_what_cannot_be_disabled(host, text):
    host.write("profile.d/zzz.sh", text)
    before = host.tree()
    result = host.run(timeout=900, conflicts="disable")
    assert result["failed"] and "/etc/profile.d/zzz.sh, line 1" in result["msg"]
    assert host.tree() == before


def test_without_namespaces(host):
    wrapper = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"]
    checked = host.run(check=True, wrapper=wrapper, timeout=900)
    assert checked["verified"] is False and checked["effective"] is None
    assert checked["changed"] and not (host.etc / "profile.d" / "tmout.sh").exists()
    real = host.run(wrapper=wrapper, timeout=900)
    # Strangers were asked, and root was not.
    assert real["verified"] is False and _by_family(real)["bash"]["tmout_seconds"] == 900
    assert "only users without rights were asked" in real["warnings"]
    assert host.run(wrapper=wrapper, state="absent")["verified"] is False
    host.write("profile.d/zzz.sh", "export TMOUT=60\n")
    before = host.tree()
    result = host.run(wrapper=wrapper, timeout=600)
    assert result["failed"] and "/etc/profile.d/zzz.sh, line 1" in result["msg"]
    assert result["msg"].endswith("The files are as they were.")
    folder = str(host.etc / "profile.d")
    assert {k: v for k, v in host.tree().items() if k != folder} == {
        k: v for k, v in before.items() if k != folder
    }


def test_no_known_shell(host):
    host.write("passwd", "root:x:0:0::/root:/usr/bin/fish\n")
    hide = (
        "for f in bash dash zsh ksh93 mksh tcsh sh ksh csh mksh-static; do"
        "  for d in /bin /usr/bin /usr/local/bin; do"
        "    [ -e $d/$f ] && mount --bind /bin/true $d/$f;"
        "  done; done; "
    )
    wrapper = ["sh", "-c", hide + 'exec "$@"', "sh"]
    before = host.tree()
    result = host.run(wrapper=wrapper, timeout=900)
    assert result["failed"] and "No login shell" in result["msg"]
    assert host.tree() == before
    assert host.run(wrapper=wrapper, timeout=900, verify=False)["changed"]


def test_without_proof(host):
    result = host.run(timeout=900, verify=False)
    assert (result["verified"], result["before"], result["effective"]) == (None, None, None)
    assert result["changed"] and not host.run(timeout=900, verify=False)["changed"]


@pytest.mark.skipif(not shutil.which("mksh"), reason="mksh is not installed")
@pytest.mark.parametrize("again", [False, True])
def test_a_timer_that_an_unset_has_stopped(host, again):
    """The value alone would look right, before a write and when there is nothing to write."""
    if again:
        assert host.run(timeout=900)["changed"]
    host.write("profile.d/00.sh", "A=1\nTMOUT=3; unset TMOUT\n")
    before = host.tree()
    refused = host.run(timeout=900)
    assert refused["failed"] and host.tree() == before
    assert "never obey it because of /etc/profile.d/00.sh, line 2" in refused["msg"], refused
    result = host.run(timeout=900, conflicts="disable")
    assert not result.get("failed") and result["changed"], result
    assert host.text("profile.d/00.sh").startswith("A=1\n#curfew.session# TMOUT=3; unset TMOUT\n")


def test_an_unset_behind_ours_that_never_ran_stops_no_timer(host):
    host.write("profile", DEBIAN_PROFILE + '[ -n "$TMUX" ] && unset TMOUT\n:\n')
    result = host.run(timeout=900)
    assert not result.get("failed") and result["verified"], result


@pytest.mark.parametrize("args", [{}, {"readonly": False, "conflicts": "disable"}])
def test_what_is_set_at_every_prompt_is_refused(host, args):
    """A shell that is asked comes to no prompt, and would show ours."""
    host.write("bash.bashrc", "PROMPT_COMMAND='TMOUT=60'\n")
    before = host.tree()
    result = host.run(timeout=900, **args)
    assert result["failed"] and host.tree() == before
    assert "at every prompt because of /etc/bash.bashrc, line 1: PROMPT" in result["msg"], result


def test_disabling_keeps_the_status_of_a_file(host):
    """Scripts with -e read /etc/profile."""
    host.write("profile", DEBIAN_PROFILE + '[ "$(id -u)" = x ] && return\nTMOUT=300\n')
    result = _four_runs(host, timeout=900, conflicts="disable")
    assert result["changed_files"][0] == "/etc/profile"
    assert host.login("bash", "set -e; . /etc/profile; echo $TMOUT") == "900\n"


def test_what_a_shell_reads_that_a_login_starts_is_disabled_too(host):
    """It has the value from there, and reads this alone: su, tmux, a plain bash."""
    host.write("bash.bashrc", "PS1='$ '\nTMOUT=0\n")
    assert _four_runs(host, timeout=900, conflicts="disable")["conflicts"][0]["disabled"]
    assert host.login("bash", "HOME=/ bash -i -c 'echo $TMOUT'") == "900\n"


def test_a_value_is_not_blamed_on_a_line_that_gives_another(host):
    host.write("site/env", "readonly TMOUT=60\n")
    host.write("profile.d/aa.sh", "SITE=/etc/site\n. $SITE/env\n")
    host.write("profile.d/zz.sh", '[ "$USER" = oracle ] && TMOUT=0\n')
    result = host.run(timeout=900)
    causes, others = result["msg"].split(". ")[0].split("; in the way too: ")
    assert causes.startswith("TMOUT would be 60 ") and "because of /etc/site/env, line 1" in causes
    assert "zz.sh" not in causes and others.startswith("/etc/profile.d/zz.sh, line 1")


def test_taking_the_export_away_is_named_and_disabled(host):
    host.write("profile.d/zz.sh", "A=1\nexport -n TMOUT 2>/dev/null\n")
    result = host.run(timeout=900)
    assert result["failed"] and "because of /etc/profile.d/zz.sh, line 2" in result["msg"], result
    assert _four_runs(host, timeout=900, conflicts="disable")["verified"]


@pytest.mark.parametrize("conflicts", ["report", "disable"])
def test_bytes_that_are_not_utf8(host, conflicts):
    """In a file that is named and edited, and in a name of an account."""
    host.write("profile.d/aa.sh", "TMOUT=77 # l\udce4uft\n")
    with open(str(host.etc / "passwd"), "ab") as passwd:
        passwd.write(b"l\xe4:x:1000:1000::/home/l:/etc/bin/l\xe4\n")
    host.write("bin/l\udce4", "#!/bin/sh\n", mode=0o755)
    result = host.run(timeout=900, conflicts=conflicts)
    assert not result.get("failed"), result
    assert result["conflicts"][0]["text"] == "TMOUT=77 # l\\xe4uft"
    assert [one["user"] for one in result["uncovered"]] == ["l\\xe4"]
    assert "l\udce4uft" in host.text("profile.d/aa.sh")


def test_a_shell_whose_name_holds_a_nul(host):
    """There the name ends for the C library, and so for those who log in."""
    with open(str(host.etc / "passwd"), "ab") as passwd:
        passwd.write(b"odd:x:1000:1000::/home/odd:/bin/ba\0sh\n")
        passwd.write(b"too:x:1001:1000::/home/odd:/bin/dash\0\n")
    result = _four_runs(host, timeout=900)
    assert [one["user"] for one in result["uncovered"]] == ["too"]


def test_a_shell_that_the_locale_cannot_name(host):
    """Such as that of Python 3.6 where nothing else is set."""
    with open(str(host.etc / "passwd"), "ab") as passwd:
        passwd.write("odd:x:1000:1000::/home/odd:/bin/sch\u00e9\n".encode("utf-8"))
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    result = _four_runs(host, timeout=900, environment=ascii_only)
    assert [one["user"] for one in result["uncovered"]] == ["odd"]


def test_a_file_that_a_group_alone_reads_is_an_exemption_of_all_others(host):
    path = host.write("profile.d/tmout.sh", "TMOUT=60\n", mode=0o640)
    os.chown(str(path), 0, 50)
    before = host.tree()
    result = host.run(timeout=900)
    assert result["failed"] and "its mode lets the group 50 alone read it" in result["msg"], result
    assert host.tree() == before


SLACKWARE = DEBIAN_PROFILE.replace("[ -r $i ]", "[ -x $i ]")


@pytest.mark.parametrize("text, mode", [("", None), ("TMOUT=600\n", 0o755), ("TMOUT=600\n", 0o644)])
@pytest.mark.parametrize("seconds", [600, 900])
def test_a_loop_that_reads_executable_files_alone(host, text, mode, seconds):
    host.write("profile", SLACKWARE)
    if text:
        host.write("profile.d/tmout.sh", text, mode=mode)
    result = _four_runs(host, timeout=seconds)
    assert result["verified"], result
    assert (host.etc / "profile.d" / "tmout.sh").stat().st_mode & 0o777 == 0o755
    assert host.login("bash", "echo $TMOUT") == f"{seconds}\n"


def test_what_is_executable_stays_so(host):
    host.write("profile.d/tmout.sh", "TMOUT=600\n", mode=0o755)
    _four_runs(host, timeout=900)
    assert (host.etc / "profile.d" / "tmout.sh").stat().st_mode & 0o777 == 0o755


# What a login over SSH meets and a shell without a terminal does not, before or behind ours.
AT_TERMINAL = [
    ("zz", "if [ -t 1 ]; then TMOUT=300; export TMOUT; fi\n", {}),
    ("zz", "tty -s && TMOUT=60\n", {"readonly": False}),
    ("aa", '[ -n "$SSH_TTY" ] && { TMOUT=300; readonly TMOUT; }\n', {}),
    ("aa", '[ "$TERM" != dumb ] && readonly TMOUT=300\n', {}),
    ("zz", 'case "$(tty)" in /dev/pts/*) export TMOUT=300;; esac\n', {}),
]


@pytest.mark.parametrize("name, text, args", AT_TERMINAL)
def test_what_counts_at_a_terminal_only_is_met_there(host, name, text, args):
    path = f"profile.d/{name}.sh"
    host.write(path, text)
    before = host.tree()
    for check in (True, False):
        result = host.run(check=check, timeout=900, **args)
        assert result["failed"] and result["msg"].startswith("At a terminal: "), result
        assert path in result["msg"] and result["msg"].endswith("Nothing was changed.")
        assert host.tree() == before


def test_what_nobody_met_is_told(host):
    host.write("profile.d/zz.sh", '[ "$USER" = oracle ] && TMOUT=0\n')
    result = host.run(timeout=900)
    assert not result.get("failed"), result
    assert "These contradict it for whoever meets them: /etc/profile.d/zz.sh" in result["warnings"]


@pytest.mark.waits
def test_who_waits_at_a_terminal_is_not_waited_for(host):
    host.write("profile.d/zz.sh", 'tty -s && read answer\n[ "$USER" = oracle ] && TMOUT=0\n')
    result = host.run(timeout=900)
    assert result["changed"], result["msg"]


@pytest.mark.waits
def test_all_that_stands_in_the_way_is_named_at_once(host):
    """What is met at a terminal alone, too."""
    host.write("profile.d/zz.sh", "TMOUT=77\n")
    host.write("profile.d/zzz.sh", '[ -n "$SSH_TTY" ] && exec sleep 60\n')
    message = host.run(timeout=900)["msg"]
    for name in ("zz.sh, line 1", "At a terminal ", "zzz.sh, line 1"):
        assert name in message, message


def test_what_traps_tell_is_not_of_our_making(host):
    host.write("profile.d/aa.sh", "trap 'echo ERR $?' ERR\n")
    assert host.run(timeout=900)["changed"]


UNREADABLE = [
    ("truncate -s 5M {0}", "is larger than 4 MB"),
    ("mkfifo {0}", "is a FIFO"),
    ("ln -s /dev/zero {0}", "is a device"),
]


@pytest.mark.parametrize("made, why", UNREADABLE)
@pytest.mark.parametrize("verify", [True, False])
def test_a_login_file_that_cannot_be_read_whole_is_refused(host, made, why, verify):
    path = host.etc / "profile.d" / "big.sh"
    subprocess.check_call(made.format(path), shell=True)
    names = sorted(os.listdir(str(host.etc / "profile.d")))
    result = host.run(timeout=900, verify=verify)
    assert result["failed"] and why in result["msg"] and "big.sh" in result["msg"], result
    assert sorted(os.listdir(str(host.etc / "profile.d"))) == names


def test_more_than_a_run_can_read_is_refused(host):
    for number in range(9):
        with open(str(host.etc / "profile.d" / (f"a{number}.sh")), "ab") as large:
            large.truncate(4 * 1024 * 1024)
    result = host.run(timeout=900)
    assert result["failed"] and "are larger than 32 MB" in result["msg"], result


def test_what_is_in_the_files_is_told_only_when_asked(host):
    assert host.run(check=True, timeout=900, diff=False)["diff"] == []
    assert host.run(check=True, timeout=900, diff=True)["diff"] != []


@pytest.mark.parametrize("made", ["mkdir {0}", "ln -s /dev/null {0}", "ln -s /nowhere {0}"])
def test_what_holds_nothing_for_a_shell_is_passed_over(host, made):
    subprocess.check_call(made.format(host.etc / "profile.d" / "off.sh"), shell=True)
    assert not host.run(timeout=900).get("failed")


def test_a_drop_in_with_the_right_text_is_held_against_the_same_rules(host, tmp_path):
    """Its mode and its owner are changed too, so nobody else may put a link in its place."""
    assert host.run(timeout=900)["changed"]
    folder = tmp_path / "theirs"
    folder.mkdir()
    drop_in = folder / "tmout.sh"
    drop_in.write_text(host.text("profile.d/tmout.sh"))
    drop_in.chmod(0o666)
    for path in (folder, drop_in):
        os.chown(str(path), 1000, 1000)
    result = host.run(timeout=900, path=str(drop_in), verify=False)
    assert result["failed"] and "belongs to user 1000" in result["msg"], result
    assert stat.S_IMODE(drop_in.stat().st_mode) == 0o666
