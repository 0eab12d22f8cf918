"""Generate small trees of login files from a seed: /etc/profile, its loop, and what it sources.

Each file leaves a trace, statement by statement, so that the order of reading can be seen; the twin
of a tree has the same trace, and no TMOUT.
"""

import random
from typing import Any, NamedTuple

from .case import Files
from .login_texts import ALL, Text

DROP_IN = "/etc/profile.d/tmout.sh"
OURS = 900
LOOPS = (
    # Debian 12 and 13, Fedora, SUSE and Debian 11, and one that is spelled out.
    "for i in $(run-parts --list --regex '^[a-zA-Z0-9_][a-zA-Z0-9._-]*\\.sh$' /etc/profile.d); do\n"
    "  if [ -r $i ]; then\n    . $i\n  fi\ndone\nunset i\n",
    'for i in /etc/profile.d/*.sh /etc/profile.d/sh.local; do\n  if [ -r "$i" ]; then\n'
    '    if [ "${-#*i}" != "$-" ]; then . "$i"; else . "$i" >/dev/null; fi\n  fi\ndone\n',
    'for s in /etc/profile.d/*.sh; do\n  test -r "$s" && . "$s"\ndone\n',
    ". /etc/profile.d/tmout.sh\n",
)
BASHRC = 'if [ "${BASH-}" ] && [ "$BASH" != /bin/sh ] && [ -r /etc/bash.bashrc ]; then\n' \
    "  . /etc/bash.bashrc\nfi\n"  # fmt: skip
LOCAL = "test -s /etc/profile.local && . /etc/profile.local\n"
# What zsh reads is its own matter; some hosts lead it to /etc/profile.
ZPROFILES = ("emulate sh -c '. /etc/profile'\n", ". /etc/profile\n", "")
# As RHEL's: in a function, typeset would make a variable of its own.
ZSH_FUNCTION = "_p() {\n emulate -L ksh\n source /etc/profile\n}\n_p\nunset -f _p\n"
FUNCTION = "_again() {\n%s}\n_again\nunset -f _again\n"
NAMES = (
    "a.sh", "00-first.sh", "zz.sh", "tmout2.sh", "tmout-old.sh", "U.sh", "_x.sh", "9.sh", "u.v.sh",
    "-d.sh", "x", "x.sh.dpkg-old", "tmout.sh~", "b.csh", ".hidden.sh", "sh.local", "a b.sh",
    "+z.sh", "tmout.sh.save",
)  # fmt: skip
# Each with a value of its own, so that the value in force tells where it was set.
SETTING = (
    "TMOUT=%d", "TMOUT=%d", "export TMOUT=%d", "readonly TMOUT=%d", "TMOUT=%d; readonly TMOUT",
    "TMOUT=%d\nreadonly TMOUT\nexport TMOUT", ": ${TMOUT:=%d}", "TMOUT=%d; export TMOUT",
    "TMOUT='%d'", "if [ 1 = 1 ]; then TMOUT=%d; fi", "[ 1 = 2 ] || export TMOUT=%d",
)  # fmt: skip
BARE = ("export TMOUT", "readonly TMOUT", "unset TMOUT", "TMOUT=900", "export TMOUT=900")
OTHERS = ("umask 022", "A=3", "# TMOUT=5", "echo TMOUT=5 >/dev/null", "MYTMOUT=5", "A='TMOUT=5'")
TYPESETS = ("typeset -xr TMOUT=%d", "typeset -x TMOUT=%d")
CONSTRUCTS = {
    "tree: a drop-in that is not readonly": lambda tree: not tree.options["readonly"],
    "tree: a drop-in that is not exported": lambda tree: not tree.options["export"],
    "tree: a drop-in with an exempt user": lambda tree: tree.options["exempt_users"],
    "tree: a drop-in for interactive shells": lambda tree: tree.options["interactive_only"],
    "tree: a shell that is not interactive": lambda tree: not tree.interactive,
    "tree: a loop in a function": lambda tree: b"_again" in tree.files["/etc/profile"],
    "tree: ours is read twice": lambda tree: tree.files["/etc/profile"].count(b"profile.d/*") > 1,
    "tree: files whose names no loop reads": lambda tree: any(
        not name.endswith(".sh") or "/." in name for name in tree.files if ".d/" in name),
    "tree: a file before and one behind ours": lambda tree: any(
        name > DROP_IN for name in tree.files if ".d/" in name) and any(
        name < DROP_IN for name in tree.files if ".d/" in name),
    "tree: a readonly in another file": lambda tree: any(
        b"readonly TMOUT" in data for data in tree.files.values()),
    "tree: no loop": lambda tree: b"profile.d" not in tree.files["/etc/profile"],
    "tree: zsh reads /etc/profile": lambda tree: b"/etc/profile" in tree.files.get(
        "/etc/zsh/zprofile", b""),
}  # fmt: skip


class Tree(NamedTuple):
    files: Files
    twin: Files
    options: dict[str, Any]
    shells: frozenset[str]
    # The marks behind statements about TMOUT.
    setting: frozenset[str]
    interactive: bool

    @property
    def applies(self) -> bool:
        """Ours is for the one who asks, which is root."""
        for_all = "root" not in self.options["exempt_users"] + self.options["exempt_groups"]
        return for_all and (self.interactive or not self.options["interactive_only"])


def generate(rng: random.Random) -> Tree:
    return _Maker(rng).tree()


def options(rng: random.Random) -> dict[str, Any]:
    return {
        "readonly": rng.random() < 0.6, "export": rng.random() < 0.7,
        "interactive_only": rng.random() < 0.2,
        "exempt_users": rng.choice(([], [], [], ["nobody"], ["nobody", "root"])),
        "exempt_groups": rng.choice(([], [], [], [], ["games"], ["games", "root"])),
    }  # fmt: skip


class _Maker:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.value = 10
        self.marks = 0
        self.setting: set[str] = set()
        self.in_function = rng.random() < 0.2
        self.shells = ALL
        self.files: Files = {}
        self.twin: Files = {}

    def tree(self) -> Tree:
        rng = self.rng
        loop = rng.choice((*LOOPS[:3], *LOOPS)) if rng.random() < 0.95 else ""
        loop = FUNCTION.replace("%s", loop) if self.in_function and loop else loop
        parts = [loop, *rng.sample((BASHRC, LOCAL), rng.randint(0, 2))]
        parts += [loop] if rng.random() < 0.2 else []
        rng.shuffle(parts)
        self.put("/etc/profile", parts)
        for name in rng.sample(NAMES, rng.randint(0, 4)):
            self.put(f"/etc/profile.d/{name}", [])
        for path, likely in (("/etc/bash.bashrc", 0.4), ("/etc/profile.local", 0.4),
                             ("/etc/ksh.kshrc", 0.25), ("/etc/mkshrc", 0.25)):  # fmt: skip
            if rng.random() < likely:
                self.put(path, [])
        if rng.random() < 0.5:
            zprofiles = (*ZPROFILES, ZSH_FUNCTION) if self.in_function else ZPROFILES
            self.put("/etc/zsh/zprofile", [rng.choice(zprofiles)])
        setting, interactive = frozenset(self.setting), rng.random() < 0.8
        return Tree(self.files, self.twin, options(rng), self.shells, setting, interactive)

    def put(self, path: str, parts: list[str]) -> None:
        """A file of these parts, with statements before, between and behind them."""
        text = twin = ""
        for at in range(len(parts) + 1):
            for one in self.statements(path):
                text, twin = text + one.text, twin + one.twin
            part = parts[at] if at < len(parts) else ""
            text, twin = text + part, twin + part
        self.files[path], self.twin[path] = text.encode(), twin.encode()

    def statements(self, path: str) -> list[Text]:
        few = 0.25 if path == "/etc/profile" else 0.8
        return [self.statement() for _one in range(2) if self.rng.random() < few]

    def statement(self) -> Text:
        self.marks += 1
        trace = f'TRACE="$TRACE {self.marks}"\n'
        kind = self.rng.random()
        if kind < 0.25:
            other = self.rng.choice(OTHERS)
            return Text(f"{other}\n{trace}", f"{other}\n{trace}")
        self.setting.add(str(self.marks))
        if kind < 0.4:
            return Text(f"{self.rng.choice(BARE)}\n{trace}", trace)
        forms = SETTING
        if kind < 0.45 and not self.in_function:
            forms, self.shells = TYPESETS, self.shells - {"dash"}
        self.value += 1
        return Text(f"{self.rng.choice(forms) % self.value}\n{trace}", trace)
