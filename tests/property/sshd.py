"""The real sshd: the oracle of these tests. It is asked by plain command, not by our own code."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

# sshd's own defaults, for a tree that sets nothing.
DEFAULTS = {"clientaliveinterval": "0", "clientalivecountmax": "3"}


class Sshd(NamedTuple):
    """A binary, its release, and words that let it answer where the host lacks what -T wants."""

    binary: str
    release: tuple[int, int]
    extra: tuple[str, ...] = ()

    def ask(self, config: Path, connection: Any) -> dict[str, list[str]] | None:
        """What the connection would get, by lower-case keyword; None: sshd refuses the tree."""
        done = self.run(config, connection)
        if done.returncode:
            return None
        answer: dict[str, list[str]] = {}
        for line in done.stdout.split("\n"):
            keyword, _blank, value = line.partition(" ")
            answer.setdefault(keyword.lower(), []).append(value)
        return answer

    def run(self, config: Path, connection: Any) -> "subprocess.CompletedProcess[str]":
        spec = "user={},host={},addr={},laddr={},lport={}".format(*connection[:5])
        if self.release >= (9, 9) and not connection.user_exists:
            spec += ",invalid-user"
        command = [self.binary, "-T", "-f", str(config), "-C", spec, *self.extra]
        return subprocess.run(
            command, capture_output=True, text=True, errors="surrogateescape", timeout=60,
            check=False,
        )


def find_sshd() -> Sshd | None:
    binary = os.environ.get("CURFEW_SSHD") or shutil.which("sshd", path="/usr/sbin:/usr/bin")
    if binary is None:
        return None
    said = subprocess.run([binary, "-V"], capture_output=True, text=True, check=False)
    version = re.search(r"OpenSSH_(\d+)\.(\d+)", said.stdout + said.stderr)
    assert version is not None, said
    return Sshd(binary, (int(version[1]), int(version[2])))
