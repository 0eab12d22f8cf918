"""The system calls of a run as strace tells them, and the faults to inject at them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

ERRORS = ("ENOSPC", "EIO", "EROFS", "EACCES", "EMFILE")
SIGNALS = ("TERM", "INT", "HUP")
# What only looks; every other call that names the tree is taken to change it.
_LOOKING = re.compile(
    "open|openat|read|pread64|lseek|close|.*stat.*|access|faccessat2?|readlink|readlinkat"
    "|getdents64|ioctl|fcntl|flock|f?getxattr|lgetxattr|[fl]?listxattr|getcwd|chdir|dup|mmap|poll"
)
_CALL = re.compile(r"(\d+ +)?\w+\(")
_WRITING_OPEN = re.compile("O_(WRONLY|RDWR|CREAT|TRUNC)")
# What an undo cannot do without.
_UNDOING = re.compile("(rename|link|unlink)(at2?)?")
_RANDOM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.)?[0-9a-f]{8}(?=~|\.(new|old)\b)")


@dataclass(frozen=True)
class Point:
    """The `number`-th time that the program makes this call, and the `order`-th on the tree.

    `undoing` counts others before it.
    """

    call: str
    number: int
    text: str
    changes: bool
    order: int = 1
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

    def moved(self, further: int) -> "Fault":
        """The same, so many calls of its name later."""
        point = replace(self.point, number=max(1, self.point.number + further))
        return replace(self, point=point)

    @property
    def is_signal(self) -> bool:
        return self.how in ("KILL", *SIGNALS)

    @property
    def sign(self) -> str:
        """How strace tells of it: in the call's own line, or in one below."""
        if self.how == "KILL":
            return "+++ killed by SIGKILL"
        return f"--- SIG{self.how} " if self.is_signal else "(INJECTED)"

    @property
    def injections(self) -> list[str]:
        call, number = self.point.call, self.point.number
        if self.is_signal:
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
        if self.is_signal:
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


def met_at(fault: Fault, trace: str) -> str:
    """The line of the call at which the fault came; nothing where it never came."""
    call = ""
    for line in trace.split("\n"):
        call = line if _CALL.match(line) else call
        if fault.sign in line:
            return call
    return ""


def further(fault: Fault, trace: str, prefixes: Sequence[str]) -> int | None:
    """How many calls later than in the clean run this run made the one that is meant, if it did."""
    lines = re.findall(rf"^(?:\d+ +)?{fault.point.call}\(.*", trace, re.MULTILINE)
    places = [
        number
        for number, line in enumerate(lines, 1)
        if any(prefix in line for prefix in prefixes) and "ANSIBLE_MODULE_ARGS" not in line
    ]
    order, number = fault.point.order, fault.point.number
    return places[order - 1] - number if len(places) >= order else None


def points_at(calls: Sequence[tuple[str, str]], prefixes: Iterable[str]) -> Iterator[Point]:
    """The calls that name something below one of the prefixes."""
    prefixes = list(prefixes)
    undoing = sorted({call for call, _line in calls if _UNDOING.fullmatch(call)})
    seen: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for call, line in calls:
        before = tuple((name, seen[name]) for name in undoing)
        seen[call] += 1
        own = call == "execve" or "ANSIBLE_MODULE_ARGS" in line  # is it the name of a file?
        if any(prefix in line for prefix in prefixes) and not own:
            looks = _LOOKING.fullmatch(call) and not _WRITING_OPEN.search(line)
            named[call] += 1
            yield Point(call, seen[call], line, not looks, named[call], before)


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
