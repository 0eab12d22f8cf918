"""Run a drill, judge it, and tell all of them in one table at the end."""

import os
import subprocess
from collections import Counter

import pytest

from tests.unit import private_mounts

from .harness import Drill

# make test tries a fixed sample of the faults, CURFEW_FULL=1 all.
FULL = bool(os.environ.get("CURFEW_FULL"))
SAMPLE = 10
COLUMNS = ("points", "changing", "failures", "looks", "lasting", "kills", "signals", "left out")
RESULTS: dict[str, Drill] = {}


def pytest_configure():
    try:
        private_mounts.enter()
    except private_mounts.NotPossible as why:
        raise pytest.UsageError(str(why)) from None


@pytest.fixture
def drilled(record_property):
    """drilled(name, drill): every fault, or a sample; the test fails where one did not hold."""

    def run(name: str, drill: Drill) -> None:
        drill.sample = None if FULL else SAMPLE
        drill.run()
        RESULTS[name] = drill
        record_property("faults", dict(drill.counts))
        assert not drill.broken, "\n".join(drill.broken[:50])
        assert drill.counts["tried"] == drill.counts["held"] > 0
        assert drill.counts["kills"] >= 2 and drill.counts["signals"]

    return run


@pytest.fixture(scope="session")
def host_key(tmp_path_factory):
    """For an sshd that only says what is in force."""
    key = tmp_path_factory.mktemp("key") / "key"
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(words, check=True)
    return key


def pytest_terminal_summary(terminalreporter):
    if not RESULTS:
        return
    write = terminalreporter.write_line
    total = sum((drill.counts for drill in RESULTS.values()), start=Counter())
    width = max(map(len, RESULTS)) + 1
    write(" " * width + "".join(f"{column:>10}" for column in (*COLUMNS, "tried", "held")))
    for name, counts in [*((n, d.counts) for n, d in RESULTS.items()), ("all", total)]:
        numbers = [counts[column] for column in (*COLUMNS, "tried", "held")]
        write(f"{name:<{width}}" + "".join(f"{number:>10}" for number in numbers))
    in_force = {key: count for key, count in sorted(total.items()) if key.startswith("in force")}
    write(f"asked after a kill, or after faults that lasted: {in_force}")
