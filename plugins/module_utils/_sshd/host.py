# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running sshd and the files that a request is about, and what to change there.

Private to the collection. Reads and plans; asks sshd for nothing but its release.
"""

import os
from typing import TYPE_CHECKING, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .._files import reading
from .._once import Once
from .._refusal import BadOption, Refusal
from . import asking, config, connections, files, plan
from .finding import doubts, is_same, of_path
from .match import NAMES, SINCE, Connection, Criteria, describe, in_words, matches
from .options import Request, Setting
from .service import CommandLine, Daemon, Listener, Service, stale

if TYPE_CHECKING:
    from .members import Local

__all__ = [
    "Host",
    "Override",
    "Program",
    "Reload",
    "Work",
    "find_program",
    "look",
    "prepare",
    "prover",
    "reload_needed",
    "with_planned",
]


class Program(NamedTuple):
    """The file that a request is about, and the sshd that is asked about it, if there is one.

    ``daemon``: of several the one that reads the file; ``daemon_path``: what it reads, if known.
    """

    path: str
    binary: Optional[str]
    version: Optional[asking.Version]
    daemon: Daemon
    daemon_path: Optional[str]


class Override(NamedTuple):
    """An option on the daemon's command line that sets a directive which the module reports."""

    option: str
    statement: config.Statement


class Host(NamedTuple):
    """What runs here, as far as the request is about it.

    ``is_daemons``: the running sshd reads the request's file; None: nobody knows. Where it does
    not, there is no ``listener``, and no ``words``. ``doubts`` say why what sshd proves may not
    be what the daemon does; ``notes`` tell of other daemons, of which ``twins`` read the same file.
    """

    path: str
    service: Service
    is_daemons: Optional[bool]
    listener: Optional[Listener]
    words: CommandLine
    binary: Optional[str]
    release: config.Release
    criteria: Optional[Criteria]
    overrides: Tuple[Override, ...]
    version: str = ""  # what its sshd calls itself
    doubts: Tuple[str, ...] = ()
    notes: Tuple[str, ...] = ()
    twins: Tuple[Daemon, ...] = ()


class Work(NamedTuple):
    """What a run has to do: the plan, its changes to files, and the connections to prove.

    ``people`` are the accounts of this host, where conditional blocks give some another value.
    """

    files: files.Files
    plan: plan.Plan
    changes: List[reading.Change]
    connections: List[Connection]
    people: Optional["Local"] = None


class Reload(NamedTuple):
    """A reload that is due: of this listener, which will listen at the addresses ``listening``."""

    service: Service
    listener: Listener
    listening: List[str]


def find_program(request: Request, daemon: Daemon, once: Once) -> Program:
    """Return which file the request is about and which sshd reads it.

    :raises Refusal: the path is none of a file, or there is no sshd to prove anything with.
    """
    daemon, reads = of_path(request.path, daemon)
    path = request.path or reads
    if path is None:
        raise Refusal(
            f"Which file the sshd of this host ({daemon.words.binary}) reads cannot be known: "
            "name it with the option path."
        )
    if not path.startswith("/"):
        if request.path:
            raise BadOption("path", f"{path} is not an absolute path.")
        raise Refusal(f"The daemon's option -f: {path} is not an absolute path.")
    if path.endswith("/"):
        raise BadOption("path", f"{path} is the name of a folder.")
    try:
        binary = asking.find_binary(request.sshd, daemon.words.binary)
    except asking.SshdError:
        if request.verify:
            raise
        return Program(path, None, None, daemon, reads)
    return Program(path, binary, once(asking.version, binary), daemon, reads)


def look(request: Request, program: Program) -> Host:
    """Return what runs here, as far as the request is about it.

    :raises Refusal: the option ``match`` holds no criteria.
    """
    path, daemon = program.path, program.daemon
    release = program.version.release if program.version else config.NEWEST
    is_daemons = None if program.daemon_path is None else is_same(program.daemon_path, path)
    words = CommandLine() if is_daemons is False else daemon.words
    twins = tuple(item for item in daemon.others if _is_twin(item, path))
    own_doubts = doubts(daemon, program.daemon_path)
    beaten = [item for item in twins if _overrides(request.settings, item.words, release)]
    own_doubts += [_unjudged(item, path) for item in beaten]
    if is_daemons is not False:
        rest = [item for item in daemon.others if item not in twins]
        own_doubts += _at_one_place(daemon, rest)
    return Host(
        path,
        daemon.service,
        is_daemons,
        None if is_daemons is False else daemon.listener,
        words,
        program.binary,
        release,
        None if request.match is None else _criteria(request.match, release),
        _overrides(request.reported, words, release),
        program.version.whole if program.version else "",
        tuple(own_doubts),
        tuple(_notes(program, twins)),
        twins,
    )


def _is_twin(daemon: Daemon, path: str) -> bool:
    return daemon.listener is not None and not daemon.is_foreign and is_same(daemon.config, path)


def _unjudged(daemon: Daemon, path: str) -> str:
    from . import daemons

    return "Another sshd, at {}, reads {} too, and has options that beat it: -o {}.".format(
        ", ".join(daemons.places(daemon)), path, ", -o ".join(daemon.words.options)
    )


def _notes(program: Program, twins: Sequence[Daemon]) -> Iterator[str]:
    """Yield what is to be said where more than one sshd lets people in."""
    if program.daemon.others:
        from . import daemons

        yield daemons.which_of_several(program.daemon, program.path, twins)


def _at_one_place(daemon: Daemon, others: Sequence[Daemon]) -> Iterator[str]:
    """Yield what is to be said of others that get some of the connections to a daemon's sockets.

    Where all allow it (SO_REUSEPORT), the kernel hands a connection to any of them.
    """
    if not others:
        return
    from . import daemons

    own = daemons.places(daemon)
    for item in others:
        shared = sorted(set(own).intersection(daemons.places(item)))
        alike = item.config == daemon.config and item.words.options == daemon.words.options
        if shared and (item.is_foreign or not alike):
            yield daemons.shared_place(item, shared)


def _overrides(
    settings: Sequence[Setting], words: CommandLine, release: config.Release
) -> Tuple[Override, ...]:
    wanted = [setting.keyword.lower() for setting in settings]
    statements = [(option, config.parse_line(option, release)) for option in words.options]
    return tuple(
        Override(option, statement)
        for option, statement in statements
        if statement is not None and statement.keyword in wanted
    )


def _criteria(match: str, release: config.Release) -> Criteria:
    if any(char in match for char in "\n\r\0\"'\\#"):
        raise BadOption(
            "match", f"{match!r} must be one line without quotes, backslashes or comments."
        )
    statement = config.parse_line("Match " + match, release)
    criteria = config.parse_criteria(statement.arguments if statement else None)
    if criteria is None:
        raise BadOption("match", f"{match!r} is {config.NO_CRITERIA}.")
    for name, _argument in criteria:
        if name not in NAMES:
            raise BadOption("match", f"{match!r}: sshd_config(5) knows no criterion {name!r}.")
        if release < SINCE.get(name, release):
            came = "{}.{}".format(*SINCE[name])
            raise BadOption(
                "match",
                f"{match!r}: OpenSSH knows {NAMES[name]} from {came} on, and this is older.",
            )
    return criteria


def prepare(request: Request, host: Host, others: Sequence[reading.Change] = ()) -> Work:
    """Return what there is to change and to prove, on top of what others change.

    :raises Refusal: the files cannot be read, or no connection can be proven.
    """
    keywords = [setting.keyword for setting in request.settings]
    tree_files = files.Files(
        host.path, keywords + ["Port", "ListenAddress", "AddressFamily"], host.release, others
    )
    planned = _plan(request, host, tree_files)
    needless = request.state == "present" and plan.only_duplicates_go(planned, request.settings)
    if needless and not _can_change(tree_files, host.path):  # what loses is no reason to fail
        planned = plan.Plan(planned.before, planned.before, {}, [])
    proven = _connections(request, host, planned.before)
    changes = [tree_files.change(path, text) for path, text in planned.texts.items()]
    people = None
    if plan.has_exceptions(planned, request.settings):
        from . import members, sessions

        default = connections.default_connection(planned.before, host.words, host.version)
        people = members.local(default, planned.after)
        tree = files.Files(host.path, config.SESSION_KEYWORDS, host.release, others).read({})
        sessions.leave_out_refused(people, tree, host.words, host.release)
    return Work(tree_files, planned, changes, proven, people)


def with_planned(work: Work, planned: Sequence[reading.Change]) -> Work:
    """Return the same work with the tree as it will be when all have changed what they plan to."""
    paths = {snapshot.real_path for snapshot in work.files.snapshots.values()}
    here = [change for change in planned if change.snapshot.real_path in paths]
    if here == work.changes:
        return work
    return work._replace(plan=work.plan._replace(after=work.files.as_planned(here)))


def prover(host: Host) -> asking.Prover:
    """Return what asks the sshd of this host, with the options that the daemon has."""
    words = [word for override in host.overrides for word in ("-o", override.option)]
    return asking.Prover(host.binary or "", host.release, words)


def _plan(request: Request, host: Host, tree_files: files.Files) -> plan.Plan:
    if request.state == "absent":
        return plan.unmake(tree_files.read, request.settings, host.release, host.criteria)
    return plan.make(
        tree_files.read,
        request.settings,
        host.release,
        host.criteria,
        request.conflicts == "disable",
        lambda path: _is_seen(tree_files, path),
        lambda path: _can_change(tree_files, path) or _is_for_others(path),
    )


def _is_seen(tree_files: files.Files, path: str) -> bool:
    """Tell whether scanners of this host read a file, which can be changed for their sake."""
    if path == tree_files.main:
        return True
    from .. import _scanners

    text = reading.text_or_nothing("/etc/os-release")
    if not _scanners.read_drop_in(path, text or reading.text_or_nothing("/usr/lib/os-release")):
        return False
    return _can_change(tree_files, path)


def _can_change(tree_files: files.Files, path: str) -> bool:
    from .._files import safety

    try:
        safety.check_safe(tree_files.change(path, ""))
    except Refusal:
        return False
    return True


def _is_for_others(path: str) -> bool:
    """Tell whether others than root could change a file, which is refused, and not passed over."""
    from .._files import safety

    try:
        safety.check_folder(os.path.dirname(path))
    except Refusal:
        return True
    return False


def _connections(request: Request, host: Host, tree: config.Tree) -> List[Connection]:
    """Return those to prove: for a Match block those that meet it, else the default one first."""
    default = connections.default_connection(tree, host.words, host.version)
    given = [connections.connection(item, default) for item in request.connections]
    if host.criteria is None:
        return [default] + given
    from . import deriving

    proving = request.state == "present" and request.verify
    if request.state == "present":
        deriving.check_meetable(host.criteria, proving)
    for item in given:
        if not matches(host.criteria, item):
            raise BadOption(
                "connections", f"{in_words(item)} does not meet {describe(host.criteria)!r}."
            )
    try:
        return given or [deriving.derived_connection(host.criteria, default)]
    except BadOption:
        if proving:
            raise
        return [default]


def reload_needed(host: Host, work: Work, changing: bool) -> Optional[bool]:
    """Tell whether the running sshd has not read what its files say; None: that is not known."""
    if host.listener is None:
        return False if host.is_daemons and host.service.running is False else None
    if host.doubts:
        return None
    listeners = [host.listener] + [item.listener for item in host.twins if item.listener]
    known = [changing or stale(listener, work.plan.before.texts) for listener in listeners]
    return True if True in known else None if None in known else False
