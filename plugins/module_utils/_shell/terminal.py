# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the login shells at a terminal too, where a line that contradicts us may wait for one.

The engine loads this only where such a line stays: it costs as much as all the rest of a run.
Private to the collection.
"""

from typing import Any, Dict, List, Optional, Sequence

from . import asking, engine, write
from .asking import Answer
from .engine import Host, Options, Plan

__all__ = ["ask", "require", "require_staged"]


def ask(options: Options, host: Host) -> List[Answer]:
    """Return what the shells say that come to their prompt there: one may wait for an answer."""
    try:
        said = asking.ask(host.shells, options.ids, terminal=True)
    except asking.AskError:  # no terminal can be had
        return []
    return [answer for answer in said if answer.status == "answered"]


def require_staged(
    options: Options, host: Host, plan: Plan, before: Sequence[Answer], result: Dict[str, Any]
) -> None:
    """Refuse what would not hold at a terminal, where the planned files can be tried."""
    staged = write.ask_staged(options, host, plan, terminal=True)
    _require(options, host, plan, before, staged, result, " Nothing has been changed.")


def require(
    options: Options, host: Host, plan: Plan, before: Sequence[Answer], result: Dict[str, Any]
) -> None:
    """Refuse what does not hold at a terminal now."""
    _require(options, host, plan, before, ask(options, host), result, "")


def _require(
    options: Options,
    host: Host,
    plan: Plan,
    before: Sequence[Answer],
    after: Optional[Sequence[Answer]],
    result: Dict[str, Any],
    ending: str,
) -> None:
    known = [answer.shell for answer in before]
    same = [answer for answer in after or [] if answer.shell in known]
    verdict = engine.judged(options, host, before, same, plan)
    # That no shell obeys is told of all of them, and some may wait there for an answer.
    problems = [one for one in verdict.problems if one.shell]
    engine.require(verdict._replace(problems=problems), result, ending, "At a terminal: ")
