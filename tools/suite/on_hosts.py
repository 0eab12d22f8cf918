"""Stages on real hosts: every molecule scenario, every further folder of tests, the benchmark."""

import shutil
from pathlib import Path

from tools.collection import TOP
from tools.lab import images
from tools.lab.common import INVENTORY

from .stage import BIN, OUTPUT, Command, Log, Stage
from .tally import Tally, junit, one

SCENARIOS = TOP / "extensions" / "molecule"
WHOLE = TOP / "tests" / "whole"
# These need no host of the lab: they run beside those that do. That of the README is a container of
# its own kind.
OFFLINE = [WHOLE / "faults", TOP / "tests" / "search", WHOLE / "readme"]
# It has a stage of its own, beside the linters.
REPORT = WHOLE / "report"
# Images of hosts that only make fuzz starts.
FUZZED = ("openrc", "runit")


def stages() -> list[Stage]:
    """Images first; then all that is found. What one leaves must not decide how the next ends, so
    each scenario and each folder makes hosts of its own.
    """
    scenarios = sorted(path.parent for path in SCENARIOS.glob("*/molecule.yml"))
    return [
        Stage("images", _make),
        *[_scenario(path) for path in scenarios],
        *[_folder(path) for path in _folders()],
    ]


def offline() -> list[Stage]:
    """The folders whose tests need no host."""
    return [_folder(path) for path in OFFLINE]


def _folders() -> list[Path]:
    found = {path.parent for path in WHOLE.glob("*/test_*.py")}
    return sorted(found - {*OFFLINE, REPORT})


def benchmark() -> list[Stage]:
    """Alone, after everything else, so that nothing disturbs what it measures."""
    if not (TOP / "tools" / "measure" / "benchmark" / "__main__.py").exists():
        return []
    command: Command = [BIN / "python", "-m", "tools.measure.benchmark"]
    return [Stage("benchmark", lambda log: one(log.call(command)))]


def _make(_log: Log) -> Tally:
    """Those that a full run starts hosts of; a suite that moves may not be had today."""
    wanted = [name for name in images.IMAGES if name not in FUZZED]
    images.ensure(name for name in wanted if not images.IMAGES[name].moves)
    missing = [why for name in wanted if (why := images.unavailable(name))]
    return Tally(passed=len(wanted) - len(missing), skips=missing)


def _scenario(path: Path) -> Stage:
    """The scenario is a test, and so is each test of its verifier."""

    def run(log: Log) -> Tally:
        status, reports = _reported(log, [BIN / "molecule", "test", "-s", path.name])
        return (one(status) + junit(reports)).judged(status)

    return Stage(f"molecule {path.name}", run)


def _folder(path: Path) -> Stage:
    def run(log: Log) -> Tally:
        command: Command = [BIN / "python", "-B", "-m", "pytest", "-p", "no:cacheprovider", path]
        status, reports = _reported(log, command)
        return junit(reports).judged(status)

    return Stage(f"tests of {path.name}", run)


def _reported(log: Log, command: Command) -> tuple[int, list[Path]]:
    """The exit status, and what each pytest that the command started wrote."""
    reports = OUTPUT / f"{log.path.stem}.junit"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir()
    status = log.call(
        command,
        CURFEW_JUNIT_DIR=str(reports),
        CURFEW_LAB_INVENTORY=str(INVENTORY),
        PYTEST_ADDOPTS="-p tools.suite.junit_dir",
    )
    return status, list(reports.glob("*.xml"))
