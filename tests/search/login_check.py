"""Hold what we find in login files, and how we disable it, against the real shells."""

import itertools
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.curfew.session.plugins.module_utils._shell import (
    definitions as shell_definitions,
)
from ansible_collections.curfew.session.plugins.module_utils._shell import edit
from tests.oracle import CannotBeAsked

from . import login_tree_check, login_trees
from .case import Disagreement, Result, rng_of, smaller
from .login_texts import ALL, CONSTRUCTS, Text, generate
from .login_tree_check import Wrong, drive

# A tree takes as long as several texts: so many of the cases are trees.
TREES = 0.1

VARIABLES = "ABCDEFGHIJK"
ORIGINAL, DISABLED, TWIN = "abc"
COMMANDS = {
    "bash": ["bash"], "dash": ["dash"], "ksh93": ["ksh93"], "mksh": ["mksh"],
    "zsh": ["zsh", "--emulate", "sh", "-f"],
}  # fmt: skip
# Each text in a process of its own; its variables, and then what a program would inherit.
DRIVER = """cd "$1" || exit 1
for i in %s; do
  [ -r "$i" ] || continue
  ( ulimit -c 0; unset TMOUT; . "./$i"
    printf 'S=%%s\\n' "$?"
    printf '%%s\\n' %s "umask=`umask`" "alias=`alias ll 2>&1`" "T=${TMOUT-unset}"
    if ( ulimit -c 0; unset TMOUT ) 2>/dev/null; then echo R=no; else echo R=yes; fi
    exec env -0
  ) >"$i.out" 2>"$i.err" </dev/null
done
exit 0
"""


class _Said(NamedTuple):
    """What a shell said when it had read a text."""

    left: list[str]
    tmout: str | None
    readonly: bool
    exported: bool
    errors: str
    # Of the last command: a script with -e ends where it is not 0.
    status: str


class _Case(NamedTuple):
    number: int
    text: Text
    disabled: str | None


class Logins:
    """Cases of one login file each, read as it is, disabled, and as its twin, in every shell."""

    kind = "login"
    small = True

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.shells = sorted(ALL)
        missing = [shell for shell in self.shells if not shutil.which(shell)]
        if missing:
            raise CannotBeAsked(f"not installed here: {', '.join(missing)}")

    def run(self, seed: int, numbers: Sequence[int]) -> Result:
        result = Result(self.kind, cases=len(numbers))
        trees = [n for n in numbers if rng_of("kind", seed, n).random() < TREES]
        texts = [(n, generate(rng_of(self.kind, seed, n))) for n in numbers if n not in trees]
        for _number, text in texts:
            result.constructs.update(n for n, r in CONSTRUCTS.items() if re.search(r, text.text))
        for number, what in self._check(texts, result).items():
            result.disagreements.append(self._small(number, dict(texts)[number], what))
        self._run_trees(seed, trees, result)
        return result

    def _run_trees(self, seed: int, numbers: Sequence[int], result: Result) -> None:
        trees = {n: login_trees.generate(rng_of("tree", seed, n)) for n in numbers}
        for tree in trees.values():
            constructs = login_trees.CONSTRUCTS.items()
            result.constructs.update(name for name, has in constructs if has(tree))
        found = login_tree_check.check(self.folder, list(trees.items()), self.shells, result.counts)
        for number, what in found.items():
            tree = trees[number]
            shown = {**tree.files, "options": repr(tree.options).encode()}
            result.disagreements.append(Disagreement(number, what, shown))

    def _small(self, number: int, text: Text, what: str) -> Disagreement:
        """Make the text small, where no twin is needed to see what is wrong; else show both."""

        def wrong(files: dict[str, bytes]) -> bool:
            lines = files["text"].decode("utf-8", "surrogateescape")
            return self._check([(0, text._replace(text=lines, twin=""))], None).get(0) == what

        if not self.small or what.startswith("disabled"):
            both = {"text": _bytes(text.text), "twin": _bytes(text.twin)}
            both["disabled"] = _bytes(_shown_disabled(text.text))
            return Disagreement(number, what, both)
        return Disagreement(number, what, smaller({"text": _bytes(text.text)}, wrong))

    def _check(self, texts: Sequence[tuple[int, Text]], result: Result | None) -> dict[int, str]:
        found: dict[int, str] = {}
        cases = []
        for number, text in texts:
            try:
                cases.append(_Case(number, text, self._round_trip(text.text)))
            except Wrong as wrong:
                found[number] = str(wrong)
            except Exception as error:  # a crash is a disagreement too
                found[number] = f"{type(error).__name__}: {error}"
        said = {shell: self._ask(shell, cases) for shell in self.shells}
        for case, shell in itertools.product(cases, self.shells):
            try:
                kind = self._compare(case, shell, said[shell])
            except Wrong as wrong:
                found.setdefault(case.number, f"{wrong} ({shell})")
                continue
            if result:
                result.counts[kind] += 1
        return found

    def _round_trip(self, text: str) -> str | None:
        disabled = _disabled(text)
        if disabled is None:
            return None
        if edit.enable(disabled) != text:
            raise Wrong("enabling does not bring the text back")
        if shell_definitions.find(disabled):
            raise Wrong("disabling leaves a definition")
        return disabled

    def _compare(self, case: _Case, shell: str, said: dict[str, _Said | None]) -> str:
        if shell not in case.text.shells:
            return f"{shell}: not for this shell"
        original, disabled, twin = (said.get(f"{case.number}{v}") for v in "abc")
        if case.text.twin and (twin is None or twin.errors):
            return f"{shell}: no valid text"
        if original is not None:
            _predict(case.text.text, original, shell)
        if case.disabled is None:
            return f"{shell}: disabling refused"
        if not case.text.twin:
            return f"{shell}: compared"
        if disabled is None or disabled.errors:
            raise Wrong(f"disabled, it fails: {disabled and disabled.errors}")
        if twin is None or disabled[:4] != twin[:4]:
            raise Wrong(f"disabled, it does something else: {_differences(disabled, twin)}")
        # An `if` is taken to succeed where the last command in it does.
        ends_if = re.search(r"(?m)(?:^|[;\s])fi\s*(?:#.*)?$", case.text.text)
        if original is not None and original.status == "0" != disabled.status and not ends_if:
            raise Wrong(f"disabled, it ends with {disabled.status}")
        return f"{shell}: compared"

    def _ask(self, shell: str, cases: Sequence[_Case]) -> dict[str, _Said | None]:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        names = []
        for case in cases:
            texts = (case.text.text, case.disabled, case.text.twin)
            for variant, text in zip("abc", texts, strict=True):
                if text is not None and shell in case.text.shells:
                    names.append(f"{case.number}{variant}")
                    (self.folder / names[-1]).write_bytes(_bytes(text))
        shown = " ".join(f'"{name}=${{{name}-}}"' for name in VARIABLES)
        driver = self.folder / "driver"
        driver.write_text(DRIVER % (" ".join(names) or "none", shown))
        drive([*COMMANDS[shell], str(driver), str(self.folder)], shell)
        return {name: self._said(name) for name in names}

    def _said(self, name: str) -> _Said | None:
        out = (self.folder / f"{name}.out").read_bytes().decode("utf-8", "surrogateescape")
        errors = (self.folder / f"{name}.err").read_text(errors="replace")
        told = re.fullmatch(r"S=(\d+)\n(.*\n)T=([^\n]*)\nR=(yes|no)\n(.*)", out, re.DOTALL)
        if told is None:
            return None
        exported = any(entry.startswith("TMOUT=") for entry in told[5].split("\0"))
        inherited = sorted(e for e in told[5].split("\0") if e[:2].rstrip("=") in VARIABLES)
        # A carriage return is a part of the value, and no shell minds it.
        value = None if told[3] == "unset" else told[3].rstrip("\r")
        left = [*told[2].split("\n"), *inherited]
        return _Said(left, value, told[4] == "yes", exported, errors, told[1])


def _shown_disabled(text: str) -> str:
    """For a person to read: that it fails may be what is wrong."""
    try:
        return _disabled(text) or "refused"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _disabled(text: str) -> str | None:
    try:
        return edit.disable(text, shell_definitions.find(text))
    except edit.EditRefused:
        return None


def _predict(text: str, said: _Said, shell: str) -> None:
    """What follows from the definitions as we have found them, against what the shell has."""
    definitions = shell_definitions.find(text)
    if any(one.kind == "opaque" for one in definitions):
        return
    assigned = [one.value for one in definitions if one.gives_value]
    no_number = "\r" in text or {"15m", ""} & set(assigned)
    if any(" -i " in one.text for one in definitions) and no_number:
        return  # an integer makes 0 of it, or cannot take it
    bare = [one for one in definitions if one.kind == "attribute"]
    if shell == "zsh" and bare and (said.tmout == "" or any(one.readonly for one in bare)):
        return  # an attribute without a value gives an empty one, or none at all
    if any(one.conditional or one.in_function for one in definitions):
        if None not in assigned and said.tmout not in [None, *assigned]:
            raise Wrong(f"found {assigned}, the shell has {said.tmout}")
        return
    value, readonly, exported = _folded(definitions)
    if shell == "zsh" and any(one.readonly for one in definitions[:-1]):
        return  # its typeset changes the value of what is readonly
    if value is not _UNKNOWN and said.tmout != value:
        raise Wrong(f"found {value}, the shell has {said.tmout}")
    if said.tmout is not None and said.readonly != readonly:
        raise Wrong(f"found readonly={readonly}, the shell {said.readonly}")
    if said.tmout is not None and exported is not None and said.exported != exported:
        raise Wrong(f"found exported={exported}, the shell {said.exported}")


_UNKNOWN = object()


def _folded(definitions: Sequence[Any]) -> tuple[Any, bool, bool | None]:
    """The end of it, if all of them are run in this order: the first readonly fixes the value."""
    value: Any = None
    exported = False
    for at, one in enumerate(definitions):
        if one.kind == "unset":
            value, exported = None, False
        if one.kind == "assign":
            value = _UNKNOWN if one.value is None else one.value
        exported = exported or one.exported
        if one.readonly:
            # What comes behind it may still export, unless its failure ends the line or the shell.
            last = at + 1 == len(definitions)
            return value, True, exported if last or exported else None
    return value, False, exported


def _differences(one: _Said, other: Any) -> str:
    pairs = itertools.zip_longest([*one.left, one.tmout], [*other.left, other.tmout])
    return "; ".join(f"{a!r}, not {b!r}" for a, b in pairs if a != b)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
