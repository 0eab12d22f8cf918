"""An sshd that cannot be asked is an error of the tests, and never an answer to them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import match
from tests.oracle import CannotBeAsked
from tests.search.sshd_oracle import Sshd

TOP = Path(__file__).resolve().parents[2]
ANYBODY = match.Connection("nobody", "192.0.2.1", "192.0.2.1", "0.0.0.0", 22)
SAYS_RELEASE = 'case "$1" in -V) echo OpenSSH_9.2p1 >&2; exit 1;; esac\n'
# The real one, where the machine lacks its folder: what a service made here must not help it.
BARE_RUN = """exec unshare -m sh -c 'mount -t tmpfs none /run && exec /usr/sbin/sshd "$@"' sh "$@"
"""
NO_ANSWER = {
    "no folder to separate privileges": BARE_RUN,
    "no host keys": 'exec /usr/sbin/sshd "$@" -h /nowhere\n',
    "not found": "exec /nowhere/sshd\n",
    "killed": "kill -KILL $$\n",
    "silent": "exit 0\n",
    "fails without a word": "exit 255\n",
}
REFUSALS = {
    "a line": ("ClientAliveInterval soon\n", "is not a time"),
    "a file": ("Include {main}\n", "includes itself"),
    "a keyword": ("ClientAliveIntervall 1\n", "is none"),
}


@pytest.fixture
def main(tmp_path: Path) -> Path:
    path = tmp_path / "sshd_config"
    path.write_text("ClientAliveInterval 60\n")
    return path


def stand_in(folder: Path, script: str) -> Path:
    path = folder / "sshd"
    path.write_text(f"#!/bin/sh\n{SAYS_RELEASE}{script}")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("script", NO_ANSWER.values(), ids=NO_ANSWER)
def test_no_answer_is_an_error(main: Path, script: str) -> None:
    sshd = Sshd(str(stand_in(main.parent, script)), (9, 2))
    with pytest.raises(CannotBeAsked):
        sshd.ask(main, ANYBODY)


@pytest.mark.parametrize(("text", "_why"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_an_answer(main: Path, text: str, _why: str) -> None:
    main.write_text(text.format(main=main))
    assert Sshd("/usr/sbin/sshd", (9, 2)).ask(main, ANYBODY) is None


def test_an_answer_is_one(main: Path) -> None:
    said = Sshd("/usr/sbin/sshd", (9, 2)).ask(main, ANYBODY)
    assert said is not None and said["clientaliveinterval"] == ["60"]


REFUSES_ALL = 'echo "sshd_config line 1: no." >&2; exit 255\n'


@pytest.mark.parametrize("script", [BARE_RUN, REFUSES_ALL], ids=["cannot be asked", "refuses all"])
def test_a_run_without_answers_is_red(tmp_path: Path, script: str) -> None:
    command = ["tests.search", "sshd", "--count=20", "--seed=1"]
    environment = {**os.environ, "CURFEW_SSHD": str(stand_in(tmp_path, script))}
    environment.pop("CURFEW_JUNIT_DIR", None)  # its failures are not this run's
    done = subprocess.run([sys.executable, "-B", "-m", *command], cwd=TOP, env=environment,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode, done.stdout
    why = "privilege separation" if script == BARE_RUN else "taken by sshd: 0 of"
    assert re.search(why, done.stdout, re.IGNORECASE), done.stdout
