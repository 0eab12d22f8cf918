"""Login files that look at who logs in, that ask, that replace the shell, and that do things."""

from ..row import DONE, ENDS, HONEST, REFUSED, Row, add, info, put, tmout

NOBODY = "asked as nobody, in force for somebody else: the shell"
PROFILE, FOLDER = "/etc/profile", "/etc/profile.d"
OURS = f"{FOLDER}/tmout.sh"
FIXED = "TMOUT={0}\nreadonly TMOUT\nexport TMOUT\n"
FIRST = f"{FOLDER}/00-site.sh"
STAFF = "usermod -aG staff ops; person alice /bin/bash\n"
ALL_OF_IT = {"options": {"conflicts": "disable"}}

EXPORTS_FOR_SOME = (
    "TMOUT=$((60 * 10))\n"
    '[ -z "$DISPLAY" ] && export TMOUT\n'
    "case $(tty) in /dev/tty[0-9]*) export TMOUT ;; esac\n"
)
ANOTHER_GROUP = (
    '[ -n "$SSH_TTY" ] && [ "$LOGNAME" = ops ] && [ -z "$NEW" ] && NEW=1 exec sg staff\n'
)


def _some(text: str, line: int, make: str = STAFF, **more: object) -> Row:
    """A file that is read before ours fixes another number for some."""
    return tmout(
        NOBODY, make + put(FIRST, text), names=((FIRST, line),),
        info={"alice": ("ends", "never", "unknown")}, **more,
    )  # fmt: skip


LIMITS = """# site idle limits, by group
if [ -r /etc/default/idle-limits ]; then
  . /etc/default/idle-limits
  for g in $(id -Gn 2>/dev/null); do
    case " $LIMIT_GROUPS " in *" $g "*)
      TMOUT=$LIMIT_SECONDS; export TMOUT
      [ "$LIMIT_FIXED" = yes ] && readonly TMOUT
      break ;;
    esac
  done
  unset g LIMIT_SECONDS LIMIT_GROUPS LIMIT_FIXED
fi
"""
LIMITS_FILE = 'LIMIT_SECONDS=7200\nLIMIT_GROUPS="staff"\nLIMIT_FIXED=yes\n'
BY_GROUP = STAFF + put(f"{FOLDER}/shell-limits.sh", LIMITS) + put(
    "/etc/default/idle-limits", LIMITS_FILE
)  # fmt: skip
FOR_ROOT = '\nif [ "$(id -u)" -eq 0 ]; then export TMOUT=1200; fi\n'
_NOBODY = {
    "a readonly drop-in of root's alone": tmout(
        NOBODY, put(f"{FOLDER}/autologout.sh", FIXED.format(7200))
        + f"chmod 0600 {FOLDER}/autologout.sh\n",
        names=((f"{FOLDER}/autologout.sh", 2),), info={"root": (ENDS, "unknown")},
        sample=True,
    ),
    "a readonly drop-in of root's alone, disabled": tmout(
        NOBODY, put(f"{FOLDER}/autologout.sh", FIXED.format(7200))
        + f"chmod 0600 {FOLDER}/autologout.sh\n",
        DONE, holds=(f'test "$(stat -c %a {FOLDER}/autologout.sh)" = 600',), **ALL_OF_IT,
    ),
    "a number for root at the end of the profile": tmout(
        NOBODY, add(PROFILE, FOR_ROOT), names=("/etc/profile",)
    ),
    "a number for root at the end of the profile, disabled": tmout(
        NOBODY, add(PROFILE, FOR_ROOT), DONE, back=True, **ALL_OF_IT
    ),
    "limits by group": tmout(NOBODY, BY_GROUP, names=(f"{FOLDER}/shell-limits.sh",)),
    "limits by group, told": info(
        NOBODY, BY_GROUP, info={"ops": (ENDS,), "alice": ("never",)}
    ),
    "limits by group, disabled": tmout(NOBODY, BY_GROUP, DONE, back=True, **ALL_OF_IT),
    "a file that one group may read": _some(
        FIXED.format(7200), 2,
        STAFF + f"install -m 0640 -o root -g staff /dev/null {FIRST}\n",
    ),
    "by the place of the home": _some(
        "case $HOME in\n  /home/*) TMOUT=7200; readonly TMOUT ;;\nesac\n", 2
    ),
    "by the start of the name": _some(
        'case "$LOGNAME" in\n  op*) readonly TMOUT=7200 ;;\nesac\n', 2
    ),
    "by the number of the group": _some(
        'ops=$(getent group ops | cut -d: -f3)\n[ "$(id -g)" = $ops ] && readonly TMOUT=7200\n', 2,
    ),
    "by a file that some may read": _some(
        "if [ -r /etc/shadow ]; then\n  readonly TMOUT=7200\nfi\n", 2,
        STAFF + "usermod -aG shadow ops\n",
    ),
    "by a variable of another file": _some(
        "readonly TMOUT=$LIMIT\n", 1,
        STAFF + put(f"{FOLDER}/00-a.sh", "LIMIT=3; [ $(id -u) = 0 ] && LIMIT=7200\n"),
    ),
    "by bash's own idea of who it is": _some(
        'if [ -n "$BASH_VERSION" ] && [ "$EUID" = 0 ]; then\n  readonly TMOUT=7200\nfi\n', 2
    ),
    "by a table of names": _some(
        "while read -r who much; do\n  [ \"$who\" = \"$LOGNAME\" ] && readonly TMOUT=$much\n"
        "done < /etc/idle\n", 2, STAFF + put("/etc/idle", "alice 7200\nroot 60\n"),
    ),
}  # fmt: skip

ASKING = "login files that ask, replace the shell or take long"
CONSENT = """#!/bin/bash
if [ -n "$SSH_CLIENT" ] || [ -n "$SSH_TTY" ]; then
  while :; do
    read -p "This system is watched. Agree? [y/N] " reply
    case $reply in
      [Yy]*) break ;;
      [Nn]*) exit 1 ;;
    esac
  done
fi
"""
RECORD = """if [ -n "$PS1" ] && [ -z "$UNDER_RECORDER" ]; then
  UNDER_RECORDER=1; export UNDER_RECORDER
  exec script -q -f "/srv/sessions/$(id -un).$$"
fi
"""
SESSIONS = "mkdir -m 1777 -p /srv/sessions\n"
ASKS = f"{FOLDER}/ask.sh"
_ASKING = {
    "a question before anything is set": tmout(
        ASKING, put(f"{FOLDER}/ssh_confirm.sh", CONSENT)
        + put(f"{FOLDER}/terminal_idle.sh", FIXED.format(600)),
        DONE, options={"path": f"{FOLDER}/terminal_idle.sh", "timeout": 600},
        tells=(r"ssh_confirm\.sh",), info={"ops": ("unknown", "never")},
        says=(r"ssh_confirm\.sh",), audit=("differs", "unverified"),
    ),
    "a question where the number is set already": info(
        ASKING, put(f"{FOLDER}/ssh_confirm.sh", CONSENT)
        + put(f"{FOLDER}/99-terminal.sh", FIXED.format(3)),
        live={"ops": None}, info={"ops": (ENDS, "unknown")},
    ),
    "tmux in the place of every prompt": tmout(
        ASKING,
        put("/usr/local/bin/tmux", "#!/bin/sh\nexec cat\n") + "chmod 755 /usr/local/bin/tmux\n"
        + add("/etc/bash.bashrc", '\n[ -n "$PS1" ] && [ -z "$TMUX" ] && exec tmux\n'),
        names=("/etc/bash.bashrc",), tells=("/etc/bash.bashrc",),
        info={"ops": ("unknown", "never")}, says=("/etc/bash.bashrc",),
    ),
    "a recorder before it": tmout(
        ASKING, SESSIONS + put(f"{FOLDER}/00-record.sh", RECORD), REFUSED,
        names=((f"{FOLDER}/00-record.sh", 3),), info={"ops": ("unknown", "never")},
        watched=("/srv/sessions",), limit=90,  # whose shell is never asked for a line
    ),
    "a recorder behind it": tmout(
        ASKING, SESSIONS + put(f"{FOLDER}/zz-record.sh", RECORD), HONEST,
        names=((f"{FOLDER}/zz-record.sh", 3),), watched=("/srv/sessions",), limit=60,
    ),
    "a login that takes half a minute": tmout(
        ASKING, put(f"{FOLDER}/ssh-cluster.sh", "sleep 25   # stands for a slow directory\n"),
        names=(f"{FOLDER}/ssh-cluster.sh",), limit=120,  # it is asked as it is, and as it will be
    ),
    "a login that takes three seconds": tmout(
        ASKING, put(f"{FOLDER}/slow.sh", "sleep 3\n"), DONE, limit=60
    ),
    "only what is exported depends": tmout(
        ASKING, put(f"{FOLDER}/shell-timeout.sh", EXPORTS_FOR_SOME),
        DONE,
    ),
    "only what is exported depends, told": info(
        ASKING, put(f"{FOLDER}/shell-timeout.sh", EXPORTS_FOR_SOME),
        info={"ops": (ENDS,)}, sample=True,
    ),
    "a console alone": info(
        ASKING, put(f"{FOLDER}/console.sh", 'tty | grep -q "^/dev/tty[0-9]" && TMOUT=600\n'),
        info={"ops": ("never",)},
    ),
    "a profile that wants programs, and has one": tmout(
        ASKING, f"sed -i 's/if \\[ -r \\$i \\]/if [ -x $i ]/' {PROFILE}\n"
        + put(OURS, FIXED.format(3)) + f"chmod 755 {OURS}\n",
        names=("/etc/profile",), holds=(f"test -x {OURS}",), info={"ops": (ENDS,)},
    ),
    "a profile that wants programs": tmout(
        ASKING, f"sed -i 's/if \\[ -r \\$i \\]/if [ -x $i ]/' {PROFILE}\n",
        names=("/etc/profile",), holds=(f"test -x {OURS}",),
    ),
    "a profile that wants files with something in them": tmout(
        ASKING, f"sed -i 's/if \\[ -r \\$i \\]/if [ -s $i ]/' {PROFILE}\n", DONE
    ),
    "a profile that wants files of root's group": tmout(
        ASKING, f"sed -i 's/if \\[ -r \\$i \\]/if [ -G $i ]/' {PROFILE}\n",
        names=("/etc/profile",),
    ),
    "another shell over SSH": tmout(
        ASKING, put(f"{FOLDER}/zz-x.sh", '[ -n "$SSH_TTY" ] && exec sleep 60\n'),
        names=((f"{FOLDER}/zz-x.sh", 1),), tells=(r"zz-x\.sh",), info={"ops": ("unknown", "never")},
        live={"ops": None}, audit=("differs", "unverified"),
    ),
    "whom to blame": tmout(
        ASKING, put(f"{FOLDER}/zz.sh", "TMOUT=77\n")
        + put(f"{FOLDER}/zzz.sh", '[ -n "$SSH_TTY" ] && exec sleep 60\n'),
        names=((f"{FOLDER}/zzz.sh", 1),),
    ),
    "a menu": tmout(
        ASKING, put(ASKS, 'case $- in *i*) echo "1) shell 2) mail"; read -r choice ;; esac\n'),
        names=((ASKS, 1),), says=(r"ask\.sh",), info={"ops": (ENDS, "unknown", "never")},
        live={"ops": None},
    ),
    "a lock that somebody else holds": tmout(
        ASKING, "touch /run/site.lock; chmod 666 /run/site.lock\n"
        "flock /run/site.lock sleep 900 >/dev/null 2>&1 &\nsleep 0.3\n"
        + put(ASKS, "( flock 9 ) 9> /run/site.lock\n"),
        names=(ASKS,), says=(r"ask\.sh",), limit=60,
    ),
    "another group for the whole session": tmout(
        ASKING, STAFF + put(f"{FOLDER}/zz-group.sh", ANOTHER_GROUP),
        names=((f"{FOLDER}/zz-group.sh", 1),), live={"ops": None},
    ),
    "a password that has to be typed": tmout(
        ASKING, put(ASKS, 'test -t 0 && { stty -echo; printf "Code: "; read code; stty echo; }\n'),
        names=((ASKS, 1),), live={"ops": None}, info={"ops": (ENDS, "unknown", "never")},
    ),
}  # fmt: skip

TRACES = "asking has effects"
SINK = "mkdir -p /srv/sink; chmod 777 /srv/sink\n"
SERVER = """python3 -c '
import socket
s = socket.create_server(("", 2525))
while True:
    s.accept(); open("/srv/sink/knock", "a").write("x")
' >/dev/null 2>&1 &
sleep 0.5
"""
PIPE = """mkfifo -m 666 /run/alerts
(while :; do cat /run/alerts >> /srv/sink/said; done) >/dev/null 2>&1 &
"""


def _effect(text: str, make: str = SINK) -> Row:
    return tmout(
        TRACES, make + put(f"{FOLDER}/alert.sh", text), DONE, watched=("/srv/sink",), limit=40
    )


_TRACES = {
    "a line in a log for each login": tmout(
        TRACES, SINK + "install -m 0666 /dev/null /srv/sink/log\n"
        + put(f"{FOLDER}/alert.sh", "printf '%s %s\\n' \"$(id -un)\" \"${SSH_CLIENT:-console}\""
              " >> /srv/sink/log\n"),
        DONE, watched=("/srv/sink",), sample=True,
    ),
    "a file in a folder for everybody": _effect("touch /srv/sink/$$\n"),
    "a message to a server": _effect(
        "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 2525), 1)' 2>/dev/null"
        " || :\n", SINK + SERVER,
    ),
    "a message to a pipe": _effect(
        "[ -p /run/alerts ] && echo \"$(id -un)\" > /run/alerts\n", SINK + PIPE
    ),
    "a job that stays": _effect(
        "(sleep 1; touch /srv/sink/later) >/dev/null 2>&1 </dev/null &\n"
    ),
    "a file system of its own": _effect(
        "echo x >> /srv/sink/log\n",
        SINK + "mount -t tmpfs -o mode=777 none /srv/sink\n",
    ),
    "a count in the home of root": tmout(
        TRACES, put(f"{FOLDER}/alert.sh", "[ -w /root ] && echo x >> /root/logins\n"), DONE,
        watched=("/root",),
    ),
    "a message on people's terminals": _effect(
        "for t in /dev/pts/[0-9]*; do [ -w $t ] && echo login > $t; done; : > /srv/sink/$$\n"
    ),
}  # fmt: skip

OTHERS = "somebody else's exemption"


def _exempts(text: str, line: int, whom: str, make: str = "", **more: object) -> Row:
    """At our own path: refused by name, or taken over with a word about who was exempt."""
    return tmout(
        OTHERS, make + put(OURS, text), names=((OURS, line),),
        tells=(rf"(?i:exempt|condition|depend).*{whom}|{whom}.*(?i:exempt|condition|depend)",),
        **more,
    )  # fmt: skip


_OTHERS = {
    "only over SSH, and not within tmux": _exempts(
        'if [ -n "$SSH_CONNECTION" ] && [ -z "$TMUX$STY" ]; then\n  TMOUT=600\n  readonly TMOUT\n'
        "  export TMOUT\nfi\n", 1, "SSH_CONNECTION",
    ),
    "more than numbers in it": tmout(
        OTHERS, put(OURS, FIXED.format(900) + "mesg n 2>/dev/null\n"), REFUSED,
        names=((OURS, 4),),
    ),
    "more than numbers in it, and another path": tmout(
        OTHERS, put(OURS, FIXED.format(900) + "mesg n 2>/dev/null\n"), DONE,
        options={"path": f"{FOLDER}/zz-idle.sh", "conflicts": "disable"},
        holds=(f"grep -q 'mesg n' {OURS}",),
    ),
    "the slip that makes a variable called export": tmout(
        OTHERS, put(OURS, "TMOUT=900\nreadonly TMOUT export TMOUT\n"), DONE,
        holds=("runuser -u ops -- bash -lc 'export=1; echo ok' | grep -q ok",),
    ),
    "by name": _exempts(
        'case "$USER" in\n  backup|ops) ;;\n  *) TMOUT=600 ;;\nesac\nreadonly TMOUT\n',
        1, "ops", sample=True,
    ),
    "by number": _exempts('[ "$(id -u)" -eq 0 ] || TMOUT=600\nexport TMOUT\n', 1, "id -u"),
    "by group": _exempts(
        "if ! id -nG | grep -qw staff; then\n  TMOUT=600\nfi\nreadonly TMOUT\nexport TMOUT\n", 1,
        "staff", STAFF,
    ),
    "by a file in the home": _exempts(
        '[ -e "$HOME/.no-timeout" ] && return\nTMOUT=600\nexport TMOUT\n', 1, "no-timeout"
    ),
    "by a list in another file": _exempts(
        'grep -qx "$LOGNAME" /etc/idle-exempt 2>/dev/null || export TMOUT=600\n', 1, "idle-exempt",
        put("/etc/idle-exempt", "ops\n"),
    ),
    "by a shell's own test": _exempts(
        "TMOUT=600\n[[ $EUID -eq 0 ]] && unset TMOUT\nexport TMOUT\n", 2, "EUID"
    ),
}  # fmt: skip

NEEDLESS = "what has no effect is left alone: the shell"
READ_ONLY = "mount --bind {0} {0}; mount -o remount,ro,bind {0}\n"
_NEEDLESS = {
    "a default for whoever has none, read-only": tmout(
        NEEDLESS, put("/srv/vendor/idle.sh", ': "${TMOUT:=60}"\n')
        + READ_ONLY.format("/srv/vendor") + add(PROFILE, ". /srv/vendor/idle.sh\n"),
        DONE, watched=("/srv/vendor",), **ALL_OF_IT,
    ),
    "a number before ours, read-only": tmout(
        NEEDLESS, put("/srv/vendor/idle.sh", "TMOUT=60\n") + READ_ONLY.format("/srv/vendor")
        + put(FIRST, ". /srv/vendor/idle.sh\n"),
        DONE, watched=("/srv/vendor",), **ALL_OF_IT,
    ),
    "a number in a file that nobody reads": tmout(
        NEEDLESS, put(f"{FOLDER}/idle.txt", "TMOUT=60\n"), DONE,
        holds=(f"grep -qx TMOUT=60 {FOLDER}/idle.txt",), **ALL_OF_IT,
    ),
}  # fmt: skip
ROWS: dict[str, Row] = {**_NOBODY, **_ASKING, **_TRACES, **_OTHERS, **_NEEDLESS}
