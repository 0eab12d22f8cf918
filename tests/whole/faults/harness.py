"""Make a real program fail, or die, at every system call that touches a tree of files.

The calls are not listed by hand: a clean run under strace tells them. For each of them the
program runs again on a fresh tree while strace makes this one call fail, or ends the program as
it enters it. What must hold then:

* a failed call: the tree is, byte for byte, the old one (and the program says that it failed) or
  the new one, with nothing left over;
* calls that keep failing, or a kill: each file is the old one or the new one, whole, and in the
  order in which they are written there is no gap; what is in force is the old or the new value,
  for each thing that is asked; a failure names each file that it could not bring back;
* after each of these the next run finishes the work, and leaves nothing over; where it is a run
  of another program that shares some of the files, it does what it would have done on the old tree,
  or finds the new one, and may leave what tells of a run in the folders that are not its own.

How often a program makes a call differs a little from run to run: a fault that comes at a call
that names nothing of the tree, such as one of an import, is not judged, and tried again.
"""

import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from .calls import (
    ERRORS,
    SIGNALS,
    Fault,
    Point,
    calls_in,
    faults_at,
    further,
    met_at,
    points_at,
    sampled,
)
from .trees import State, contents, differences, is_private, state_of

TIME_LIMIT_SECONDS = 120
# In memory if possible: thousands of runs, each of which syncs to disk a dozen times.
FAST_FOLDER = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None

# A run has /run for itself: what it locks there is no business of the runs beside it. Nor is what
# listens on the machine: to find out whether that is an sshd takes as many calls as there are
# processes.
PRIVATE = (
    "unshare", "-m", "--propagation", "private", "sh", "-c",
    'mount -t tmpfs -o mode=755 none /run && mkdir /run/sshd && exec "$@"', "sh",
)  # fmt: skip
# How often a fault is tried that comes at another call than it was meant for; more often where
# the program looks at all processes, of which there is another number each time.
ATTEMPTS = 6
ATTEMPTS_AMONG_PROCESSES = 40
# What a run says that has failed, and changed nothing.
AS_BEFORE = ("The files are as they were.", "Nothing was changed")
# What a run begins with that works in several folders, in each of them, before it does anything.
ELSEWHERE = (".curfew.session.journal.draft", ".curfew.session.journal.elsewhere")
# How the way to a question ends where it is not even asked; no shell and no sshd ends so.
NOT_ASKED = 99

Result = subprocess.CompletedProcess[str]
# What is in force: a value for each thing that is asked; nothing where nobody could log in.
InForce = Mapping[str, str]
# What starts a program on a tree.
Command = Callable[[Path], Sequence[str]]


@dataclass
class Drill:
    """A program, the tree that it works on, and what may be left after a fault.

    `order` names the files in the order in which they are written. A program that undoes what it
    does (`ends_old`) tells by `writing` which command shows the new tree; one that starts on what
    a killed run left tells by `original` how the old tree is built. Without `looking` only the
    calls that change something are drilled. Only the program is drilled, never its children.
    `probe` asks what is in force on a tree, after each end that may leave something half done;
    `between` holds the other values that are allowed while some files are old and some are new.
    `others` are programs of which the next run may be one: they take turns with the program.
    `scratch` is where it makes folders for temporary files, which the next run sweeps; each tree
    has its own there, or what one run leaves would make calls of another. With ``network`` it sees
    what listens on the machine.
    Of many faults only about `sample` are tried, or every `every`-th.
    """

    build: Callable[[Path], None]
    command: Command
    order: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    watch: Sequence[str] = ()
    ends_old: bool = False
    writing: Command | None = None
    original: Callable[[Path], None] | None = None
    errors: Sequence[str] = ERRORS
    looking: bool = True
    probe: Callable[[Path], InForce] | None = None
    between: Mapping[str, Sequence[str]] = field(default_factory=dict)
    others: Sequence[Command] = ()
    scratch: Path | None = None
    network: bool = False
    every: int = 1
    sample: int | None = None
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def run(self, workers: int | None = None) -> None:
        """Try every fault; `counts` and `broken` tell the result."""
        with tempfile.TemporaryDirectory(prefix="faults-", dir=FAST_FOLDER) as work:
            self.here = Path(work, "here")  # a program may try its own folder for temporary files
            self.here.mkdir()
            points = self._clean_run(Path(work))
            faults = list(faults_at(points, self.errors, self.looking))
            self.counts.update(points=len(points), changing=sum(p.changes for p in points))
            all_faults = len(faults)
            faults = sampled(faults, self.sample) if self.sample else faults[:: self.every]
            self.counts["left out"] = all_faults - len(faults)
            jobs = [
                (fault, Path(work) / f"run-{i}", turn)
                for i, (fault, turn) in enumerate(zip(faults, _turns(faults), strict=True))
            ]
            with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
                tried = pool.map(lambda job: self._try(*job), jobs)
                for fault, wrong in zip(faults, tried, strict=True):
                    self.counts.update([fault.sort, "tried", "broken" if wrong else "held"])
                    self.broken.extend(wrong)
            self.broken.extend(self._left_in_scratch(Path(work, "last")))

    def _left_in_scratch(self, tree: Path) -> list[str]:
        if not self.scratch:
            return []
        self._run(self.command, self._fresh(tree))
        left = [path for path in self.scratch.glob("*/*") if path.name.startswith("curfew")]
        return [f"{path} is left by a run that was killed" for path in left]

    def _keep_scratch(self, tree: Path) -> None:
        """What a tree's runs left in their scratch is the last run's to sweep."""
        for path in self.scratch.glob(f"{tree.name}/*") if self.scratch else ():
            (self.scratch / "last").mkdir(exist_ok=True)
            path.rename(self.scratch / "last" / path.name)

    def _clean_run(self, work: Path) -> list[Point]:
        tree = self._fresh(work / "shown", self.original)
        self.old = state_of(tree)
        result = self._run(self.writing or self.command, tree)
        assert result.returncode == 0, result.stdout + result.stderr
        self.new = state_of(tree)
        self.in_force = {"new": self.probe(tree)} if self.probe else {}
        # What the next run does with the new tree, and with the old one, is told once for all.
        self.after_new = [] if self.ends_old else self._next_run(tree, self.command, [self.new])
        if self.writing:  # what is loaded for the first time is compiled, and makes other calls
            self._run(self.command, self._fresh(work / "compiled"))
        tree = self._fresh(work / "clean")
        if self.probe:
            self.in_force["old"] = self.probe(tree)
            assert all(self.in_force.values()), "nobody can log in, without any fault"
        log = work / "trace"
        result = self._run(self.command, tree, "strace", "-f", "-s", "0", "-y", "-o", str(log))
        assert "Traceback" not in result.stderr, result.stderr
        wanted = self.old if self.ends_old else self.new
        assert state_of(tree) == wanted, differences(wanted, state_of(tree)) + result.stdout
        self.nexts = [(self.command, [wanted])]
        self.nexts += [(command, [self._alone(work, command), wanted]) for command in self.others]
        own, self.of_children = calls_in(log.read_text(errors="replace"))
        return list(points_at(own, self._prefixes(tree)))

    def _alone(self, work: Path, command: Command) -> State:
        tree = self._fresh(work / "alone")
        self._run(command, tree).check_returncode()
        state = state_of(tree)
        shutil.rmtree(tree)
        return state

    def _prefixes(self, tree: Path) -> list[str]:
        """What a call names that is about the tree."""
        return [str(tree), "/run/curfew", *self.watch]

    def _names_tree(self, line: str, tree: Path) -> bool:
        # Whether the arguments are a file is asked of their text, which names the tree, too.
        is_arguments = "ANSIBLE_MODULE_ARGS" in line
        return not is_arguments and any(prefix in line for prefix in self._prefixes(tree))

    def _fresh(self, tree: Path, build: Callable[[Path], None] | None = None) -> Path:
        tree.mkdir(mode=0o700)
        (build or self.build)(tree)
        return tree

    def _run(self, command: Command, tree: Path, *before: str) -> Result:
        environment = dict(self.environment)
        if self.scratch:
            (self.scratch / tree.name).mkdir(exist_ok=True)
            environment["TMPDIR"] = str(self.scratch / tree.name)
        return subprocess.run(
            [
                *before,
                *PRIVATE[:1],
                *([] if self.network else ["-n"]),
                *PRIVATE[1:],
                *command(tree),
            ],
            cwd=self.here,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=TIME_LIMIT_SECONDS,
        )

    def _try(self, fault: Fault, tree: Path, turn: int) -> list[str]:
        """Again, where the fault was not met: how often a pipe is read differs from run to run."""
        place = 0
        for attempt in range(ATTEMPTS_AMONG_PROCESSES if self.network else ATTEMPTS):
            trace, wrong = self._once(fault.moved(place), tree, turn)
            line = met_at(fault, trace)
            is_met = self._names_tree(line, tree)
            if is_met or wrong:
                break
            seen = further(fault, trace, self._prefixes(tree))
            place = seen if seen is not None else place + attempt
        wrong += [] if is_met else [f"the fault was never met, but at {line}"]
        return [f"{fault}: {sentence}" for sentence in wrong]

    def _once(self, fault: Fault, tree: Path, turn: int) -> tuple[str, list[str]]:
        self._fresh(tree)
        before = state_of(tree, times=True)
        log = tree.with_suffix(".trace")
        options = ["-qq", "-s", "0", "-y", "-o", str(log)]
        options += ["-e", f"trace={','.join(sorted(fault.calls))}"]
        options += [word for injection in fault.injections for word in ("-e", injection)]
        if not fault.is_signal and not fault.calls & self.of_children:
            # Stops at this call only, which is four times as fast; but strace 6.1 sends no signal
            # in this mode, and it reaches the children too.
            options += ["-f", "--seccomp-bpf"]
        result = self._run(self.command, tree, "strace", *options)
        trace = log.read_text(errors="replace")
        line = met_at(fault, trace)
        is_judged = not line or self._names_tree(line, tree)
        wrong = self._verdict(fault, before, tree, result) if is_judged else []
        wrong += self._later(before, tree, turn) if is_judged else []
        self._keep_scratch(tree)
        shutil.rmtree(tree)
        log.unlink()
        return trace, wrong

    def _verdict(self, fault: Fault, before: State, tree: Path, result: Result) -> list[str]:
        said = result.stderr.strip().split("\n")
        ended = result.returncode < 0  # by a signal
        # Where nothing can be opened any more, Python itself cannot load its own modules.
        judged = "Traceback" in result.stderr and not fault.how.endswith("+") and not ended
        wrong = [f"traceback: {said[-1]}"] if judged else []
        now = state_of(tree)
        wrong += self._claims(now, result)
        if fault.how in (*ERRORS, *SIGNALS) and not (
            ended or (result.returncode and self.original)
        ):
            untouched = state_of(tree, times=True) == before
            if result.returncode and not untouched:
                wrong.append(f"failed, but is not the old tree: {differences(self.old, now)}")
            if not result.returncode and now != self.new and not self.ends_old:
                wrong.append(f"succeeded, but: {differences(self.new, now)}")
            return wrong
        if fault.how.endswith("!"):
            wrong += self._names_the_rest(now, result)
        return wrong + self._each_whole(now) + self._in_force(now, tree)

    def _claims(self, now: State, result: Result) -> list[str]:
        """A run that says of the files that they are as they were is right."""
        said = [claim for claim in AS_BEFORE if claim in result.stdout]
        names = {name for name in [*self.old, *now] if not is_private(name)}
        changed = [name for name in names if contents(now, name) != contents(self.old, name)]
        if not said or not changed or self.original:
            return []
        return [f"says {said[0]!r} of {sorted(changed)}: {result.stdout}"]

    def _names_the_rest(self, now: State, result: Result) -> list[str]:
        """A run that cannot undo says which files are not as it says."""
        wanted = self.old if result.returncode or self.ends_old else self.new
        names = {name for name in [*self.old, *self.new] if not is_private(name)}
        if self.original and all(contents(now, n) == contents(self.new, n) for n in names):
            return []  # what had been proven stays, and there is nothing to restore
        return [
            f"does not say that {name} is not restored: {result.stdout}{result.stderr[-300:]}"
            for name in sorted(names)
            if contents(now, name) != contents(wanted, name)
            and f"/{Path(name).name}" not in result.stdout
        ]

    def _in_force(self, now: State, tree: Path) -> list[str]:
        """Somebody can log in, and gets the old or the new value; which of them is counted."""
        if not self.probe:
            return []
        said = self.probe(tree)
        if not said:
            return ["nobody can log in"]
        old, new = self.in_force["old"], self.in_force["new"]
        is_one = now in (self.old, self.new)
        kind = next((name for name, held in self.in_force.items() if held == said), "mixed")
        other = [name for name in said if said[name] not in (old[name], new[name])]
        self.counts["in force: " + ("documented" if other else kind)] += 1
        return [
            f"in force for {name} is {said[name]}, not {old[name]} or {new[name]}"
            for name in other
            if is_one or said[name] not in self.between.get(name, ())
        ]

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

    def _later(self, before: State, tree: Path, turn: int) -> list[str]:
        """The next run finishes. On just the old tree that is the clean run, seen before."""
        if state_of(tree, times=True) == before:
            return []
        if not self.ends_old and state_of(tree) == self.new:
            return self.after_new
        self.counts["next runs"] += 1
        command, ends = self.nexts[turn % len(self.nexts)]
        if command is self.command:
            return self._next_run(tree, command, ends)
        wrong = self._next_run(tree, command, ends, ignoring=ELSEWHERE)
        return wrong or self._next_run(tree, *self.nexts[0])

    def _next_run(
        self, tree: Path, command: Command, ends: Sequence[State], ignoring: tuple[str, ...] = ()
    ) -> list[str]:
        result = self._run(command, tree)
        now = {name: about for name, about in state_of(tree).items() if not name.endswith(ignoring)}
        if now in ends and "Traceback" not in result.stderr:
            return []
        said = result.stdout + result.stderr
        return [f"the next run does not finish: {differences(ends[0], now)} {said}"]


def _turns(faults: Sequence[Fault]) -> Iterator[int]:
    """Numbers that differ from one fault to the next of its sort."""
    seen: Counter[str] = Counter()
    for fault in faults:
        seen[fault.sort] += 1
        yield seen[fault.sort]
