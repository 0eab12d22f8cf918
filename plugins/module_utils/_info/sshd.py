# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sshd's timeouts are on this host, as sshd says, and where they come from.

Private to the collection. Only reads and asks: what cannot be seen is left null, and told in a
sentence.
"""

import os
import time
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._refusal import Refusal
from .._sshd import asking, channel_timeout, config, finding
from .._sshd import connections as sshd_connections
from .._sshd import facts as sshd_facts
from .._sshd import service as sshd_service
from .._sshd.match import Connection
from . import facts
from .configuration import KEYWORDS, Configuration, definitions, keyword_of, read

if TYPE_CHECKING:
    from .._sshd.sessions import Session

__all__ = ["Daemon", "Sshd", "User", "environment", "find", "survey_sshd"]

AT_ONCE = 8
MOST_SECONDS = 5
_KEEPALIVE = "/proc/sys/net/ipv4/tcp_keepalive_"


class User(NamedTuple):
    """What the connections of one user get: ChannelTimeout as it is returned, SetEnv, and the
    ForceCommand that takes the place of the shell.

    ``jail`` and ``no_terminal`` are the lines that give the shell another root folder, or no
    terminal; ``refused`` says why there is no session over SSH, which ``locked_out`` nobody meant.
    """

    channel: Optional[Dict[str, Any]]
    environment: Dict[str, str]
    forced: Optional[str]
    jail: Optional[str] = None
    no_terminal: Optional[str] = None
    refused: Optional[str] = None
    locked_out: bool = False


class Sshd(NamedTuple):
    """What could be seen of sshd; ``listener`` is None where it cannot be seen."""

    timeouts: facts.SshdTimeouts
    unseen: List[str]
    release: config.Release
    listener: Optional[sshd_service.Listener]
    uses_pam: bool
    users: Mapping[str, User]


class Daemon(NamedTuple):
    """The daemon that runs here, or would, and the file to tell about.

    Where the daemon reads another file, which ``ours`` tells, its ``options`` do not count.
    ``doubts`` say what of it cannot be known; ``all`` holds it, and each other that lets people in.
    """

    path: Optional[str]
    ours: bool
    doubts: Tuple[str, ...]
    all: Tuple[sshd_service.Daemon, ...]
    service: sshd_service.Service
    listener: Optional[sshd_service.Listener]
    binary: Optional[str]
    words: sshd_service.CommandLine


class _Question(NamedTuple):
    """A connection to ask about, and what it stands for: the Match lines that it was derived from,
    or accounts of this host."""

    connection: Connection
    scope: config.Scope
    accounts: Optional[Dict[str, Any]] = None


class _Answer(NamedTuple):
    """What sshd says of a connection, by lower-case keyword."""

    question: _Question
    values: asking.Answer

    def is_on(self, keyword: str) -> bool:
        """Tell whether sshd says yes to a keyword."""
        return self.values.get(keyword) == ["yes"]


def survey_sshd(
    path: Optional[str],
    connections: Sequence[Mapping[str, Any]],
    binary: Optional[str],
    users: Sequence[str],
) -> Sshd:
    """Return all that can be seen; ``users`` are those of whose connections more is wanted.

    :raises SshdError, BadConnection: an option is not right.
    """
    daemon = find(path)
    unseen = _hidden_options(daemon) + list(daemon.doubts)
    version: Optional[asking.Version] = None
    configuration: Optional[Configuration] = None
    answers: List[_Answer] = []
    try:
        program = _find_binary(binary, daemon.binary)
        version = asking.version(program)
        if daemon.path is not None:
            configuration = read(daemon.path, daemon.words, version.release, version.whole)
            answers = _ask(program, configuration, connections)
    except sshd_connections.BadConnection:
        raise
    except (Refusal, OSError) as error:
        if isinstance(error, asking.SshdError) and binary and version is None:
            raise
        unseen.append(_sentence(str(error)))
    unseen += configuration.unseen if configuration else []
    timeouts = _timeouts(daemon, version, configuration, answers)
    return Sshd(
        timeouts,
        unseen,
        version.release if version else config.NEWEST,
        _with_pid_file(daemon.listener, configuration),
        bool(answers) and answers[0].is_on("usepam"),
        _users(users, configuration, timeouts),
    )


def find(path: Optional[str]) -> Daemon:
    """Find the daemon, and the file to tell about: the option's, or the one that it reads."""
    daemon, standard = finding.of_path(path, finding.find())
    running, listener, words = daemon[:3]
    doubts = finding.doubts(daemon, standard)
    path = path or standard
    ours = path is not None and finding.is_same(standard, path)
    if listener is None and os.geteuid() != 0 and running.manager != "systemd":
        running = running._replace(running=None)  # only root sees which process an sshd is
    options = words if ours else sshd_service.CommandLine()
    others = (daemon._replace(others=()),) + daemon.others
    return Daemon(path, ours, tuple(doubts), others, running, listener, words.binary, options)


def _with_pid_file(
    listener: Optional[sshd_service.Listener], configuration: Optional[Configuration]
) -> Optional[sshd_service.Listener]:
    if listener is None or configuration is None:
        return listener
    return sshd_service.with_pid_file(listener, configuration.tree.texts)


def _hidden_options(daemon: Daemon) -> List[str]:
    """Tell which options of a daemon only root can see: to others none runs but by a manager."""
    if daemon.listener is not None or os.geteuid() == 0 or daemon.service.running is False:
        return []
    counted = "; those that its unit gives are counted"
    if daemon.service.manager != "systemd":
        counted = ""
    return [f"Options on the command line of a running sshd are for root to see{counted}."]


def _find_binary(given: Optional[str], running: Optional[str]) -> str:
    try:
        return asking.find_binary(given, running)
    except asking.Missing:
        raise asking.SshdError("No sshd is installed on this host.") from None


def _ask(
    program: str, configuration: Configuration, connections: Sequence[Mapping[str, Any]]
) -> List[_Answer]:
    """Ask sshd about the default connection, the derived ones, those given, and accounts.

    The derived ones come last, and as long as it takes no longer than some seconds: where there
    are many accounts and blocks, sshd may take several for each.

    :raises Rejected: sshd refuses the configuration.
    """
    default = configuration.default
    derived = [_Question(item, scope) for scope, item in configuration.derived.items()]
    others = [_Question(sshd_connections.connection(item, default), ()) for item in connections]
    others += [
        _Question(item.connection, (), item.accounts.returned())
        for item in configuration.classes()
        if item.connection is not None
    ]
    words = _words(configuration)
    start, left = time.monotonic(), list(derived)
    with asking.Prover(program, configuration.release, words) as prover:
        questions = [_Question(default, ())] + others
        together = left if len(left + questions) <= AT_ONCE else []  # as on most hosts
        left = left[len(together) :]
        found = _answered(prover, configuration, questions + together)
        while left:
            taken = time.monotonic() - start
            room = int((MOST_SECONDS - taken) * len(found) / taken)  # by what they took so far
            if room < 1:
                break
            some, left = left[: min(room, AT_ONCE)], left[min(room, AT_ONCE) :]
            found += _answered(prover, configuration, some)
    if left:
        configuration.unseen.append(
            f"sshd was asked about the first {len(derived) - len(left)} of {len(derived)} Match "
            "blocks only: it took long for each."
        )
    count = len(questions)
    return found[:1] + found[count:] + found[1:count]


def _words(configuration: Configuration) -> List[str]:
    """Return the daemon's options that matter here, for sshd's command line."""
    return [
        word
        for option in configuration.options
        if keyword_of(option, configuration.release) in {*KEYWORDS, "tcpkeepalive", "usepam"}
        for word in ("-o", option)
    ]


def _answered(
    prover: asking.Prover, configuration: Configuration, questions: Sequence[_Question]
) -> List[_Answer]:
    """Return what sshd says to some questions."""
    replies = prover.ask(
        [asking.Question(configuration.tree, item.connection, False) for item in questions]
    )
    for reply in replies:
        if isinstance(reply, asking.Rejected):
            raise reply
    return [
        _Answer(question, reply)
        for question, reply in zip(questions, replies)
        if not isinstance(reply, asking.Rejected)
    ]


def _timeouts(
    daemon: Daemon,
    version: Optional[asking.Version],
    configuration: Optional[Configuration],
    answers: Sequence[_Answer],
) -> facts.SshdTimeouts:
    """Return what is known, as far as it could be read and asked."""
    reload_needed = None
    if configuration is not None and daemon.ours:
        if daemon.doubts:
            reload_needed = None
        elif daemon.listener is not None:
            reload_needed = sshd_service.stale(daemon.listener, configuration.tree.texts)
        elif daemon.service.running is False:
            reload_needed = False
    connections = [_of_connection(item, configuration) for item in answers if configuration]
    return facts.SshdTimeouts(
        path=daemon.path,
        version=version.text if version else None,
        service=daemon.service,
        connections=connections,
        tcp_keepalive_seconds=(
            _keepalive_seconds() if answers and answers[0].is_on("tcpkeepalive") else None
        ),
        definitions=definitions(configuration) if configuration else [],
        command_line=["-o " + option for option in daemon.words.options],
        daemons=_daemons(daemon, connections, reload_needed),
        reload_needed=reload_needed,
        sessions=None,
        default_is_somebody=(
            configuration is not None
            and any(item.question.accounts for item in answers)
            and configuration.default_is_somebody()
        ),
    )


def _daemons(
    daemon: Daemon,
    connections: Sequence[facts.ConnectionTimeouts],
    reload_needed: Optional[bool],
) -> List[Dict[str, Any]]:
    """Return all that let people in; the first is the one that the rest is about."""
    if not any(item.listener or item.sockets for item in daemon.all):
        return []  # nothing is known to listen
    from .._sshd import daemons

    first, others = daemon.all[0], daemon.all[1:]
    told = [(first, connections[0] if connections else None, reload_needed)]
    return [
        {
            "config": None if item.is_foreign else item.config,
            "binary": item.words.binary,
            "addresses": daemons.places(item),
            "service": dict(item.service._asdict()),
            "foreign": item.is_foreign,
            "told": item is first,
            "effective": {
                "interval_seconds": default.interval_seconds if default else None,
                "count_max": default.count_max if default else None,
            },
            "reload_needed": needed,
        }
        for item, default, needed in told + [(item, *_of_other(item)) for item in others]
        if item.listener or item.sockets
    ]


def _of_other(
    daemon: sshd_service.Daemon,
) -> Tuple[Optional[facts.ConnectionTimeouts], Optional[bool]]:
    """Return what a connection to an sshd beside the first one gets, and whether it needs a reload.

    None: not known, as of one of a container.
    """
    path = daemon.config
    if path is None or daemon.is_foreign or daemon.words.doubt:
        return None, None
    try:
        program = _find_binary(None, daemon.words.binary)
        configuration = read(path, daemon.words, asking.version(program).release)
        answers = _ask(program, configuration, [])
    except (Refusal, OSError):
        return None, None
    needed: Optional[bool] = False
    if daemon.listener is not None:
        needed = sshd_service.stale(daemon.listener, configuration.tree.texts)
    return _of_connection(answers[0], configuration), needed


def _of_connection(answer: _Answer, configuration: Configuration) -> facts.ConnectionTimeouts:
    def words(keyword: str) -> Tuple[str, ...]:
        return tuple(answer.values.get(keyword.lower(), [""])[0].split())

    interval = sshd_facts.read_seconds(words(sshd_facts.INTERVAL))
    count_max = sshd_facts.read_number(words(sshd_facts.COUNT_MAX))
    numbers = [None if text is None else int(text) for text in (interval, count_max)]
    connection, scope, accounts = answer.question
    return facts.ConnectionTimeouts(
        *connection[:5],
        scope=config.scope_text(scope) if scope else None,
        interval_seconds=numbers[0],
        count_max=numbers[1],
        detection_seconds=sshd_facts.detection_seconds(
            numbers[0], numbers[1], configuration.release
        ),
        channel_timeout=_channel(words("ChannelTimeout"), configuration, connection),
        unused_connection_timeout=_unused(words("UnusedConnectionTimeout"), configuration.release),
        accounts=accounts,
    )


def _channel(
    shown: Sequence[str], configuration: Configuration, connection: Optional[Connection] = None
) -> Optional[Dict[str, Any]]:
    """Return what ChannelTimeout does where sshd shows these arguments."""
    directive = connection and config.deciding(configuration.tree, "channeltimeout", connection)
    if directive and channel_timeout.locks_out(shown, directive.scope, configuration.release):
        nothing = channel_timeout.meaning((), configuration.release)
        return dict(nothing, value="none", why=channel_timeout.LOCKS_OUT)
    shown = _without_none(shown)
    counted, why = channel_timeout.in_force(
        shown,
        configuration.tree,
        configuration.arguments("channeltimeout"),
        configuration.release,
        configuration.version,
    )
    counted = _without_none(counted)
    if not counted and not shown:
        return None
    meaning = channel_timeout.meaning(counted, configuration.release)
    meaning["value"] = " ".join(shown or counted)
    meaning["why"] = why or meaning["why"]
    return meaning


def _without_none(arguments: Sequence[str]) -> Sequence[str]:
    return () if tuple(arguments) == ("none",) else arguments


def _unused(arguments: Sequence[str], release: config.Release) -> Optional[Dict[str, Any]]:
    """Return what UnusedConnectionTimeout does."""
    seconds = channel_timeout.seconds_of(" ".join(arguments))
    if not seconds:
        return None
    works = release >= channel_timeout.FIRST_RELEASE
    early = works and release < (10, 3)
    return {
        "seconds": seconds,
        "works": works,
        "why": "OpenSSH 9.2 to 10.2 can close a connection early" if early else None,
    }


def _users(
    users: Sequence[str], configuration: Optional[Configuration], timeouts: facts.SshdTimeouts
) -> Dict[str, User]:
    """Return what the text gives users who come from nowhere in particular."""
    if configuration is None or not timeouts.connections:
        return dict.fromkeys(users, User(None, {}, None))
    general = timeouts.connections[0].channel_timeout
    found = configuration.sessions(users)
    told: Dict[Session, User] = {}
    for session in found.values():
        if session not in told:
            told[session] = _user(session, configuration, general)
    plain = User(general, {}, None)
    return {user: told[found[user]] if user in found else plain for user in users}


def _user(
    session: "Session", configuration: Configuration, general: Optional[Dict[str, Any]]
) -> User:
    """Return what a session means for its user; ``general``: the ChannelTimeout of everybody."""
    channel = general
    if configuration.release >= channel_timeout.MATCH_RELEASE:
        channel = _channel(session.channel, configuration)
    return User(
        None if session.refused else channel,
        environment(session.setenv, configuration.release),
        session.forced,
        session.jail,
        session.no_terminal,
        session.refused,
        session.locked_out,
    )


def environment(arguments: Sequence[str], release: config.Release) -> Dict[str, str]:
    """Return what SetEnv gives a session: of two values for one name the first."""
    if release < (8, 7):  # whose lines are read as split at "=" too
        return dict(reversed(list(zip(arguments[::2], arguments[1::2]))))
    pairs = [word.partition("=") for word in arguments]
    return {name: value for name, equals, value in reversed(pairs) if equals}


def _keepalive_seconds() -> Optional[int]:
    """Return after how long the kernel gives up a silent peer; None where that is not known."""
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
