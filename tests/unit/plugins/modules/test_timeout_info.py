# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real module on an /etc of its own: bound over the real one in a private mount namespace."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.curfew.session.plugins.module_utils._shell import dropin

ROOT = Path(__file__).resolve().parents[4]
MODULE = ROOT / "plugins" / "modules" / "timeout_info.py"
TARGET_PYTHON = os.environ.get("CURFEW_TARGET_PYTHON", sys.executable)
SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin:/sbin")
needs_sshd = pytest.mark.skipif(SSHD is None, reason="no sshd is installed here")
# Most of /etc/alternatives, which is copied for each test and looked at before and after a run.
MANUALS = shutil.ignore_patterns("*.gz")
needs_zsh = pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh is installed here")

# Where nothing but ASCII can be encoded: what Python 3.6 makes of this locale by itself.
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}

SSHD_KEYS = {
    "path", "version", "service", "effective", "connections", "detection_seconds",
    "tcp_keepalive_seconds", "channel_timeout", "unused_connection_timeout", "definitions",
    "command_line", "reload_needed", "sessions", "daemons",
}  # fmt: skip
ACCOUNT_KEYS = {"user", "shell", "idle_logout_seconds", "ended_by", "state", "why"}
SHELL_KEYS = {
    "path",
    "family",
    "answered",
    "tmout_seconds",
    "readonly",
    "exported",
    "logout_seconds",
    "definitions",
}
PROFILE = """for i in /etc/profile.d/*.sh; do
  if [ -r "$i" ]; then . "$i"; fi
done
"""
PASSWD = """root:x:0:0::/root:/bin/bash
deploy:x:4201:4201::/nonexistent:/bin/bash
ops:x:4202:4202::/nonexistent:/bin/bash
dora:x:4203:4203::/nonexistent:/bin/sh
nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin
sync:x:4:65534::/bin:/bin/sync
odd:x:4204:4204::/nonexistent:/usr/bin/env
gone:x:4205:4205::/nonexistent:/opt/no-such-shell
"""
GROUP = "root:x:0:\ndeploy:x:4201:\nops:x:4202:\nwheel:x:4300:ops\nnogroup:x:65534:\n"


class Host:
    """An /etc of its own, and the module on it."""

    def __init__(self, etc, environment):
        self.etc = etc
        self._environment = environment
        self._arguments = etc.parent / "args.json"

    def write(self, name, text, mode=0o644):
        path = self.etc / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def tree(self):
        """Every path with what must not change; times too."""
        found = {}
        for path in sorted(self.etc.rglob("*")):
            about = path.lstat()
            content = path.read_bytes() if path.is_file() else None
            found[str(path)] = (
                about.st_ino,
                about.st_mode,
                about.st_mtime_ns,
                about.st_ctime_ns,
                content,
            )
        return found

    def run(self, check=False, environment=None, **args):
        arguments = {"ANSIBLE_MODULE_ARGS": dict(args, _ansible_check_mode=check)}
        self._arguments.write_text(json.dumps(arguments))
        done = subprocess.run(
            [
                "unshare",
                "-m",
                "--propagation",
                "private",
                "sh",
                "-c",
                'mount --bind "$0" /etc && exec "$@"',
                str(self.etc),
                TARGET_PYTHON,
                str(MODULE),
                str(self._arguments),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=110,
            check=False,
            env=dict(self._environment, **(environment or {})),
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return json.loads(done.stdout.decode())

    def ask(self, **args):
        """Ask twice, in check mode and not: the same answer, and nothing has changed."""
        before = self.tree()
        said = self.run(check=True, **args)
        assert self.run(**args) == said
        assert self.tree() == before
        assert said["changed"] is False
        assert set(said["sshd"]) == SSHD_KEYS
        assert all(set(one) == SHELL_KEYS for one in said["shells"])
        assert all(set(one) == ACCOUNT_KEYS for one in said["accounts"])
        return said


@pytest.fixture
def host(tmp_path, module_environment):
    if os.geteuid() != 0 or subprocess.call(["unshare", "-m", "true"]) != 0:
        pytest.skip("private mount namespaces are not possible here")
    tmp_path.chmod(0o755)
    etc = tmp_path / "etc"
    etc.mkdir()
    for name in ("ld.so.cache", "alternatives", "nsswitch.conf", "localtime"):
        source = Path("/etc") / name
        if source.is_dir():
            shutil.copytree(str(source), str(etc / name), symlinks=True, ignore=MANUALS)
        elif source.exists():
            shutil.copy(str(source), str(etc / name))
    made = Host(etc, module_environment)
    for name, text in (
        ("passwd", PASSWD),
        ("group", GROUP),
        ("profile", PROFILE),
        ("ssh/sshd_config", ""),
    ):
        made.write(name, text)
    (etc / "profile.d").mkdir()
    return made


def by_user(said):
    return {one["user"]: one for one in said["accounts"]}


def is_said(said, words):
    return any(words in sentence for sentence in said["verdict"])


def test_nothing_is_set(host):
    said = host.ask()
    users = by_user(said)
    assert set(users) == {"root", "deploy", "ops", "dora", "odd", "gone"}
    assert all(one["idle_logout_seconds"] is None for one in users.values())
    assert is_said(said, "The accounts `root`, `deploy` and `ops` use bash, for which nothing sets")
    assert is_said(said, "The account `odd` may never be logged out")
    assert "does not exist" in users["gone"]["why"]
    assert said["directories"] == [] and not is_said(said, "accounts of a directory")


def test_a_drop_in_covers_bash(host):
    host.write("profile.d/tmout.sh", "TMOUT=900\nreadonly TMOUT\nexport TMOUT\n")
    said = host.ask()
    users = by_user(said)
    assert users["root"]["idle_logout_seconds"] == users["ops"]["idle_logout_seconds"] == 900
    assert users["ops"]["ended_by"] == "TMOUT"
    assert is_said(said, "An idle bash prompt is closed after 15 minutes.")
    bash = [one for one in said["shells"] if one["family"] == "bash"][0]
    assert (bash["tmout_seconds"], bash["readonly"], bash["exported"]) == (900, True, True)
    assert [(one["path"], one["line"], one["scope"]) for one in bash["definitions"]][0] == (
        "/etc/profile.d/tmout.sh",
        1,
        "login shells",
    )


def test_the_last_definition_counts(host):
    host.write("profile.d/tmout.sh", "TMOUT=900\n")
    host.write("profile", PROFILE + "export TMOUT=60\n")
    users = by_user(host.ask())
    assert users["root"]["idle_logout_seconds"] == users["ops"]["idle_logout_seconds"] == 60


@needs_zsh
def test_zsh_is_named(host):
    host.write("profile.d/tmout.sh", "TMOUT=900\n")
    host.write("passwd", PASSWD + "zed:x:4301:4301::/nonexistent:/usr/bin/zsh\n")
    assert is_said(host.ask(), "The account `zed` uses zsh, which does not read /etc/profile.d")


def test_our_exemptions(host):
    host.write(
        "profile.d/tmout.sh",
        dropin.render(900, exempt_users=["root"], exempt_groups=["wheel", "adm"]),
    )
    said = host.ask()
    users = by_user(said)
    assert [users[name]["idle_logout_seconds"] for name in ("root", "ops", "deploy")] == [
        None,
        None,
        900,
    ]
    assert is_said(said, "The accounts `root` and `ops` are exempt from TMOUT in /etc/profile.d")


# the drop-in's text and mode, and what is said of root, deploy and ops; "?": it cannot be told
WHO = [
    ('[ "$(id -u)" -eq 4202 ] || TMOUT=60\n', 0o644, 60, 60, None),
    ('case "$(id -un)" in deploy) TMOUT=60 ;; esac\n', 0o644, None, 60, None),
    ('[ -z "$SSH_TTY" ] || TMOUT=60\n', 0o644, 60, 60, 60),
    ("TMOUT=60\n", 0o600, 60, None, None),
    ('[ "$(id -u)" -eq 4202 ] && return\nTMOUT=60\n', 0o644, 60, 60, None),
    ('case "$USER" in root|deploy) return 0;; esac\nTMOUT=60\n', 0o644, None, None, 60),
    (
        'if [ "$(id -u)" -eq 4202 ]; then IDLE=0; else IDLE=60; fi\nTMOUT=$IDLE\n',
        0o644,
        60,
        60,
        None,
    ),
    ('if [ "$(id -u)" -eq 4202 ]; then A=1; fi\n[ -z "$B" ] && TMOUT=60\n', 0o644, 60, 60, 60),
    ("[ -t 0 ] && TMOUT=60\n", 0o644, 60, 60, 60),
    ("tty -s || return\nTMOUT=60\n", 0o644, 60, 60, 60),
    ("is_tty() { [ -t 0 ]; }\nis_tty && TMOUT=60\n", 0o644, 60, 60, 60),
    ('[ "$TERM" = dumb ] && return\nTMOUT=60\n', 0o644, 60, 60, 60),
    ('[ -n "$SSH_CLIENT" ] && TMOUT=60\n', 0o644, 60, 60, 60),
    ('case "$SSH_CLIENT" in 10.*) TMOUT=60 ;; esac\n', 0o644, "?", "?", "?"),
    ('[ -e "$HOME/.idle" ] || TMOUT=60\n', 0o644, "?", "?", "?"),
    ("PROMPT_COMMAND='TMOUT=60'\n", 0o644, "?", "?", "?"),
    ("PROMPT_COMMAND='TMOUT=60'\nTMOUT=300\nreadonly TMOUT\n", 0o644, 300, 300, 300),
    # who waits at a terminal for what never comes is asked without one, and stays there
    pytest.param("[ -t 0 ] && cat\nTMOUT=60\n", 0o644, "?", "?", "?", marks=pytest.mark.waits),
    pytest.param(
        "if [ -t 0 ]; then TMOUT=60; cat; fi\n", 0o644, "?", "?", "?", marks=pytest.mark.waits
    ),
]


@pytest.mark.parametrize("text, mode, root, deploy, ops", WHO)
def test_who_logs_in(host, text, mode, root, deploy, ops):
    host.write("profile.d/tmout.sh", text, mode)
    users = by_user(host.ask())
    for name, wanted in (("root", root), ("deploy", deploy), ("ops", ops)):
        said = users[name]
        assert (said["state"] == "unknown") == (wanted == "?"), said
        assert said["idle_logout_seconds"] == (None if wanted == "?" else wanted)


def test_a_file_that_is_not_for_everybody(host):
    host.write("profile", '\nif [ "$(id -u)" -ne 0 ]; then . /etc/site.sh; fi\n')
    host.write("site.sh", "TMOUT=300\n")
    users = by_user(host.ask())
    assert [users[name]["idle_logout_seconds"] for name in ("root", "ops")] == [None, 300]
    assert users["root"]["state"] == "never"


# an /etc/profile that reads profile.d in a way that its text hardly shows
HIDDEN_LOOPS = [
    'D=/etc/profile.d\nfor i in $D/*.sh; do [ -r "$i" ] && . "$i"; done\n',
    'load() { for i in "$1"/*.sh; do [ -r "$i" ] && . "$i"; done; }\nload /etc/profile.d\n',
    'while read -r f; do . "$f"; done <<EOF\n$(ls /etc/profile.d/*.sh 2>/dev/null)\nEOF\n',
]


@pytest.mark.thorough
@pytest.mark.parametrize("profile", HIDDEN_LOOPS)
def test_hidden_loops(host, profile):
    host.write("profile", profile)
    assert is_said(host.ask(), "The accounts `root`, `deploy` and `ops` use bash, for which")
    host.write("profile.d/tmout.sh", "TMOUT=60\n")
    assert by_user(host.ask())["root"]["idle_logout_seconds"] == 60
    host.write("profile.d/tmout.sh", dropin.render(900, exempt_users=["root"]))
    users = by_user(host.ask())
    assert [users[name]["idle_logout_seconds"] for name in ("root", "ops")] == [None, 900]


def test_a_value_from_nowhere(host):
    host.write("opt/x", "TMOUT=60\n")
    host.write("profile", 'for part in x; do . "/etc/opt/$part"; done\n')
    users = by_user(host.ask())
    assert [users[name]["idle_logout_seconds"] for name in ("root", "ops")] == [60, 60]


@pytest.mark.parametrize("shell", ["ksh93", "mksh"])
def test_unset_stops_no_timer(host, shell):
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"no {shell} is installed here")
    host.write("passwd", PASSWD + f"kate:x:4302:4302::/nonexistent:{path}\n")
    for text, state in (
        ("", "never"),
        ("TMOUT=60\nunset TMOUT\n", "unknown"),
        ("TMOUT=60\nunset TMOUT\nTMOUT=0\n", "unknown"),
    ):
        host.write("profile.d/tmout.sh", text)
        users = by_user(host.ask())
        assert (users["kate"]["state"], users["ops"]["state"]) == (state, "never")


@pytest.mark.parametrize("shell", ["ksh93", "mksh"])
def test_a_login_file_with_too_many_words_is_told(host, shell):
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"no {shell} is installed here")
    host.write("passwd", PASSWD + f"kate:x:4302:4302::/nonexistent:{path}\n")
    host.write("profile.d/x.sh", "TMOUT=60\n" + ": x x x\n" * 60000)
    said = host.ask()
    assert by_user(said)["kate"]["state"] == "unknown"
    assert "/etc/profile.d/x.sh could not be understood" in by_user(said)["kate"]["why"]
    assert is_said(said, "/etc/profile.d/x.sh could not be understood: it holds more than")


# The file's text is not ASCII, and its bytes are not UTF-8.
def test_bytes_that_are_not_utf8(host):
    (host.etc / "profile.d" / "x.sh").write_bytes(b"TMOUT=60 # \xff\n")
    bash = [one for one in host.ask()["shells"] if one["family"] == "bash"][0]
    assert bash["definitions"][0]["text"] == "TMOUT=60 # \\xff"


# what stands as a login shell of mode, whose it is, and what is said of who has it
ODD_SHELLS = [
    ("bash", "false", 0o755, "never", "uses bash"),
    ("bash", "staff", 0o750, "no_login", "cannot be started by this account"),
    ("bash", "sh -l", None, "no_login", "has arguments"),
    ("true", "mysh", 0o755, "no_login", "is true, which gives no session"),
    ("sleep", "menu", 0o755, "unknown", "is not a shell that is known"),
    ("busybox", "sh", 0o755, "never", "busybox, which knows no idle timeout"),
    (None, "noshell", None, "no_login", "does not exist, so that nobody can log in with it"),
]


@pytest.mark.parametrize("program, name, mode, state, why", ODD_SHELLS)
def test_odd_shells(host, program, name, mode, state, why):
    """One of them tells nothing of others."""
    real = shutil.which(program or "true")
    if real is None:
        pytest.skip(f"no {program} is installed here")
    if program:
        host.write("odd/x", "")
        shutil.copy(os.path.realpath(real), str(host.etc / "odd" / name.split()[0]))
    if mode:
        (host.etc / "odd" / name).chmod(mode)
    host.write("passwd", PASSWD + f"kate:x:4302:4302::/nonexistent:/etc/odd/{name}\n")
    users = by_user(host.ask())
    assert (users["kate"]["state"], users["ops"]["state"]) == (state, "never")
    assert why.lower() in users["kate"]["why"].lower()


def test_an_account_that_has_expired(host):
    host.write("shadow", "kate:!:19000:0:99999:7::1:\n", mode=0o600)
    host.write("passwd", PASSWD + "kate:x:4302:4302::/nonexistent:/bin/bash\n")
    said = host.ask()
    assert by_user(said)["kate"]["state"] == "no_login"
    assert "kate" not in " ".join(said["verdict"])


SSHD_CONFIG = """ClientAliveInterval 60
ClientAliveInterval 300
Match User deploy
  ClientAliveInterval 5m
Match User ops
  ClientAliveCountMax 0
Match User nobody
  PermitTTY no
"""


@pytest.mark.parametrize("environment", [ASCII, {}])
@pytest.mark.parametrize("name", ["/bin/sch\u00e9".encode(), b"/bin/\xff", b"/bin/\0"])
def test_shells_with_odd_names(host, environment, name):
    line = b"kate:x:4302:4302::/nonexistent:%s\n" % name
    (host.etc / "passwd").write_bytes(PASSWD.encode() + line)
    said = host.run(environment=environment)
    users = by_user(said)
    assert users["kate"]["idle_logout_seconds"] is None
    assert users["kate"]["state"] in ("unknown", "no_login"), users["kate"]
    assert users["ops"]["state"] == "never"


@needs_sshd
def test_sshd(host):
    host.write("ssh/sshd_config", SSHD_CONFIG)
    said = host.ask(connections=[{"user": "deploy", "addr": "10.0.0.5"}])["sshd"]
    assert said["version"].startswith("OpenSSH_")
    assert said["effective"] == {"interval_seconds": 60, "count_max": 3}
    assert [
        (one["scope"], one["user"], one["interval_seconds"], one["count_max"])
        for one in said["connections"][1:]
        if one["accounts"] is None
    ] == [
        ("Match User deploy", "deploy", 300, 3),
        ("Match User ops", "ops", 60, 0),
        ("Match User nobody", "nobody", 60, 3),
        (None, "deploy", 300, 3),
    ]
    assert said["connections"][0]["detection_seconds"] == said["detection_seconds"]
    assert said["connections"][2]["detection_seconds"] is None
    assert [
        (one["line"], one["keyword"], one["value"], one["scope"], one["wins"])
        for one in said["definitions"]
    ] == [
        (1, "ClientAliveInterval", "60", "global", True),
        (2, "ClientAliveInterval", "300", "global", False),
        (4, "ClientAliveInterval", "5m", "Match User deploy", True),
        (6, "ClientAliveCountMax", "0", "Match User ops", True),
    ]
    assert said["definitions"][1]["beaten_by"] == "/etc/ssh/sshd_config line 1"


BY_USER = """SetEnv LANG=C
Match User deploy
  SetEnv TMOUT=60 LANG=C
Match User ops
  ForceCommand internal-sftp
Match User root Address 10.0.0.0/8
  SetEnv TMOUT=60
"""


@needs_sshd
def test_what_sshd_gives_a_user(host):
    host.write("ssh/sshd_config", BY_USER)
    said = host.ask()
    users = by_user(said)
    assert [users[name]["state"] for name in ("root", "deploy", "ops")] == [
        "never",
        "ends",
        "unknown",
    ]
    assert "set by sshd's SetEnv" in users["deploy"]["why"]
    assert is_said(
        said,
        "The account `ops` may never be logged out, which cannot be told: sshd "
        "starts its ForceCommand `internal-sftp` instead of the shell.",
    )


@needs_sshd
def test_setenv_of_all(host):
    host.write("ssh/sshd_config", "SetEnv TMOUT=60\nMatch User ops\n  SetEnv LANG=C\n")
    users = by_user(host.ask())
    assert [users[name]["idle_logout_seconds"] for name in ("deploy", "ops")] == [60, None]


@needs_sshd
def test_sshd_refuses_its_configuration(host):
    host.write("ssh/sshd_config", "ClientAliveInterval nonsense\n")
    said = host.ask()
    assert said["sshd"]["effective"] == {"interval_seconds": None, "count_max": None}
    assert is_said(said, "sshd refuses the configuration: /etc/ssh/sshd_config line 1")


# the main file, and a word of the sentence about it
BROKEN = [
    (b"Include /etc/ssh/sshd_config\n", "circular"),
    (b"ClientAliveInterval 5\0\n", "NUL"),
    (b"ClientAliveInterval 5 \xff\n", "sshd refuses"),
    (b"Match User\n", "Match"),
]


@needs_sshd
@pytest.mark.parametrize("data, words", BROKEN)
def test_broken_configuration(host, data, words):
    (host.etc / "ssh" / "sshd_config").write_bytes(data)
    said = host.ask()
    assert said["sshd"]["detection_seconds"] is None
    assert is_said(said, words)
    assert is_said(said, "logs them out")


@needs_sshd
def test_no_configuration(host):
    (host.etc / "ssh" / "sshd_config").unlink()
    said = host.ask()
    assert said["sshd"]["connections"] == []
    assert is_said(said, "/etc/ssh/sshd_config")


def test_a_login_file_that_is_too_large_is_told(host):
    with open(str(host.etc / "profile"), "a") as profile:
        profile.write(("#" * 1023 + "\n") * 5 * 1024)  # which the shells read in no time
    assert is_said(host.ask(), "/etc/profile is larger than 4 MB")


# options that are refused, and a word of the sentence
REFUSED = [
    ({"path": "sshd_config"}, "Option path"),
    ({"path": "/etc/ssh/sshd_config/"}, "Option path"),
    ({"path": "/etc/a\0b"}, "Option path"),
    ({"sshd": "/no/such/program"}, "Option sshd"),
    ({"sshd": "sshd"}, "Option sshd"),
    ({"sshd": "/usr/sbin/\0"}, "Option sshd"),
    ({"sshd": "/bin/true"}, "does not tell its OpenSSH version"),
    ({"connections": [{"user": "a\0b"}]}, "Option connections"),
    ({"connections": [{"addr": "nowhere"}]}, "Option connections"),
    ({"connections": [{"user": "a,b"}]}, "Option connections"),
    ({"connections": [{"lport": 0}]}, "Option connections"),
]


@needs_sshd
@pytest.mark.parametrize("args, words", REFUSED)
def test_refused(host, args, words):
    said = host.run(**args)
    assert said["failed"] and words in said["msg"] and "\n" not in said["msg"]
