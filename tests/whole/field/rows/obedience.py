"""A shell that shows the number and never ends, and the doors beside the login shell."""

from ..row import DEBIAN, DONE, ENDS, STAYS, Row, add, info, put, tmout

SHOWN = "the value is told, obedience is not"
DOORS = "doors beside the login shell"
RC, ZRC = "/etc/bash.bashrc", "/etc/zsh/zshrc"
NOT_ENDS = ("unknown", "never")
READS = """_refresh() { while read -r _line; do :; done <<X
one
X
}
PROMPT_COMMAND=_refresh
"""
ZSH = put("/etc/zsh/zprofile", "emulate sh -c '. /etc/profile'\n") + "person zed /bin/zsh\n"
OLD, NEW = ("debian11",), ("debian12", "debian13", "backports", "testing")
SUDO, SU, REMOTE = "sudo -s", r"\bsu\b", r"ssh [^ ]+ bash|remote command|ssh -t"


def _zsh(line: str, end: str | None = STAYS) -> Row:
    states = {"zed": NOT_ENDS} if end == STAYS else {}
    return tmout(SHOWN, ZSH + add(ZRC, line), names=(ZRC,), live={"zed": end}, info=states)


ROWS: dict[str, Row] = {
    "a prompt that reads lines, in posix mode": tmout(
        SHOWN, add(RC, "set -o posix\n" + READS), names=(RC,), live={"ops": STAYS},
        info={"ops": NOT_ENDS}, on=NEW, sample=True, limit=60,
    ),
    "a prompt that reads lines": tmout(
        SHOWN, add(RC, READS), names=(RC,), live={"ops": STAYS}, info={"ops": NOT_ENDS}, on=OLD
    ),
    "a prompt that reads lines, by mapfile": tmout(
        SHOWN, add(RC, "_refresh() { mapfile -t _a < <(echo one); }\nPROMPT_COMMAND=_refresh\n"),
        DONE, live={"ops": ENDS},
    ),
    "a clock in zsh's prompt": _zsh("TRAPALRM() { [[ -o zle ]] && zle && zle reset-prompt }\n"),
    "a trap in zsh": _zsh("trap 'zle reset-prompt 2>/dev/null' ALRM\n"),
    "a function of that name, made otherwise": _zsh("functions[TRAPALRM]='true'\n"),
    "a trap that does nothing, in zsh": _zsh("trap '' ALRM\n", None),
    "zsh ends without one": tmout(
        SHOWN, ZSH, DONE, live={"zed": ENDS}, info={"zed": ("ends",)}
    ),
    "bash with a trap that does nothing": tmout(
        SHOWN, add(RC, "trap '' ALRM\n"), live={"ops": None}
    ),
    "bash whose prompt reads with a limit": tmout(
        SHOWN, add(RC, "set -o posix\nPROMPT_COMMAND='read -t 1 -r _x <<< one'\n"),
        names=(RC,), live={"ops": None}, on=NEW,
    ),
    "bash whose prompt reads in PS1": tmout(
        SHOWN, add(RC, "set -o posix\nPS1='$(read -r x < /etc/hostname; echo $x)> '\n"),
        live={"ops": None}, on=NEW,
    ),
    "mksh with a trap": tmout(
        SHOWN, "person mike /bin/mksh\n" + put("/etc/profile.d/zz-trap.sh", "trap : ALRM\n"),
        names=("/etc/profile.d/zz-trap.sh",), live={"mike": None},
    ),
    "mksh whose prompt starts something": tmout(
        SHOWN, "person mike /bin/mksh\n"
        + put("/etc/profile.d/zz-prompt.sh", "PS1='$(date +%s)> '\n"),
        live={"mike": None},
    ),
    "a number for a shell that only shows it": tmout(
        SHOWN, "person dora /bin/dash\n", DONE, live={"dora": STAYS}, info={"dora": ("never",)}
    ),
    "the doors are told": info(
        DOORS, put("/etc/profile.d/tmout.sh", "TMOUT=3\nreadonly TMOUT\nexport TMOUT\n"),
        says=(SUDO, SU, REMOTE), on=DEBIAN, sample=True,
    ),
    "the doors are told after a run": tmout(DOORS, "", DONE, says=(SUDO, SU, REMOTE)),
    "su keeps what it was given": info(
        DOORS, put("/etc/profile.d/tmout.sh", "TMOUT=3\nreadonly TMOUT\n"), says=(SUDO, SU)
    ),
    "a file for shells that are no login shells": info(
        DOORS, put("/etc/profile.d/tmout.sh", "TMOUT=3\nreadonly TMOUT\nexport TMOUT\n")
        + add(RC, '[ -n "$TMOUT" ] || readonly TMOUT=3\n'),
        says=(SU,),
    ),
}  # fmt: skip
