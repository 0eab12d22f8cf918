"""Run the tests: python -m tools.suite [--quick]. The exit status is 0 only if all is well."""

import argparse
import concurrent.futures
import shutil
import sys
import time
from collections.abc import Sequence

from tools import collection
from tools.lab import hosts

from . import ansible_test, budget, lint, on_hosts, pythons, report, skips
from .stage import HOST_LOG, LIVE_LOG, OUTPUT, TOOK, Stage, perform
from .tally import Tally, live_sessions


def main() -> int:
    """Run the stages in their lanes, print the count."""
    parser = argparse.ArgumentParser(prog="python -m tools.suite", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="lint and units, without hosts")
    quick = parser.parse_args().quick
    start = time.monotonic()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    collection.build()
    total = _quick() if quick else _full()
    total += _left_out(total.skips)
    took = time.monotonic() - start
    for skip in total.skips:
        print(f"skipped: {skip}")
    for late in budget.passed(TOOK, took, quick):
        print(f"slow: {late}")
    print(f"took {took:.0f} s")
    print(f"{total.passed} passed, {total.failed} failed, {len(total.skips)} skipped")
    return 1 if total.failed or not total.passed else 0


def _quick() -> Tally:
    """Six at a time, since many of them watch idle shells; and beside them what only waits.

    Each unit once: what the modules share on the oldest Python, where it breaks first, whole
    modules on the newest. A full run has all on both, and what takes long.
    """
    waiting = pythons.newest_units(pythons.OF_MODULES, pythons.WAITING)
    working = [
        *lint.stages(),
        pythons.oldest_units(pythons.OF_UTILS, pythons.WORKING),
        pythons.newest_units(pythons.OF_UTILS, pythons.WAITING),
        *pythons.newest_units_of_each(pythons.OF_MODULES, pythons.WORKING),
        pythons.newest_units(pythons.OF_HOUSE),
        lint.ansible_lint(),
        pythons.newest_units(pythons.OF_CONTROLLER),
    ]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        done = pool.map(perform, working)
        return sum([perform(waiting), *done], Tally())


def _full() -> Tally:
    """One lane works on the hosts, one lints, one has the oldest Python; many tests only wait.

    The benchmark has the machine alone.
    """
    here = [
        *lint.stages(),
        lint.ansible_lint(),
        ansible_test.sanity(),
        ansible_test.units(),
        report.stage(),
        *on_hosts.offline(),
    ]
    try:
        total = _lanes(here, [pythons.oldest_units()], on_hosts.stages())
        total += _lanes(on_hosts.benchmark())
        return total + _really_ran()
    finally:
        if _made():
            hosts.down(_made())


def _lanes(*lanes: Sequence[Stage]) -> Tally:
    """The lanes side by side, the stages of each one after the other."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda lane: [perform(stage) for stage in lane], lanes))
    return sum((tally for lane in done for tally in lane), Tally())


def _really_ran() -> Tally:
    """Tell what really ran; a full run without a live session has proven nothing."""
    sessions = live_sessions(LIVE_LOG)
    sorts = ", ".join(f"{number} {what}" for what, number in sorted(sessions.items()))
    made = _made()
    print(f"\nhosts: {len(made)} ({', '.join(made) or 'none: that is a failure'})")
    print(f"live sessions: {sessions.total()} ({sorts or 'none: that is a failure'})")
    return Tally(failed=int(not sessions) + int(not made))


def _left_out(skipped: Sequence[str]) -> Tally:
    """A test that no longer finds what it needs must not pass for one that ran."""
    unexplained = skips.not_allowed(skipped)
    for skip in unexplained:
        print(f"FAIL skipped, though what it needs is installed first: {skip}")
    return Tally(failed=len(unexplained))


def _made() -> list[str]:
    """The hosts that let somebody in."""
    return sorted(set(HOST_LOG.read_text().split())) if HOST_LOG.exists() else []


if __name__ == "__main__":
    sys.exit(main())
