"""A stage: commands with a log of their own, and the count that follows from them."""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.collection import BUILD, COLLECTION, TOP

from .tally import Tally

BIN = TOP / ".venv" / "bin"
OUTPUT = TOP / ".cache" / "test"
LIVE_LOG = OUTPUT / "live.jsonl"
HOST_LOG = OUTPUT / "hosts.log"
TAIL = 40
Command = list[str | Path]
# By name, the seconds that each stage of this run took.
TOOK: dict[str, float] = {}
_PRINTING = threading.Lock()


@dataclass(frozen=True)
class Stage:
    """A name for people, and what to do."""

    name: str
    run: Callable[["Log"], Tally]


class Log:
    """Where the output of a stage's commands goes."""

    def __init__(self, name: str) -> None:
        self.path = OUTPUT / f"{name.replace(' ', '-').replace('/', '-')}.log"
        self.path.write_text("")

    @property
    def text(self) -> str:
        return self.path.read_text(errors="replace")

    def call(self, command: Command, cwd: Path = TOP, limit: float = 2000, **more: str) -> int:
        """Run a command and return its exit status; one that takes for ever is an error."""
        words = [str(word) for word in command]
        with self.path.open("a") as log:
            log.write(f"+ {' '.join(words)}\n")
            log.flush()
            try:
                return subprocess.run(
                    words,
                    cwd=cwd,
                    env=_environment(more),
                    timeout=limit,
                    check=False,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                ).returncode
            except subprocess.TimeoutExpired:
                log.write(f"stopped after {limit:g} s\n")
                return 124


def perform(stage: Stage) -> Tally:
    """Run a stage, say in a line what came of it, and show the end of its log if that was bad."""
    log = Log(stage.name)
    start = time.monotonic()
    try:
        tally = stage.run(log)
    except Exception as error:  # a stage that breaks is a failed stage, the others still count
        with log.path.open("a") as end:
            end.write(f"{type(error).__name__}: {error}\n")
        tally = Tally(failed=1)
    word = "FAIL" if tally.failed else "ok"
    skipped = f", {len(tally.skips)} skipped" if tally.skips else ""
    TOOK[stage.name] = time.monotonic() - start
    counts = f"{tally.passed} passed, {tally.failed} failed{skipped}"
    with _PRINTING:
        print(f"{word:4} {TOOK[stage.name]:6.1f} s  {stage.name}: {counts}", flush=True)
        if tally.failed:
            lines = [f"     | {line}" for line in log.text.splitlines()[-TAIL:]]
            print(*lines, f"     (all of it: {log.path.relative_to(TOP)})", sep="\n", flush=True)
    return tally


def _environment(more: dict[str, str]) -> dict[str, str]:
    """The tools' own state goes to a private HOME: stale state from elsewhere must not count."""
    home = TOP / ".cache" / "home"
    home.mkdir(parents=True, exist_ok=True)
    return {
        **os.environ,
        "HOME": str(home),
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(BUILD),
        "ANSIBLE_HOST_PATTERN_MISMATCH": "error",
        "ANSIBLE_TEST_CONTENT_ROOT": str(COLLECTION),
        "CURFEW_HOST_LOG": str(HOST_LOG),
        "CURFEW_LIVE_LOG": str(LIVE_LOG),
        "PYTHONPATH": str(TOP),
        "NO_COLOR": "1",
        **more,
    }
