# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say why what was asked would not be in force. Private to the collection.

Only a run that fails loads this.
"""

from typing import Dict, List, Optional, Sequence, Tuple

from .. import _durations
from . import config
from .conflicts import contradictions, contradicts
from .host import Host, Work
from .match import Connection, in_words
from .options import Request, Setting, Values
from .plan import Contradiction
from .whom import Reply, named

__all__ = ["explain", "for_accounts"]


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
    advice = ""
    if config.unconditional(directive):
        if request.conflicts != "disable":
            advice = " (conflicts=disable would disable it)"
    elif config.for_everybody(directive, host.version):
        advice = f" (which counts for everybody here, for this sshd calls itself {host.version!r})"
    return f"{_line(directive, in_the_way)}{advice}."


def _line(directive: config.Directive, in_the_way: List[Contradiction]) -> str:
    """Return where a line stands, and what it says."""
    text = directive.text.strip(" \t\r\f")
    # As it is counted now; the directive's own line is one of the files as planned.
    lines = [
        conflict.line
        for conflict in in_the_way
        if (conflict.path, conflict.text) == (directive.path, text)
    ]
    line = lines[0] if lines else directive.line
    scope = config.scope_text(directive.scope)
    return f"{directive.path} line {line} in the scope {scope} says {text!r}"


def for_accounts(
    request: Request, host: Host, work: Work, replies: Sequence[Reply]
) -> Tuple[str, List[Contradiction]]:
    """Return why no account of this host would get what was asked for, and what is in the way."""
    in_the_way = contradictions(request, host, work, refused=True)
    causes: Dict[str, List[str]] = {}
    for reply in replies:
        for setting in reply.others(request):
            directive = dict(zip(request.settings, reply.of.deciders))[setting]
            cause = f"{setting.keyword} would be {reply.values[setting.keyword.lower()]}"
            cause += f", not {setting.value}, for {{}}: "
            cause += _line(directive, in_the_way) if directive else "no line explains it"
            causes.setdefault(cause, []).append(named(reply.of.accounts))
    told = " ".join(
        cause.replace("{}", _durations.listed(whose)) + "." for cause, whose in causes.items()
    )
    advice = (
        "A conditional block is somebody's exception, which conflicts=disable leaves alone too: "
        "change or remove it, or set the value in it with the option match."
    )
    return f"No account that can log in on this host would get it. {told} {advice}", in_the_way


def _contradicting_option(request: Request, host: Host, setting: Setting) -> Optional[str]:
    """Return the daemon's option that sets the directive otherwise; of two the first one counts."""
    for override in host.overrides:
        if override.statement.keyword == setting.keyword.lower():
            return override.option if contradicts(request, override) else None
    return None
