# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the installed sshd what is in force. Private to the collection.

``sshd -T -C`` prints what one connection would get; it needs host keys and a privilege separation
directory although it uses neither. Where they are missing, as in images and chroots, it is asked
in a way that does without: ``-G`` from 9.3 on, else as a user that nobody is, with a throwaway key.
"""

import os
import re
import shutil
import subprocess
import tempfile
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.curfew.session.plugins.module_utils import _sshd_config, _sshd_match

__all__ = ["Answer", "Prover", "Rejected", "SshdError", "Version", "find_binary", "version"]

TIMEOUT_SECONDS = 30
NOBODYS_UID = 4294900001  # no account has it, so no other process can look into the stage
_ENVIRONMENT = re.compile(r"no hostkeys available|privilege separation", re.IGNORECASE)

Answer = Dict[str, List[str]]


class SshdError(Exception):
    """sshd cannot be asked; one sentence."""


class Rejected(SshdError):
    """sshd refuses the configuration; the sentence holds its own words."""


class Version(NamedTuple):
    text: str
    release: _sshd_config.Release


def find_binary(given: Optional[str], running: Optional[str]) -> str:
    """The path of sshd: as given, as running, or where distributions put it."""
    if given is not None:
        if not (given.startswith("/") and os.path.isfile(given) and os.access(given, os.X_OK)):
            raise SshdError("Option sshd: %s is not the absolute path of a program." % given)
        return given
    search = os.pathsep.join(("/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/bin", "/usr/lib/ssh"))
    for found in (running, shutil.which("sshd", path=search)):
        if found and os.path.isabs(found) and os.access(found, os.X_OK):
            return found
    raise SshdError(
        "No sshd is installed on this host: install it, name it with the option sshd, "
        "or set verify to false.")


def version(binary: str) -> Version:
    """What the binary says of itself; releases before 9.2 do so while they refuse ``-V``."""
    _status, output, errors = _run([binary, "-V"])
    found = re.search(r"OpenSSH_(?:for_Windows_)?(\d+)\.(\d+)[^,\s]*", output + errors)
    if found is None:
        raise SshdError("%s does not tell its OpenSSH version." % binary)
    return Version(found.group(), (int(found.group(1)), int(found.group(2))))


class Prover(object):
    """Asks one sshd about trees of configuration, real or planned.

    ``options`` are words for its command line, such as the ``-o`` that the daemon runs with.
    Use it as a context manager: it keeps private files while it is open.
    """

    def __init__(self, binary: str, release: _sshd_config.Release,
                 options: Sequence[str] = ()) -> None:
        self._binary = binary
        self._release = release
        self._options = list(options)
        self._scratch = []  # type: List[str]
        self._stages = {}  # type: Dict[int, Tuple[_sshd_config.Tree, str]]
        self._bare = False  # the host lacks what -T wants

    def __enter__(self) -> "Prover":
        return self

    def __exit__(self, *_error: object) -> None:
        for path in self._scratch:
            shutil.rmtree(path, ignore_errors=True)

    def ask(self, tree: _sshd_config.Tree, connection: _sshd_match.Connection,
            planned: bool) -> Answer:
        """What the connection would get.

        :param planned: the tree differs from the files, so a staged copy is asked.
        :raises Rejected: sshd refuses the tree; messages name the real files.
        """
        if not self._bare:
            config = self._stage(tree) if planned else tree.main
            status, output, errors = self._print(["-T", "-f", config], connection, False)
            if status == 0:
                return _parse(output)
            if not _ENVIRONMENT.search(errors):
                raise self._rejected(tree, errors)
            self._bare = True
            self._stages.clear()
        return self._ask_bare(tree, connection)

    def _ask_bare(self, tree: _sshd_config.Tree, connection: _sshd_match.Connection) -> Answer:
        config = self._stage(tree)
        if self._release >= (9, 3):
            status, output, errors = self._print(["-G", "-f", config], connection, True)
        else:
            key = os.path.join(os.path.dirname(config), "key")
            self._make_key(key)
            words = ["-T", "-h", key, "-f", config]
            status, output, errors = self._print(words, connection, True)
        if status == 0:
            return _parse(output)
        if _ENVIRONMENT.search(errors):
            raise SshdError("sshd cannot be asked on this host: %s" % _sentence(errors))
        raise self._rejected(tree, errors)

    def _print(self, words: Sequence[str], connection: _sshd_match.Connection,
               dropped: bool) -> Tuple[int, str, str]:
        spec = "user=%s,host=%s,addr=%s,laddr=%s,lport=%d" % connection[:5]
        command = [self._binary] + list(words) + ["-C", spec] + self._options
        return _run(command, _drop_privileges if dropped and os.geteuid() == 0 else None)

    def _make_key(self, path: str) -> None:
        if os.path.exists(path):
            return
        program = shutil.which("ssh-keygen") or "/usr/bin/ssh-keygen"
        words = [program, "-q", "-t", "ed25519", "-N", "", "-C", "throwaway", "-f", path]
        status, _output, errors = _run(words)
        if status != 0:
            raise SshdError(
                "sshd has no host keys and a throwaway key cannot be made: %s" % _sentence(errors))
        self._own(path)

    def _own(self, path: str) -> None:
        if self._bare and os.geteuid() == 0:
            os.chown(path, NOBODYS_UID, NOBODYS_UID)

    def _stage(self, tree: _sshd_config.Tree) -> str:
        known = self._stages.get(id(tree))
        if known is not None:
            return known[1]
        folder = tempfile.mkdtemp(prefix="curfew-session-")
        self._scratch.append(folder)
        names = _staged_names(tree, folder)
        for path, text in tree.texts.items():
            descriptor = os.open(names[path], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as staged:
                staged.write(_with_staged_includes(tree, path, text, names).encode(
                    "utf-8", "surrogateescape"))
            self._own(names[path])
        self._own(folder)
        self._stages[id(tree)] = (tree, names[tree.main])
        return names[tree.main]

    def _rejected(self, tree: _sshd_config.Tree, errors: str) -> Rejected:
        staged = self._stages.get(id(tree))
        if staged is not None:
            names = _staged_names(tree, os.path.dirname(staged[1]))
            for path, name in names.items():
                errors = errors.replace(name, path)
        return Rejected("sshd refuses the configuration: %s" % _sentence(errors))


def _staged_names(tree: _sshd_config.Tree, folder: str) -> Dict[str, str]:
    return {path: os.path.join(folder, "%06d.conf" % number)
            for number, path in enumerate(tree.texts)}


def _with_staged_includes(tree: _sshd_config.Tree, path: str, text: str,
                          names: Dict[str, str]) -> str:
    """The text with each Include naming the staged files, line for line."""
    lines = text.split("\n")
    for (including, number), included in tree.includes.items():
        if including == path:
            words = ['"%s"' % names[name] for name in included if name in names]
            lines[number - 1] = "Include %s" % " ".join(words) if words else "#"
    return "\n".join(lines)


def _parse(output: str) -> Answer:
    answer = {}  # type: Answer
    for line in output.split("\n"):
        keyword, _blank, value = line.partition(" ")
        answer.setdefault(keyword.lower(), []).append(value)
    return answer


def _sentence(errors: str) -> str:
    """The one or two lines that tell most: those that name a line, else the first."""
    lines = [line.strip() for line in errors.replace("\r", "").split("\n") if line.strip()]
    telling = [line for line in lines if re.search(r" line \d+", line)] or lines
    words = "; ".join(telling[:2]) or "it ended without a word"
    return words if words.endswith(".") else words + "."


def _drop_privileges() -> None:
    os.setgroups([])
    os.setgid(NOBODYS_UID)
    os.setuid(NOBODYS_UID)


def _run(command, prepare=None):
    # type: (Sequence[str], Optional[object]) -> Tuple[int, str, str]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    try:
        process = subprocess.Popen(
            list(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment, cwd="/", preexec_fn=prepare)
    except OSError as error:
        raise SshdError("%s cannot be run: %s." % (command[0], error.strerror))
    try:
        output, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise SshdError("%s did not end within %d seconds." % (command[0], TIMEOUT_SECONDS))
    return (process.returncode, output.decode("utf-8", "surrogateescape"),
            errors.decode("utf-8", "surrogateescape"))
