"""What stands in the way of one of two mechanisms: the files of the other stay as they are, too."""

from .drill import REFUSED, Drill, add, put
from .sshd_drills import FILLED, NO_INODES, ON_TMPFS, READ_ONLY, UNIT_FAILS, UNIT_KILLS
from .tmout_drills import FOLDER, OURS, PROFILE

# The note on the journal and the new drop-in take the last two; to put it in place takes one more.
TWO_INODES = NO_INODES.format("profile.d") + f"rm {FOLDER}/filler1 {FOLDER}/filler2\n"
DIRTY = add(PROFILE, "TMOUT=60\n") + add("/etc/ssh/sshd_config", "ClientAliveInterval 7\n")


def _of_both(wrong: str, says: str, ends: str | None = REFUSED, **more: object) -> Drill:
    return Drill("timeouts", wrong, ends, says=says, **more)  # type: ignore[arg-type]


DRILLS = {
    "TMOUT cannot be proven": _of_both(
        add(PROFILE, '[ -z "$TMOUT" ] || exit 3\n'), "shell_tmout: "
    ),
    "a readonly TMOUT before ours": _of_both(
        f"sed -i '1i readonly TMOUT=5' {PROFILE}\n", "Nothing was changed for sshd_client_alive or",
        options={"conflicts": "report"},
    ),
    "the drop-in is a program of somebody's": _of_both(
        put(OURS, "TMOUT=60\numask 027\n"), "Option shell_tmout.path: "
    ),
    "the reload fails after both are written": _of_both(
        DIRTY + UNIT_FAILS, "The files are as they were. A second try failed, too."
    ),
    "the reload kills the daemon": _of_both(DIRTY + UNIT_KILLS, "", None),
    "/etc/profile.d is full": _of_both(
        DIRTY + ON_TMPFS.format("profile.d", "size=64k") + FILLED.format("profile.d"),
        f"not enough room on the file system of {OURS}",
    ),
    "/etc/profile.d is full once sshd's file is written": _of_both(
        ON_TMPFS.format("profile.d", "nr_inodes=20") + TWO_INODES,
        f"{OURS} could not be replaced: No space left on device",
    ),
    "/etc/ssh is full": _of_both(
        DIRTY + ON_TMPFS.format("ssh", "size=900k") + FILLED.format("ssh"),
        "not enough room on the file system of /etc/ssh/sshd_config",
    ),
    "/etc/profile.d is read-only": _of_both(
        DIRTY + READ_ONLY.format("profile.d"), "Nothing was changed"
    ),
}  # fmt: skip
