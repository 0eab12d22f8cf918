"""Stages on real hosts: every molecule scenario, every further folder of tests, the benchmark."""

import shutil
from pathlib import Path

from tests.collection import TOP
from tests.lab import images
from tests.lab.common import INVENTORY

from .stage import BIN, OUTPUT, Command, Log, Stage
from .tally import Tally, junit, one

SCENARIOS = TOP / "extensions" / "molecule"
# Folders under tests/ that have a stage of their own; tests/hosts is for molecule's verifier.
OTHERS = {"benchmark", "hosts", "lab", "output", "report", "suite", "unit"}
# These need the machine alone, no hosts: they run beside those that do.
OFFLINE = {"faults", "fuzz", "property"}


def stages() -> list[Stage]:
    """Images first; then all that is found. What one leaves must not decide how the next ends, so
    each scenario and each folder makes hosts of its own.
    """
    scenarios = sorted(path.parent for path in SCENARIOS.glob("*/molecule.yml"))
    return [
        Stage("images", _make),
        *[_scenario(path) for path in scenarios],
        *[_folder(path) for path in _folders() if path.name not in OFFLINE],
    ]


def offline() -> list[Stage]:
    """The folders whose tests need no host."""
    return [_folder(path) for path in _folders() if path.name in OFFLINE]


def _folders() -> list[Path]:
    found = {path.parent for path in (TOP / "tests").glob("*/test_*.py")}
    return sorted(path for path in found if path.name not in OTHERS)


def benchmark() -> list[Stage]:
    """Alone, after everything else, so that nothing disturbs what it measures."""
    if not (TOP / "tests" / "benchmark" / "__main__.py").exists():
        return []
    return [
        Stage("benchmark", lambda log: one(log.call([BIN / "python", "-m", "tests.benchmark"])))
    ]


def _make(_log: Log) -> Tally:
    images.ensure(images.SUITES)
    return Tally(passed=len(images.SUITES))


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
        PYTEST_ADDOPTS="-p tests.suite.junit_dir",
    )
    return status, list(reports.glob("*.xml"))
