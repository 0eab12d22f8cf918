# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one mechanism or several, all or nothing. Private to the collection."""

import os
from contextlib import ExitStack, contextmanager
from typing import (
    TYPE_CHECKING,
    Callable,
    Dict,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    TypeVar,
)

from .._files import lock, reading
from .._files.reading import Change
from .._once import Once
from .._refusal import BadOption, Refusal
from .._results import check_usable
from .mechanism import Asked, Found, Mechanism, Params, Planned, Proven, Result, Step
from .stopping import Stopped, stopping

if TYPE_CHECKING:
    from .write import Done

__all__ = ["Job", "Outcome", "run", "run_one"]

_Before = TypeVar("_Before", bound=Step)
_After = TypeVar("_After", bound=Step)


class Job(NamedTuple):
    """A mechanism, and the options that a run has for it."""

    mechanism: Mechanism
    params: Params

    @property
    def known(self) -> Result:
        """Return what is known before anything was looked at."""
        return {}


class Outcome(NamedTuple):
    """What a run did, or would do in check mode: results by the names of the mechanisms.

    One that was ``stopped`` has changed nothing, or says what it could not bring back.
    """

    results: Dict[str, Result]
    changed_files: List[str]
    diff: List[Dict[str, str]]
    warnings: List[str]
    stopped: Optional[Stopped] = None


class _Alone(NamedTuple):
    """No other run works on these folders; ``notes`` tell what a killed one had left there.

    ``tidy``: nothing of that is left. A run in check mode cannot see to it.
    """

    tidy: bool
    notes: List[str]


def run_one(mechanism: Mechanism, params: Params, check_mode: bool) -> Result:
    """Run a mechanism by itself; return the result of its module, ``failed`` where it cannot."""
    outcome = run([Job(mechanism, params)], check_mode)
    result = dict(outcome.results[mechanism.NAME], diff=outcome.diff, warnings=outcome.warnings)
    if outcome.stopped:
        ending = "" if outcome.stopped.undone else f" {outcome.stopped.nothing} was changed."
        result.update(failed=True, msg=f"{outcome.stopped}{ending}")
    return result


def run(jobs: Sequence[Job], check_mode: bool) -> Outcome:
    """Put in force what all of them ask for, or change nothing."""
    try:
        return _run({job.mechanism.NAME: job for job in jobs}, check_mode)
    except Stopped as stopped:
        results = {}
        for job in jobs:
            name = job.mechanism.NAME
            results[name] = dict(job.mechanism.unknown(), **stopped.reached[name])
            # What a killed run had begun has been taken back, or completed, by this one.
            results[name]["changed"] = stopped.changed or bool(stopped.notes)
        return Outcome(results, [], [], stopped.notes + _warnings_of(results), stopped)


def _run(jobs: Mapping[str, Job], check_mode: bool) -> Outcome:
    once = Once()
    asked = _each(jobs, _asked)
    found = _each(asked, lambda step: step.look(once))
    _check_own(found)
    with _alone(found, check_mode) as alone:
        planned = _planned(found)
        changes = _merged([change for step in planned.values() for change in step.changes])
        if changes and alone.tidy:
            _each(planned, _safe)
        answered = _each(planned, lambda step: step.ask(changes))
        proven = _each(answered, lambda step: step.prove(changes))
        is_due = bool(changes) or any(step.is_due for step in proven.values())
        late: List[str] = []
        if check_mode or not is_due:
            results = _results(proven, lambda name: proven[name].result())
        else:
            done = _write(found, planned, proven)
            results, late = _kept(planned, done), done.warnings
        warnings = alone.notes + _warnings_of(results) + late
        if alone.notes and alone.tidy:  # a killed run's files were taken back, or completed
            results = {name: dict(result, changed=True) for name, result in results.items()}
        return Outcome(results, _paths(changes), reading.diff(changes), warnings)


def _each(steps: Mapping[str, _Before], take: Callable[[_Before], _After]) -> Dict[str, _After]:
    """Take the next step with each mechanism."""
    taken: Dict[str, _After] = {}
    for name, step in steps.items():
        reached: Dict[str, Step] = dict(steps)
        reached.update(taken)
        with stopping(name, reached):
            taken[name] = take(step)
    return taken


def _asked(job: Job) -> Asked:
    try:
        check_usable(job.params)
        return job.mechanism.options(job.params)
    except BadOption as error:
        error.anywhere = True
        raise


def _check_own(found: Mapping[str, Found]) -> None:
    """Refuse that two mechanisms have one file for their own."""
    wanted: Dict[str, str] = {}
    for name, step in found.items():
        with stopping(name, found):
            for path in list(step.own) + list(step.shared):
                other = wanted.get(path)
                if other and other != name and (path in step.own or path in found[other].own):
                    raise Refusal(
                        f"{reading.shown(path)} is what {other} changes: it cannot be {name}'s too."
                    )
                wanted[path] = name


@contextmanager
def _alone(found: Mapping[str, Found], check_mode: bool) -> Iterator[_Alone]:
    """Be alone, and rid of what a killed run left; both for real runs."""
    homes = {os.path.realpath(step.home) for step in found.values() if os.path.isdir(step.home)}
    if check_mode:
        with stopping(None, found):
            journals = [journal for journal in map(reading.unfinished, sorted(homes)) if journal]
        notes = [
            f"{journal} is left from a run that was killed; a real run first takes it back or"
            " completes it."
            for journal in journals
        ]
        yield _Alone(not journals, notes)
        return
    with ExitStack() as locks:
        with stopping(None, found):
            notes = _lock(homes, locks)
        try:
            yield _Alone(True, notes)
        except Stopped as stopped:
            stopped.notes = notes
            raise


def _lock(homes: Set[str], locks: ExitStack) -> List[str]:
    """Lock the folders, and all in which a run was killed that had begun in one of them."""
    while True:
        with ExitStack() as held:
            for home in sorted(homes):  # everybody in this order, so that nobody waits for ever
                held.enter_context(lock.locked(home))
            left = [home for home in sorted(homes) if reading.unfinished(home)]
            others = _others(left) - homes
            if not others:
                locks.callback(held.pop_all().close)
                return _recovered(left)
        homes = homes | others


def _others(left: Sequence[str]) -> Set[str]:
    if not left:
        return set()
    from .._files import journal

    homes = [other for home in left for other in journal.homes_left(home)]
    return {os.path.realpath(home) for home in homes if os.path.isdir(home)}


def _recovered(left: Sequence[str]) -> List[str]:
    if not left:
        return []
    from .._files import journal

    return journal.recover(left)


def _planned(found: Mapping[str, Found]) -> Dict[str, Planned]:
    """Plan for one after the other, each on top of what those before it change."""
    changes: List[Change] = []

    def plan(step: Found) -> Planned:
        planned = step.plan(tuple(changes))
        changes[:] = _merged(changes + planned.changes)
        return planned

    return _each(found, plan)


def _merged(changes: Sequence[Change]) -> List[Change]:
    """Return one change for each file: the last one, which was planned on top of the others."""
    return list({change.snapshot.real_path: change for change in changes}.values())


def _safe(step: Planned) -> Planned:
    """Refuse what nobody should write to, before anything is."""
    from .._files.safety import check_safe

    for change in step.changes:
        check_safe(change)
    return step


def _write(
    found: Mapping[str, Found], planned: Mapping[str, Planned], proven: Mapping[str, Proven]
) -> "Done":
    """Write what is proven, in the order in which it is safe to."""
    from . import write

    homes = [found[name].home for name, step in planned.items() if step.changes]
    kept = {path for step in planned.values() if step.backup for path in _paths(step.changes)}
    changes: List[Change] = []
    owners: Dict[str, str] = {}
    for name, step in proven.items():
        with stopping(name, proven):
            changes += step.ordered()
        for change in planned[name].changes:
            owners.setdefault(change.snapshot.real_path, name)
    return write.write(proven, list(dict.fromkeys(homes)), _merged(changes), kept, owners)


def _results(steps: Mapping[str, Step], tell: Callable[[str], Result]) -> Dict[str, Result]:
    results = {}
    for name in steps:
        with stopping(name, steps):
            results[name] = tell(name)
    return results


def _kept(planned: Mapping[str, Planned], done: "Done") -> Dict[str, Result]:
    """Return the results of a run that has written, and may not fail any more."""

    def tell(name: str) -> Result:
        paths = [path for path in _paths(planned[name].changes) if path in done.backups]
        return done.written[name].result([done.backups[path] for path in paths])

    try:
        return _results(done.written, tell)
    except Stopped as stopped:
        stopped.after_undo(f"{stopped} What was asked for is written.", changed=True)
        raise


def _paths(changes: Sequence[Change]) -> List[str]:
    return [change.snapshot.real_path for change in changes]


def _warnings_of(results: Mapping[str, Result]) -> List[str]:
    """Take the warnings out of results."""
    warnings: List[str] = []
    for result in results.values():
        own = result.pop("warnings", [])
        warnings += own if isinstance(own, list) else []
    return list(dict.fromkeys(warnings))  # what two have to say is said once
