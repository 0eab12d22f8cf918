"""Stages on real hosts: every molecule scenario, every further folder of tests, the benchmark."""

import shutil
from pathlib import Path

from tests.collection import TOP
from tests.lab import hosts, images
from tests.lab.common import INVENTORY

from .stage import BIN, OUTPUT, Command, Log, Stage
from .tally import Tally, junit, one

HOSTS = [name for name in hosts.KINDS if name != "sandbox"]
SCENARIOS = TOP / "extensions" / "molecule"
# Folders under tests/ that have a stage of their own; tests/hosts is for molecule's verifier.
OTHERS = {"benchmark", "hosts", "lab", "output", "report", "suite", "unit"}


def stages() -> list[Stage]:
    """Images first; then all that is found. What one leaves must not decide how the next ends:
    a scenario makes hosts of its own, and a folder gets new ones.
    """
    scenarios = sorted(path.parent for path in SCENARIOS.glob("*/molecule.yml"))
    folders = sorted({path.parent for path in (TOP / "tests").glob("*/test_*.py")})
    return [
        Stage("images and hosts", _make),
        *[_scenario(path) for path in scenarios],
        *[_folder(path) for path in folders if path.name not in OTHERS],
    ]


def benchmark() -> list[Stage]:
    """Alone, after everything else, so that nothing disturbs what it measures."""
    if not (TOP / "tests" / "benchmark" / "__main__.py").exists():
        return []
    return [
        Stage("benchmark", lambda log: one(log.call([BIN / "python", "-m", "tests.benchmark"])))
    ]


def _make(_log: Log) -> Tally:
    images.ensure(images.SUITES)
    made = hosts.up(HOSTS, fresh=True)
    return Tally(passed=len(set(HOSTS) & set(made)))


def _scenario(path: Path) -> Stage:
    """The scenario is a test, and so is each test of its verifier."""

    def run(log: Log) -> Tally:
        status, reports = _reported(log, [BIN / "molecule", "test", "-s", path.name])
        return (one(status) + junit(reports)).judged(status)

    return Stage(f"molecule {path.name}", run)


def _folder(path: Path) -> Stage:
    def run(log: Log) -> Tally:
        command: Command = [BIN / "python", "-B", "-m", "pytest", "-p", "no:cacheprovider", path]
        hosts.up(HOSTS, fresh=True)
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
