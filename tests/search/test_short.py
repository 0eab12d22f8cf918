"""The short run of the fuzzing, and its judges: `make fuzz` runs far more, and all the judges.

Both kinds agree with the real programs, and each deliberate defect is found.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from . import defects

SECONDS = 20
KINDS = ("sshd", "login")
# All of them take several minutes, so that a short run takes its turn with some.
ROTATING = 8
FULL = bool(os.environ.get("CURFEW_FULL"))
DAY_SECONDS = 24 * 60 * 60


def turn() -> list[Path]:
    """Every so many of the patches, by the day: each has its turn within a fortnight."""
    every = max(1, len(defects.PATCHES) // ROTATING)
    today = int(time.time() // DAY_SECONDS)
    return defects.PATCHES if FULL else defects.PATCHES[today % every :: every]


@pytest.mark.parametrize("kind", KINDS)
def test_agrees(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["tests.search", kind, f"--seconds={SECONDS}", "--seed=20261122"]
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=defects.TOP, capture_output=True, text=True, check=False)
    with capsys.disabled():
        print(f"\n{done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("patch", turn(), ids=lambda patch: patch.stem)
def test_finds_the_defect(patch: Path) -> None:
    assert defects.find(patch) is None


def test_every_defect_names_its_rule() -> None:
    for patch in defects.PATCHES:
        assert patch.read_text().startswith(("sshd: ", "tmout: ")), patch
