"""The system calls of a run as strace tells them, and the faults to inject at them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

ERRORS = ("ENOSPC", "EIO", "EROFS", "EACCES", "EMFILE")
SIGNALS = ("TERM", "INT", "HUP")
# What only looks; every other call that names the tree is taken to change it.
_LOOKING = re.compile(
    "open|openat|read|pread64|lseek|close|.*stat.*|access|faccessat2?|readlink|readlinkat"
    "|getdents64|ioctl|fcntl|flock|f?getxattr|lgetxattr|[fl]?listxattr|getcwd|chdir|dup|mmap|poll"
)
_WRITING_OPEN = re.compile("O_(WRONLY|RDWR|CREAT|TRUNC)")
# What an undo cannot do without.
_UNDOING = re.compile("(rename|link|unlink)(at2?)?")
_RANDOM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.)?[0-9a-f]{8}(?=~|\.(new|old)\b)")


@dataclass(frozen=True)
class Point:
    """The `number`-th time that the program makes this call; `undoing` counts others before it."""

    call: str
    number: int
    text: str
    changes: bool
    undoing: tuple[tuple[str, int], ...] = ()

    @property
    def what(self) -> str:
        """The names in the call, without what is random in them."""
        return without_random(" ".join(re.findall('["<](/[^">]*)[">]', self.text)))


@dataclass(frozen=True)
class Fault:
    """`how`: an error ("EIO"), from there on always ("EIO+"), then nothing can be undone either
    ("EIO!"), a signal that ends the run ("KILL"), or one that it may answer ("TERM")."""

    point: Point
    how: str

    @property
    def injections(self) -> list[str]:
        call, number = self.point.call, self.point.number
        if self.how in ("KILL", *SIGNALS):
            return [f"inject={call}:signal={self.how}:when={number}"]
        error = self.how.rstrip("+!")
        lasting = self.how.endswith("+") or (self.how.endswith("!") and _UNDOING.fullmatch(call))
        own = f"inject={call}:error={error}:when={number}{'+' if lasting else ''}"
        others = [] if self.how[-1] != "!" else [
            f"inject={name}:error={error}:when={before + 1}+"
            for name, before in self.point.undoing if name != call
        ]  # fmt: skip
        return [own, *others]

    @property
    def calls(self) -> set[str]:
        return {injection.split("=")[1].split(":")[0] for injection in self.injections}

    @property
    def sort(self) -> str:
        """The column in which the table counts it."""
        if self.how in ("KILL", *SIGNALS):
            return "kills" if self.how == "KILL" else "signals"
        if self.how[-1] in "+!":
            return "lasting"
        return "failures" if self.point.changes else "looks"

    def __str__(self) -> str:
        return f"{self.how} at {self.point.call} no. {self.point.number}: {self.point.text}"


def without_random(name: str) -> str:
    return _RANDOM.sub("RANDOM", name)


def calls_in(trace: str) -> tuple[list[tuple[str, str]], set[str]]:
    """The calls (name, line) of the program itself, and the names of those of its children."""
    lines = re.findall(r"^(\d+) +((\w+)\(.*)", trace, re.MULTILINE)
    program = lines[0][0]
    own = [(call, line) for process, line, call in lines if process == program]
    return own, {call for process, _line, call in lines if process != program}


def points_at(calls: Sequence[tuple[str, str]], prefixes: Iterable[str]) -> Iterator[Point]:
    """The calls that name something below one of the prefixes."""
    prefixes = list(prefixes)
    undoing = sorted({call for call, _line in calls if _UNDOING.fullmatch(call)})
    seen: Counter[str] = Counter()
    for call, line in calls:
        before = tuple((name, seen[name]) for name in undoing)
        seen[call] += 1
        own = call == "execve" or "ANSIBLE_MODULE_ARGS" in line  # is it the name of a file?
        if any(prefix in line for prefix in prefixes) and not own:
            looks = _LOOKING.fullmatch(call) and not _WRITING_OPEN.search(line)
            yield Point(call, seen[call], line, not looks, before)


def faults_at(points: Iterable[Point], errors: Sequence[str], looking: bool) -> Iterator[Fault]:
    """All errors, a kill and a signal wherever something changes.

    And where the program only looks, it cannot look: the first and the last time at each thing.
    """
    points = list(points)
    first_looks = {(point.call, point.what): point for point in reversed(points)}
    last_looks = {(point.call, point.what): point for point in points}
    looks = {*first_looks.values(), *last_looks.values()} if looking else set()
    changing = [point for point in points if point.changes]
    signals: Mapping[Point, str] = {
        point: SIGNALS[number % len(SIGNALS)] for number, point in enumerate(changing)
    }
    for point in points:
        here = ["EIO", "EMFILE"] if point in looks else []
        if point.changes:
            here = [*errors, "EIO+", "EIO!", "KILL", signals[point]]
        # Only a call that opens can run out of descriptors.
        yield from (Fault(point, h) for h in here if h != "EMFILE" or "open" in point.call)


def sampled(faults: Sequence[Fault], wanted: int) -> list[Fault]:
    """Some of each sort, spread over the run; at least two, so that none is left out."""
    chosen = []
    for sort in dict.fromkeys(fault.sort for fault in faults):
        group = [fault for fault in faults if fault.sort == sort]
        number = min(len(group), max(2, round(wanted * len(group) / len(faults))))
        # One further each time: the errors at a point come in the same order as at the next.
        places = {(k * len(group) // number + k) % len(group) for k in range(number)}
        chosen += [group[place] for place in sorted(places)]
    return chosen
