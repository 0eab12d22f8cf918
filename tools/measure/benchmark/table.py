"""A table of measurements, with the bounds that it must keep."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Table:
    """Rows of text under a title; `check` adds a bound and remembers it where it is broken."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    bounds: int = 0
    broken: list[str] = field(default_factory=list)

    def check(self, what: str, value: float, limit: float) -> None:
        self.bounds += 1
        if value > limit:
            self.broken.append(f"{what}: {value:.2f}, over {limit:.2f}")

    @property
    def markdown(self) -> str:
        lines = [f"## {self.title}", "", _row(self.columns), _row(["---"] * len(self.columns))]
        return "\n".join([*lines, *map(_row, self.rows), ""])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
