"""Units under the oldest Python that this machine has, with the oldest ansible-core supported."""

import dataclasses
import glob
import os
import pwd
import subprocess
import sys
from pathlib import Path

from tools.collection import COLLECTION, TOP

from .stage import BIN, OUTPUT, Command, Log, Stage
from .tally import Tally, junit

OLDEST_TARGET = (3, 6)
OLDEST_CORE = "2.16.19"
REQUIREMENTS = TOP / "tests" / "requirements-target.txt"
# The last pip for 3.6; what Python 3.6 brings along ignores which release is made for it.
PIP_FOR_36 = "pip==21.3.1"
UNITS = "tests/unit"
# Whole modules, each run of which is a process; and all that needs none.
OF_MODULES, OF_UTILS = f"{UNITS}/plugins/modules", f"{UNITS}/plugins/module_utils"
OF_CONTROLLER = f"{UNITS}/plugins/plugin_utils"
# The rules about which room knows which.
OF_HOUSE = f"{UNITS}/test_house.py"
# Files whose tests leave shells alone for a second or more, and in how many parts they are run.
WATCHING, PARTS = ("test_shell_tmout.py", "test_timeout_info.py", "test_timeouts.py"), 3
# Of a quick run: tests that mostly wait, and those that work. The first cost nothing beside the
# second.
WAITING, WORKING = ("-m", "waits and not thorough"), ("-m", "not waits and not thorough")
Version = tuple[int, int]


def newest_units(folder: str = UNITS, which: tuple[str, ...] = ()) -> Stage:
    """Plain pytest in .venv: quicker than ansible-test, which makes an environment first."""
    name = _name(folder, "{}.{}".format(*sys.version_info))
    name += " that wait" if which == WAITING else ""
    return Stage(name, lambda log: _pytest(log, BIN / "python", "", folder, which))


def newest_units_of_each(folder: str, which: tuple[str, ...]) -> list[Stage]:
    """A stage for each file of the folder, the largest first: it takes longest.

    Of those that watch idle shells, some at once: each of their tests waits for seconds.
    """
    files = sorted((TOP / folder).glob("test_*.py"), key=lambda path: -path.stat().st_size)
    stages = []
    for path in files:
        parts = PARTS if path.name in WATCHING else 1
        for part in range(1, parts + 1):
            some = ("--part", f"{part}/{parts}") if parts > 1 else ()
            stage = newest_units(f"{folder}/{path.name}", which + some)
            name = f"{stage.name}, part {part} of {parts}" if some else stage.name
            stages.append(dataclasses.replace(stage, name=name))
    return stages


def oldest_units(folder: str = UNITS, which: tuple[str, ...] = ()) -> Stage:
    version, python = oldest()
    name = _name(folder, "{}.{} with core 2.16".format(*version))
    return Stage(name, lambda log: _oldest_units(log, version, python, folder, which))


def _name(folder: str, version: str) -> str:
    part = Path(folder.removeprefix(UNITS)).stem.removeprefix("test_")
    return f"units{' of ' + part if part else ''} on Python {version}"


def oldest() -> tuple[Version, str]:
    """The oldest Python that is on the PATH, or beside the one that is."""
    return min(_found().items())


def newest() -> tuple[Version, str]:
    """The newest of them."""
    return max(_found().items())


def _found() -> dict[Version, str]:
    found: dict[Version, str] = {}
    for candidate in _candidates():
        version = _version(candidate)
        if version and version >= OLDEST_TARGET:
            found.setdefault(version, candidate)
    return found


def _candidates() -> list[str]:
    """Version managers keep Pythons side by side, and only one of them on the PATH."""
    folders = os.get_exec_path()
    for prefix in {_prefix(f"{folder}/python3") for folder in os.get_exec_path()} - {""}:
        folders += glob.glob(f"{prefix}/../*/bin")
    names = [name for folder in folders for name in glob.glob(f"{folder}/python3.*")]
    return [sys.executable, *[name for name in names if name.rpartition(".")[2].isdigit()]]


def _prefix(python: str) -> str:
    """Where a Python is installed; that of a virtual environment is not the only one on a PATH."""
    ask = [python, "-c", "import sys; print(sys.base_prefix)"]
    home = {**os.environ, "HOME": pwd.getpwuid(os.getuid()).pw_dir}  # a stage has one of its own
    try:
        return subprocess.run(
            ask, capture_output=True, text=True, check=False, env=home
        ).stdout.strip()
    except OSError:
        return ""


def _version(python: str) -> Version | None:
    ask = [python, "-c", "import sys, venv, ensurepip; print(*sys.version_info[:2])"]
    try:
        done = subprocess.run(ask, capture_output=True, text=True, timeout=20, check=False)
        major, minor = done.stdout.split()
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return int(major), int(minor)


def _oldest_units(
    log: Log, version: Version, python: str, folder: str, which: tuple[str, ...]
) -> Tally:
    core = TOP / ".cache" / f"core-{OLDEST_CORE}"
    if not core.exists():
        log.call(
            [
                BIN / "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--target",
                core,
                f"ansible-core=={OLDEST_CORE}",
            ]
        )
    tally = _pytest(log, _environment_of(log, version, python), str(core), folder, which)
    if version > OLDEST_TARGET:
        why = "no Python 3.6 on this machine; the oldest here is {}.{}".format(*version)
        tally.skips.append(f"units on Python 3.6: {why}")
    return tally


def _environment_of(log: Log, version: Version, python: str) -> Path:
    """A virtual environment kept in the cache; the pinned packages are its only ones."""
    folder = TOP / ".cache" / "python{}.{}".format(*version)
    done = folder / "requirements.txt"
    if not done.exists() or done.read_text() != REQUIREMENTS.read_text():
        log.call([python, "-m", "venv", "--clear", folder])
        if version == (3, 6):
            log.call([folder / "bin/python", "-m", "pip", "install", "--quiet", PIP_FOR_36])
        pip: Command = [
            folder / "bin/python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "-r",
            REQUIREMENTS,
        ]
        if not log.call(pip):
            done.write_text(REQUIREMENTS.read_text())
    return folder / "bin" / "python"


def _pytest(
    log: Log, python: Path, path: str, folder: str = UNITS, which: tuple[str, ...] = ()
) -> Tally:
    report = OUTPUT / f"{log.path.stem}.xml"
    report.unlink(missing_ok=True)
    command: Command = [
        python,
        "-B",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        folder,
        *which,
        f"--junitxml={report}",
    ]
    status = log.call(command, COLLECTION, PYTHONPATH=path)
    return junit([report] if report.exists() else []).judged(status)
