"""What surprises in the measurements, with its source, and the cells on which it rests."""

from dataclasses import dataclass
from math import inf
from typing import Any

from .matrix import COUNT_MAX, INTERVAL, KSH93_GRACE, RELEASES, SHELLS, TMOUT

# The releases that know ChannelTimeout, and those of OpenSSH 10 and later.
CHANNELS = ("debian12", "debian13", "backports", "testing")
SINCE_10 = ("debian13", "backports", "testing")
BEFORE_10_6 = ("debian12", "debian13", "backports")
LATE = 3  # seconds that a busy machine may add


@dataclass(frozen=True)
class Claim:
    """A cell has this outcome, within these seconds."""

    limit: str
    shell: str
    situation: str
    outcome: str
    low: float = 0
    high: float = inf
    connection: str | None = None
    releases: tuple[str, ...] = tuple(RELEASES)

    def holds(self, cell: dict[str, Any]) -> bool:
        if cell["outcome"] != self.outcome:
            return False
        seconds = cell.get("seconds", 0)
        connection = cell.get("connection", {}).get("outcome")
        return self.low <= seconds <= self.high and self.connection in (None, connection)


@dataclass(frozen=True)
class Note:
    """A finding, and where else it can be read."""

    title: str
    text: str
    source: str
    claims: tuple[Claim, ...]


NOTES = (
    Note(
        "ClientAlive ends no idle session.",
        "The probe is a request that ssh itself answers, without its user. What sshd counts is "
        "unanswered probes, and each answer sets the count back to none.",
        "sshd_config(5), ClientAliveCountMax; client_alive_check() in OpenSSH's serverloop.c; "
        "measured here.",
        tuple(
            Claim("client_alive", shell, situation, "stayed")
            for shell, situation in [
                *[("bash", name) for name in ("half_typed", "editor", "quiet", "tmux", "shared")],
                *[(shell, "idle") for shell in SHELLS],
            ]
        ),
    ),
    Note(
        "A dead client stays one interval longer than the manual says.",
        f"sshd gives up when the unanswered probes are *more* than the count: with {INTERVAL} and "
        f"{COUNT_MAX} that is {INTERVAL * (COUNT_MAX + 1)} seconds after the last sign of life, "
        f"not {INTERVAL * COUNT_MAX}.",
        "serverloop.c compares with 'greater than'; sshd_config(5) multiplies the two numbers; "
        "measured here.",
        tuple(
            Claim(
                "client_alive",
                "bash",
                name,
                "ended",
                INTERVAL * COUNT_MAX,
                INTERVAL * (COUNT_MAX + 1) + LATE,
                "ended",
                ("debian11", *SINCE_10),
            )
            for name in ("frozen", "cut")
        ),
    ),
    Note(
        "On Debian 12 it takes twice as long.",
        "That is a bug of OpenSSH 9.2 to 9.4, mended in 9.5.",
        "measured here, and with releases from 8.0 to 10.6.",
        tuple(
            Claim(
                "client_alive",
                "bash",
                name,
                "ended",
                INTERVAL * (COUNT_MAX + 1) + 1,
                2 * INTERVAL * (COUNT_MAX + 1) + LATE,
                "ended",
                ("debian12",),
            )
            for name in ("frozen", "cut")
        ),
    ),
    Note(
        "TMOUT does not notice that the client is gone, and its end does not end the connection.",
        "The shell logs out in time, frozen client or not. But sshd waits for the client to agree "
        "to the end of its session, and a frozen one never does: the connection stays until "
        "ClientAlive ends it. ChannelTimeout leaves the connection behind in the same way. "
        "So one needs both: one limit for people, one for connections.",
        "measured here: the shell's process and the one of its sshd were both watched.",
        tuple(
            Claim(limit, "bash", name, "ended", connection="stayed", releases=releases)
            for limit, releases in (("tmout", tuple(RELEASES)), ("channel_timeout", CHANNELS))
            for name in ("frozen", "cut")
        ),
    ),
    Note(
        "A half-typed line is no protection, a running program is.",
        "TMOUT waits for a whole line. While an editor or a command runs the shell waits for that, "
        "and does not count.",
        "bash(1), TMOUT; measured here.",
        tuple(
            Claim("tmout", shell, name, outcome)
            for shell in ("bash", "ksh93", "mksh")
            for name, outcome in (
                ("half_typed", "ended"),
                ("editor", "stayed"),
                ("quiet", "stayed"),
            )
        ),
    ),
    Note(
        "zsh users are never logged out on Debian.",
        "Debian's zsh reads neither /etc/profile nor /etc/profile.d. In a file that it does read, "
        "the same variable works.",
        "zsh(1), STARTUP/SHUTDOWN FILES; measured here.",
        (
            Claim("tmout", "zsh", "idle", "stayed"),
            Claim("own", "zsh", "idle", "ended", TMOUT - 1, TMOUT + LATE),
        ),
    ),
    Note(
        "ksh93 takes a minute more.",
        f"When TMOUT is over it prints a warning, and logs out {KSH93_GRACE} seconds later; within "
        "another shell both take their minute.",
        "ksh93(1), TMOUT; measured here.",
        (
            Claim(
                "tmout",
                "ksh93",
                "idle",
                "ended",
                TMOUT + KSH93_GRACE - 1,
                TMOUT + KSH93_GRACE + LATE,
            ),
            Claim("tmout", "ksh93", "su", "ended", 2 * (TMOUT + KSH93_GRACE) - 2),
        ),
    ),
    Note(
        "A harmless test of TMOUT switches ksh93's timer off.",
        "ksh93u+m (from Debian 12 on) runs `( unset TMOUT )` without a new process, and its timer "
        "is off from then on, although TMOUT has its value. That is why this collection's drop-in "
        "says `( ulimit -c 0; unset TMOUT )`: for a limit ksh93 makes a new process.",
        "measured here: the same shell logs out with the drop-in, and not without its `ulimit`.",
        (
            Claim("touched", "ksh93", "idle", "stayed", releases=CHANNELS),
            Claim("touched", "bash", "idle", "ended"),
            Claim("tmout", "ksh93", "idle", "ended"),
        ),
    ),
    Note(
        "dash and tcsh know no TMOUT.",
        "tcsh has `autologout`, in whole minutes; dash has nothing.",
        "tcsh(1), autologout; dash(1) has no such variable; measured here.",
        (
            Claim("tmout", "dash", "idle", "stayed"),
            Claim("tmout", "tcsh", "idle", "stayed"),
            Claim("own", "tcsh", "idle", "ended", 59, 60 + LATE),
        ),
    ),
    Note(
        "`sudo -s` is a way out, `su` is not.",
        "`su USER` keeps the environment: the inner shell inherits TMOUT (its value, not that it "
        "is readonly: it can be unset there), logs out, and then the outer one does. sudo empties "
        "the environment, and the shell of `-s` is no login shell, so it never reads profile.d.",
        "su(1); sudoers(5), env_reset; measured here.",
        (
            Claim("tmout", "bash", "su", "ended", 2 * TMOUT - 1, 2 * TMOUT + LATE),
            Claim("tmout", "mksh", "su", "ended", 2 * TMOUT - 1, 2 * TMOUT + LATE),
            *[Claim("tmout", shell, "sudo", "stayed") for shell in ("bash", "ksh93", "mksh")],
        ),
    ),
    Note(
        "tmux doubles the time, and its clock can keep a session open.",
        "The shell in the pane is a login shell that logs out, then the one around it does. "
        "For sshd, what the status line shows is traffic: with seconds in it ChannelTimeout never "
        "ends the session. By the same reasoning a clock that shows minutes outlasts any "
        "ChannelTimeout of more than a minute.",
        "tmux(1), default-command and status-interval; measured here with seconds.",
        (
            Claim("tmout", "bash", "tmux", "ended", 2 * TMOUT - 1, 2 * TMOUT + LATE),
            Claim("channel_timeout", "bash", "tmux", "ended", releases=CHANNELS),
            Claim("channel_timeout", "bash", "tmux_clock", "stayed", releases=CHANNELS),
        ),
    ),
    Note(
        "ChannelTimeout is an idle timeout that sees no difference between idle and quiet.",
        "An open editor, and a command that prints nothing, are ended like an idle prompt; one "
        "that prints is not. It counts for each session: another one on the same connection does "
        "not help. It counts in whole seconds, and may be up to one early.",
        "sshd_config(5), ChannelTimeout; measured here.",
        tuple(
            Claim("channel_timeout", "bash", name, outcome, releases=CHANNELS)
            for name, outcome in (
                ("idle", "ended"),
                ("editor", "ended"),
                ("quiet", "ended"),
                ("shared", "ended"),
                ("chatty", "stayed"),
            )
        ),
    ),
    Note(
        "A slow copy can be silent for longer than one thinks.",
        "`scp -l` sends 256 KiB at once and then pauses: for 2 seconds at 1000 Kbit/s, for 10 at "
        "200. A pause longer than ChannelTimeout for `session:*` (or `session:subsystem:sftp`) "
        "ends the copy; scp finds that out when it wants to send again. `session:shell` leaves "
        "copies alone. TMOUT and ClientAlive never end one.",
        "measured here with two rates, and a client of OpenSSH 9.2.",
        (
            Claim("channel_timeout", "bash", "scp", "stayed", releases=CHANNELS),
            Claim("channel_timeout", "bash", "scp_bursts", "ended", releases=CHANNELS),
            *[
                Claim(limit, "bash", name, "stayed")
                for limit in ("tmout", "client_alive")
                for name in ("scp", "scp_bursts")
            ],
        ),
    ),
    Note(
        "An example in the manual does nothing up to OpenSSH 10.3.",
        "`session=5m` stands as an example in the sshd_config(5) of Debian 13. All releases since "
        "9.2 accept it, and before 10.6 none ends anything: the types are called "
        "`session:shell`, `session:command` and `session:subsystem:…`. The manual of Debian 12 "
        "says `session:*=5m`, which works on all of them.",
        "sshd_config(5) of both; measured here.",
        (
            Claim("channel_manual", "bash", "idle", "stayed", releases=BEFORE_10_6),
            Claim("channel_manual", "bash", "idle", "ended", releases=("testing",)),
            Claim("channel_timeout", "bash", "idle", "ended", releases=CHANNELS),
        ),
    ),
    Note(
        "In a Match block ChannelTimeout does nothing up to OpenSSH 10.3.",
        "It is accepted there, and `sshd -T -C` shows it; no session ends. On 10.6 it does.",
        "measured here.",
        (
            Claim("channel_match", "bash", "idle", "stayed", releases=BEFORE_10_6),
            Claim("channel_match", "bash", "idle", "ended", releases=("testing",)),
        ),
    ),
    Note(
        "A count of 0 is not 'at once' but 'never'.",
        "Since OpenSSH 8.2 it drops nobody, dead or alive. Benchmarks that ask for 0 were written "
        "for what it did before.",
        "sshd_config(5), ClientAliveCountMax; measured here.",
        (
            Claim("count_max_0", "bash", "frozen", "stayed", connection="stayed"),
            Claim("count_max_0", "bash", "idle", "stayed"),
        ),
    ),
    Note(
        "logind's idle limit works on Debian 12 alone, and there it ends what is busy too.",
        "Debian 11's systemd does not know StopIdleSessionSec. Debian 13's never learns the "
        "terminal of a session of sshd, without which no session is idle for it. Debian 12 asks "
        "when the terminal last got *input*: a command that prints, and an open editor, are ended. "
        "A copy has no terminal, and stays; so did the second session of a shared connection.",
        "logind.conf(5); systemd's release notes for 252; measured here.",
        (
            *[
                Claim("stop_idle", "bash", name, "ended", releases=("debian12",))
                for name in ("idle", "chatty", "editor")
            ],
            Claim("stop_idle", "bash", "idle", "stayed", releases=("debian11", *SINCE_10)),
            Claim("stop_idle", "bash", "scp", "stayed"),
            Claim("stop_idle", "bash", "shared", "stayed"),
        ),
    ),
)
