# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What contradicts a request: lines of the files and options of the daemon.

Private to the collection.
"""

from typing import List

from . import config, connections, plan
from .host import Host, Override, Work
from .options import Request
from .plan import Contradiction

__all__ = ["contradictions", "contradicts"]


def contradictions(request: Request, host: Host, work: Work, refused: bool) -> List[Contradiction]:
    """Return the definitions that contradict the request.

    Lines are counted in the files as the run leaves them: as they were if it is ``refused``.
    """
    if request.state == "absent":
        return []
    default = connections.default_connection(work.plan.before, host.words, host.version)
    options = []
    if host.criteria is None:
        options = _options(request, host, work.plan.before if refused else work.plan.after)
    return options + plan.conflicts(
        work.plan,
        request.settings,
        refused,
        work.connections,
        host.criteria,
        connections.deriving(default, work.people.derived if work.people else None),
        frozenset(override.statement.keyword for override in host.overrides),
        host.version,
        work.people.of_scope if work.people else lambda scope: None,
    )


def _options(request: Request, host: Host, tree: config.Tree) -> List[Contradiction]:
    """Return the daemon's options that contradict the request.

    An option beats what stands in a global section, and loses to Match blocks.
    """
    beaten = {
        directive.keyword
        for directive in tree.directives
        if directive.scope and config.for_everybody(directive, host.version)
    }
    problems = []
    for override in host.overrides:
        keyword = override.statement.keyword
        if contradicts(request, override):
            problems.append(
                Contradiction(
                    path=None,
                    line=None,
                    text=f"-o {override.option}",
                    scope="command line",
                    conditional=False,
                    wins=keyword not in beaten,
                    disabled=False,
                )
            )
        beaten.add(keyword)  # of two options the first one counts
    return problems


def contradicts(request: Request, override: Override) -> bool:
    """Tell whether an option of the daemon sets a directive to another value than is wanted."""
    return any(
        setting.keyword.lower() == override.statement.keyword
        and not setting.agrees(override.statement.arguments or ())
        for setting in request.settings
    )
