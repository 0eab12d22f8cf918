"""What could lock people out when shell_tmout edits the files that every login reads."""

from .drill import DONE, REFUSED, Drill, add, put
from .sshd_drills import FILLED, FULL_TMP, NO_INODES, ON_TMPFS, READ_ONLY

PROFILE, FOLDER = "/etc/profile", "/etc/profile.d"
OURS = f"{FOLDER}/tmout.sh"
RC = "$(ls /etc/bash.bashrc /etc/bashrc 2>/dev/null)"


def _of_tmout(wrong: str, ends: str | None = DONE, **more: object) -> Drill:
    return Drill("shell_tmout", wrong, ends, **more)  # type: ignore[arg-type]


def _first(line: str) -> str:
    return f"sed -i '1i {line}' {PROFILE}\n"


TEXTS = {
    "an earlier readonly": _of_tmout(_first("readonly TMOUT=5")),
    "an earlier readonly in bash's own file": _of_tmout(f"sed -i '1i readonly TMOUT=5' {RC}"),
    "a later definition, without a newline": _of_tmout(add(PROFILE, "export TMOUT=60")),
    "a later definition in a drop-in": _of_tmout(put(f"{FOLDER}/z.sh", "TMOUT=60\n")),
    "a definition that is all an if holds": _of_tmout(
        add(PROFILE, 'if [ -n "$SSH_CONNECTION" ]; then TMOUT=60; fi\n')
    ),
    "a definition that cannot be seen": _of_tmout(add(PROFILE, 'eval "TM""OUT=60"\n'), REFUSED),
    "a profile that stops at a second definition": _of_tmout(
        add(PROFILE, "set -e\nexport TMOUT=60\nset +e\n")
    ),
    "exit where TMOUT is set": _of_tmout(add(PROFILE, '[ -z "$TMOUT" ] || exit 3\n'), REFUSED),
    "no end where TMOUT is set": _of_tmout(
        add(PROFILE, 'while [ -n "$TMOUT" ]; do sleep 1; done\n'), REFUSED
    ),
    "a login file that never ends without a client": _of_tmout(
        put(f"{FOLDER}/z.sh", 'while [ -z "$SSH_CONNECTION" ]; do sleep 1; done\n'), REFUSED
    ),
    "set -u all the time": _of_tmout(_first("set -u") + add(PROFILE, "set +u\n")),
    "set -e around the drop-ins": _of_tmout(
        put(f"{FOLDER}/a.sh", "set -e\n") + put(f"{FOLDER}/z.sh", "set +e\n")
    ),
    "a trap for each failure": _of_tmout(
        _first('[ -z "$BASH_VERSION" ] || trap "exit 3" ERR') + add(PROFILE, "true\n")
    ),
    "readonly is an alias": _of_tmout(_first('alias readonly="exit 3;"'), REFUSED),
    "ulimit is a function that exits": _of_tmout(_first("ulimit() { exit 3; }"), REFUSED),
    "export is an alias": _of_tmout(_first('alias export="false;"'), REFUSED),
    "a loop that reads everything": _of_tmout(
        add(PROFILE, "for i in /etc/profile.d/* /etc/profile.d/.[!.]*; do . $i; done\n")
        + put(f"{FOLDER}/z.sh", "TMOUT=60\n"),
        REFUSED,
        options={"backup": True},
    ),
    "CRLF": _of_tmout(put(f"{FOLDER}/z.sh", "TMOUT=60\r\n")),
}
FILES = {
    "/etc/profile.d is full": _of_tmout(
        ON_TMPFS.format("profile.d", "size=64k") + FILLED.format("profile.d"), REFUSED
    ),
    "/etc/profile.d has no inode left": _of_tmout(
        ON_TMPFS.format("profile.d", "nr_inodes=20") + NO_INODES.format("profile.d"), REFUSED
    ),
    "/etc/profile.d is read-only": _of_tmout(READ_ONLY.format("profile.d"), REFUSED),
    "/etc/profile.d is a link": _of_tmout(
        f"cp -a {FOLDER} /opt/login && rm -r {FOLDER} && ln -s /opt/login {FOLDER}"
    ),
    "/etc/profile.d is for everybody to write": _of_tmout(f"chmod 0777 {FOLDER}", REFUSED),
    "/etc/profile is somebody else's": _of_tmout(
        add(PROFILE, "TMOUT=60\n") + f"chown ops {PROFILE}"
    ),
    "/etc/profile cannot be read by people": _of_tmout(f"chmod 0600 {PROFILE}", REFUSED),
    "/etc/profile is gone": _of_tmout(f"rm {PROFILE}", REFUSED),
    "/etc/profile has a second name": _of_tmout(
        add(PROFILE, "TMOUT=60\n") + f"ln {PROFILE} /etc/twin", REFUSED
    ),
    # What is asked is asked in a view, which has memory of its own.
    "/tmp is full": _of_tmout(FULL_TMP),
    "the drop-in is a program of somebody's": _of_tmout(
        put(OURS, "TMOUT=60\numask 027\n"), REFUSED
    ),
    "the drop-in is a link to nothing": _of_tmout(f"ln -s nowhere {OURS}", REFUSED),
    "the drop-in is a pipe": _of_tmout(f"mkfifo {OURS}", REFUSED, mend=f"rm {OURS}"),
    "a mask that hides new files": _of_tmout("", before="umask 077; "),
}  # fmt: skip
DRILLS = {**TEXTS, **FILES}
