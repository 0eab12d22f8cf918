"""Which sessions are opened: limits with short numbers, shells, releases, situations."""

from collections.abc import Iterator
from dataclasses import dataclass

RELEASES = {
    "debian11": "Debian 11",
    "debian12": "Debian 12",
    "debian13": "Debian 13",
    "backports": "Debian 13 with backports",
    "testing": "Debian testing",
}
SHELLS = ("bash", "dash", "zsh", "ksh93", "mksh", "tcsh")

TMOUT = 4
INTERVAL, COUNT_MAX = 2, 1
CHANNEL = 4
STOP_IDLE = 5
KSH93_GRACE = 60
# Three times what the limits say at most, the doubling of 9.2 included; it is how long "stayed" is.
WATCH = 14
# A shell within a shell takes its minute twice.
WATCH_MINUTE, WATCH_MINUTES = 75, 145

SITUATIONS = {
    "idle": "idle at the prompt",
    "half_typed": "half-typed line",
    "editor": "editor open (`vi`)",
    "quiet": "quiet long command (`sleep`)",
    "chatty": "command that prints every second",
    "frozen": "frozen client",
    "cut": "cut network",
    "tmux": "idle in `tmux`",
    "tmux_clock": "idle in `tmux`, seconds in its status line",
    "su": "idle in `su USER`",
    "sudo": "idle in `sudo -s`",
    "scp": "slow `scp` (`-l 1000`)",
    "scp_bursts": "slower `scp` (`-l 200`)",
    "shared": "second session of a ControlMaster, idle; the first one prints",
}
COPIES = {"scp": "1000", "scp_bursts": "200"}  # Kbit/s
VANISHED = ("frozen", "cut")
NESTED = ("tmux", "tmux_clock", "su", "sudo")


@dataclass(frozen=True)
class Limit:
    """One thing that may end sessions. Each has a daemon of its own, so that it has no company."""

    title: str
    port: int
    sshd: tuple[str, ...] = ()
    match: tuple[str, ...] = ()  # a Match block
    shells: tuple[str, ...] = ("bash",)
    situations: tuple[str, ...] = tuple(SITUATIONS)
    host: str = "ends"


LIMITS = {
    "none": Limit("nothing set", 2200),
    "tmout": Limit(f"`TMOUT={TMOUT}` in /etc/profile.d", 2201, shells=SHELLS),
    "client_alive": Limit(
        f"`ClientAliveInterval {INTERVAL}`, `ClientAliveCountMax {COUNT_MAX}`",
        2202,
        (f"ClientAliveInterval {INTERVAL}", f"ClientAliveCountMax {COUNT_MAX}"),
    ),
    "channel_timeout": Limit(
        f"`ChannelTimeout session:*={CHANNEL}`", 2203, (f"ChannelTimeout session:*={CHANNEL}",)
    ),
    "channel_manual": Limit(
        f"`ChannelTimeout session={CHANNEL}`",
        2204,
        (f"ChannelTimeout session={CHANNEL}",),
        situations=("idle",),
    ),
    "channel_match": Limit(
        f"`ChannelTimeout session:*={CHANNEL}` in a `Match User` block",
        2209,
        match=("Match User bash", f"ChannelTimeout session:*={CHANNEL}"),
        situations=("idle",),
    ),
    "count_max_0": Limit(
        f"`ClientAliveInterval {INTERVAL}`, `ClientAliveCountMax 0`",
        2205,
        (f"ClientAliveInterval {INTERVAL}", "ClientAliveCountMax 0"),
        situations=("idle", "frozen"),
    ),
    "own": Limit(
        f"zsh: `TMOUT={TMOUT}` in /etc/zsh/zprofile; tcsh: `set -r autologout=1` in /etc/csh.login",
        2206,
        shells=("zsh", "tcsh"),
        situations=("idle", "half_typed", "editor", "quiet", "su"),
    ),
    "touched": Limit(
        f"`if ( unset TMOUT ) 2>/dev/null; then TMOUT={TMOUT}; fi` in /etc/profile.d",
        2208,
        shells=("bash", "ksh93"),
        situations=("idle",),
    ),
    # logind's number is one for the whole system, so it has hosts of its own.
    "stop_idle": Limit(f"`StopIdleSessionSec={STOP_IDLE}`", 2207, host="stop"),
}
# The daemon's limits again, at the prompt of the other shells.
OTHER_SHELLS = ("client_alive", "channel_timeout")
# Limits and shells that take a minute.
LONG = (("tmout", "ksh93"), ("touched", "ksh93"), ("own", "tcsh"))


@dataclass(frozen=True, order=True)
class Cell:
    """One measurement."""

    release: str
    limit: str
    shell: str
    situation: str

    @property
    def host(self) -> str:
        return f"{self.release}-{LIMITS[self.limit].host}"

    @property
    def watch(self) -> int:
        """How long to look on: beyond the longest time that the limit could take here."""
        if (self.limit, self.shell) not in LONG:
            return WATCH
        return WATCH_MINUTES if self.situation in NESTED else WATCH_MINUTE


def cells() -> Iterator[Cell]:
    """All that is measured."""
    for release in RELEASES:
        for name, limit in LIMITS.items():
            for shell in limit.shells:
                for situation in limit.situations:
                    yield Cell(release, name, shell, situation)
        for name in OTHER_SHELLS:
            for shell in SHELLS[1:]:
                yield Cell(release, name, shell, "idle")
