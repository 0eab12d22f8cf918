"""A drill: something is wrong with a host, a module runs on it, and people still get in."""

import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

from . import remote

SSHD = {"interval": 60, "count_max": 3, "conflicts": "disable", "reload": True}
TMOUT = {"timeout": "900", "conflicts": "disable"}
# What stands once at the top for both mechanisms.
SHARED = ("state", "conflicts", "backup")
BOTH = {
    "sshd_client_alive": {key: SSHD[key] for key in SSHD if key not in SHARED},
    "shell_tmout": {key: TMOUT[key] for key in TMOUT if key not in SHARED},
    "conflicts": "disable",
}
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "sshd_client_alive": SSHD,
    "shell_tmout": TMOUT,
    "timeouts": BOTH,
}
# Those that read the drop-in on all hosts.
OBEYING = ("bash", "dash", "ksh93", "mksh")
DONE, REFUSED = "done", "refused"

KEEP = """
mkdir -p /root/kept/default
for it in ssh profile profile.d bash.bashrc bashrc; do
    [ ! -e /etc/$it ] || cp -a /etc/$it /root/kept/
done
cp -a /etc/default/ssh /root/kept/default/
touch /home/ops/.zshrc  # or zsh asks a new user questions
"""
RESTORE = """
chattr -i /etc/ssh/sshd_config
for at in /etc/ssh/sshd_config /etc/ssh /etc/profile.d /etc/profile /tmp; do
    while mountpoint -q $at && [ $at != /tmp ] || [ -e /tmp/full ]; do umount -l $at || break; done
done
rm -rf /etc/ssh /etc/profile /etc/profile.d /opt/login /root/twin /etc/twin
cp -a /root/kept/. /etc/
[ ! -e /root/taken ] || { kill $(cat /root/taken); rm /root/taken; }
mkdir -p /run/sshd
systemctl -q is-active ssh.socket && systemctl stop ssh.socket
[ -z "$(ls -d /run/systemd/system/ssh*.d)" ] || {
    rm -rf /run/systemd/system/ssh*.d
    systemctl daemon-reload
}
systemctl reset-failed sshd
systemctl restart sshd
"""
# All bytes, and what belongs to them; then what sshd makes of them, but for what is ours.
LOOK = """
cd /etc
all="ssh/ profile profile.d/ bash.bashrc bashrc"
find -L $all -type f ! -name 'filler*' -exec md5sum {} + | sort
find $all ! -name 'filler*' -printf '%p %y %m %U %G %n %l\\n' |
    sed 's/ d \\(.*\\) [0-9]* $/ d \\1/' | sort
echo ----
. /etc/default/ssh
ask() {
    /usr/sbin/sshd -T $SSHD_OPTS -C user=$1,host=there,addr=192.0.2.7,laddr=192.0.2.1,lport=22
}
for user in root ops guest; do ask $user; done 2>&1 | grep -iv ^clientalive
echo ----
ask nobody-here 2>/dev/null | grep ^clientalive
"""
NEW_DAEMON = """
systemctl reset-failed
if systemctl -q is-active ssh.socket
then systemctl stop sshd ssh.socket; systemctl start ssh.socket
else systemctl restart sshd
fi
"""


class Drill(NamedTuple):
    """What is wrong with the host, and which module then runs on it, with what further options.

    `ends` is how the module then ends, where that is the same on all hosts, and `says` a part of
    the message with which it fails. Where what is wrong keeps people out, or a new daemon from
    starting, `mend` takes just that away before anybody tries. `before` stands before the module on
    its command line.
    """

    module: str
    wrong: str
    ends: str | None = None
    options: Mapping[str, Any] = {}
    mend: str = ""
    before: str = ""
    repairs: bool = False
    says: str = ""


class Look(NamedTuple):
    """A host's files, what sshd makes of them, and the two numbers."""

    files: str
    meaning: str
    numbers: str


def put(path: str, text: str) -> str:
    """A line for the host's shell that writes a file, with no newline that is not in the text."""
    return f"printf %s {shlex.quote(text)} > {path}\n"


def add(path: str, text: str) -> str:
    return f"printf %s {shlex.quote(text)} >> {path}\n"


def perform(host: str, drill: Drill) -> None:
    """Whoever gets in before the run gets in after it, and when a new daemon has read the files."""
    try:
        _perform(host, drill)
    finally:
        remote.execute(host, RESTORE)


def _perform(host: str, drill: Drill) -> None:
    ours = drill.module != "shell_tmout"
    before = _look(host, drill.wrong)
    # Whatever the files say: as yet the daemon has not read them, so no client is asked.
    alone = drill.module == "sshd_client_alive" or drill.mend
    shells = {"bash"} if alone else set(remote.logins(host, *remote.SHELLS))
    assert "bash" in shells, f"{host}: nobody gets in before the run"
    options = {**OPTIONS[drill.module], **drill.options}
    line = drill.before + remote.command(drill.module, **options)
    result = remote.result_in(remote.execute(host, line + " 2>&1 || :"))
    after = _look(host)
    ended = REFUSED if result.get("failed") else DONE
    if ended == REFUSED:
        assert after == before, (host, "refused, but something has changed", result)
        assert drill.says in result["msg"], (host, result)
    if ended == DONE and not drill.repairs:
        assert after.meaning == before.meaning, (host, "something else has changed", result)
    if drill.mend:
        remote.execute(host, drill.mend)
    _still_in(host, shells, result)
    if ours:
        remote.execute(host, NEW_DAEMON)
        _still_in(host, shells, result)
    assert drill.ends in (None, ended), (host, result)
    if ended == DONE:
        _in_force(host, drill.module, after)


def _look(host: str, first: str = "") -> Look:
    said = remote.execute(host, f"{first}\n( {LOOK} )\n:")
    return Look(*said.rpartition("----\n")[0].split("----\n", 1), said.rpartition("----\n")[2])


def _still_in(host: str, shells: set[str], result: remote.Result) -> None:
    locked_out = shells - remote.logins(host, *shells).keys()
    assert not locked_out, (host, "locked out", locked_out, result)


def _in_force(host: str, module: str, look: Look) -> None:
    if module != "shell_tmout":
        assert look.numbers == "clientaliveinterval 60\nclientalivecountmax 3\n", (host, look)
    if module != "sshd_client_alive":
        values = remote.logins(host, *OBEYING)
        assert set(values.values()) == {"900"}, (host, values)
