"""Make a real program fail, or die, at every system call that touches a tree of files.

The calls are not listed by hand: a clean run under strace tells them. For each of them the
program runs again on a fresh tree while strace makes this one call fail, or kills the program as
it enters it. What must hold then:

* a failed call: the tree is, byte for byte, the old one (and the program says that it failed) or
  the new one, with nothing left over;
* calls that keep failing, or a kill: each file is the old one or the new one, whole, and in the
  order in which they are written there is no gap;
* after each of these the next run finishes the work, and leaves nothing over.
"""

import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ERRORS = ("ENOSPC", "EIO", "EROFS", "EACCES", "EMFILE")
TIME_LIMIT_SECONDS = 120
# In memory if possible: thousands of runs, each of which syncs to disk a dozen times.
FAST_FOLDER = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None
# What only looks; every other call that names the tree is taken to change it.
_LOOKING = re.compile(
    "open|openat|read|pread64|lseek|close|.*stat.*|access|faccessat2?|readlink|readlinkat"
    "|getdents64|ioctl|fcntl|flock|f?getxattr|lgetxattr|[fl]?listxattr|getcwd|chdir|dup|mmap|poll"
)
_WRITING_OPEN = re.compile("O_(WRONLY|RDWR|CREAT|TRUNC)")
_RANDOM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.)?[0-9a-f]{8}(?=~|\.(new|old)\b)")

State = Mapping[str, tuple[object, ...]]
Result = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Point:
    """The `number`-th time that the program makes this call."""

    call: str
    number: int
    text: str
    changes: bool

    @property
    def what(self) -> str:
        """The names in the call, without what is random in them."""
        return _RANDOM.sub("RANDOM", " ".join(re.findall('["<](/[^">]*)[">]', self.text)))


@dataclass(frozen=True)
class Fault:
    point: Point
    how: str  # "EIO", "EIO+" (from there on always) or "KILL"

    @property
    def injection(self) -> str:
        when = f"{self.point.number}{'+' if self.how.endswith('+') else ''}"
        what = "signal=KILL" if self.how == "KILL" else f"error={self.how.rstrip('+')}"
        return f"inject={self.point.call}:{what}:when={when}"

    def __str__(self) -> str:
        return f"{self.how} at {self.point.call} no. {self.point.number}: {self.point.text}"


@dataclass
class Drill:
    """A program, the tree that it works on, and what may be left after a fault.

    `order` names the files in the order in which they are written. A program that undoes what it
    does (`ends_old`) tells by `writing` which command shows the new tree; one that starts on what
    a killed run left tells by `original` how the old tree is built. Without `looking` only the
    calls that change something are drilled. Only the program is drilled, never its children.
    `probe` asks what is in force on a tree, and says "" where nobody could log in; it is asked
    after each kill. Of many faults only every `every`-th is tried: a number that shares no factor
    with the sorts of faults at a point, so that each sort is met.
    """

    build: Callable[[Path], None]
    command: Callable[[Path], Sequence[str]]
    order: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    watch: Sequence[str] = ()
    ends_old: bool = False
    writing: Callable[[Path], Sequence[str]] | None = None
    original: Callable[[Path], None] | None = None
    errors: Sequence[str] = ERRORS
    looking: bool = True
    probe: Callable[[Path], str] | None = None
    every: int = 1
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def run(self, workers: int | None = None) -> None:
        """Try every fault; `counts` and `broken` tell the result."""
        with tempfile.TemporaryDirectory(prefix="faults-", dir=FAST_FOLDER) as work:
            points, self.old, self.new = self._clean_run(Path(work))
            faults = list(faults_at(points, self.errors, self.looking))
            self.counts.update(points=len(points), changing=sum(p.changes for p in points))
            if self.every > 1:
                self.counts["left out"] = len(faults) - len(faults[:: self.every])
                faults = faults[:: self.every]
            jobs = [(fault, Path(work) / f"run-{i}") for i, fault in enumerate(faults)]
            with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
                for result in pool.map(lambda job: self._try(*job), jobs):
                    self.broken.extend(result)
            self.counts.update("kills" if f.how == "KILL" else "failures" for f in faults)

    def _clean_run(self, work: Path) -> tuple[list[Point], State, State]:
        tree = self._fresh(work / "shown", self.original)
        old = state_of(tree)
        command = (self.writing or self.command)(tree)
        subprocess.run(command, env=self.environment, capture_output=True, check=True)
        new = state_of(tree)
        self.in_force = {self.probe(tree): "new"} if self.probe else {}
        tree = self._fresh(work / "clean")
        if self.probe:
            self.in_force.setdefault(self.probe(tree), "old")
            assert "" not in self.in_force, "nobody can log in, without any fault"
        log = work / "trace"
        result = self._strace(tree, ["-f", "-s", "0", "-y", "-o", str(log)])
        assert "Traceback" not in result.stderr, result.stderr
        own, self.of_children = calls_in(log.read_text(errors="replace"))
        return list(points_at(own, [str(tree), *self.watch])), old, new

    def _fresh(self, tree: Path, build: Callable[[Path], None] | None = None) -> Path:
        tree.mkdir(mode=0o700)
        (build or self.build)(tree)
        return tree

    def _strace(self, tree: Path, options: Sequence[str]) -> Result:
        return subprocess.run(
            ["strace", *options, *self.command(tree)],
            env=self.environment,
            capture_output=True,
            check=False,
            text=True,
            timeout=TIME_LIMIT_SECONDS,
        )

    def _try(self, fault: Fault, tree: Path) -> list[str]:
        self._fresh(tree)
        before = state_of(tree, times=True)
        log = tree.with_suffix(".trace")
        options = ["-qq", "-o", str(log), "-e", f"trace={fault.point.call}", "-e", fault.injection]
        if fault.how != "KILL" and fault.point.call not in self.of_children:
            # Stops at this call only, which is four times as fast; but strace 6.1 sends no signal
            # in this mode, and it reaches the children too.
            options += ["-f", "--seccomp-bpf"]
        result = self._strace(tree, options)
        wrong = self._verdict(fault, before, tree, result)
        killed = result.returncode in (-9, 137)
        if not killed if fault.how == "KILL" else "INJECTED" not in log.read_text():
            wrong.append("the fault was never met")
        wrong += self._next_run(tree)
        shutil.rmtree(tree)
        log.unlink()
        return [f"{fault}: {sentence}" for sentence in wrong]

    def _verdict(self, fault: Fault, before: State, tree: Path, result: Result) -> list[str]:
        said = result.stderr.strip().split("\n")
        # Where nothing can be opened any more, Python itself cannot load its own modules.
        judged = "Traceback" in result.stderr and not fault.how.endswith("+")
        wrong = [f"traceback: {said[-1]}"] if judged else []
        now = state_of(tree)
        if fault.how in ERRORS and not (result.returncode and self.original):
            untouched = state_of(tree, times=True) == before
            if result.returncode and not untouched:
                wrong.append(f"failed, but is not the old tree: {differences(self.old, now)}")
            if not result.returncode and now != self.new and not self.ends_old:
                wrong.append(f"succeeded, but: {differences(self.new, now)}")
            return wrong
        return wrong + self._each_whole(now) + self._still_works(tree)

    def _still_works(self, tree: Path) -> list[str]:
        """Somebody can log in; what is in force then is counted."""
        if not self.probe:
            return []
        said = self.probe(tree)
        self.counts[f"in force: {self.in_force.get(said, 'in between')}"] += bool(said)
        return [] if said else ["nobody can log in"]

    def _each_whole(self, now: State) -> list[str]:
        names = {name for name in [*self.old, *self.new, *now] if not is_private(name)}
        wrong = [
            f"{name} is neither old nor new"
            for name in sorted(names)
            if contents(now, name) not in (contents(self.old, name), contents(self.new, name))
        ]
        are_new = [contents(now, name) == contents(self.new, name) for name in self.order]
        if are_new != sorted(are_new, reverse=True):
            wrong.append(f"written out of order: {are_new}")
        return wrong

    def _next_run(self, tree: Path) -> list[str]:
        result = subprocess.run(
            self.command(tree),
            env=self.environment,
            capture_output=True,
            check=False,
            text=True,
            timeout=TIME_LIMIT_SECONDS,
        )
        now, wanted = state_of(tree), self.old if self.ends_old else self.new
        if now == wanted and "Traceback" not in result.stderr:
            return []
        said = result.stdout + result.stderr
        return [f"the next run does not finish: {differences(wanted, now)} {said}"]


def contents(state: State, name: str) -> tuple[object, ...] | None:
    """An entry without its count of names: a killed run may leave a second one."""
    entry = state.get(name)
    return entry and (*entry[:4], *entry[5:])


def calls_in(trace: str) -> tuple[list[tuple[str, str]], set[str]]:
    """The calls (name, line) of the program itself, and the names of those of its children."""
    lines = re.findall(r"^(\d+) +((\w+)\(.*)", trace, re.MULTILINE)
    program = lines[0][0]
    own = [(call, line) for process, line, call in lines if process == program]
    return own, {call for process, _line, call in lines if process != program}


def points_at(calls: Iterable[tuple[str, str]], prefixes: Iterable[str]) -> Iterable[Point]:
    """The calls that name something below one of the prefixes."""
    seen: Counter[str] = Counter()
    for call, line in calls:
        seen[call] += 1
        if any(prefix in line for prefix in prefixes) and call != "execve":
            looks = _LOOKING.fullmatch(call) and not _WRITING_OPEN.search(line)
            yield Point(call, seen[call], line, changes=not looks)


def faults_at(points: Iterable[Point], errors: Sequence[str], looking: bool) -> Iterable[Fault]:
    """All errors and a kill wherever something changes.

    And where the program only looks, it cannot look: the first and the last time at each thing.
    """
    points = list(points)
    first_looks = {(point.call, point.what): point for point in reversed(points)}
    last_looks = {(point.call, point.what): point for point in points}
    looks = {*first_looks.values(), *last_looks.values()} if looking else set()
    for point in points:
        here = ["EIO", "EMFILE"] if point in looks else []
        here = [*errors, "EIO+", "KILL"] if point.changes else here
        # Only a call that opens can run out of descriptors.
        yield from (Fault(point, h) for h in here if h != "EMFILE" or "open" in point.call)


def state_of(tree: Path, times: bool = False) -> State:
    """Every entry of a tree with what belongs to it, but random names and the tree's own."""
    state = {}
    for folder, folders, files in os.walk(tree):
        for name in folders + files:
            path = Path(folder, name)
            about = path.lstat()
            entry = [oct(about.st_mode), about.st_uid, about.st_gid]
            if stat.S_ISLNK(about.st_mode):
                entry.append(os.readlink(path))
            elif stat.S_ISREG(about.st_mode):
                data = path.read_bytes().replace(os.fsencode(tree), b"TREE")
                entry += [data, about.st_nlink, xattrs_of(path)]
                entry += [about.st_mtime_ns] if times else []
            state[_RANDOM.sub("RANDOM", str(path.relative_to(tree)))] = tuple(entry)
    return state


def xattrs_of(path: Path) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, os.getxattr(path, name)) for name in sorted(os.listxattr(path)))


def is_private(name: str) -> bool:
    return Path(name).name.startswith(".")


def differences(wanted: State, found: State) -> str:
    names = sorted(set(wanted) | set(found))
    return "; ".join(
        f"{name}: {wanted.get(name)} -> {found.get(name)}"
        for name in names
        if wanted.get(name) != found.get(name)
    )
