"""The real sshd: the oracle of these tests. It is asked by plain command, not by our own code."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from tests.oracle import CannotBeAsked

# sshd's own defaults, for a tree that sets nothing.
DEFAULTS = {"clientaliveinterval": "0", "clientalivecountmax": "3"}
# How sshd ends where it refuses a configuration, and what it then says of a line, or of them all.
REFUSED = 255
_REFUSES = re.compile(
    r"line \d+: |terminating, \d+ bad configuration options"
    r"|^Too many recursive configuration includes",
    re.MULTILINE,
)
# Of the machine, not of the configuration: it would refuse any.
_LACKS = re.compile(r"no hostkeys available|privilege separation", re.IGNORECASE)


class Sshd(NamedTuple):
    """A binary, its release, words that let it answer where the host lacks what -T wants, and what
    it calls itself."""

    binary: str
    release: tuple[int, int]
    extra: tuple[str, ...] = ()
    version: str = ""

    def ask(self, config: Path, connection: Any) -> dict[str, list[str]] | None:
        """What the connection would get, by lower-case keyword; None: sshd refuses the tree."""
        done = self.run(config, connection)
        if done.returncode:
            if refuses(done):
                return None
            raise CannotBeAsked(f"{self.binary} ends with {done.returncode}: {done.stderr[-500:]}")
        answer: dict[str, list[str]] = {}
        for line in done.stdout.split("\n"):
            keyword, _blank, value = line.partition(" ")
            answer.setdefault(keyword.lower(), []).append(value)
        if DEFAULTS.keys() - answer.keys():
            raise CannotBeAsked(f"{self.binary} says nothing of {', '.join(DEFAULTS)}")
        return answer

    def run(self, config: Path, connection: Any) -> "subprocess.CompletedProcess[str]":
        spec = "user={},host={},addr={},laddr={},lport={}".format(*connection[:5])
        if self.release >= (9, 9) and not connection.user_exists:
            spec += ",invalid-user"
        command = [self.binary, "-T", "-f", str(config), "-C", spec, *self.extra]
        try:
            return subprocess.run(
                command, capture_output=True, text=True, errors="surrogateescape", timeout=60,
                check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CannotBeAsked(f"{self.binary}: {error}") from error


def refuses(done: "subprocess.CompletedProcess[str]") -> bool:
    """Whether sshd has read the configuration and will not have it; not: whether it failed."""
    return bool(
        done.returncode == REFUSED
        and not _LACKS.search(done.stderr)
        and _REFUSES.search(done.stderr)
    )


def find_sshd() -> Sshd:
    binary = os.environ.get("CURFEW_SSHD") or shutil.which("sshd", path="/usr/sbin:/usr/bin")
    if binary is None:
        raise CannotBeAsked("no sshd is installed here; CURFEW_SSHD names one")
    said = subprocess.run([binary, "-V"], capture_output=True, text=True, check=False)
    version = re.search(r"OpenSSH_(\d+)\.(\d+)[^,\n]*", said.stdout + said.stderr)
    if version is None:
        raise CannotBeAsked(f"{binary} does not tell its release: {said}")
    return Sshd(binary, (int(version[1]), int(version[2])), version=version[0])


def throwaway_key(folder: str) -> str:
    """A host key for sshd -T: quick to load, and there on a machine without one."""
    path = f"{folder}/host_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path
