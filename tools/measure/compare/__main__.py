"""Write the table of docs/safety.md: python -m tools.measure.compare [--count 60] [--every 3].

The modules and the hand-written tasks get the same generated inputs and the same faults.
"""

import argparse
import concurrent.futures
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.unit import private_mounts
from tests.whole.faults.harness import Drill
from tests.whole.faults.test_module_faults import build_sshd, environment_in
from tests.whole.faults.test_tmout_faults import TEXTS, build
from tools.collection import TOP

from . import inputs, peers

DOC = TOP / "docs" / "safety.md"
BEGIN, END = "<!-- made by python -m tools.measure.compare -->\n", "<!-- end -->\n"
SEED = 3


def _build_etc(tree: Path) -> None:
    build(tree, TEXTS)
    peers.bring(tree)


TOOLS = {
    "`sshd_client_alive`": (peers.client_alive, inputs.sshd, build_sshd),
    "`lineinfile` with `validate`, twice": (peers.lineinfile, inputs.sshd, build_sshd),
    "`shell_tmout`": (peers.shell_tmout, inputs.logins, _build_etc),
    "`copy` of a drop-in": (peers.copy, inputs.logins, _build_etc),
}
OUTCOMES = (inputs.DONE, inputs.REFUSED, inputs.HALF, inputs.NOT_IN_FORCE, inputs.BROKEN)
# What the harness says, and what it means for the host.
HELD = "held"
FAULTS = {
    "files neither old nor new, or not what the tool said": (
        r"is neither old nor new|failed, but is not the old tree|succeeded, but|out of order"
    ),
    "the next run does not finish, or leaves something": r"the next run does not finish",
    "ends with a traceback": r"traceback:",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.measure.compare", description=__doc__)
    parser.add_argument("--count", type=int, default=60, help="generated inputs for each tool")
    parser.add_argument("--every", type=int, default=3, help="of all faults try every so many")
    options = parser.parse_args()
    private_mounts.enter()
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        environment = environment_in(Path(folder))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            asked = {
                name: pool.submit(ask, tool, options.count, SEED, environment)
                for name, (tool, ask, _build) in TOOLS.items()
            }
            outcomes = {name: future.result() for name, future in asked.items()}
        faults = {
            name: _faults(tool, make, options.every, environment)
            for name, (tool, _ask, make) in TOOLS.items()
        }
    table = _table(outcomes, OUTCOMES, "generated inputs") + "\n"
    table += _table(faults, (HELD, *FAULTS), "faults tried")
    text = DOC.read_text()
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    DOC.write_text(f"{text[:start]}{table}{text[end:]}")
    print(table)
    return 0


def _faults(
    tool: Callable[[Path], peers.Commands],
    make: Callable[[Path], None],
    every: int,
    environment: Mapping[str, str],
) -> Counter[str]:
    """Each command of a tool is drilled by itself, on a fresh tree."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        number = len(tool(Path(folder)))
    for at in range(number):
        drill = Drill(
            build=make,
            command=lambda tree, at=at: tool(tree)[at],
            order=(),
            environment=environment,
            watch=["/etc/", environment["TMPDIR"]],
            errors=("ENOSPC", "EIO"),
            looking=False,
            every=every,
        )
        drill.run()
        for what, regex in FAULTS.items():
            counts[what] += len({_fault(said) for said in drill.broken if re.search(regex, said)})
        counts[HELD] += drill.counts["held"]
        counts["all"] += drill.counts["tried"]
    return counts


def _fault(sentence: str) -> str:
    """Which fault the harness speaks of; one can break several things."""
    found = re.match(r"\S+ at \w+ no\. \d+", sentence)
    assert found, sentence
    return found[0]


def _table(rows: Mapping[str, Counter[str]], columns: tuple[str, ...], what: str) -> str:
    lines = [f"| {' | '.join(('', what, *columns))} |", "| --- " * (len(columns) + 2) + "|"]
    for name, counts in rows.items():
        total = counts.get("all", counts.total())
        cells = [name, str(total), *(str(counts[column]) for column in columns)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
