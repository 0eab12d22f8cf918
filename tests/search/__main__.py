"""Fuzz: python -m tests.search [sshd] [login] --count 20000, or --seconds 60.

The exit status is 0 only if nothing was found; what is found is printed as small as it can be made.
--plugins tries another copy of the collection's plugins, for instance one with a defect.
"""

import argparse
import itertools
import os
import random
import sys
import tempfile
import time
import types
from concurrent import futures
from pathlib import Path
from typing import Any

from tests.oracle import CannotBeAsked
from tests.unit import private_mounts

from .case import Result, unanswered

TOP = Path(__file__).resolve().parents[2]
PROCESSES = 2
BATCH = 10
TELL_SECONDS = 120  # a long run is seen to be alive
KINDS = ("sshd", "login")
_fuzzer: Any = None


def main() -> int:
    options = _options()
    try:
        private_mounts.enter()
        return _fuzz(options)
    except (CannotBeAsked, private_mounts.NotPossible) as why:
        print(f"\nthe real program cannot be asked: {why}", flush=True)
        return 2


def _fuzz(options: argparse.Namespace) -> int:
    share_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    print(f"seed {options.seed} (again: --seed {options.seed})", flush=True)
    found = 0
    for kind in options.kinds:
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="fuzz-", dir=share_memory) as folder:
            result = _run(kind, options, folder)
        print(_table(result, time.monotonic() - start), flush=True)
        found += len(result.disagreements)
        if found and options.first:
            break
        if unanswered(result):
            raise CannotBeAsked(f"{kind}: {'; '.join(unanswered(result))}")
    return 1 if found else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.search", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="sshd, login; default: both")
    parser.add_argument("--count", type=int, default=10**9, help="cases of each kind")
    parser.add_argument("--seconds", type=float, default=10**9, help="time for each kind")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--first", action="store_true", help="stop at the first one, as it is")
    parser.add_argument("--plugins", type=Path, default=TOP / "plugins")
    options = parser.parse_args()
    options.kinds = options.kinds or KINDS
    if not set(options.kinds) <= set(KINDS):
        parser.error(f"a KIND is one of {', '.join(KINDS)}")
    if options.count == 10**9 and options.seconds == 10**9:
        options.seconds = 60.0
    return options


def _run(kind: str, options: argparse.Namespace, folder: str) -> Result:
    """Keep the workers busy until time or cases are over; never many batches ahead of them."""
    total = Result(kind)
    deadline = time.monotonic() + options.seconds
    starts = iter(range(0, options.count, BATCH))
    arguments = (kind, options.plugins.resolve(), folder, not options.first)
    start = told = time.monotonic()
    with futures.ProcessPoolExecutor(PROCESSES, None, _start, arguments) as pool:
        running: set[futures.Future[Result]] = set()
        while True:
            for at in itertools.islice(starts, PROCESSES * 2 - len(running)):
                batch = range(at, min(at + BATCH, options.count))
                running.add(pool.submit(_batch, options.seed, batch))
            if not running:
                return total
            done, running = futures.wait(running, TELL_SECONDS, futures.FIRST_COMPLETED)
            for future in done:
                _take(future.result(), total)
            if time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                print(f"{kind}: {total.cases} cases, {len(total.disagreements)} disagreements, "
                      f"{told - start:.0f} s so far", flush=True)  # fmt: skip
            if time.monotonic() > deadline or (options.first and total.disagreements):
                starts = iter(())


def _take(result: Result, total: Result) -> None:
    total.add(result)
    for disagreement in result.disagreements:
        print(disagreement, flush=True)


def _start(kind: str, plugins: Path, folder: str, small: bool) -> None:
    """In each worker: find the plugins, and only then load what imports them."""
    global _fuzzer
    _make_importable(plugins)
    if kind == "sshd":
        from tests.search.sshd_oracle import find_sshd, throwaway_key

        from .sshd_check import Trees

        own = tempfile.mkdtemp(dir=folder)
        _fuzzer = Trees(find_sshd()._replace(extra=("-h", throwaway_key(own))), own)
    else:
        from .login_check import Logins

        _fuzzer = Logins(tempfile.mkdtemp(dir=folder))
    _fuzzer.small = small


def _batch(seed: int, numbers: range) -> Result:
    result: Result = _fuzzer.run(seed, numbers)
    return result


def _make_importable(plugins: Path) -> None:
    """Stand-ins for the packages above `plugins`, wherever it lies."""
    name = "ansible_collections"
    for part in ("", ".curfew", ".session"):
        name += part
        package = types.ModuleType(name)
        package.__path__ = [str(plugins.parent)]
        sys.modules[name] = package


def _table(result: Result, seconds: float) -> str:
    lines = [f"\n{result.kind}: {result.cases} cases, {len(result.disagreements)} disagreements,"
             f" {seconds:.0f} s"]  # fmt: skip
    for counter in (result.counts, result.constructs):
        lines += [f"{number:8}  {name}" for name, number in sorted(counter.items())]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
