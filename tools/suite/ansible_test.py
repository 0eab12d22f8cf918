"""ansible-test: sanity and units, in the copy of the collection where it insists on working."""

import platform
import re
import shutil

from tools.collection import COLLECTION, TOP

from .stage import BIN, Command, Log, Stage
from .tally import Tally, junit

PYTHON = ".".join(platform.python_version_tuple()[:2])
# ansible-test downloads this script; pip's own way needs nothing from the network but PyPI.
GET_PIP = "get_pip_24_2.py"
ENSURE_PIP = "import ensurepip; ensurepip.bootstrap(upgrade=True)\n"


def sanity() -> Stage:
    return Stage("ansible-test sanity", _sanity)


def units() -> Stage:
    return Stage(f"units on Python {PYTHON}, by ansible-test", _units)


def _sanity(log: Log) -> Tally:
    """Each of its tests is one; those that cannot run here are skips."""
    status = _ansible_test(log, "sanity")
    ran = set(re.findall(r'^Running sanity test "(.+)"$', log.text, re.MULTILINE))
    listed = re.search(r"^FATAL: The \d+ sanity test.*\n((?:\S+\n)+)", log.text, re.MULTILINE)
    failed = (set(listed[1].split()) & ran) if listed else set()
    skips = re.findall(r"^WARNING: (Skipping .*|Required program .*)$", log.text, re.MULTILINE)
    unrun = len([skip for skip in skips if skip.startswith("Required program")])
    passed = len(ran) - len(failed) - unrun
    return Tally(passed, len(failed), sorted(set(skips))).judged(status)


def _units(log: Log) -> Tally:
    results = COLLECTION / "tests" / "output" / "junit"
    shutil.rmtree(results, ignore_errors=True)
    status = _ansible_test(log, "units", "--requirements")
    return junit(results.glob("*.xml")).judged(status)


def _ansible_test(log: Log, *arguments: str) -> int:
    cache = TOP / ".cache" / "home" / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / GET_PIP).write_text(ENSURE_PIP)
    command: Command = [
        BIN / "ansible-test",
        *arguments,
        "--venv",
        "--python",
        PYTHON,
        "--color",
        "no",
    ]
    return log.call(command, COLLECTION, PYTHONPATH="")
