"""What both kinds of fuzzing share: cases by number, disagreements, and how to make one small."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from .login_texts import ALL

# Files by name; those of one case belong together.
Files = dict[str, bytes]
MAX_TRIES = 200
# How many of the cases must at least have ended with an answer that was compared, by the beginning
# of what is counted. About 70 of 100 do for sshd, 50 for dash, 10 for trees of login files.
ANSWERED = {
    "sshd": {"taken by sshd": 0.3},
    "login": {
        **{f"{shell}: compared": 0.25 for shell in sorted(ALL)},
        **{f"tree, {shell}: compared": 0.01 for shell in sorted(ALL)},
    },
}


class Disagreement(NamedTuple):
    """What the program says, or did, and what the real one says, for these files."""

    number: int
    what: str
    files: Files

    def __str__(self) -> str:
        shown = "\n".join(f"    {name}: {data!r}" for name, data in sorted(self.files.items()))
        return f"case {self.number}: {self.what}\n{shown}"


@dataclass
class Result:
    """What came of a number of cases."""

    kind: str
    cases: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    constructs: Counter[str] = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)

    def add(self, other: "Result") -> None:
        self.cases += other.cases
        self.counts.update(other.counts)  # "+=" forgets what is 0
        self.constructs.update(other.constructs)
        self.disagreements += other.disagreements


def unanswered(result: Result) -> list[str]:
    """Which answers are missing: a run that hardly asked agrees with everything."""
    found = []
    for what, share in ANSWERED[result.kind].items():
        number = sum(n for name, n in result.counts.items() if name.startswith(what))
        wanted = int(share * result.cases)
        if number < wanted:
            found.append(f"{what}: {number} of {result.cases} cases, not {wanted} at least")
    return found if result.cases else ["no case was tried"]


class Fuzzer(Protocol):
    """One kind of case. Every case follows from the seed and its own number alone."""

    kind: str
    small: bool

    def run(self, seed: int, numbers: Sequence[int]) -> Result: ...


def rng_of(kind: str, seed: int, number: int) -> random.Random:
    return random.Random(f"{kind} {seed} {number}")


def smaller(files: Files, wrong: Callable[[Files], bool]) -> Files:
    """Leave out files and lines as long as something is wrong with what remains."""
    tries = MAX_TRIES
    found = True
    while found and tries > 0:
        found = False
        for candidate in _with_less(files):
            tries -= 1
            if tries < 0:
                break
            if wrong(candidate):
                files, found = candidate, True
                break
    return files


def _with_less(files: Files) -> list[Files]:
    names = list(files)
    less = [{n: files[n] for n in names if n != name} for name in names if len(names) > 1]
    for name in names:
        lines = files[name].split(b"\n")
        for width in (4, 2, 1):
            for at in range(0, len(lines), width):
                kept = b"\n".join(lines[:at] + lines[at + width :])
                if len(kept) < len(files[name]):
                    less.append({**files, name: kept})
    return less
