# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which contradictions lose whatever is done about them. Private to the collection.

Only a run that would disable a line in a file that no scanner reads, or that cannot be changed,
loads this: such a line is left alone if nothing would change for anybody. Pure.
"""

from typing import List, Sequence, Set

from . import config
from .options import Setting

__all__ = ["losers"]


def losers(
    tree: config.Tree, contradicting: Sequence[config.Directive], settings: Sequence[Setting]
) -> List[config.Directive]:
    """Return those of the contradicting lines which would count for nobody if they stayed.

    They stand in other files than the main one, below ours, or below ``Match all`` behind one that
    agrees with ours.

    :param tree: all files as they are, around the main file as it will be.
    """
    places = {(item.path, item.line) for item in contradicting if item.path != tree.main}
    winning: Set[config.Place] = set()
    for setting in settings:
        winning |= _winning(tree, setting, places)
    return [item for item in contradicting if (item.path, item.line) in places - winning]


def _winning(tree: config.Tree, setting: Setting, places: Set[config.Place]) -> Set[config.Place]:
    """Return those that count for some until one comes that stays: outside of blocks, and below."""
    found: Set[config.Place] = set()
    for within in (False, True):
        for item in tree.directives:
            if item.keyword != setting.keyword.lower() or bool(item.scope) != within:
                continue
            if not config.unconditional(item):
                continue
            if (item.path, item.line) not in places:
                break
            found.add((item.path, item.line))
    return found
