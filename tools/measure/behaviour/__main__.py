"""The command: measure and write the page, or check that the page is what was measured."""

import argparse
import dataclasses
import json
import os
import sys

from tools.lab.common import TOP, LabError, say

from . import measuring, page
from .matrix import Cell, cells

DATA = TOP / "docs" / "what-ends-a-session.json"
PAGE = DATA.with_suffix(".md")


def main() -> int:
    """Errors are one line and exit status 1."""
    parser = argparse.ArgumentParser(prog="python -m tools.measure.behaviour", description=__doc__)
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--check", action="store_true", help="measure nothing, change nothing")
    modes.add_argument("--render", action="store_true", help="write the page from the old numbers")
    options = parser.parse_args()
    os.environ["TERM"] = "xterm"  # the sessions' editors and tmux ask for it
    try:
        if options.check:
            return _check()
        if not options.render:
            DATA.write_text(_json(measuring.measured()))
        PAGE.write_text(page.render(json.loads(DATA.read_text())))
    except (LabError, page.PageError) as error:
        say(f"error: {error}")
        return 1
    say(f"wrote {PAGE.relative_to(TOP)}")
    return 0


def _check() -> int:
    measured = json.loads(DATA.read_text())
    names = [field.name for field in dataclasses.fields(Cell)]
    if [tuple(one[name] for name in names) for one in measured["cells"]] != sorted(
        dataclasses.astuple(cell) for cell in cells()
    ):
        say(f"{DATA.name} lacks cells, or has others than are measured: make behaviour")
        return 1
    if PAGE.read_text() != page.render(measured):
        say(f"{PAGE.name} is not what {DATA.name} says: python -m tools.measure.behaviour --render")
        return 1
    return 0


def _json(measured: dict[str, object]) -> str:
    """A line a cell, so that a new measurement is read easily as a change."""
    cells = measured.pop("cells")
    assert isinstance(cells, list)
    head = json.dumps(measured, indent=1, ensure_ascii=False).removesuffix("\n}")
    lines = ",\n  ".join(json.dumps(cell, ensure_ascii=False) for cell in cells)
    return f'{head},\n "cells": [\n  {lines}\n ]\n}}\n'


if __name__ == "__main__":
    sys.exit(main())
