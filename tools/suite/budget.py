"""How long each stage may take on two cores that nobody else uses; a run tells which took longer.

A bound of its own for each: what grows shows in the run in which it grew, and not when all of them
together have broken a promise.
"""

from collections.abc import Mapping

# By the beginning of a stage's name, the first that fits; what a run of that name took, and a half.
SECONDS = {
    "ansible-lint": 25,
    "vermin": 5,
    "mypy": 15,  # 1 s where it has run before
    "units of modules": 100,  # those that wait
    "units of module_utils": 110,
    "units of shell_tmout": 90,
    "units of sshd_client_alive": 75,
    "units of timeout_info": 65,
    "units of timeouts": 45,
    "units of who_there_is": 25,
    "units of house": 10,
    "units of loaded": 10,
    "units of": 5,
    "units on Python": 900,  # beside each other, and the hosts
    "ansible-test sanity": 150,
    "images": 150,  # 3 s where they have been built before
    "molecule drills": 300,
    "molecule": 150,
    "tests of readme": 400,
    "tests of predictions": 360,
    "tests of field": 120,
    "tests of search": 180,
    "tests of faults": 240,
    "tests of": 120,
    "report in a browser": 60,
    "benchmark": 240,
    "": 5,
}
QUICK_SECONDS, FULL_SECONDS = 120, 25 * 60


def passed(took: Mapping[str, float], whole: float, quick: bool) -> list[str]:
    """A sentence for each stage, and for all of it, that took longer than it may."""
    bounds = {name: _of(name) for name in took}
    slow = [name for name, seconds in took.items() if seconds > bounds[name]]
    said = [f"{name}: {took[name]:.0f} s, and {bounds[name]} s are its budget" for name in slow]
    limit = QUICK_SECONDS if quick else FULL_SECONDS
    return said + ([f"all: {whole:.0f} s, and {limit} s are promised"] if whole > limit else [])


def _of(stage: str) -> int:
    return next(seconds for start, seconds in SECONDS.items() if stage.startswith(start))
