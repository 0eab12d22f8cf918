# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put directives of sshd in force, with proof, or change nothing. Private to the collection.

The engine of the modules that edit sshd's configuration: what the directives mean is in the
Settings that a module hands over, how their numbers are shown is the module's own affair.
"""

import os
import re
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from .._files import lock, reading
from .._refusal import Refusal, sentence
from .._results import printable, unusable
from . import asking, config, edit, files, plan
from . import service as sshd_service
from .match import Connection, Criteria, describe, matches

__all__ = ["ChangeError", "Outcome", "Request", "apply", "argument_spec", "request"]

DEFAULT_PATH = "/etc/ssh/sshd_config"

Values = Dict[str, Optional[str]]


class ChangeError(Refusal):
    """Nothing was changed, or everything was put back; ``conflicts`` names what is in the way.

    The other attributes hold what was found out before it failed.
    """

    def __init__(self, message: str, conflicts: Sequence[Dict[str, Any]] = ()) -> None:
        super().__init__(
            re.sub(r"[\x00-\x1f\x7f]", lambda found: repr(found.group())[1:-1], printable(message))
        )
        self.conflicts = printable(list(conflicts))
        self.before: Optional[Values] = None
        self.version: Optional[asking.Version] = None
        self.service: Optional[sshd_service.Service] = None


class Request(NamedTuple):
    """The options that all modules of this kind share, with the directives wanted.

    ``shown`` holds all directives of the module: their values are told, wanted or not.
    """

    settings: Tuple[edit.Setting, ...]
    shown: Tuple[edit.Setting, ...]
    state: str
    path: Optional[str]
    match: Optional[str]
    conflicts: str
    connections: Sequence[Mapping[str, Any]]
    verify: bool
    sshd: Optional[str]
    reload: bool
    backup: bool
    check_mode: bool


class Outcome(NamedTuple):
    """``proven`` pairs each connection with the values that it gets, by lower-case keyword."""

    path: str
    changed: bool
    before: Values
    proven: List[Tuple[Connection, Values]]
    verified: Optional[bool]
    version: Optional[asking.Version]
    service: sshd_service.Service
    reload_needed: Optional[bool]
    conflicts: List[Dict[str, Any]]
    changed_files: List[str]
    backup_files: List[str]
    diff: List[Dict[str, str]]
    warnings: List[str]


def argument_spec(**directives: Any) -> Dict[str, Any]:
    """The options of a module of this kind; ``directives`` are those that are its own."""
    connection = {key: dict(type="int" if key == "lport" else "str") for key in files.KEYS}
    return dict(
        directives,
        state=dict(type="str", choices=["present", "absent"], default="present"),
        match=dict(type="str"),
        path=dict(type="path"),
        conflicts=dict(type="str", choices=["report", "disable"], default="report"),
        connections=dict(type="list", elements="dict", default=[], options=connection),
        verify=dict(type="bool", default=True),
        sshd=dict(type="path"),
        reload=dict(type="bool", default=False),
        backup=dict(type="bool", default=False),
    )


def request(
    params: Mapping[str, Any],
    settings: Sequence[edit.Setting],
    shown: Sequence[edit.Setting],
    check_mode: bool,
) -> Request:
    """The request that a module's parameters make.

    :raises ChangeError: an option holds what no text of the system can.
    """
    refused = unusable(params)
    if refused:
        raise ChangeError(refused)
    shared = {name: params[name] for name in Request._fields if name in params}
    return Request(settings=tuple(settings), shown=tuple(shown), check_mode=check_mode, **shared)


def apply(request: Request) -> Outcome:
    """Bring the configuration to what the request asks for.

    :raises ChangeError: it cannot be, or would not be in force; every byte is as it was.
    """
    run = _Run(request)
    try:
        run.find_out()
        with run.alone():
            return run.outcome()
    except (Refusal, OSError) as error:
        failed = error if isinstance(error, ChangeError) else ChangeError(sentence(error))
        failed.before, failed.version, failed.service = run.before, run.version, run.service
        raise failed from error


def _writing() -> Any:
    """What only a run that changes something needs: most change nothing, and never load it."""
    from . import write

    return write


class _Run:
    """One run on one host: what was found there, then what was done."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.service = sshd_service.Service(None, None, None)
        self.version: Optional[asking.Version] = None
        self.before: Optional[Values] = None
        self.warnings: List[str] = []
        self.listening: List[str] = []
        self.left_over: Optional[str] = None

    def find_out(self) -> None:
        """What runs here, and which of it the request is about."""
        request = self.request
        self.service, listener, words = sshd_service.find()
        self.path = request.path or words.config or DEFAULT_PATH
        if not self.path.startswith("/"):
            whose = "Option path" if request.path else "The daemon's option -f"
            raise ChangeError(f"{whose}: {self.path} is not an absolute path.")
        if self.path.endswith("/"):
            raise ChangeError(f"Option path: {self.path} is the name of a folder.")
        ours = os.path.realpath(words.config or DEFAULT_PATH) == os.path.realpath(self.path)
        self.listener = listener if ours else None
        self.words = words if ours else sshd_service.CommandLine()
        self.ours = ours
        self.binary = self._find_binary(words.binary)
        self.version = asking.version(self.binary) if self.binary else None
        self.release = self.version.release if self.version else config.NEWEST
        self.criteria = _criteria(request.match, self.release)
        self.overrides = [
            option for option in self.words.options if self._keyword_of(option) is not None
        ]

    def _find_binary(self, running: Optional[str]) -> Optional[str]:
        try:
            return asking.find_binary(self.request.sshd, running)
        except asking.SshdError:
            if self.request.verify:
                raise
            return None

    def _keyword_of(self, option: str) -> Optional[str]:
        statement = config.parse_line(option, self.release)
        wanted = [setting.keyword.lower() for setting in self.request.settings]
        return statement.keyword if statement and statement.keyword in wanted else None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Alone on this configuration, and rid of what a killed run left; both for real runs."""
        home = os.path.dirname(os.path.realpath(self.path))
        if not os.path.isdir(home):
            yield
            return
        if self.request.check_mode:
            self.left_over = reading.unfinished(home)
            if self.left_over:
                self.warnings.append(
                    f"{self.left_over} is left from a run that was killed; a real run first takes it "
                    "back or completes it."
                )
            yield
            return
        with lock.locked(home):
            if reading.unfinished(home):
                self.warnings.extend(_writing().recover(home))
            yield

    def outcome(self) -> Outcome:
        request = self.request
        keywords = [setting.keyword for setting in request.settings] + [
            "Port",
            "ListenAddress",
            "AddressFamily",
        ]
        self.files = files.Files(self.path, keywords, self.release)
        self.plan = self._plan()
        self.connections = self._connections()
        changes = [self.files.change(path, text) for path, text in self.plan.texts.items()]
        if changes and not self.left_over:
            _writing().check(changes)
        options = [word for option in self.overrides for word in ("-o", option)]
        with asking.Prover(self.binary or "", self.release, options) as prover:
            proven = self._prove(prover)
            reload_needed = self._reload_needed(bool(changes))
            reloading = request.reload and bool(reload_needed)
            if request.reload and reload_needed is None:
                self.warnings.append(
                    f"Nothing is reloaded: whether a running sshd has read {self.path} cannot be "
                    "told."
                )
            backup_files: List[str] = []
            if request.reload and reload_needed is not False and self.listener is not None:
                _writing().check_reload(self)
            if (changes or reloading) and not request.check_mode:
                backup_files, warnings = _writing().write(self, changes, prover, proven, reloading)
                self.warnings.extend(warnings)
                reload_needed = self._reload_needed(False)
        return Outcome(
            path=self.path,
            changed=bool(changes) or reloading,
            before=self.before or {},
            proven=proven,
            verified=True if request.verify else None,
            version=self.version,
            service=self.service,
            reload_needed=reload_needed,
            conflicts=printable(self._conflicts(refused=False)),
            changed_files=printable([change.snapshot.real_path for change in changes]),
            backup_files=printable(backup_files),
            diff=printable(_writing().diff(changes)) if changes else [],
            warnings=printable(self.warnings),
        )

    def _plan(self) -> plan.Plan:
        request = self.request
        if request.state == "absent":
            return plan.unmake(self.files.read, request.settings, self.release, self.criteria)
        return plan.make(
            self.files.read,
            request.settings,
            self.release,
            self.criteria,
            request.conflicts == "disable",
        )

    def _connections(self) -> List[Connection]:
        """Those to prove: for a Match block those that meet it, else the default one first."""
        default = files.default_connection(self.plan.before, self.words)
        given = [files.connection(item, default) for item in self.request.connections]
        if self.criteria is None:
            return [default] + given
        proving = self.request.state == "present" and self.request.verify
        if self.request.state == "present":
            files.check_meetable(self.criteria, proving)
        for item in given:
            if not matches(self.criteria, item):
                raise ChangeError(
                    f"Option connections: {_shown(item)} does not meet {describe(self.criteria)!r}."
                )
        try:
            return given or [files.derived_connection(self.criteria, default)]
        except files.BadConnection:
            if proving:
                raise
            return [default]

    def _prove(self, prover: asking.Prover) -> List[Tuple[Connection, Values]]:
        """What would be in force after the run; raises if that is not what was asked."""
        if not self.request.verify:
            self._require(
                [
                    (item, self._modelled(item))
                    for item in self.connections
                    if matches(self.criteria or (), item)
                ]
            )
            return [(item, {}) for item in self.connections]
        questions = [
            asking.Question(self.plan.after, item, bool(self.plan.texts))
            for item in self.connections
        ]
        if self.plan.texts:
            questions.append(asking.Question(self.plan.before, self.connections[0], False))
        answers = prover.ask(questions)
        if not isinstance(answers[-1], asking.Rejected):
            self.before = self.values(answers[-1] if self.plan.texts else answers[0])
        proven = [
            (item, self.values(self._located(answer)))
            for item, answer in zip(self.connections, answers)
        ]
        self._require(proven)
        return proven

    def _located(
        self, answer: Union[asking.Answer, asking.Rejected]
    ) -> Union[asking.Answer, asking.Rejected]:
        """The answer to what is planned, with lines as they are counted in the files now."""
        if not self.plan.texts or not isinstance(answer, asking.Rejected):
            return answer
        place = "({})(:? line )([0-9]+)".format("|".join(map(re.escape, self.plan.texts)))
        return asking.Rejected(re.sub(place, self._place_now, str(answer)))

    def _place_now(self, found: "re.Match[str]") -> str:
        path, between, number = found.group(1), found.group(2), int(found.group(3))
        planned = self.plan.after.texts[path].split("\n")
        text = planned[number - 1] if number <= len(planned) else None
        old = enumerate(self.plan.before.texts.get(path, "").split("\n"), 1)
        lines = [line for line, own in old if own == text]
        if not lines:
            return f"{path}{between}{number} (as it would be written)"
        nth = planned[:number].count(text or "")
        return f"{path}{between}{lines[min(nth, len(lines)) - 1]}"

    def values(self, answer: Union[asking.Answer, asking.Rejected]) -> Values:
        if isinstance(answer, asking.Rejected):
            raise answer
        self.listening = answer.get("listenaddress", [])
        return {
            setting.keyword.lower(): setting.read(
                tuple(answer.get(setting.keyword.lower(), [""])[0].split())
            )
            for setting in self.request.shown
        }

    def _modelled(self, connection: Connection) -> Values:
        """What the text alone says."""
        values: Values = {}
        for setting in self.request.settings:
            directive = config.deciding(self.plan.after, setting.keyword, connection)
            values[setting.keyword.lower()] = (
                setting.read(directive.arguments) if directive else None
            )
        return values

    def _require(self, proven: Sequence[Tuple[Connection, Values]]) -> None:
        problems = []
        for connection, values in proven:
            for setting in self.request.settings:
                found = values[setting.keyword.lower()]
                if setting.value is not None and found != setting.value:
                    problems.append(
                        f"{setting.keyword} would be {found}, not {setting.value}, for "
                        f"{_shown(connection)}: {self._cause(setting, connection)}"
                    )
        if problems:
            raise ChangeError(
                "Nothing was changed. " + " ".join(problems), self._conflicts(refused=True)
            )

    def _cause(self, setting: edit.Setting, connection: Connection) -> str:
        directive = config.deciding(self.plan.after, setting.keyword, connection)
        if directive is None or not directive.scope:
            own = [
                option for option, keyword in self._options() if keyword == setting.keyword.lower()
            ]
            if own and self._contradicts(own[0]):
                return (
                    f"the daemon runs with -o {own[0]}, which beats the global section of every "
                    "file."
                )
        if directive is None or setting.agrees(directive.arguments):
            return "no line that was found explains it."
        for item in self._conflicts(refused=True):
            if item["path"] == directive.path and item["text"] == directive.text.strip(" \t\r\f"):
                break
        else:
            item = {"line": directive.line}
        advice = (
            ""
            if not config.unconditional(directive) or (self.request.conflicts == "disable")
            else " (conflicts=disable would disable it)"
        )
        return "%s line %d in the scope %s says %r%s." % (
            directive.path,
            item["line"],
            config.scope_text(directive),
            directive.text.strip(" \t\r\f"),
            advice,
        )

    def _conflicts(self, refused: bool) -> List[Dict[str, Any]]:
        if self.request.state == "absent":
            return []
        found = (
            []
            if self.criteria is not None
            else self._contradicting_options(self.plan.before if refused else self.plan.after)
        )
        return found + plan.conflicts(
            self.plan,
            self.request.settings,
            refused,
            self.connections,
            self.criteria,
            self._groups_of,
            frozenset(keyword for _option, keyword in self._options()),
        )

    def _groups_of(self, user: str) -> Tuple[str, ...]:
        try:
            return files.connection({"user": user}, self.connections[0]).groups
        except files.BadConnection:
            return ()

    def _contradicting_options(self, tree: config.Tree) -> List[Dict[str, Any]]:
        """An option beats what stands in a global section, and loses to Match blocks."""
        beaten = {
            directive.keyword
            for directive in tree.directives
            if directive.scope and config.unconditional(directive)
        }
        found = []
        for option, keyword in self._options():
            if self._contradicts(option):
                found.append(
                    {
                        "path": None,
                        "line": None,
                        "text": "-o " + option,
                        "scope": "command line",
                        "wins": keyword not in beaten,
                        "disabled": False,
                    }
                )
            beaten.add(keyword)  # of two options the first one counts
        return found

    def _options(self) -> List[Tuple[str, str]]:
        """The daemon's options about what is wanted, with their keywords."""
        pairs = [(option, self._keyword_of(option)) for option in self.overrides]
        return [(option, keyword) for option, keyword in pairs if keyword is not None]

    def _contradicts(self, option: str) -> bool:
        statement = config.parse_line(option, self.release)
        return statement is not None and any(
            setting.keyword.lower() == statement.keyword
            and not setting.agrees(statement.arguments or ())
            for setting in self.request.settings
        )

    def _reload_needed(self, changing: bool) -> Optional[bool]:
        if self.listener is None:
            return False if self.ours and not self.service.running else None
        return changing or sshd_service.stale(self.listener, self.plan.before.texts)


def _criteria(match: Optional[str], release: config.Release) -> Optional[Criteria]:
    if match is None:
        return None
    if any(char in match for char in "\n\r\0\"'\\#"):
        raise ChangeError(
            f"Option match: {match!r} must be one line without quotes, backslashes or comments."
        )
    statement = config.parse_line("Match " + match, release)
    criteria = config.parse_criteria(statement.arguments if statement else None)
    known = (
        "all",
        "user",
        "group",
        "host",
        "address",
        "localaddress",
        "localport",
        "rdomain",
        "invalid-user",
    )
    if criteria is None:
        raise ChangeError(f"Option match: {match!r} is {config.NO_CRITERIA}.")
    for name, _argument in criteria:
        if name not in known:
            raise ChangeError(
                f"Option match: {match!r}: sshd_config(5) knows no criterion {name!r}."
            )
    return criteria


def _shown(connection: Connection) -> str:
    return "user %s, host %s, addr %s, laddr %s, lport %d" % connection[:5]
