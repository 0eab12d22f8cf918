"""Counting: what passed, what failed, what was skipped and why."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree


@dataclass
class Tally:
    """The count of one stage, or of all."""

    passed: int = 0
    failed: int = 0
    skips: list[str] = field(default_factory=list)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.passed + other.passed, self.failed + other.failed, self.skips + other.skips
        )

    def judged(self, status: int) -> "Tally":
        """A stage that exits with an error, or in which nothing ran, has failed."""
        if not self.failed and (status or not (self.passed or self.skips)):
            return Tally(self.passed, 1, self.skips)
        return self


def one(status: int) -> Tally:
    """A tool that is one test."""
    return Tally(passed=int(not status), failed=int(bool(status)))


def junit(files: Iterable[Path]) -> Tally:
    """What pytest wrote about each test."""
    total = Tally()
    for file in files:
        for case in ElementTree.parse(file).getroot().iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            skipped = case.find("skipped")
            if skipped is not None:
                total.skips.append(f"{name}: {skipped.get('message')}")
            elif case.find("failure") is not None or case.find("error") is not None:
                total.failed += 1
            else:
                total.passed += 1
    return total


def live_sessions(log: Path) -> Counter[str]:
    """How many sessions of each sort really ran."""
    lines = log.read_text().splitlines() if log.exists() else []
    return Counter(str(json.loads(line)["what"]) for line in lines)
