"""What all parts of the lab share: where things are, how to run a program, how to wait."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
CACHE = TOP / ".cache" / "lab"
KEY = CACHE / "id_ed25519"
INVENTORY = CACHE / "inventory.yml"
SSH_CONFIG = CACHE / "ssh_config"


class LabError(Exception):
    """The lab cannot do what was asked; the text says why in one sentence."""


def say(text: str) -> None:
    """Progress for people, beside whatever a command prints as its result."""
    print(f"lab: {text}", file=sys.stderr, flush=True)


def run(command: Sequence[str], env: dict[str, str] | None = None, stdin: str | None = None) -> str:
    """Run a program and return what it printed; what it complained about becomes the error."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=env, input=stdin
    )
    if done.returncode != 0:
        raise LabError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def wait_for(what: str, condition: Callable[[], object], seconds: float = 180) -> None:
    """Return as soon as the condition holds; it is asked often, and never past its time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"{what} did not happen within {seconds:g} seconds")
        time.sleep(0.1)
