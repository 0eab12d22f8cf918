# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sshd's timeouts are on this host, as sshd says, and where they come from. Private.

Only reads and asks: what cannot be seen is left null, and told in a sentence.
"""

import os
from contextlib import suppress
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .. import _scanners
from .._refusal import Refusal
from .._sshd import asking, channel_timeout, config, facts, rivals, service
from .._sshd import connections as sshd_connections
from .._sshd import files as sshd_files
from .._sshd.match import Connection

__all__ = ["Sshd", "look"]

DEFAULT_PATH = "/etc/ssh/sshd_config"
KEYWORDS = {
    name.lower(): name
    for name in (
        "ClientAliveInterval",
        "ClientAliveCountMax",
        "ChannelTimeout",
        "UnusedConnectionTimeout",
    )
}
MAX_BLOCKS = 64
AT_ONCE = 8
_KEEPALIVE = "/proc/sys/net/ipv4/tcp_keepalive_"

Scope = Tuple[config.MatchLine, ...]


class Sshd(NamedTuple):
    """``result`` is what the module returns; ``listener`` is None where it cannot be seen."""

    result: Dict[str, Any]
    unseen: List[str]
    release: config.Release
    listener: Optional[service.Listener]
    uses_pam: bool
    users: Mapping[str, "User"]


class User(NamedTuple):
    """What the connections of one user get: ChannelTimeout as it is returned, SetEnv, and the
    ForceCommand that takes the place of the shell."""

    channel: Optional[Dict[str, Any]]
    environment: Dict[str, str]
    forced: Optional[str]


class _Asked(NamedTuple):
    """A connection to ask about, and the Match lines that it was derived from."""

    connection: Connection
    scope: Scope


def look(
    path: Optional[str],
    connections: Sequence[Mapping[str, Any]],
    binary: Optional[str],
    users: Sequence[str],
) -> Sshd:
    """All that can be seen; ``users`` are those of whose connections more is wanted.

    :raises SshdError, BadConnection: an option is not right.
    """
    run = _Look(path, connections)
    try:
        run.find_binary(binary)
        run.read()
        run.ask()
    except sshd_connections.BadConnection:
        raise
    except (Refusal, OSError) as error:
        if isinstance(error, asking.SshdError) and binary and not run.result["version"]:
            raise
        run.unseen.append(_sentence(str(error)))
    return Sshd(
        run.result,
        run.unseen,
        run.release,
        run.listener,
        run.uses_pam,
        {user: run.look_at(user) for user in users},
    )


class _Look:
    """One look at this host; ``result`` is filled as far as it gets."""

    def __init__(self, path: Optional[str], connections: Sequence[Mapping[str, Any]]) -> None:
        self.service, self.listener, words = service.find()
        self.unseen = self._hidden_listener()
        self.path = path or words.config or DEFAULT_PATH
        ours = os.path.realpath(self.path) == os.path.realpath(words.config or DEFAULT_PATH)
        self.ours = ours
        self.running_binary = words.binary
        self.words = words if ours else service.CommandLine()
        self.given = connections
        self.binary: Optional[str] = None
        self.release = config.NEWEST
        self.tree: Optional[config.Tree] = None
        self.default: Optional[Connection] = None
        self.uses_pam = False
        self.derived: Dict[Scope, Connection] = {}
        numbers = {"interval_seconds": None, "count_max": None}
        self.result = {
            "path": self.path,
            "version": None,
            "service": dict(self.service._asdict()),
            "effective": numbers,
            "connections": [],
            "detection_seconds": None,
            "tcp_keepalive_seconds": None,
            "channel_timeout": None,
            "unused_connection_timeout": None,
            "definitions": [],
            "command_line": ["-o " + option for option in self.words.options],
            "reload_needed": None,
            "sessions": None,
        }  # type: Dict[str, Any]

    def _hidden_listener(self) -> List[str]:
        """Only root sees which process an sshd is: to others none runs, unless a manager tells."""
        if self.listener is not None or os.geteuid() == 0:
            return []
        if self.service.manager != "systemd":
            self.service = self.service._replace(running=None)
        if self.service.running is False:
            return []
        return [
            "Options on the command line of a running sshd are for root to see%s."
            % (
                "; those that its unit gives are counted"
                if self.service.manager == "systemd"
                else ""
            )
        ]

    def find_binary(self, given: Optional[str]) -> None:
        try:
            self.binary = asking.find_binary(given, self.running_binary)
        except asking.Missing:
            raise asking.SshdError("No sshd is installed on this host.") from None
        version = asking.version(self.binary)
        self.release = version.release
        self.result["version"] = version.text

    def read(self) -> None:
        """The files: where values come from, and whether the listener has read them."""
        keywords = list(KEYWORDS) + [
            "Port",
            "ListenAddress",
            "AddressFamily",
            "SetEnv",
            "ForceCommand",
        ]
        files = sshd_files.Files(self.path, keywords, self.release)
        tree = files.read({})
        self.default = sshd_connections.default_connection(tree, self.words)
        for text in tree.texts.values():  # a block's own conditions count, whatever it sets
            if "match" in text.lower():
                keywords += {_keyword(line, self.release) for line in text.split("\n")}
        files.keywords = keywords
        self.tree = files.read({})
        self._derive()
        self.result["definitions"] = self._definitions()
        if self.listener is not None and self.ours:
            self.result["reload_needed"] = service.stale(self.listener, self.tree.texts)
        elif self.ours and self.service.running is False:
            self.result["reload_needed"] = False

    def _found(self) -> Tuple[config.Tree, Connection]:
        """The tree and the default connection, once they have been read."""
        if self.tree is None or self.default is None:
            raise RuntimeError("The configuration has not been read yet.")
        return self.tree, self.default

    def _derive(self) -> None:
        tree, default = self._found()
        scopes = list(
            dict.fromkeys(
                directive.scope
                for directive in tree.directives
                if not config.unconditional(directive)
            )
        )
        if len(scopes) > MAX_BLOCKS:
            self.unseen.append(
                f"sshd was asked about the first {MAX_BLOCKS} of {len(scopes)} Match blocks only."
            )
        for scope in scopes[:MAX_BLOCKS]:
            if any(name == "never" for match in scope for name, _argument in match.criteria):
                continue  # 8.2 ignores it, so no connection meets it
            try:
                self.derived[scope] = sshd_connections.derived_connection(
                    rivals.criteria_of(scope), default
                )
            except sshd_connections.BadConnection:
                self.unseen.append(
                    f"What a connection that meets `{config.scope_text(scope)}` gets is not known: "
                    "none could be derived on this host."
                )

    def ask(self) -> None:
        """What sshd says of each connection."""
        tree, default = self._found()
        asked = [_Asked(default, ())]
        asked += [_Asked(connection, scope) for scope, connection in self.derived.items()]
        asked += [_Asked(sshd_connections.connection(item, default), ()) for item in self.given]
        words = [
            word for option in self.words.options if self._own(option) for word in ("-o", option)
        ]
        answers: List[Any] = []
        with asking.Prover(self.binary or "", self.release, words) as prover:
            for start in range(0, len(asked), AT_ONCE):
                answers += prover.ask(
                    [
                        asking.Question(tree, each.connection, False)
                        for each in asked[start : start + AT_ONCE]
                    ]
                )
        self._take(asked, answers)

    def _take(self, asked: Sequence[_Asked], answers: Sequence[Any]) -> None:
        refused = [answer for answer in answers if isinstance(answer, asking.Rejected)]
        if refused:
            self.unseen.append(_sentence(str(refused[0])))
            return
        told = [self._told(each, answer) for each, answer in zip(asked, answers)]
        self.result["connections"] = told
        self.result["effective"] = {key: told[0][key] for key in ("interval_seconds", "count_max")}
        for key in ("detection_seconds", "channel_timeout", "unused_connection_timeout"):
            self.result[key] = told[0][key]
        if answers[0].get("tcpkeepalive") == ["yes"]:
            self.result["tcp_keepalive_seconds"] = _keepalive_seconds()
        self.uses_pam = answers[0].get("usepam") == ["yes"]

    def _told(self, each: _Asked, answer: asking.Answer) -> Dict[str, Any]:
        def words(keyword: str) -> Tuple[str, ...]:
            return tuple(answer.get(keyword.lower(), [""])[0].split())

        interval = facts.read_seconds(words(facts.INTERVAL))
        count_max = facts.read_number(words(facts.COUNT_MAX))
        numbers = [None if text is None else int(text) for text in (interval, count_max)]
        told = dict(zip(("user", "host", "addr", "laddr", "lport"), each.connection[:5]))
        told.update(
            {
                "scope": config.scope_text(each.scope) if each.scope else None,
                "interval_seconds": numbers[0],
                "count_max": numbers[1],
                "detection_seconds": facts.detection_seconds(numbers[0], numbers[1], self.release),
                "channel_timeout": self._channel(words("ChannelTimeout")),
                "unused_connection_timeout": self._unused(words("UnusedConnectionTimeout")),
            }
        )
        return told

    def _channel(self, shown: Sequence[str]) -> Optional[Dict[str, Any]]:
        tree, _default = self._found()
        shown = () if tuple(shown) == ("none",) else shown
        counted, why = channel_timeout.in_force(
            shown, tree, self._arguments("channeltimeout"), self.release
        )
        counted = () if tuple(counted) == ("none",) else counted
        if not counted and not shown:
            return None
        found = channel_timeout.meaning(counted, self.release)
        found["value"] = " ".join(shown or counted)
        found["why"] = why or found["why"]
        return found

    def _unused(self, words: Sequence[str]) -> Optional[Dict[str, Any]]:
        seconds = channel_timeout.seconds_of(" ".join(words))
        if not seconds:
            return None
        works = self.release >= channel_timeout.FIRST_RELEASE
        early = works and self.release < (10, 3)
        return {
            "seconds": seconds,
            "works": works,
            "why": "OpenSSH 9.2 to 10.2 can close a connection early" if early else None,
        }

    def look_at(self, user: str) -> User:
        """What the configuration's text gives a user who comes from nowhere in particular."""
        general = self.result["channel_timeout"]
        if not self.result["connections"]:
            return User(None, {}, None)
        try:
            connection = sshd_connections.connection({"user": user}, self._found()[1])
        except sshd_connections.BadConnection:
            return User(general, {}, None)
        if self.release >= channel_timeout.MATCH_RELEASE:
            general = self._channel(self._deciding("channeltimeout", connection))
        forced = " ".join(self._deciding("forcecommand", connection))
        return User(
            general,
            self._environment(self._deciding("setenv", connection)),
            None if forced.lower() in ("", "none") else forced,
        )

    def _environment(self, words: Sequence[str]) -> Dict[str, str]:
        """What SetEnv gives a session: of two values for one name the first."""
        if self.release < (8, 7):  # whose lines are read as split at "=" too
            return dict(reversed(list(zip(words[::2], words[1::2]))))
        pairs = [word.partition("=") for word in words]
        return {name: value for name, equals, value in reversed(pairs) if equals}

    def _deciding(self, keyword: str, connection: Connection) -> Tuple[str, ...]:
        """The arguments of a directive that a connection gets."""
        tree, _default = self._found()
        directive = config.deciding(tree, keyword, connection)
        options = self._arguments(keyword)
        if options and (directive is None or not directive.scope):
            return options[0]
        return directive.arguments if directive else ()

    def _own(self, option: str) -> bool:
        """Whether an option of the daemon's command line is about what is told here."""
        return _keyword(option, self.release) in set(KEYWORDS) | {"tcpkeepalive", "usepam"}

    def _arguments(self, keyword: str) -> List[Tuple[str, ...]]:
        parsed = [config.parse_line(option, self.release) for option in self.words.options]
        return [
            statement.arguments or ()
            for statement in parsed
            if statement is not None and statement.keyword == keyword
        ]

    def _definitions(self) -> List[Dict[str, Any]]:
        tree, default = self._found()

        def groups_of(user: str) -> Tuple[str, ...]:
            with suppress(sshd_connections.BadConnection):
                return sshd_connections.connection({"user": user}, default).groups
            return ()

        found = []
        for keyword, name in KEYWORDS.items():
            for number, arguments in enumerate(self._arguments(keyword)):
                found.append(
                    _definition(
                        None,
                        None,
                        name,
                        arguments,
                        "command line",
                        "an earlier option" if number else self._option_beaten_by(keyword),
                    )
                )
        deciders = {keyword: rivals.deciders(tree, keyword, groups_of) for keyword in KEYWORDS}
        for directive in tree.directives:
            if directive.keyword in KEYWORDS:
                decider = deciders[directive.keyword][rivals.place(directive)]
                found.append(
                    _definition(
                        directive.path,
                        directive.line,
                        KEYWORDS[directive.keyword],
                        directive.arguments,
                        config.scope_text(directive.scope),
                        self._beaten_by(directive, decider),
                    )
                )
        return found

    def _early(self, keyword: str) -> bool:
        return keyword == "channeltimeout" and self.release < channel_timeout.MATCH_RELEASE

    def _unconditional(self, keyword: str) -> List[config.Directive]:
        tree, _default = self._found()
        return [
            directive
            for directive in tree.directives
            if directive.keyword == keyword and config.unconditional(directive)
        ]

    def _option_beaten_by(self, keyword: str) -> Optional[str]:
        """An option of the daemon's command line loses to what stands below ``Match all``."""
        for directive in self._unconditional(keyword):
            if directive.scope and not self._early(keyword):
                return f"{directive.path} line {directive.line}"
        return None

    def _beaten_by(self, directive: config.Directive, decider: config.Directive) -> Optional[str]:
        """What keeps a definition from its way with the connections of its own scope."""
        early = self._early(directive.keyword)
        if early and not config.unconditional(directive):
            return "before OpenSSH 10.5 a session does not get what a Match block sets"
        if early:
            decider = self._unconditional(directive.keyword)[0]
        if self._arguments(directive.keyword) and (early or not decider.scope):
            return "the daemon's command line"
        if rivals.place(decider) == rivals.place(directive):
            return None
        if (decider.path, decider.line) == (directive.path, directive.line):
            return f"{_scanners.SAME_LINE}, in the scope {config.scope_text(decider.scope)}"
        return f"{decider.path} line {decider.line}"


def _definition(
    path: Optional[str],
    line: Optional[int],
    keyword: str,
    arguments: Sequence[str],
    scope: str,
    beaten_by: Optional[str],
) -> Dict[str, Any]:
    return {
        "path": path,
        "line": line,
        "keyword": keyword,
        "value": " ".join(arguments),
        "scope": scope,
        "wins": beaten_by is None,
        "beaten_by": beaten_by,
    }


def _keyword(line: str, release: config.Release) -> str:
    statement = config.parse_line(line, release)
    return statement.keyword if statement is not None else ""


def _keepalive_seconds() -> Optional[int]:
    """After how long the kernel gives up a peer that is gone, with nothing left to send."""
    numbers = []
    try:
        for name in ("time", "intvl", "probes"):
            with open(_KEEPALIVE + name) as value:
                numbers.append(int(value.read()))
    except (OSError, ValueError):
        return None
    return numbers[0] + numbers[1] * numbers[2]


def _sentence(text: str) -> str:
    return text if text.endswith(".") else text + "."
