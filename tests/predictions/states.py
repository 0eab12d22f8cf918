"""States of a host that timeouts depend on: the files that make each, and the accounts there are.

All times are a few seconds, so that what timeout_info predicts can be waited for.
"""

from dataclasses import dataclass, field

ACCOUNTS = {
    "bess": "/bin/bash",
    "wanda": "/bin/bash",  # in the group wheel
    "zed": "/bin/zsh",
    "kate": "/bin/ksh93",
    "mike": "/bin/mksh",
    "tess": "/bin/tcsh",
    "dora": "/bin/dash",
}
WATCHED = [*ACCOUNTS, "root"]

DROP_IN = "/etc/profile.d/tmout.sh"
SSHD = "/etc/ssh/sshd_config.d/x.conf"
LOGIND = "/etc/systemd/logind.conf.d/x.conf"

SETUP = (
    "groupadd -f wheel\n"
    + "".join(
        f"useradd -m -s {shell} {user}\n"
        f"mkdir ~{user}/.ssh; cp ~ops/.ssh/authorized_keys ~{user}/.ssh/\n"
        f"touch ~{user}/.zshrc ~{user}/.hushlogin; chown -R {user} ~{user}\n"
        for user, shell in ACCOUNTS.items()
    )
    + "usermod -aG wheel wanda\n"
    "mkdir -p /etc/systemd/logind.conf.d\n"
    "touch /etc/environment; cp -a /etc/profile /etc/environment /root/\n"
)
RESET = (
    f"rm -f {SSHD} {LOGIND} /etc/profile.d/*tmout.sh\ncp -a /root/profile /root/environment /etc/\n"
)
RELOAD = "systemctl restart systemd-logind\nsshd -t && kill -HUP $(cat /run/sshd.pid)\nsleep 1\n"


@dataclass(frozen=True)
class State:
    """Files written, text appended to files, further commands; and the OpenSSH that it needs."""

    files: dict[str, str] = field(default_factory=dict)
    appended: dict[str, str] = field(default_factory=dict)
    more: str = ""
    release: tuple[int, int] = (8, 4)

    def script(self) -> str:
        lines = [f"cat > {path} <<'END'\n{text}END\n" for path, text in self.files.items()]
        lines += [f"cat >> {path} <<'END'\n{text}END\n" for path, text in self.appended.items()]
        return RESET + "".join(lines) + self.more + RELOAD


WHO = """case "$(id -un)" in
  mike) ;;
  *) TMOUT=3 ;;
esac
"""

STATES = {
    "nothing": State(),
    "a drop-in": State({DROP_IN: "TMOUT=3\nreadonly TMOUT\nexport TMOUT\n"}),
    "a later export": State({DROP_IN: "TMOUT=3\n"}, {"/etc/profile": "export TMOUT=5\n"}),
    "an earlier readonly 0": State(
        {"/etc/profile.d/00-tmout.sh": "readonly TMOUT=0\n", DROP_IN: "[ 1 ] || TMOUT=3\n"}
    ),
    "a unit": State({DROP_IN: "TMOUT=3m\n"}),
    "a drop-in for root alone": State({DROP_IN: "TMOUT=3\n"}, more=f"chmod 600 {DROP_IN}\n"),
    "a drop-in that asks who logs in": State({DROP_IN: WHO}),
    "/etc/environment": State(appended={"/etc/environment": "TMOUT=4\n"}),
    "SetEnv": State({SSHD: "SetEnv TMOUT=4\n"}),
    "/etc/environment and a drop-in": State(
        {DROP_IN: "TMOUT=3\n"}, {"/etc/environment": "TMOUT=5\n"}
    ),
    "ChannelTimeout": State({SSHD: "ChannelTimeout session:shell=4\n"}, release=(9, 2)),
    "ChannelTimeout that does nothing": State({SSHD: "ChannelTimeout session=4\n"}, release=(9, 2)),
    "ChannelTimeout global": State({SSHD: "ChannelTimeout global=4\n"}, release=(9, 2)),
    "ChannelTimeout in Match": State(
        {SSHD: "Match User bess\nChannelTimeout session:shell=3\n"}, release=(9, 2)
    ),
    "ChannelTimeout in Match all": State(
        {SSHD: "Match all\nChannelTimeout session:shell=4\n"}, release=(9, 2)
    ),
    "ChannelTimeout and TMOUT": State(
        {SSHD: "ChannelTimeout session:*=4\n", DROP_IN: "TMOUT=3\n"}, release=(9, 2)
    ),
    "StopIdleSessionSec": State({LOGIND: "[Login]\nStopIdleSessionSec=5s\n"}),
}

# For ksh93, whose sessions take a minute longer: one that ends, and one of which nothing is said.
KSH93 = {
    "plain": State({DROP_IN: "TMOUT=3\n"}),
    "guarded": State({DROP_IN: "if ( unset TMOUT ) 2>/dev/null; then TMOUT=3; fi\n"}),
}

# What the sshd of each account is told of dead clients.
PROBES = State(
    {
        SSHD: "ClientAliveInterval 2\nClientAliveCountMax 1\n"
        "Match User bess\nClientAliveInterval 1\nClientAliveCountMax 2\n"
    }
)
