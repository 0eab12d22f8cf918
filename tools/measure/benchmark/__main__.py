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

The aim for the role is 1.3 times two pings, and it is missed: what is left is the price of asking
sshd and seven shells, of loading the code that does so from the module, and of building two
modules on the controller.
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.measure.benchmark", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="of each play, alternating")
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
