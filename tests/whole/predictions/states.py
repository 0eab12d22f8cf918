"""States of a host that timeouts depend on: the files that make each, and the accounts there are.

All times are a few seconds, so that what timeout_info predicts can be waited for.
"""

from dataclasses import dataclass, field, replace

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
LATER = "/etc/profile.d/zz-tmout.sh"
SSHD = "/etc/ssh/sshd_config.d/x.conf"
EARLIER = "/etc/ssh/sshd_config.d/a.conf"
LOGIND = "/etc/systemd/logind.conf.d/x.conf"

KEPT = "/etc/profile /etc/environment /etc/bash.bashrc /etc/csh.login /etc/zsh /etc/default"
SETUP = (
    "groupadd -f wheel\n"
    + "".join(
        f"useradd -m -s {shell} {user}\n"
        f"mkdir ~{user}/.ssh; cp ~ops/.ssh/authorized_keys ~{user}/.ssh/\n"
        f"touch ~{user}/.zshrc ~{user}/.hushlogin; chown -R {user} ~{user}\n"
        for user, shell in ACCOUNTS.items()
    )
    + "usermod -aG wheel wanda\n"
    "mkdir -p /etc/systemd/logind.conf.d /root/kept\n"
    f": > /etc/default/ssh; touch {KEPT}; cp -a {KEPT} /root/kept/\n"
)
RESET = (
    f"rm -f {SSHD} {EARLIER} {LOGIND} /etc/profile.d/*tmout*\n"
    "options=$(cat /etc/default/ssh)\n"
    "cp -a /root/kept/. /etc/\n"
    'if [ "$options" ]; then systemctl restart ssh; fi\n'
)
RELOAD = "systemctl restart systemd-logind\nsshd -t && kill -HUP $(cat /run/sshd.pid)\nsleep 1\n"


@dataclass(frozen=True)
class State:
    """Files written, text appended to files, further commands, then a run of shell_tmout.

    It is made on one host, whichever is free; `everywhere`: on each that has the OpenSSH it needs.
    """

    files: dict[str, str] = field(default_factory=dict)
    appended: dict[str, str] = field(default_factory=dict)
    more: str = ""
    module: dict[str, object] = field(default_factory=dict)
    everywhere: bool = False
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
# A disorder that shell_tmout refuses, and mends when it is asked to.
DIRT = State(
    {
        "/etc/profile.d/00-tmout.sh": "A=1; readonly TMOUT=0\nexport A\n",
        LATER: 'if [ "$A" ]; then\n  TMOUT=6\nfi\nexport HISTSIZE=77 TMOUT=4\n',
    },
    {"/etc/profile": "export TMOUT=5\n"},
)
RHEL_ZPROFILE = "_f() {\n  emulate -L ksh\n  source /etc/profile\n}\n_f\n"
LOOK_ALIKES = """TMOUTS=3; export TMOUTS # TMOUT=3
cat > /dev/null <<E
TMOUT=3
E
X='
TMOUT=3
'
export X
"""


def channels(value: str, scope: str = "") -> State:
    return State({SSHD: f"{scope}ChannelTimeout {value}\n"}, everywhere=True, release=(9, 2))


STATES = {
    "nothing": State(everywhere=True),
    "a drop-in": State({DROP_IN: "TMOUT=3\nreadonly TMOUT\nexport TMOUT\n"}, everywhere=True),
    "/etc/environment": State(appended={"/etc/environment": "TMOUT=4\n"}, everywhere=True),
    "SetEnv": State({SSHD: "SetEnv TMOUT=4\n"}, everywhere=True),
    "ChannelTimeout": channels("session:shell=4"),
    "ChannelTimeout that does nothing": channels("session=4"),
    "ChannelTimeout global": channels("global=4"),
    "ChannelTimeout in Match": channels("session:shell=3", "Match User bess\n"),
    "ChannelTimeout in Match all": channels("session:shell=4", "Match all\n"),
    "ChannelTimeout and TMOUT": replace(channels("session:*=4"), appended={DROP_IN: "TMOUT=3\n"}),
    "StopIdleSessionSec": State({LOGIND: "[Login]\nStopIdleSessionSec=5s\n"}, everywhere=True),
    "a later export": State({DROP_IN: "TMOUT=3\n"}, {"/etc/profile": "export TMOUT=5\n"}),
    "a later export of what is readonly": State(
        {DROP_IN: "TMOUT=3\nreadonly TMOUT\n"}, {"/etc/profile": "export TMOUT=5\n"}
    ),
    "an earlier readonly 0": State(
        {"/etc/profile.d/00-tmout.sh": "readonly TMOUT=0\n", DROP_IN: "[ 1 ] || TMOUT=3\n"}
    ),
    "a later unset": State({DROP_IN: "TMOUT=3\n", LATER: "unset TMOUT\n"}),
    "a unit": State({DROP_IN: "TMOUT=3m\n"}),
    "a drop-in for root alone": State({DROP_IN: "TMOUT=3\n"}, more=f"chmod 600 {DROP_IN}\n"),
    "a drop-in that asks who logs in": State({DROP_IN: WHO}),
    "a drop-in that is evaluated": State({DROP_IN: "eval 'export TMOUT=3'\n"}),
    "names that no loop reads": State(
        {"/etc/profile.d/tmout": "TMOUT=3\n", "/etc/profile.d/tmout.sh.bak": "TMOUT=3\n"}
    ),
    "a profile that reads no folder": State({DROP_IN: "TMOUT=3\n", "/etc/profile": "umask 022\n"}),
    "look-alikes": State({DROP_IN: LOOK_ALIKES}),
    "functions named like commands": State(
        {DROP_IN: "printf() { :; }; unset() { :; }; env() { exit; }; TMOUT=3\n"}
    ),
    "a login that ends by itself": State({DROP_IN: "TMOUT=3\n", LATER: "exit 3\n"}),
    "the shells' own files": State(
        {"/etc/zsh/zprofile": "TMOUT=3\n", "/etc/csh.login": "setenv TMOUT 3\n"},
        {"/etc/bash.bashrc": "TMOUT=4\n"},
    ),
    "a zsh that reads the profile in a function": State(
        {"/etc/zsh/zprofile": RHEL_ZPROFILE, DROP_IN: "typeset -xr TMOUT=3\n"}
    ),
    "the same, with ours": State({"/etc/zsh/zprofile": RHEL_ZPROFILE}, module={"timeout": 3}),
    "/etc/environment and a drop-in": State(
        {DROP_IN: "TMOUT=3\n"}, {"/etc/environment": "TMOUT=5\n"}
    ),
    "SetEnv in Match": State({SSHD: "SetEnv LANG=C\nMatch User bess\nSetEnv TMOUT=4\n"}),
    "ForceCommand": State(
        {SSHD: "Match User bess\nForceCommand bash --norc -i\n", DROP_IN: "TMOUT=3\n"}
    ),
    "dirt": DIRT,
    "dirt, disabled": replace(DIRT, module={"timeout": 3, "conflicts": "disable"}),
    "ours": State(module={"timeout": 3}),
    "ours, neither readonly nor exported": State(
        module={"timeout": 3, "readonly": False, "export": False}
    ),
    "ours, with exemptions": State(
        module={
            "timeout": 3,
            "interactive_only": True,
            "exempt_users": ["mike", "root"],
            "exempt_groups": ["wheel"],
        }
    ),
}

# For ksh93, whose sessions take a minute longer: one that ends, and one of which nothing is said.
KSH93 = {
    "plain": State({DROP_IN: "TMOUT=3\n"}),
    "guarded": State({DROP_IN: "if ( unset TMOUT ) 2>/dev/null; then TMOUT=3; fi\n"}),
}


def probes(*lines: str, earlier: str = "") -> State:
    files = {EARLIER: earlier} if earlier else {}
    return State({**files, SSHD: "\n".join([*lines, ""])})


COUNT = "ClientAliveCountMax 2"
# What becomes of the clients of bess, and of wanda, who is in the group wheel, when they vanish.
GONE = {
    "a Match block": replace(
        probes(
            "ClientAliveInterval 2",
            "ClientAliveCountMax 1",
            "Match User bess",
            "ClientAliveInterval 1",
            COUNT,
        ),
        everywhere=True,
    ),
    "no numbers": State(),
    "twice": probes("ClientAliveInterval 1", "ClientAliveInterval 60", COUNT),
    "an earlier drop-in": probes(
        "ClientAliveInterval 60", COUNT, earlier="ClientAliveInterval 1\n"
    ),
    "Match all": probes(COUNT, "ClientAliveInterval 60", "Match all", "ClientAliveInterval 1"),
    "an earlier block": probes(
        COUNT,
        "Match User bess",
        "ClientAliveInterval 1",
        "Match User bess,wanda",
        "ClientAliveInterval 60",
    ),
    "a group": probes(COUNT, "Match Group wheel", "ClientAliveInterval 1"),
    "a count of 0": probes("ClientAliveInterval 1", "ClientAliveCountMax 0"),
    "spellings": probes('clientaliveinterval = "1s" # so\r', "\tClientAliveCountMax\t2"),
    "the command line": replace(
        probes("ClientAliveInterval 60", COUNT, "Match User bess", "ClientAliveInterval 2"),
        more="echo SSHD_OPTS=-oClientAliveInterval=1 > /etc/default/ssh\nsystemctl restart ssh\n",
    ),
}


def rounds(states: dict[str, State], releases: dict[str, tuple[int, int]]) -> list[dict[str, str]]:
    """Which state is on which host at the same time: no host stands idle while states wait."""
    found = [
        {host: name for host, release in releases.items() if release >= state.release}
        for name, state in states.items()
        if state.everywhere
    ]
    for name in [name for name, state in states.items() if not state.everywhere]:
        free = [one for one in found if len(one) < len(releases)]
        if not free:
            free = [{}]
            found += free
        free[0][next(host for host in releases if host not in free[0])] = name
    return found
