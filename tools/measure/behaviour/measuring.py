"""All cells at once: sessions wait most of the time."""

import concurrent.futures
import time
from typing import Any

from tools.lab import hosts, live
from tools.lab.common import LabError, say

from . import sandbox, situations
from .matrix import LIMITS, RELEASES, Cell, cells

Refused = dict[str, dict[str, str]]
TOGETHER = 140


def measured(wanted: list[Cell] | None = None) -> dict[str, Any]:
    """Make the hosts, measure, remove the hosts; what the page is made from."""
    todo = list(cells()) if wanted is None else wanted
    names = sorted({cell.host for cell in todo})
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(max_workers=TOGETHER) as pool:
        try:
            hosts.up(names, fresh=True)
            refused = dict(zip(names, pool.map(sandbox.prepare, names), strict=True))
            say(f"{len(names)} hosts are ready after {time.monotonic() - start:.0f} s;"
                f" {len(todo)} sessions")  # fmt: skip
            # The longest first, so that nothing has to be waited for at the end.
            todo.sort(key=lambda cell: -cell.watch)
            answers = dict(zip(todo, pool.map(lambda cell: _answer(cell, refused), todo),
                               strict=True))  # fmt: skip
            versions = {name.partition("-")[0]: sandbox.versions(name) for name in names}
        finally:
            hosts.down(names)
    failed = [f"{cell}: {said['failed']}" for cell, said in answers.items() if "failed" in said]
    if failed:
        raise LabError("not measured: " + "; ".join(failed))
    say(f"took {time.monotonic() - start:.0f} s")
    return {
        "limits": {name: limit.title for name, limit in LIMITS.items()},
        "versions": {release: versions[release] for release in RELEASES if release in versions},
        "cells": [{**vars(cell), **answers[cell]} for cell in sorted(todo)],
    }


def _answer(cell: Cell, refused: Refused) -> dict[str, Any]:
    """One more try for a session that did not come about: a busy machine is no finding."""
    said = refused[cell.host].get(cell.limit)
    if said:
        return {"outcome": "refused", "said": said}
    for attempt in ("first", "second"):
        try:
            return situations.measure(cell)
        except (live.LiveError, OSError) as error:
            say(f"the {attempt} try of {cell} failed: {error}")
            failure = {"failed": str(error)}
    return failure
