"""Hold what we find in trees of login files, in which order, and our edits, against real logins.

Each shell is started as a login shell in a mount namespace of its own, where the files of /etc are
links into the current folder: so each tree needs a folder, and no mount.
"""

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.curfew.session.plugins.module_utils._files import reading as files_reading
from ansible_collections.curfew.session.plugins.module_utils._shell import (
    conflicts as shell_conflicts,
)
from ansible_collections.curfew.session.plugins.module_utils._shell import dropin, edit
from ansible_collections.curfew.session.plugins.module_utils._shell import files as shell_files
from tests.oracle import CannotBeAsked

from .case import Files
from .login_trees import ALL, DROP_IN, OURS, Tree

MARKER = "ours"
# As it is with ours, with ours and what contradicts it disabled, and without any TMOUT.
REPORTED, DISABLED, TWIN = "abc"
LINKED = ("profile", "profile.d", "profile.local", "bash.bashrc", "ksh.kshrc", "mkshrc", "zsh")
NEEDED = ("passwd", "group", "nsswitch.conf", "ld.so.cache", "alternatives")
ENTER = 'mount --bind "$1/etc" /etc && exec sh "$1/driver" "$1"'
DRIVER = """for i in %s; do
  case $i in *i) how=-i;; *) how= ;; esac
  cd "$1/$i" && HOME="$1/home" setsid -w %s $how -c '. "$0"' "$1/ask" >out 2>err </dev/null
done
exit 0
"""
ASK = """printf 'TRACE=%s\\nT=%s\\n' "$TRACE" "${TMOUT-unset}"
if ( ulimit -c 0; unset TMOUT ) 2>/dev/null; then echo R=no; else echo R=yes; fi
exec env -0
"""
COMPLAINS = re.compile(r"(?im)^.*(TMOUT|read.?only|not found|unexpected|syntax).*$")


class Said(NamedTuple):
    """What a login shell said: its trace, and what it has."""

    trace: list[str]
    tmout: str | None
    readonly: bool
    exported: bool
    errors: str


class Case(NamedTuple):
    number: int
    tree: Tree
    wanted: Any
    readings: dict[str, Any]
    conflicts: list[Any]
    # None where a line cannot be disabled.
    disabled: Files | None


class Wrong(Exception):
    """A shell and we disagree; the sentence says how."""


class TreeFiles(shell_files.HostFiles):
    """A tree that is not on this host."""

    def __init__(self, files: Files) -> None:
        super().__init__()
        self._files = files

    def snapshot(self, path: str) -> Any:
        data = self._files.get(path)
        return None if data is None else files_reading.Snapshot(path, path, data, None)

    def names(self, folder: str) -> list[str] | None:
        names = [Path(path).name for path in self._files if str(Path(path).parent) == folder]
        return names if names or folder == str(Path(DROP_IN).parent) else None

    def real(self, path: str) -> str:
        return path


def check(
    folder: Path, trees: Sequence[tuple[int, Tree]], shells: Sequence[str], counts: Counter[str]
) -> dict[int, str]:
    """What is wrong with which of these trees."""
    found: dict[int, str] = {}
    cases = []
    for number, tree in trees:
        try:
            cases.append(_planned(number, tree))
        except Wrong as wrong:
            found[number] = str(wrong)
        except Exception as error:  # a crash is a disagreement too
            found[number] = f"{type(error).__name__}: {error}"
    for shell in shells if cases else ():
        asked = [case for case in cases if shell in case.tree.shells]
        said = _ask(folder, shell, asked)
        for case in asked:
            try:
                counts[f"tree, {shell}: {_compare(case, shell, said)}"] += 1
            except Wrong as wrong:
                found.setdefault(case.number, f"{wrong} ({shell})")
    return found


def _planned(number: int, tree: Tree) -> Case:
    """What the module would find, and do."""
    options = tree.options
    spares = options["interactive_only"] or options["exempt_users"] or options["exempt_groups"]
    wanted = shell_conflicts.Wanted(OURS, options["readonly"], options["export"], bool(spares))
    files = TreeFiles(tree.files)
    readings, conflicts = shell_conflicts.survey(files, sorted(ALL), DROP_IN, wanted)
    try:
        changes, _taken = edit.disabling(files, conflicts)
    except files_reading.FilesError:
        return Case(number, tree, wanted, readings, conflicts, None)
    disabled = {**tree.files, **{one.snapshot.path: one.after for one in changes}}
    after = TreeFiles(disabled)
    again, _conflicts = shell_conflicts.survey(after, sorted(ALL), DROP_IN, wanted)
    back = edit.enabling(after, list(again.values()))
    if {**disabled, **{one.snapshot.path: one.after for one in back}} != tree.files:
        raise Wrong("enabling does not bring the tree back")
    return Case(number, tree, wanted, readings, conflicts, disabled)


def _ask(folder: Path, shell: str, cases: Sequence[Case]) -> dict[str, Said | None]:
    """Start a login shell in each state of each tree; None for one that does not answer."""
    _prepare(folder)
    names = []
    for case in cases:
        ours = dropin.render(OURS, **case.tree.options).encode()
        marker = f'TRACE="$TRACE {MARKER}"\n'.encode()
        states = {REPORTED: (case.tree.files, ours), TWIN: (case.tree.twin, marker)}
        if case.disabled is not None:
            states[DISABLED] = (case.disabled, ours)
        for state, (files, drop_in) in states.items():
            names.append(_name(case, state))
            _lay(folder / names[-1], {**files, DROP_IN: drop_in})
    (folder / "driver").write_text(DRIVER % (" ".join(names), f"{shell} -l"))
    enter = ["unshare", "-m", "--propagation", "private", "sh", "-c"]
    drive([*enter, ENTER, "sh", str(folder)], shell)
    return {name: _said(folder / name) for name in names}


def drive(command: Sequence[str], shell: str) -> None:
    """Run a driver, which ends with 0 whatever the shells do that it starts."""
    # Not by Python's own timeout, which looks at intervals and so waits for too long.
    done = subprocess.run(
        ["timeout", "300", *command],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    if done.returncode:
        said = done.stderr[-500:].decode(errors="replace")
        raise CannotBeAsked(f"the driver of {shell} ends with {done.returncode}: {said}")


def _name(case: Case, state: str) -> str:
    return f"{case.number}{state}{'i' if case.tree.interactive else ''}"


def _prepare(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "etc").mkdir(parents=True)
    (folder / "home").mkdir()
    (folder / "home/.zshrc").touch()
    # As Debian gives to new users: mksh by itself reads no file of /etc but the profile.
    (folder / "home/.mkshrc").write_text("test ! -r /etc/mkshrc || . /etc/mkshrc\n")
    (folder / "ask").write_text(ASK)
    for name in LINKED:
        (folder / "etc" / name).symlink_to(f"/proc/self/cwd/etc/{name}")
    for name in NEEDED:
        source = Path("/etc", name)
        if source.is_dir():
            shutil.copytree(source, folder / "etc" / name, symlinks=True)
        elif source.exists():
            shutil.copyfile(source, folder / "etc" / name)


def _lay(folder: Path, files: Files) -> None:
    for name, data in files.items():
        path = folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _said(folder: Path) -> Said | None:
    out = (folder / "out").read_text(errors="replace")
    told = re.search(r"^TRACE=(.*)\nT=(.*)\nR=(yes|no)\n(.*)", out, re.DOTALL | re.MULTILINE)
    if told is None:
        return None
    errors = "; ".join(m.group() for m in COMPLAINS.finditer((folder / "err").read_text()))
    exported = any(entry.startswith("TMOUT=") for entry in told[4].split("\0"))
    # ksh93 and mksh have a 0 from the start.
    value = None if told[2] in ("unset", "0", "") else told[2]
    return Said(told[1].split(), value, told[3] == "yes", exported, errors)


def _compare(case: Case, shell: str, said: dict[str, Said | None]) -> str:
    reported, disabled, twin = (
        said.get(_name(case, state)) for state in (REPORTED, DISABLED, TWIN)
    )
    if twin is None or twin.errors or twin.tmout:
        raise Wrong(f"the twin is not valid: {twin}")
    reading = case.readings[shell]
    if (MARKER in twin.trace) != reading.reads_drop_in:
        raise Wrong(f"reads ours: {MARKER in twin.trace}, not {reading.reads_drop_in}")
    _check_order(case, shell, twin.trace)
    if reported is not None:
        _check_reported(case, shell, reported, twin.trace)
    elif reading.reads_drop_in and not _contradicting(case, shell):
        raise Wrong("with ours beside what does not contradict it, the login ends")
    if case.disabled is None:
        return "disabling refused"
    if not reading.reads_drop_in:
        return "compared, ours is not read"
    if disabled is None or disabled.errors:
        raise Wrong(f"disabled, the login fails: {disabled and disabled.errors}")
    if disabled.trace != [one for one in twin.trace if one != MARKER]:
        raise Wrong(f"disabled, it does something else: {disabled.trace}, not {twin.trace}")
    _check_in_force(case, disabled)
    return "compared"


def _check_order(case: Case, shell: str, trace: list[str]) -> None:
    """Whether each definition stands before ours or after it; the trace tells by its marks."""
    ours = trace.index(MARKER) if MARKER in trace else len(trace)
    placed = set()
    for place in case.readings[shell].places:
        mark = _mark_behind(case.tree.files[place.path], place.definition.line)
        placed.add(mark)
        at = [number for number, one in enumerate(trace) if one == mark]
        before, after = any(n < ours for n in at), any(n > ours for n in at)
        if before > place.before or after > place.after:
            where = f"{place.path}, line {place.definition.line}"
            raise Wrong(f"{where}: before={before} after={after}")
        if MARKER in trace and not at and "profile.d" in place.path:
            raise Wrong(f"{place.path} is not read")
    missed = {mark for mark in trace if mark in case.tree.setting} - placed
    if missed:
        raise Wrong(f"what comes before the marks {missed} is not found")


def _mark_behind(data: bytes, line: int) -> str:
    rest = b"\n".join(data.split(b"\n")[line - 1 :])
    found = re.search(rb'TRACE="\$TRACE (\d+)"', rest)
    return found[1].decode() if found else ""


def _contradicting(case: Case, shell: str) -> list[Any]:
    return [one for one in case.conflicts if one.against and shell in one.families]


def _check_reported(case: Case, shell: str, said: Said, trace: list[str]) -> None:
    """What is told to win does, if it is read at all, and without such a thing ours does."""
    reads = case.readings[shell].reads_drop_in
    winning = [
        one
        for one in case.conflicts
        if one.wins
        and shell in one.families
        and _mark_behind(case.tree.files[one.path], one.definition.line) in trace
    ]
    expected = {one.definition.value for one in winning if one.definition.gives_value}
    expected |= _values_let_in(case, shell, winning)
    # By the language of the user, some files are read before ours or behind it.
    either = {
        (place.path, place.definition.offset)
        for place in case.readings[shell].places
        if place.before and place.after
    }
    unsure = [
        one
        for one in winning
        if one.definition.conditional
        or not one.definition.gives_value
        or (one.path, one.definition.offset) in either
    ]
    # What stands behind a condition is taken to be read; then it does not fix what came before.
    passed_over = [
        place
        for place in case.readings[shell].places
        if place.definition.readonly
        and _mark_behind(case.tree.files[place.path], place.definition.line) not in trace
    ]
    again = any(one.definition.value == str(OURS) for one in case.conflicts)
    # Where ours is read twice, the second reading has the last word.
    ours_may_win = not winning or unsure or again or passed_over or trace.count(MARKER) > 1
    if reads and ours_may_win:
        expected.add(str(OURS))
    if not reads or unsure:
        expected.add(None)
    if not case.tree.applies:
        if str(OURS) == said.tmout and not again:
            raise Wrong("ours is in force for one who is exempt")
        return
    if said.tmout not in expected:
        raise Wrong(f"in force is {said.tmout}, not one of {expected}")
    if reads and not _contradicting(case, shell):
        _check_in_force(case, said)


def _values_let_in(case: Case, shell: str, winning: Sequence[Any]) -> set[str | None]:
    """Values that may hold, though none of them is told to win: by then something else failed.

    Behind an unset, a default gives its value again. What zsh makes readonly within a function is
    so in there only, and which of the others then wins is not told.
    """
    in_function = shell == "zsh" and any(b"_again()" in text for text in case.tree.files.values())
    unset = any(one.definition.kind == "unset" for one in winning)
    return {
        one.definition.value
        for one in case.conflicts
        if shell in one.families and (in_function or (unset and one.definition.kind == "default"))
    }


def _check_in_force(case: Case, said: Said) -> None:
    ours = (str(OURS), case.wanted.readonly, case.wanted.export)
    has = (said.tmout, said.readonly, said.exported)
    if case.tree.applies and (has != ours or said.errors):
        raise Wrong(f"in force is {has}, not {ours} {said.errors}")
