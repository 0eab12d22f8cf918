# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For which accounts of this host a request would be in force. Private to the collection.

The default connection is nobody's: a block for nearly everybody, which it does not meet, leaves it
what was asked for, and takes it from all who can log in. Only a run that meets conditional blocks
with other values loads this.
"""

from typing import List, NamedTuple, Sequence

from .. import _directory, _durations
from . import config, members, plan
from .host import Work
from .members import Class
from .options import Request, Setting, Values

__all__ = ["Reply", "differing", "excepted", "is_for_nobody", "named", "parted", "text_says"]


class Reply(NamedTuple):
    """What the accounts of a class get."""

    of: Class
    values: Values

    def others(self, request: Request) -> List[Setting]:
        """Return the settings that are otherwise than asked for."""
        return [
            setting
            for setting in request.settings
            if setting.value not in (None, self.values[setting.keyword.lower()])
        ]


def parted(request: Request, work: Work) -> List[Class]:
    """Return the classes of accounts to ask sshd about."""
    if work.people is None or request.match is not None:
        return []
    keywords = [setting.keyword for setting in request.settings]
    tree = work.plan.after
    found = members.classes(tree, keywords, work.people)
    return members.most_telling(
        found, lambda item: not text_says(request, item).others(request), tree
    )


def text_says(request: Request, of: Class) -> Reply:
    """Return what the text alone gives a class."""
    return Reply(
        of,
        {
            setting.keyword.lower(): setting.read(directive.arguments) if directive else None
            for setting, directive in zip(request.settings, of.deciders)
        },
    )


def differing(request: Request, replies: Sequence[Reply]) -> List[Reply]:
    """Return those that get something else than asked for."""
    return [reply for reply in replies if reply.others(request)]


def is_for_nobody(request: Request, work: Work, replies: Sequence[Reply]) -> bool:
    """Tell whether no account that this host knows of would get what is asked for."""
    if not replies or len(differing(request, replies)) < len(replies):
        return False
    return not (_directory.sources() and _directory_gets_it(request, work))


def _directory_gets_it(request: Request, work: Work) -> bool:
    """Tell whether an account of a directory gets it, of which no block knows more than that.

    Of a directory nobody is looked up; such an account is at least in a group.
    """
    default = work.people.default if work.people else work.connections[0]
    stranger = default._replace(groups=(default.user,))
    return all(
        setting.value in (None, plan.modelled(work.plan.after, setting, stranger))
        for setting in request.settings
    )


def excepted(request: Request, work: Work, replies: Sequence[Reply]) -> List[str]:
    """Return warnings of a request that is in force, and not for root, or for no local account."""
    others = differing(request, replies)
    if others and len(others) == len(replies):
        sources = _durations.listed(_directory.sources())
        return [
            f"No account of /etc/passwd that can log in gets it, only those of {sources} do: "
            + " ".join(_sentence(request, reply) for reply in others)
        ]
    return [_sentence(request, reply) for reply in others if reply.of.has_root]


def _sentence(request: Request, reply: Reply) -> str:
    whose = "root" if reply.of.has_root else named(reply.of.accounts)
    clauses = []
    for setting in reply.others(request):
        value = reply.values[setting.keyword.lower()]
        line = _decider(request, reply.of, setting)
        clauses.append(f"{setting.keyword} {value}, not {setting.value} ({line})")
    get = "gets" if reply.of.accounts.number == 1 or reply.of.has_root else "get"
    return f"{whose} {get} {_durations.listed(clauses)}."


def _decider(request: Request, of: Class, setting: Setting) -> str:
    directive = dict(zip(request.settings, of.deciders))[setting]
    if directive is None:
        return "no line that was found explains it"
    return (
        f"{directive.path} line {directive.line} in the scope {config.scope_text(directive.scope)}"
    )


def named(accounts: members.Accounts) -> str:
    """Return accounts as sentences name them."""
    more = accounts.number - len(accounts.names)
    return _durations.listed(accounts.names + [f"{more} more"] * bool(more))
