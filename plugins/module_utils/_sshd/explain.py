# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say why what was asked would not be in force. Private to the collection.

Only a run that fails loads this.
"""

from typing import List, Optional, Sequence, Tuple

from . import config
from .conflicts import contradictions, contradicts
from .host import Host, Work
from .match import Connection, in_words
from .options import Request, Setting, Values
from .plan import Contradiction

__all__ = ["explain"]


def explain(
    request: Request, host: Host, work: Work, proven: Sequence[Tuple[Connection, Values]]
) -> Tuple[str, List[Contradiction]]:
    """Return the sentences on all that would be otherwise than asked, and what is in the way."""
    in_the_way = contradictions(request, host, work, refused=True)
    problems = []
    for connection, values in proven:
        for setting in request.settings:
            value = values[setting.keyword.lower()]
            if setting.value is not None and value != setting.value:
                cause = _cause(request, host, work, setting, connection, in_the_way)
                problems.append(
                    f"{setting.keyword} would be {value}, not {setting.value}, for "
                    f"{in_words(connection)}: {cause}"
                )
    return " ".join(problems), in_the_way


def _cause(
    request: Request,
    host: Host,
    work: Work,
    setting: Setting,
    connection: Connection,
    in_the_way: List[Contradiction],
) -> str:
    directive = config.deciding(work.plan.after, setting.keyword, connection)
    if directive is None or not directive.scope:
        option = _contradicting_option(request, host, setting)
        if option is not None:
            return (
                f"the daemon runs with -o {option}, which beats the global section of every file."
            )
    if directive is None or setting.agrees(directive.arguments):
        return "no line that was found explains it."
    text = directive.text.strip(" \t\r\f")
    # As it is counted now; the directive's own line is one of the files as planned.
    lines = [
        conflict.line
        for conflict in in_the_way
        if (conflict.path, conflict.text) == (directive.path, text)
    ]
    line = lines[0] if lines else directive.line
    advice = ""
    if config.unconditional(directive) and request.conflicts != "disable":
        advice = " (conflicts=disable would disable it)"
    scope = config.scope_text(directive.scope)
    return f"{directive.path} line {line} in the scope {scope} says {text!r}{advice}."


def _contradicting_option(request: Request, host: Host, setting: Setting) -> Optional[str]:
    """Return the daemon's option that sets the directive otherwise; of two the first one counts."""
    for override in host.overrides:
        if override.statement.keyword == setting.keyword.lower():
            return override.option if contradicts(request, override) else None
    return None
