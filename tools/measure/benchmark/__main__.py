"""python -m tools.measure.benchmark: what a run costs, as ratios; a broken bound is red.

Two tables. The first weighs plays on hosts that already comply, in CPU seconds of the controller
and of the hosts together, since wall time depends on forks. The second weighs the module on large
configurations against what `sshd -T` itself takes.
"""

import argparse
import sys
from pathlib import Path

from tests.unit import private_mounts
from tools.lab.common import TOP

from . import large, plays

TABLE = TOP / "docs" / "benchmark.md"
HEAD = """# What a run costs

Made by `python -m tools.measure.benchmark --write`; no number in it is typed in. Ratios, since
seconds depend on the machine. `make test` measures again and is red where a bound does not hold.

What a run costs beside Python, Ansible and the way to the host: loading the code that asks, asking
sshd twice and each of seven login shells, and, on the controller, building the module and checking
the role's arguments.
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.measure.benchmark", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="of each play, in random order")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {TABLE.name}")
    options = parser.parse_args()
    tables = [plays.measure(options.repeats)]
    private_mounts.enter()  # for this machine's sshd; podman, above, wants its own /run
    tables.append(large.measure())
    text = "\n".join(table.markdown for table in tables)
    print(text)
    if options.write:
        Path(TABLE).write_text(f"{HEAD}\n{text}")
    broken = [line for table in tables for line in table.broken]
    for line in broken:
        print(f"broken bound: {line}")
    bounds = sum(table.bounds for table in tables)
    print(f"{bounds - len(broken)} passed, {len(broken)} failed")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
