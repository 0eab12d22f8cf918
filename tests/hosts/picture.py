"""Runs on a host, as root: prints what a run could change there, and what sshd and the shells say.

Nothing is written. The oldest host has Python 3.9.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

ROOTS = (
    "/etc/ssh /etc/profile /etc/profile.d /etc/bash.bashrc /etc/bashrc /etc/zsh /etc/environment"
).split()
SECRET = re.compile(r"ssh_host_.*_key\Z")
# Each is asked as sshd would ask itself; the first is the one of the design's default.
CONNECTIONS = {
    "stranger": "user=stranger,host=far.example,addr=192.0.2.1,laddr=127.0.0.1,lport=22",
    "ops": "user=ops,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22",
    "root": "user=root,host=near.example,addr=10.0.0.9,laddr=127.0.0.1,lport=22",
    "backup": "user=backup,host=vault.example,addr=192.0.2.2,laddr=127.0.0.1,lport=22",
}
SHELLS = ("bash", "dash", "zsh", "ksh93", "mksh")
ASK = r"""
echo "=tmout ${TMOUT-unset}"
(unset TMOUT) 2>/dev/null && echo "=readonly no" || echo "=readonly yes"
env | grep -q ^TMOUT= && echo "=exported yes" || echo "=exported no"
umask | sed 's/^/=umask /'
env | grep -v -e ^TMOUT= -e ^_= -e ^A__z= -e ^SHLVL= | sort | sed 's/^/=env /'
"""


def main() -> None:
    files = {}
    for root in ROOTS:
        for path in _walk(root):
            files[path] = _file(path)
    sshd = {name: _sshd(words) for name, words in CONNECTIONS.items()}
    shells = {shell: _shell(shell) for shell in SHELLS if _find(shell)}
    print(json.dumps({"files": files, "sshd": sshd, "shells": shells}))


def _walk(root: str) -> Iterator[str]:
    if os.path.lexists(root):
        yield root
    for folder, folders, names in os.walk(root):
        for name in folders + names:
            yield os.path.join(folder, name)


def _file(path: str) -> dict[str, Any]:
    status = os.lstat(path)
    data = None
    if os.path.isfile(path) and not SECRET.search(path):
        with open(path, "rb") as file:
            data = base64.b64encode(file.read()).decode()
    return {
        "inode": status.st_ino,
        "mtime_ns": status.st_mtime_ns,
        "mode": status.st_mode,
        "owner": [status.st_uid, status.st_gid],
        "data": data,
    }


def _sshd(words: str) -> dict[str, list[str]]:
    lines = _run(["/usr/sbin/sshd", "-T", "-C", words])[1].lower().splitlines()
    found: dict[str, list[str]] = {}
    for line in lines:
        key, _blank, value = line.partition(" ")
        found.setdefault(key, []).append(value)
    return found


def _shell(shell: str) -> dict[str, Any]:
    """What a login of an ordinary user finds, at a prompt if it had one."""
    clean = ["env", "-i", "HOME=/nonexistent", "USER=nobody", "LOGNAME=nobody", "TERM=dumb"]
    clean.append("PATH=/usr/bin:/bin")
    command = ["runuser", "-u", "nobody", "--"] + clean + [_find(shell), "-l", "-i", "-c", ASK]
    status, output, complaint = _run(command)
    found: dict[str, Any] = {"status": status, "env": []}
    found["complaint"] = _without_job_control(complaint)
    for key, value in re.findall(r"^=(\w+) (.*)$", output, re.MULTILINE):
        if key == "env":
            found["env"].append(value)
        else:
            found[key] = value
    return found


def _without_job_control(text: str) -> list[str]:
    """Interactive shells complain about the terminal that they do not have here."""
    known = r"job control|terminal process group|tty|history"
    return [line for line in text.splitlines() if line.strip() and not re.search(known, line)]


def _find(shell: str) -> str:
    for folder in ("/bin", "/usr/bin"):
        if os.path.exists(folder + "/" + shell):
            return folder + "/" + shell
    return ""


def _run(command: Sequence[str]) -> tuple[int, str, str]:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/", timeout=60,
        start_new_session=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


if __name__ == "__main__":
    main()
