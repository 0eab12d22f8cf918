"""Generate whole sshd configurations from a seed: odd, and nearly always valid.

The words are those of the property tests; the ways to put them together are this file's own.
"""

import random
from collections.abc import Sequence

from tests.property.trees import (
    COMMENTS,
    COUNTS,
    CRITERIA,
    GLOBAL_NEIGHBOURS,
    INTERVALS,
    MAIN,
    NEIGHBOURS,
    NEW_CRITERIA,
    ROOT,
    Tree,
)

DROP_INS = (
    "10-a.conf", "9-b.conf", "Z.conf", "a.conf", "A.conf", "sp ace.conf", "b.conf~", "c.rpmsave",
)  # fmt: skip
DEEPEST = 16
# How often each construct occurs is counted by what stands in the text, not by what was meant to.
CONSTRUCTS = {
    "two values in one scope": rb"(?im)^ClientAliveI.*\n(?:(?!match).*\n)*ClientAliveI",
    "a Match block": rb"(?im)^\s*match\s",
    "Match all": rb"(?im)^\s*match\s+\"?all",
    "a directive below Match": rb"(?im)^\s*match\s[^\n]*\n\s*\"?clientalive",
    "Include": rb"(?im)^\s*\"?include",
    "Include below Match": rb"(?im)^\s*match\s[^\n]*\n(?:(?!match).*\n)*\s*\"?include",
    "Include of several globs": rb"(?im)^\s*\"?include\"?[ =\t]+[^\n#]*@ROOT@[^\n#]*@ROOT@",
    "Include of d/*": rb"d/\*[\"\s]",
    "Include of an absent file": rb"absent",
    "Include of a chain of files": rb"chain/0",
    "a quoted name in Include": rb"(?im)^\s*\"?include\"?[ =\t]+\"@ROOT@",
    "keyword in other case": rb"(?m)^\s*\"?(clientalive|CLIENTALIVE)",
    "indented directive": rb"(?im)^[ \t\r]+\"?clientalive",
    "quoted keyword": rb"(?im)^\s*\"clientalive",
    "quoted value": rb"(?im)^\s*\"?clientalive[a-z]+\"?[ =\t]+[\"']",
    "separated by =": rb"(?im)^\s*clientalive[a-z]+\s*=",
    "separated by a tab": rb"(?im)^\s*\"?clientalive[a-z]+\"?\t",
    "a comment behind a value": rb"(?im)^\s*\"?clientalive[^#\n]+#",
    "a value with a unit": rb"(?im)^\s*\"?clientaliveinterval[\" =\t]+[0-9]+[smhdw]",
    "a value with a leading 0": rb"(?im)^\s*\"?clientalive[a-z]+[\" =\t]+0[0-9]",
    "a commented default": rb"(?im)^#\s*clientalive[a-z]+ [0-9]",
    "prose that names a directive": rb"(?i)clientalive[a-z]+ keeps",
    "a backslash at the end of a line": rb"\\\n",
    "CR before LF": rb"\r\n",
    "bytes that are no UTF-8": rb"\xff",
    "no newline at the end": rb"[^\n]\Z",
    "lines that were disabled": rb"#curfew\.session# ",
}  # fmt: skip


def generate(rng: random.Random, release: tuple[int, int]) -> Tree:
    """A tree: names below one folder, each with its bytes."""
    maker = _Maker(rng, release)
    if rng.random() < 0.03:
        return maker.chain()
    names = rng.sample(DROP_INS, rng.randint(2, 5))
    tree = {f"d/{name}": maker.file(("e/*.conf", "e/inner.conf"), 3) for name in names}
    if rng.random() < 0.5:
        tree["e/inner.conf"] = maker.file((), 3)
    patterns = ("d/*.conf", "d/*.conf", "d/*", "e/inner.conf", *(f"d/{n}" for n in DROP_INS[:4]))
    tree[MAIN] = maker.file(patterns, 6, main=True)
    return tree


class _Maker:
    def __init__(self, rng: random.Random, release: tuple[int, int]) -> None:
        self.rng = rng
        self.release = release

    def one(self, *choices: str) -> str:
        return self.rng.choice(choices)

    def chain(self) -> Tree:
        """Files that include each other, about as deep as sshd goes."""
        depth = self.rng.choice((DEEPEST - 1, DEEPEST, DEEPEST, DEEPEST + 1))
        tree = {f"chain/{i}": b"Include %s/chain/%d\n" % (ROOT, i + 1) for i in range(depth - 1)}
        tree[f"chain/{depth - 1}"] = self.directive() + b"\n"
        tree[MAIN] = b"Include %s/chain/0\n" % ROOT + self.directive() + b"\n"
        return tree

    def file(self, names: Sequence[str], size: int, main: bool = False) -> bytes:
        lines = [self.line(names, "dddiiicnng", main) for _n in range(self.rng.randint(1, size))]
        for _n in range(self.rng.choice((0, 1, 1, 2, 3))):
            lines.append(self.match())
            lines += [self.line(names, "dddicn", False) for _n in range(self.rng.randint(1, 3))]
        ending = self.rng.choice((b"\n", b"\n", b"\n", b"\r\n"))
        return ending.join(lines) + self.rng.choice((ending, ending, ending, b""))

    def line(self, names: Sequence[str], kinds: str, main: bool) -> bytes:
        kind = self.rng.choice(kinds)
        if kind == "d":
            return self.directive()
        if kind == "i" and names and self.release >= (8, 2):
            return self.include(names)
        if kind == "n":
            return self.one(*NEIGHBOURS).encode()
        if kind == "g" and main:
            return self.one(*GLOBAL_NEIGHBOURS).encode()
        return self.rng.choice(COMMENTS)

    def directive(self) -> bytes:
        interval = self.rng.random() < 0.6
        keyword = "ClientAliveInterval" if interval else "ClientAliveCountMax"
        value = self.one(*(INTERVALS if interval else COUNTS))
        keyword = self.one(keyword, keyword, keyword.lower(), keyword.upper())
        between = self.one(" ", " ", " ", "\t", "  ", "=", " = ", "= ", " =", " \t")
        if self.rng.random() < 0.2:
            keyword = f'"{keyword}"'
            between = between.replace("=", " ")  # sshd takes no "=" behind a quoted keyword
        if self.rng.random() < 0.2:
            value = f'"{value}"' if self.release < (8, 7) else self.one(f'"{value}"', f"'{value}'")
        indent = self.one("", "", "", " ", "\t", "    ", "\r")
        return (indent + keyword + between + value + self._ending()).encode()

    def _ending(self) -> str:
        glued = ("#glued",) if self.release < (8, 7) else ()
        return self.one("", "", "", " ", "\t", "\f", " # why", "\t#", " # it's", ' # "', *glued)

    def include(self, names: Sequence[str]) -> bytes:
        absent = ("absent.conf", "absent/*", "d/[0-9]*.conf", "d/?.conf", "d/[^a]*.conf")
        count = self.rng.choice((1, 1, 2, 3))
        chosen = [self.one(*names, *names, *absent) for _number in range(count)]
        words = [self.one("{}", "{}", '"{}"').format(f"@ROOT@/{name}") for name in chosen]
        words = [word for word in words if " " not in word or word.startswith('"')]
        keyword = self.one("Include", "include", '"Include"', "  Include")
        between = self.one(" ", " ", "\t", " " if keyword[0] == '"' else " = ")
        return (keyword + between + " ".join(words or ["@ROOT@/absent"])).encode()

    def match(self) -> bytes:
        known = CRITERIA + (NEW_CRITERIA if self.release >= (9, 9) else ())
        criteria = self.one("all", "ALL", '"all"', "all # user root", *self.rng.sample(known, 6))
        keyword = self.one("Match", "Match", "match", "MATCH", "  Match", "\tMatch")
        return f"{keyword}{self.one(' ', ' ', chr(9))}{criteria}".encode()
