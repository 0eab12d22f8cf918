"""The hosts of the measurements: the limits in force, each at a port of its own."""

import importlib
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from tools import collection
from tools.lab import hosts
from tools.lab.common import run
from tools.lab.podman import podman

from .matrix import LIMITS, SHELLS, STOP_IDLE, TMOUT

PASSWORD = "curfew"  # of accounts on hosts that live for minutes and that only this machine sees
ACCOUNTS = "".join(
    f"useradd -m -s /bin/{shell} {shell}; echo {shell}:{PASSWORD} | chpasswd\n"
    f"echo '{shell} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/{shell}\n"
    f"mkdir ~{shell}/.ssh; cp ~ops/.ssh/authorized_keys ~{shell}/.ssh/\n"
    f"touch ~{shell}/.zshrc ~{shell}/.hushlogin; chown -R {shell} ~{shell}\n"
    for shell in SHELLS
)
PROGRAMS = """
export DEBIAN_FRONTEND=noninteractive
{ apt-get update && apt-get install -y --no-install-recommends tmux vim-tiny; } >&2
printf 'set -g status off\\n' > /etc/tmux.conf
printf 'set -g status-interval 1\\nset -g status-right "%%S"\\n' > /etc/tmux-clock.conf
"""
ZSH = f'[[ "${{SSH_CONNECTION##* }}" != {LIMITS["own"].port} ]] || TMOUT={TMOUT}\n'
TCSH = f'if ( "$SSH_CONNECTION" =~ "* {LIMITS["own"].port}" ) set -r autologout=1\n'
LOGIND = f"""mkdir -p /etc/systemd/logind.conf.d
printf '[Login]\\nStopIdleSessionSec={STOP_IDLE}s\\n' > /etc/systemd/logind.conf.d/x.conf
systemctl restart systemd-logind
"""
# Lets a test cut one connection off, by the port of its client.
CUT = """table inet cut {
  set ports { type inet_service; }
  chain input { type filter hook input priority 0; tcp sport @ports drop; }
  chain output { type filter hook output priority 0; tcp dport @ports drop; }
}
"""


def prepare(host: str) -> dict[str, str]:
    """Set a host up; for each limit that its sshd refuses, what it says."""
    hosts.execute(host, "sh", "-eu", stdin=ACCOUNTS + PROGRAMS + _login_files())
    if host.endswith("-stop"):
        hosts.execute(host, "sh", "-eu", stdin=LOGIND)
    _nft(host, "-f", "-", stdin=CUT)
    names = [name for name, limit in LIMITS.items() if host.endswith(f"-{limit.host}")]
    return {name: said for name in names if (said := _daemon(host, name))}


def cut_off(host: str, port: int) -> None:
    """Neither side hears of the other again."""
    _nft(host, "add", "element", "inet", "cut", "ports", f"{{ {port} }}")


def versions(host: str) -> dict[str, str]:
    """Debian's versions of what is measured there."""
    packages = "openssh-server bash dash zsh ksh93u+m ksh mksh tcsh systemd tmux".split()
    script = f"dpkg-query -W -f '${{Package}} ${{Version}}\\n' {' '.join(packages)} 2>/dev/null; :"
    return dict(line.split() for line in hosts.execute(host, "sh", "-c", script).splitlines()
                if " " in line.strip())  # fmt: skip


@cache
def root(host: str) -> Path:
    """The host's files, as this machine sees them; its processes too, under proc."""
    details = json.loads(podman("inspect", hosts.container(host)))
    return Path(f"/proc/{details[0]['State']['Pid']}/root")


def _login_files() -> str:
    """The collection's own drop-in, for the sessions of one port."""
    drop_in = _module_util("_shell.dropin").render(TMOUT)
    touched = f"if ( unset TMOUT ) 2>/dev/null; then TMOUT={TMOUT}; fi\n"
    files = {
        "/etc/profile.d/tmout.sh": _at_port("tmout", drop_in) + _at_port("touched", touched),
        "/etc/zsh/zprofile": ZSH,
        "/etc/csh.login": TCSH,
    }
    return "".join(f"cat >> {path} <<'END'\n{text}END\n" for path, text in files.items())


def _at_port(limit: str, text: str) -> str:
    return f'case "${{SSH_CONNECTION##* }}" in {LIMITS[limit].port})\n{text};;esac\n'


@cache
def _module_util(name: str) -> Any:
    sys.path.insert(0, str(collection.build()))
    return importlib.import_module(
        f"ansible_collections.curfew.session.plugins.module_utils.{name}"
    )


def _daemon(host: str, name: str) -> str:
    """Start a further sshd; its complaint if this release does not know the limit."""
    limit = LIMITS[name]
    lines = [f"Port {limit.port}", "PidFile none", "MaxStartups 500", *limit.sshd,
             "Include /etc/ssh/sshd_config", *limit.match]  # fmt: skip
    path = f"/etc/ssh/limit_{name}"
    script = f"cat > {path}; /usr/sbin/sshd -t -f {path} 2>&1 || exit 0; /usr/sbin/sshd -f {path}"
    return hosts.execute(host, "sh", "-c", script, stdin="\n".join([*lines, ""])).strip()


def _nft(host: str, *arguments: str, stdin: str | None = None) -> None:
    """In the host's network: this machine's own is not touched."""
    network = root(host).parent / "ns" / "net"
    run(["nsenter", f"--net={network}", "nft", *arguments], stdin=stdin)


def owner(host: str, pid: int) -> int:
    """The parent of a process of the host."""
    stat = (root(host) / "proc" / str(pid) / "stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


def lives(host: str, pid: int) -> bool:
    """Whether the host still has the process; one that only waits to be reaped is gone."""
    try:
        stat = (root(host) / "proc" / str(pid) / "stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def client_port(host: str, pid: int) -> int:
    """The port from which the client of a login shell came."""
    environ = (root(host) / "proc" / str(pid) / "environ").read_bytes()
    connection = next(one for one in environ.split(b"\0") if one.startswith(b"SSH_CONNECTION="))
    return int(connection.partition(b"=")[2].split()[1])
