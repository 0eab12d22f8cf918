"""The linters; each is one test."""

import re
from collections.abc import Sequence
from pathlib import Path

from tools.collection import BUILD, TOP

from .stage import BIN, Log, Stage
from .tally import Tally, one

PLUGINS = "ansible_collections/curfew/session/plugins"
MYPY_CACHE = f"--cache-dir={TOP / '.cache' / 'mypy'}"
TYPED = (
    "tools/collection.py tools/lab tools/measure/behaviour tools/sandbox tools/suite "
    "tests/oracle.py tests/whole/audit tests/whole/controllers"
).split()


def stages() -> list[Stage]:
    """The quick ones first."""
    return [
        _tool("ruff", ["ruff", "check", "--no-cache", "."]),
        _tool("ruff format", ["ruff", "format", "--check", "--no-cache", "."]),
        _tool("yamllint", ["yamllint", "--strict", "."]),
        _tool(
            "vermin",
            ["vermin", "-q", "--target=3.6-", "--violations", "--no-tips", "plugins", "tests/unit"],
        ),
        _tool(
            "mypy of plugins",
            ["mypy", f"--config-file={TOP / 'pyproject.toml'}", MYPY_CACHE, PLUGINS],
            cwd=BUILD,
        ),
        _tool(
            "mypy of tools and tests",
            ["mypy", MYPY_CACHE, *TYPED],
        ),
        _tool("what-ends-a-session.md", ["python", "-m", "tools.measure.behaviour", "--check"]),
    ]


def ansible_lint() -> Stage:
    """A stage apart, because it takes as long as all the others."""
    return Stage("ansible-lint", _ansible_lint)


def _tool(name: str, command: Sequence[str], cwd: Path = TOP) -> Stage:
    def run(log: Log) -> Tally:
        return one(log.call([BIN / command[0], *command[1:]], cwd))

    return Stage(name, run)


def _ansible_lint(log: Log) -> Tally:
    """It is content with nothing to read, so the number of files counts too."""
    status = log.call([BIN / "ansible-lint", "--offline", "--nocolor"])
    files = re.search(r"(\d+) files processed|on (\d+) files", log.text)
    return one(status or (0 if files and files[0] and int(files[1] or files[2]) else 1))
