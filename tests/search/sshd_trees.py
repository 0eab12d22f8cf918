"""Generate whole sshd configurations from a seed: odd, and nearly always valid.

Text on one release cannot show what others do: that 8.2 ignores Match in included files, that a
comment may be glued to a value before 8.7 only, that keywords are printed in mixed case from 10.4
on. The unit tables hold our model of those releases.
"""

import random
import re
from collections.abc import Sequence

from .sshd_words import (
    COMMENTS,
    COUNTS,
    CRITERIA,
    GLOBAL_NEIGHBOURS,
    INTERVALS,
    MAIN,
    NEIGHBOURS,
    NEW_CRITERIA,
    ROOT,
    VERSION_CRITERIA,
    Tree,
)

DROP_INS = (
    "10-a.conf", "9-b.conf", "Z.conf", "a.conf", "A.conf", "sp ace.conf", "b.conf~", "c.rpmsave",
)  # fmt: skip
DEEPEST = 16
# A relative Include starts in sshd's own configuration folder, whatever -f says.
RELATIVE = "../.."
# What a line may begin with to be one that sshd refuses: BOM, form feed, no-break space, ...
FATAL_STARTS = ("\ufeff", "\f", "\u00a0", "\v")
BAD_INTERVALS = ("1h 30m", "0x12c", "-1", "1.5", "m", "5 m", "1x", "300,", "2147483648", "300 300")
BAD_COUNTS = ("3m", "3s", "0x3", "-1", "1.5", "3 3", "2147483648", "three")
CRITERIA_PARTS = (
    "User root,backup", "User !root,*", "user curfew-*", "Group !daemon,*", "group root,daemon",
    "Host *.example.org", "Host !bad.*,*", "Address 10.0.0.0/8,192.0.2.0/24",
    "Address !10.1.2.3,*", "LocalPort 22", "LocalPort 2222", "LocalAddress 127.0.0.1",
    "LocalAddress *", "User *", "Host *",
)  # fmt: skip
UNKNOWN_CRITERIA = ("final", "canonical", "Exec /bin/true", "OriginalHost h", "Sky blue")
LONG_LINES = (
    b"# " + b"long " * 20000,
    b"#" + b"ClientAliveInterval 9 " * 5000,
    b"AcceptEnv " + b" ".join(b"LC_%d" % number for number in range(4000)),
    b"ForceCommand /bin/echo " + b"'x y' " * 5000,
    b" " * 30000 + b"PermitTTY no" + b"\t" * 30000,
)
# One row for each rule. How often it occurs is counted by what stands in the text, not by what was
# meant to: the files of a tree behind each other, each below a line of \x1e and its name.
INNER = rb"(?im)^\x1e(?!sshd_config\n)[^\x1e]*"  # in a file that is not the main one
CONSTRUCTS = {
    "two values in one scope": rb"(?im)^ClientAliveI.*\n(?:(?!match).*\n)*ClientAliveI",
    "a Match block": rb"(?im)^\s*match\s",
    "Match all": rb"(?im)^\s*match\s+\"?all",
    "Match in an included file": INNER + rb"^\s*match\s",
    "Match at the end of an included file": INNER + rb"^\s*match\s[^\x1e]*\x1e",
    "Match of several criteria":
        rb"(?im)^\s*match[ \t]+[a-z]+[ \t=]+\S+[ \t]+(user|group|host|address|local)",
    "Match with a negated pattern": rb"(?im)^\s*match\s[^\n]*!",
    "Match of a network": rb"(?im)^\s*match\s[^\n]*address\s+\S*/",
    "Match with =": rb"(?im)^\s*match\s+user=",
    "Match of an unknown criterion": rb"(?im)^\s*match\s+(final|canonical|exec|original|sky)",
    "a directive below Match": rb"(?im)^\s*match\s[^\n]*\n\s*\"?clientalive",
    "Include": rb"(?im)^\s*\"?include",
    "Include below Match": rb"(?im)^\s*match\s[^\n]*\n(?:(?!match).*\n)*\s*\"?include",
    "Include below Match, several deep": rb"(?m)^\x1enest/2\n",
    "Include in an included file": INNER + rb"^\s*\"?include",
    "Include of several globs": rb"(?im)^\s*\"?include\"?[ =\t]+[^\n#]*@ROOT@[^\n#]*@ROOT@",
    "Include of a quoted glob": rb"(?im)^\s*\"?include\"?[^\n]*[ =\t]\"[^\n\"]*\*",
    "Include of d/*": rb"d/\*[\"\s]",
    "Include of d/*.conf beside backups":
        rb"(?s)\A(?=.*d/\*\.conf)(?=.*\x1ed/(b\.conf~|c\.rpmsave))",
    "Include of a glob with [...]": rb"d/\[",
    "Include of a glob with ?": rb"d/\?",
    "Include of an absent file": rb"absent",
    "Include of a chain of files": rb"chain/0",
    "Include of a name with a blank": rb"\"(\.\./\.\.)?@ROOT@/d/sp ace",
    "Include with =": rb"(?im)^\s*include\s*=",
    "a quoted name in Include": rb"(?im)^\s*\"?include\"?[ =\t]+\"@ROOT@",
    "a relative Include": rb"(?im)^\s*\"?include[^\n]*[ =\t\"]\.\./\.\.@",
    "hundreds of Includes": rb"(?im)(^include[^\n]*\n){100}",
    "10 beside 9": rb"(?s)\A(?=.*\x1ed/10-a)(?=.*\x1ed/9-b)",
    "Z beside a": rb"(?s)\A(?=.*\x1ed/Z)(?=.*\x1ed/a)",
    "keyword in other case": rb"(?m)^\s*\"?(clientalive|CLIENTALIVE)",
    "indented directive": rb"(?im)^[ \t\r]+\"?clientalive",
    "quoted keyword": rb"(?im)^\s*\"clientalive",
    "quoted value": rb"(?im)^\s*\"?clientalive[a-z]+\"?[ =\t]+[\"']",
    "separated by =": rb"(?im)^\s*clientalive[a-z]+\s*=",
    "separated by a tab": rb"(?im)^\s*\"?clientalive[a-z]+\"?\t",
    "separated by several blanks": rb"(?im)^\s*\"?clientalive[a-z]+\"?  ",
    "a comment behind a value": rb"(?im)^\s*\"?clientalive[^#\n]+#",
    "a comment glued to a value": rb"(?im)^\s*\"?clientalive[a-z]+\"?[ =\t]+\w+#",
    "a value with a unit": rb"(?im)^\s*\"?clientaliveinterval[\" =\t]+[0-9]+[smhdw]",
    "a value with several units": rb"(?im)^\s*\"?clientaliveinterval[\" =\t]+[0-9]+[smhdw][0-9]",
    "a count with a unit": rb"(?im)^\s*\"?clientalivecountmax[\" =\t]+[0-9]+[smhdw]",
    "a value with a leading 0": rb"(?im)^\s*\"?clientalive[a-z]+[\" =\t]+0[0-9]",
    "a value in two words": rb"(?im)^\s*\"?clientalive[a-z]+[ =\t]+\w+ \w",
    "a hexadecimal value": rb"(?im)^\s*\"?clientalive[a-z]+[\"' =\t]+0x",
    "a negative value": rb"(?im)^\s*\"?clientalive[a-z]+[\"' =\t]+-",
    "a line that begins with BOM": rb"(?m)^\xef\xbb\xbf",
    "a line that begins with a form feed": rb"(?m)^\f",
    "a line that begins with a no-break space": rb"(?m)^\xc2\xa0",
    "a commented default": rb"(?im)^#\s*clientalive[a-z]+ [0-9]",
    "prose that names a directive": rb"(?i)clientalive[a-z]+ keeps",
    "a backslash at the end of a line": rb"\\\n",
    "CR before LF": rb"\r\n",
    "bytes that are no UTF-8": rb"\xff",
    "a NUL byte": rb"\x00",
    "a long line": rb"[^\n]{20000}",
    "no newline at the end": rb"[^\n](\n\x1e|\Z)",
    "lines that were disabled": rb"#curfew\.session# ",
}  # fmt: skip


def constructs(tree: Tree) -> list[str]:
    """The rows of CONSTRUCTS that occur in the tree."""
    text = b"\n".join(b"\x1e%s\n%s" % (name.encode(), data) for name, data in tree.items())
    return [name for name, regex in CONSTRUCTS.items() if re.search(regex, text)]


def generate(rng: random.Random, release: tuple[int, int]) -> Tree:
    """A tree: names below one folder, each with its bytes."""
    maker = _Maker(rng, release)
    chance = rng.random()
    for share, make in ((0.03, maker.chain), (0.04, maker.nest), (0.1, maker.single),
                        (0.004, maker.many)):  # fmt: skip
        chance -= share
        if chance < 0:
            return make()
    return maker.tree()


class _Maker:
    def __init__(self, rng: random.Random, release: tuple[int, int]) -> None:
        self.rng = rng
        self.release = release

    def one(self, *choices: str) -> str:
        return self.rng.choice(choices)

    def tree(self) -> Tree:
        """A main file with drop-ins, which may include others: most of the cases."""
        names = self.rng.sample(DROP_INS, self.rng.randint(2, 5))
        tree = {f"d/{name}": self.file(("e/*.conf", "e/inner.conf"), 3) for name in names}
        if self.rng.random() < 0.5:
            tree["e/inner.conf"] = self.file(("f/*",), 3)
            tree["f/deep.conf"] = self.file((), 2)
        if self.rng.random() < 0.3:
            tree["e/x[1].conf"] = self.file((), 2)
        patterns = ("d/*.conf", "d/*.conf", "d/*", "e/inner.conf")
        tree[MAIN] = self.file(patterns + tuple(f"d/{n}" for n in DROP_INS[:6]), 6, main=True)
        if self.rng.random() < 0.005:
            name = self.one(*tree)
            tree[name] += b"\n# \0 NUL\n"
        return tree

    def single(self) -> Tree:
        """One line alone: where sshd refuses it, there is no value in it."""
        interval = self.rng.random() < 0.5
        good, bad = (INTERVALS, BAD_INTERVALS) if interval else (COUNTS, BAD_COUNTS)
        keyword = "ClientAliveInterval" if interval else "ClientAliveCountMax"
        start, between, value, ending = "", " ", self.one(*good), ""
        odd = self.one(*"svvvbe")  # one oddity a line: two would hide each other
        if odd == "s":
            start = self.one(*FATAL_STARTS)
        elif odd == "v":
            value = self.one(*bad)
            value = self.one(value, value, f'"{value}"')
        elif odd == "b":
            between = self.one("", "  ", "\t", "=", " = ", "==", "\f", "\v", ":")
        else:
            ending = self.one("#glued", "#glued", " # why", " x", '"', "\r", " \\")
        return {MAIN: (start + keyword + between + value + ending + "\n").encode()}

    def nest(self) -> Tree:
        """Includes below Match, in files that are themselves included below Match."""
        depth = self.rng.randint(3, 6)
        tree = {}
        for level in range(depth):
            lines = [self.directive()] if self.rng.random() < 0.4 else []
            lines.append(self.match())
            lines += [self.directive()] if self.rng.random() < 0.3 else []
            lines.append(b"Include %s/nest/%d" % (ROOT, level))
            lines += [self.directive()] if self.rng.random() < 0.3 else []
            tree[f"nest/{level - 1}" if level else MAIN] = b"\n".join(lines) + b"\n"
        tree[f"nest/{depth - 1}"] = self.file((), 3)
        return tree

    def many(self) -> Tree:
        """Hundreds of files and Includes, and a word of ours in a few of them."""
        tree = {f"many/{number}": b"# nothing\n" for number in range(self.rng.randint(150, 300))}
        for name in self.rng.sample(sorted(tree), 4):
            tree[name] = self.file((), 2)
        lines = [b"Include %s/%s" % (ROOT, name.encode()) for name in tree]
        tree[MAIN] = b"\n".join([*lines, self.directive(), b""])
        return tree

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
        if self.rng.random() < 0.001:
            return self.rng.choice(LONG_LINES)
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
            value = self.one(*self._quoted(value))
        indent = self.one("", "", "", " ", "\t", "    ", "\r")
        return (indent + keyword + between + value + self._ending()).encode()

    def _quoted(self, value: str) -> list[str]:
        quoted = [f'"{value}"', f'"{value}"', "+" + value, f'" {value}"', f'"+{value}"']
        if self.release >= (8, 7):
            quoted += [f"'{value}'", f"'{value}'", f'{value[:1]}"{value[1:]}"', f"''{value}"]
        return quoted

    def _ending(self) -> str:
        glued = ("#glued",) if self.release < (8, 7) else ()
        return self.one("", "", "", " ", "\t", "\f", " # why", "\t#", " # it's", ' # "', *glued)

    def include(self, names: Sequence[str]) -> bytes:
        absent = ["absent.conf", "absent/*", "d/[0-9]*.conf", "d/?.conf", "d/[^a]*.conf",
                  "d/[!a]*", "d/[[:upper:][:digit:]]*"]  # fmt: skip
        if self.release >= (8, 7):
            absent.append("d/\\*.conf")  # an escaped star is no glob
        count = self.rng.choice((1, 1, 2, 3))
        chosen = [self.one(*names, *names, *absent) for _number in range(count)]
        roots = [self.one("@ROOT@", "@ROOT@", "@ROOT@", RELATIVE + "@ROOT@") for _name in chosen]
        words = [self.one("{}", "{}", '"{}"').format(f"{root}/{name}")
                 for root, name in zip(roots, chosen, strict=True)]  # fmt: skip
        words = [word for word in words if " " not in word or word.startswith('"')]
        keyword = self.one("Include", "include", '"Include"', "  Include")
        between = self.one(" ", " ", "\t", " " if keyword[0] == '"' else " = ")
        return (keyword + between + " ".join(words or ["@ROOT@/absent"])).encode()

    def match(self) -> bytes:
        known = CRITERIA + (NEW_CRITERIA if self.release >= (9, 9) else ())
        known += VERSION_CRITERIA if self.release >= (10, 0) else ()
        criteria = self.one("all", "ALL", '"all"', "all # user root", *self.rng.sample(known, 6))
        if self.rng.random() < 0.2:
            criteria = " ".join(self.rng.sample(CRITERIA_PARTS, self.rng.randint(2, 3)))
        elif self.rng.random() < 0.003:
            criteria = self.one(*UNKNOWN_CRITERIA)
        keyword = self.one("Match", "Match", "match", "MATCH", "  Match", "\tMatch")
        return f"{keyword}{self.one(' ', ' ', chr(9))}{criteria}".encode()
