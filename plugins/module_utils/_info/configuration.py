# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sshd's files say of timeouts, and which of their definitions win.

Private to the collection.
"""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .. import _directory
from .._sshd import channel_timeout, config, service
from .._sshd import connections as sshd_connections
from .._sshd import files as sshd_files
from .._sshd.match import Connection
from . import facts

if TYPE_CHECKING:
    from .._sshd.members import Accounts, Class, Local
    from .._sshd.sessions import Session

__all__ = [
    "KEYWORDS",
    "Configuration",
    "definitions",
    "keyword_of",
    "read",
]

KEYWORDS = {
    name.lower(): name
    for name in (
        "ClientAliveInterval",
        "ClientAliveCountMax",
        "ChannelTimeout",
        "UnusedConnectionTimeout",
    )
}
# What else tells how a connection arrives, and what its session starts with.
_OTHER_KEYWORDS = ("Port", "ListenAddress", "AddressFamily", *config.SESSION_KEYWORDS)
MAX_BLOCKS = 64


class Configuration(NamedTuple):
    """What is read from the files, and connections derived from the scopes of Match blocks."""

    tree: config.Tree
    release: config.Release
    options: Tuple[str, ...]
    default: Connection
    derive: sshd_connections.Derive
    derived: Dict[config.Scope, Connection]
    unseen: List[str]
    version: str = ""
    people: Optional["Local"] = None

    def arguments(self, keyword: str) -> List[Tuple[str, ...]]:
        """Return the arguments that the daemon's command line gives a directive."""
        parsed = [config.parse_line(option, self.release) for option in self.options]
        return [
            statement.arguments or ()
            for statement in parsed
            if statement is not None and statement.keyword == keyword
        ]

    def decided(self, keyword: str, connection: Connection) -> Tuple[str, ...]:
        """Return the arguments of a directive that a connection gets."""
        directive = config.deciding(self.tree, keyword, connection)
        options = self.arguments(keyword)
        if options and (directive is None or not directive.scope):
            return options[0]
        return directive.arguments if directive else ()

    def accounts_of(self, scope: config.Scope) -> Optional["Accounts"]:
        """Return which accounts a conditional scope is about."""
        return self.people.of_scope(scope) if self.people and scope else None

    def default_is_somebody(self) -> bool:
        """Tell whether accounts of a directory, which all have a group, are as the default one."""
        if not _directory.sources():
            return False
        stranger = self.default._replace(groups=(self.default.user,))
        return all(
            self.decided(keyword, stranger) == self.decided(keyword, self.default)
            for keyword in KEYWORDS
        )

    def classes(self) -> List["Class"]:
        """Return the classes of accounts that get values of their own, those to ask about."""
        if self.people is None:
            return []
        from .._sshd import members

        found = members.classes(self.tree, list(KEYWORDS), self.people)
        return members.most_telling(found, lambda item: not any(item.deciders), self.tree)

    def sessions(self, users: Sequence[str]) -> Dict[str, "Session"]:
        """Return what sshd does with the sessions of users; nothing where no line is about them."""
        wanted = {keyword.lower() for keyword in config.SESSION_KEYWORDS}
        options = {
            keyword: given[0] for keyword in wanted for given in [self.arguments(keyword)] if given
        }
        if not options and all(item.keyword not in wanted for item in self.tree.directives):
            return {}
        from .._sshd import sessions

        return sessions.decided(self.tree, options, self.default, users, self.release)

    def unconditional(self, keyword: str) -> List[config.Directive]:
        """Return the definitions that count for every connection."""
        return [
            directive
            for directive in self.tree.directives
            if directive.keyword == keyword and config.for_everybody(directive, self.version)
        ]

    def ignores_match(self, keyword: str) -> bool:
        """Tell whether a session does not get what a Match block gives a directive."""
        return keyword == "channeltimeout" and self.release < channel_timeout.MATCH_RELEASE


def read(
    path: str, words: service.CommandLine, release: config.Release, version: str = ""
) -> Configuration:
    """Read the files, and derive a connection from the scope of each Match block.

    :param words: the command line of the daemon that reads them.
    :param version: what its sshd calls itself.
    """
    keywords = [*KEYWORDS, *_OTHER_KEYWORDS]
    files = sshd_files.Files(path, keywords, release)
    tree = files.read({})
    default = sshd_connections.default_connection(tree, words, version)
    for text in tree.texts.values():  # a block's own conditions count, whatever it sets
        if "match" in text.lower():
            keywords += {keyword_of(line, release) for line in text.split("\n")}
    files.keywords = keywords
    tree = files.read({})
    people = _people(tree, default)
    derive = sshd_connections.deriving(default, people.derived if people else None)
    derived, unseen = _derive(tree, derive, version)
    return Configuration(
        tree, release, words.options, default, derive, derived, unseen, version, people
    )


def _people(tree: config.Tree, default: Connection) -> Optional["Local"]:
    """Return the accounts of this host, where conditional blocks give some their own values."""
    if all(
        config.unconditional(directive) or config.for_nobody(directive, default.version)
        for directive in tree.directives
        if directive.keyword in KEYWORDS
    ):
        return None
    from .._sshd import members

    return members.local(default, tree)


def _derive(
    tree: config.Tree, derive: sshd_connections.Derive, version: str
) -> Tuple[Dict[config.Scope, Connection], List[str]]:
    """Derive a connection from each scope; return them, and sentences about those without."""
    scopes = list(
        dict.fromkeys(
            directive.scope
            for directive in tree.directives
            if not config.unconditional(directive) and not config.for_nobody(directive, version)
        )
    )
    derived: Dict[config.Scope, Connection] = {}
    unseen = []
    if len(scopes) > MAX_BLOCKS:
        unseen.append(
            f"sshd was asked about the first {MAX_BLOCKS} of {len(scopes)} Match blocks only."
        )
    for scope in scopes[:MAX_BLOCKS]:
        criteria = config.criteria_of(scope)
        if "never" in dict(criteria):
            continue  # 8.2 ignores it, so no connection meets it
        connection = derive(criteria)
        if connection is not None:
            derived[scope] = connection
        else:
            unseen.append(
                f"What a connection that meets `{config.scope_text(scope)}` gets is not known: "
                "none could be derived on this host."
            )
    return derived, unseen


def definitions(configuration: Configuration) -> List[facts.SshdDefinition]:
    """Return where the directives are set: on the command line, then in sshd's reading order."""
    deciders = {
        keyword: iter(
            config.deciders(
                configuration.tree, keyword, configuration.derive, configuration.version
            )
        )
        for keyword in KEYWORDS
    }
    in_files = []
    for item in configuration.tree.directives:
        if item.keyword in KEYWORDS:
            directive, decider = next(deciders[item.keyword])
            in_files.append(
                facts.SshdDefinition(
                    directive.path,
                    directive.line,
                    KEYWORDS[directive.keyword],
                    " ".join(directive.arguments),
                    config.scope_text(directive.scope),
                    not config.unconditional(directive),
                    _beaten(configuration, directive, decider),
                    _accounts_of(configuration, directive),
                )
            )
    return _options(configuration) + in_files


def _accounts_of(
    configuration: Configuration, directive: config.Directive
) -> Optional[Dict[str, object]]:
    if config.unconditional(directive):
        return None
    accounts = configuration.accounts_of(directive.scope)
    return accounts and accounts.returned()


def _options(configuration: Configuration) -> List[facts.SshdDefinition]:
    """Return the definitions on the daemon's command line; of several the first one counts."""
    on_command_line = []
    for keyword, name in KEYWORDS.items():
        beaten = _option_beaten(configuration, keyword)
        for arguments in configuration.arguments(keyword):
            on_command_line.append(
                facts.SshdDefinition(
                    None, None, name, " ".join(arguments), "command line", False, beaten
                )
            )
            beaten = facts.Beaten("an earlier option")
    return on_command_line


def _option_beaten(configuration: Configuration, keyword: str) -> Optional[facts.Beaten]:
    """Tell what an option loses to: a line below ``Match all`` beats the command line."""
    for directive in configuration.unconditional(keyword):
        if directive.scope and not configuration.ignores_match(keyword):
            return facts.Beaten(f"{directive.path} line {directive.line}")
    return None


def _beaten(
    configuration: Configuration,
    directive: config.Directive,
    decider: Optional[config.Directive],
) -> Optional[facts.Beaten]:
    """Tell what a definition loses to in its own scope, given the definition that decides there."""
    if decider is None:
        return facts.Beaten(
            f"this sshd calls itself {configuration.version}, which the block is not for",
            facts.RELEASE,
        )
    ignores_match = configuration.ignores_match(directive.keyword)
    if directive.keyword == "channeltimeout" and channel_timeout.locks_out(
        directive.arguments, directive.scope, configuration.release
    ):
        ignores_match = False  # it is not ignored: it does harm
    if ignores_match and not config.for_everybody(directive, configuration.version):
        return facts.Beaten(
            "before OpenSSH 10.5 a session does not get what a Match block sets", facts.RELEASE
        )
    if ignores_match:
        decider = configuration.unconditional(directive.keyword)[0]
    if configuration.arguments(directive.keyword) and (ignores_match or not decider.scope):
        return facts.Beaten("the daemon's command line")
    if config.same_definition(decider, directive):
        return None
    if (decider.path, decider.line) == (directive.path, directive.line):
        return facts.Beaten(
            f"the same line, in the scope {config.scope_text(decider.scope)}", facts.SAME_LINE
        )
    overlap = decider.scope and not config.for_everybody(decider, configuration.version)
    overlap = overlap and not config.same_conditions(decider, directive)
    return facts.Beaten(f"{decider.path} line {decider.line}", facts.OVERLAP if overlap else "")


def keyword_of(line: str, release: config.Release) -> str:
    """Return the lower-case keyword of a line, empty where it has none."""
    statement = config.parse_line(line, release)
    return statement.keyword if statement is not None else ""
