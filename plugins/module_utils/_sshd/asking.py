# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the installed sshd what is in force. Private to the collection.

``sshd -T -C`` prints what one connection would get; it needs host keys and a privilege separation
directory although it uses neither. Where they are missing, as in images and chroots, it is asked
in a way that does without: ``-G`` from 9.3 on, else as a user that nobody is, with a throwaway key.
"""

import functools
import os
import re
import resource
import shutil
import subprocess
from collections import deque
from contextlib import suppress
from typing import (
    TYPE_CHECKING,
    Callable,
    Deque,
    Dict,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Union,
)

from .. import _directory
from .._files.reading import danger_of, resolve, shown
from .._files.scratch import NOBODYS_UID
from .._programs import Process, end
from .._refusal import BadOption, Refusal
from . import match
from .config import Release, Tree

if TYPE_CHECKING:
    from .staging import Stages

__all__ = [
    "Answer",
    "Missing",
    "Prover",
    "Question",
    "Rejected",
    "SshdError",
    "Version",
    "find_binary",
    "version",
]

TIMEOUT_SECONDS = 30
AT_ONCE = 8
MEMORY_BYTES = 1 << 30  # sshd takes 15 MB; for a line of 30,000 words, gigabytes
LONG_LINE = 10000  # characters
_ENVIRONMENT = re.compile(r"no hostkeys available|privilege separation", re.IGNORECASE)

Answer = Dict[str, List[str]]


_Ended = Tuple[int, str, str]


class SshdError(Refusal):
    """sshd cannot be asked; one sentence."""


class BadBinary(BadOption, SshdError):
    """The option ``sshd`` names no program."""


class Missing(SshdError):
    """No sshd is installed."""


class Rejected(SshdError):
    """sshd refuses the configuration; the sentence holds its own words."""


class Question(NamedTuple):
    """A connection whose values are asked for; ``planned``: the tree differs from the files."""

    tree: Tree
    connection: match.Connection
    planned: bool


class Version(NamedTuple):
    """What sshd calls itself, such as ``OpenSSH_9.2p1``, and the release as numbers.

    ``whole`` is what ``Match Version`` looks at: ``OpenSSH_10.0p2 Debian-7``.
    """

    text: str
    release: Release
    whole: str = ""


def find_binary(given: Optional[str], running: Optional[str]) -> str:
    """Return the path of sshd: as given, as running, or where distributions put it."""
    if given is not None:
        if not (given.startswith("/") and os.path.isfile(given) and os.access(given, os.X_OK)):
            raise BadBinary("sshd", f"{given} is not the absolute path of a program.")
        return _trusted(given, f"Option sshd: {shown(given)}")
    search = os.pathsep.join(("/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/bin", "/usr/lib/ssh"))
    if running and os.path.isabs(running) and os.access(running, os.X_OK):
        return _trusted(running, f"The program of the running sshd, {shown(running)},")
    usual = shutil.which("sshd", path=search)
    if usual:
        return _trusted(usual, shown(usual))
    raise Missing(
        "No sshd is installed on this host: install it, name it with the option sshd, "
        "or set verify to false."
    )


def _trusted(path: str, named: str) -> str:
    """Return the path, unless others than root could have put a program of theirs there."""
    if os.geteuid() != 0:
        return path  # whoever is not root can lose no more than is theirs
    try:
        real_path, lookups = resolve(path)
        for place, entry in lookups + [(real_path, "")]:
            danger = danger_of(os.stat(place), entry)
            if danger:
                where = "it" if place == real_path else f"the folder {shown(place)}"
                raise SshdError(f"{named} is not run as root, because {where} {danger}.")
    except OSError as error:
        raise SshdError(f"{named} cannot be examined: {error.strerror}.") from error
    return path


def version(binary: str) -> Version:
    """Ask the binary for its version; releases before 9.2 tell it while they refuse ``-V``."""
    _status, output, errors = _run([binary, "-V"])
    name = re.search(r"(OpenSSH_(?:for_Windows_)?(\d+)\.(\d+)[^,\s]*)[^,\n]*", output + errors)
    if name is None:
        raise SshdError(f"{binary} does not tell its OpenSSH version.")
    release = (int(name.group(2)), int(name.group(3)))
    return Version(name.group(1), release, name.group().rstrip())


class Prover:
    """One sshd that is asked about trees of configuration, real or planned.

    ``options`` are words for its command line, such as the ``-o`` that the daemon runs with.
    Use it as a context manager: it keeps private files while it is open.
    """

    def __init__(self, binary: str, release: Release, options: Sequence[str] = ()) -> None:
        self._binary = binary
        self._release = release
        self._options = list(options)
        self._stages: Optional[Stages] = None
        self.bare = False  # the host lacks what -T wants, so a copy of the files is asked

    def __enter__(self) -> "Prover":
        return self

    def __exit__(self, *_error: object) -> None:
        if self._stages is not None:
            self._stages.close()

    def ask(self, questions: Sequence[Question]) -> List[Union[Answer, Rejected]]:
        """Return what each connection would get, or why sshd refuses the tree.

        A refusal names the real files. They are asked side by side: a large configuration costs
        little more than sshd itself needs.
        """
        if not self.bare:
            ended = self._run_all(
                [
                    ["-T", "-f", self._stage(asked.tree) if asked.planned else asked.tree.main]
                    for asked in questions
                ],
                questions,
                None,
            )
            if not any(status and _ENVIRONMENT.search(errors) for status, _output, errors in ended):
                return [self._answer(asked.tree, end) for asked, end in zip(questions, ended)]
            self.bare = True
        ended = self._run_all(
            [self._bare_words(self._stage(asked.tree)) for asked in questions],
            questions,
            _drop_privileges if os.geteuid() == 0 else None,
        )
        for status, _output, errors in ended:
            if status and _ENVIRONMENT.search(errors):
                raise SshdError(f"sshd cannot be asked on this host: {_sentence(errors)}")
        return [self._answer(asked.tree, end) for asked, end in zip(questions, ended)]

    def _run_all(
        self,
        words: Sequence[Sequence[str]],
        questions: Sequence[Question],
        prepare: Optional[Callable[[], None]],
    ) -> List[_Ended]:
        if _directory.is_silent():
            return self._run_without_directory(words, questions, prepare)
        return self._run_here(words, questions, prepare)

    def _run_without_directory(
        self,
        words: Sequence[Sequence[str]],
        questions: Sequence[Question],
        prepare: Optional[Callable[[], None]],
    ) -> List[_Ended]:
        """Ask in a view of the host that has no directory; as it is where that is forbidden.

        For each `Match Group` sshd asks the directory, too, and waits for it.
        """
        from .. import _view

        local = _view.Staged(_directory.NSSWITCH, _directory.LOCAL, None)
        work = functools.partial(self._run_here, words, questions, prepare)
        try:
            return _view.within([local], work, TIMEOUT_SECONDS)
        except _view.NoView:
            return work()

    def _run_here(
        self,
        words: Sequence[Sequence[str]],
        questions: Sequence[Question],
        prepare: Optional[Callable[[], None]],
    ) -> List[_Ended]:
        running: Deque[Process] = deque()
        ended: List[_Ended] = []
        try:
            for asked, own_words in zip(questions, words):
                if len(running) == AT_ONCE:
                    ended.append(_finish(running.popleft(), questions[len(ended)].tree))
                running.append(_start(self._command(own_words, asked.connection), prepare))
            while running:
                ended.append(_finish(running.popleft(), questions[len(ended)].tree))
        finally:
            for process in running:  # none, but after an error
                end(process)
        return ended

    def _command(self, words: Sequence[str], connection: match.Connection) -> List[str]:
        spec = "user={},host={},addr={},laddr={},lport={}".format(*connection)
        if self._release >= (9, 9) and not connection.user_exists:
            spec += ",invalid-user"
        return [self._binary] + list(words) + ["-C", spec] + self._options

    def _answer(self, tree: Tree, ended: _Ended) -> Union[Answer, Rejected]:
        status, output, errors = ended
        return _parse(output) if status == 0 else self._rejected(tree, errors)

    def _bare_words(self, config: str) -> List[str]:
        if self._release >= (9, 3):
            return ["-G", "-T", "-f", config]  # -G alone refuses -C
        key = os.path.join(os.path.dirname(config), "key")
        self._make_key(key)
        return ["-T", "-h", key, "-f", config]

    def _make_key(self, path: str) -> None:
        if os.path.exists(path):
            return
        program = shutil.which("ssh-keygen") or "/usr/bin/ssh-keygen"
        words = [program, "-q", "-t", "ed25519", "-N", "", "-C", "throwaway", "-f", path]
        status, _output, errors = _run(words)
        if status != 0:
            raise SshdError(
                f"sshd has no host keys and a throwaway key cannot be made: {_sentence(errors)}"
            )
        if os.geteuid() == 0:
            os.chown(path, NOBODYS_UID, NOBODYS_UID)

    def _stage(self, tree: Tree) -> str:
        """Return the main file of a private copy of the tree."""
        from . import staging

        self._stages = self._stages or staging.Stages()
        try:
            return self._stages.main_of(tree, NOBODYS_UID if self.bare else None)
        except OSError as error:
            raise SshdError(
                "A copy of the configuration, to ask sshd about, cannot be written: "
                f"{error.strerror}."
            ) from error

    def _rejected(self, tree: Tree, errors: str) -> Rejected:
        if self._stages is not None:
            errors = self._stages.with_real_names(tree, errors)
        hint = _longest_line(tree) if "out of memory" in errors else ""
        return Rejected(f"sshd refuses the configuration: {_sentence(errors)}{hint}")


def _parse(output: str) -> Answer:
    answer: Answer = {}
    for line in output.split("\n"):
        keyword, _blank, value = line.partition(" ")
        answer.setdefault(keyword.lower(), []).append(value)
    return answer


_NOTE = re.compile(r"(?:Deprecated|Unsupported) option")


def _sentence(errors: str) -> str:
    """Return the one or two lines that tell most: those that name a line, else the first.

    Notes on options that are no more come before what is wrong; of a Match line, what is wrong
    with it comes first, and names no line.
    """
    lines = [line.strip() for line in errors.replace("\r", "").split("\n") if line.strip()]
    lines = [line for line in lines if not _NOTE.search(line)] or lines
    telling = [line for line in lines if re.search(r" line \d+|Match attribute", line)] or lines
    words = "; ".join(telling[:2]) or "it ended without a word"
    return words if words.endswith(".") else words + "."


def _drop_privileges() -> None:
    os.setgroups([])
    os.setgid(NOBODYS_UID)
    os.setuid(NOBODYS_UID)


def _run(command: Sequence[str]) -> _Ended:
    return _finish(_start(command, None))


def _start(command: Sequence[str], prepare: Optional[Callable[[], None]]) -> Process:
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd="/",
            preexec_fn=prepare,
            start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        why = getattr(error, "strerror", None) or error
        raise SshdError(f"{command[0]} cannot be run: {why}.") from error
    with suppress(OSError, ValueError):  # it has ended, or may not have as much anyhow
        resource.prlimit(process.pid, resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    return process


def _finish(process: Process, tree: Optional[Tree] = None) -> _Ended:
    try:
        output, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        end(process)
        hint = " " + (_directory.silence() or "") if _directory.is_silent() else ""
        hint = hint or (_longest_line(tree) if tree else "")
        raise SshdError(f"sshd did not answer within {TIMEOUT_SECONDS} seconds.{hint}") from None
    return (
        process.returncode,
        output.decode("utf-8", "surrogateescape"),
        errors.decode("utf-8", "surrogateescape"),
    )


def _longest_line(tree: Tree) -> str:
    """Return a sentence on what most likely costs sshd so much, or nothing."""
    length, path, line = max(
        (len(text), path, number)
        for path, whole in tree.texts.items()
        for number, text in enumerate(whole.split("\n"), 1)
    )
    return f" {path} line {line} has {length} characters." if length > LONG_LINE else ""
