"""Generate login files from a seed, each with its twin: what must be left when TMOUT is taken out.

The twin is made beside the text, statement by statement, so that it owes nothing to our parser.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

ALL = frozenset(("bash", "dash", "ksh93", "mksh", "zsh"))
DECLARES = frozenset(("bash", "zsh"))
TYPESETS = ALL - {"dash"}
BIG = frozenset(("bash", "ksh93", "zsh", "mksh"))


class Text(NamedTuple):
    """A shell text, its twin, and the shells that understand it."""

    text: str
    twin: str
    shells: frozenset[str] = ALL

    @property
    def lone(self) -> bool:
        """It must stand on lines of its own: a here-document, a comment."""
        return "<<" in self.text or "#" in self.text or self.text.endswith(("\n", "\r"))


# Each definition, and what it does besides.
DEFINITIONS = (
    Text("TMOUT=60", ":"), Text("TMOUT=900", ":"), Text("export TMOUT=60", ":"),
    Text("readonly TMOUT=5", ":"), Text("TMOUT=60 A=1", "A=1"), Text("A=4 TMOUT=61", "A=4"),
    Text('export A=2 TMOUT=$((2*3)) B="x y"', 'export A=2 B="x y"'),
    Text("declare -xr TMOUT=9", ":", DECLARES), Text("typeset -x TMOUT=19", ":", TYPESETS),
    Text("typeset -rx TMOUT=20", ":", TYPESETS), Text("typeset -r -x TMOUT=21", ":", TYPESETS),
    Text("TMOUT=1; readonly TMOUT; export TMOUT", ":"), Text("typeset -i TMOUT=7", ":", TYPESETS),
    Text('export "TMOUT=7"', ":"), Text("unset TMOUT", ":"), Text(": ${TMOUT:=4}", ":"),
    Text(': "${TMOUT=11}"', ":"), Text("readonly TMOUT", ":"), Text("export TMOUT", ":"),
    Text("TMOUT='8'  B=$(echo q)", "B=$(echo q)"),
    Text("export A=1 \\\n  TMOUT=5 \\\n  B=3", "export A=1 B=3"),
    Text("C=`echo z` TMOUT=4", "C=`echo z`"), Text("TMOUT=60 2>/dev/null", ":"),
    Text('export B="a b" TMOUT="6"', 'export B="a b"'), Text("TMOUT=$((15*60))", ":"),
    Text('TMOUT="900"', ":"), Text("export TMOUT='30'", ":"), Text("TMOUT=''", ":"),
    Text("TMOUT=15m", ":", ALL - {"ksh93"}), Text("\tTMOUT=77", ":"), Text("TMOUT=0", ":"),
    Text("command export TMOUT=12", ":", ALL - {"zsh"}), Text("\\export TMOUT=13", ":"),
    Text("TMOUT=$((5+5))", ":"), Text("readonly TMOUT=6 A=1", "readonly A=1"),
    Text("export TMOUT A", "export A"), Text("TMOUT=1 TMOUT=2", ":"),
    Text("TMOUT=62 export A=1", "export A=1"), Text("TMOUT=63 :", ":"),
    Text("A=1 TMOUT=64 eval B=2", "A=1 eval B=2"), Text("TMOUT=65 export TMOUT", ":"),
    Text("TMOUT=66 . /dev/null", ". /dev/null"), Text("TMOUT=67 $A_B", "$A_B"),
    Text("export readonly TMOUT=22", "export readonly"), Text("TMOUT=58\r", ":"),
    Text("TMOUT=8; readonly TMOUT export", "readonly export"),
    Text("let TMOUT=68", ":", BIG), Text("((TMOUT=69))", ":", BIG),
)  # fmt: skip
# Those that do more than set it: none is disabled, so that no twin is needed but a valid one.
MINGLED = (
    Text("A=${TMOUT:=31}", "A=3"), Text('export B="x${TMOUT:=32}"', "export B=x"),
    Text("[ -n ${TMOUT=33} ]", ":"), Text("case ${TMOUT:=34} in *) A=1;; esac", ":"),
    Text("for i in ${TMOUT:=35}; do :; done", ":"), Text("[[ -n ${TMOUT:=36} ]]", ":", BIG),
    Text(": ${A:=1}${TMOUT:=37}", ":"), Text(": $((TMOUT=38))", ":"),
    Text("C=$((TMOUT=39+1))", ":"), Text("((A=1, TMOUT=40))", ":", BIG),
    Text("let A=1 TMOUT=41", ":", BIG), Text("for TMOUT in 42 43; do :; done", ":"),
    Text("for ((TMOUT=44; TMOUT<46; TMOUT++)); do :; done", ":", BIG - {"mksh"}),
    Text("read TMOUT <<E4\n47\nE4\n", ":\n"), Text("printf -v TMOUT 48", ":", DECLARES),
    Text("eval TMOUT=49", ":"), Text("eval 'export TMOUT=50'", ":"), Text("eval 'TMOUT=51;:'", ":"),
    Text("getopts a: TMOUT -a 5", ":"), Text("echo 52 | read TMOUT", ":"),
    Text("mapfile -t TMOUT <<E5\n53\nE5\n", ":\n", frozenset(("bash",))),
    Text("typeset -n N=TMOUT; N=54", ":", frozenset(("bash", "ksh93"))),
    Text("((TMOUT+=55))", ":", BIG), Text("set -A TMOUT 56", ":", BIG - {"bash"}),
)  # fmt: skip
# What looks like one and is none, and what is about anything else.
OTHERS = (
    "A=3", 'B="x;y"', "C='a\nb'", "D=$(case x in (x) echo 1;; esac)", "umask 022", 'E=${A:-"}"}',
    "F=$((1+2))", "cat >/dev/null <<E1\nTMOUT=1 '\nE1\n",
    'cat >/dev/null <<-"E2"\n\tTMOUT=1\n\tE2\n',
    "# TMOUT=1 it's\n", "#export TMOUT=900\n", 'G="`echo hi`"', "(TMOUT=3)",
    "echo TMOUT=3 >/dev/null",
    "H=a#b", ': "$(echo "$(echo \')\')")"', "x() { J=1; }", "MYTMOUT=5", "TMOUT_X=6",
    "XTMOUT=1 A=2",
    "export TMOUT_READONLY=1", 'A="TMOUT=5"', "B='\nTMOUT=5\n'", 'C="a\nexport TMOUT=5\n"',
    "TMOUT=7 env >/dev/null", "echo export TMOUT=1 >/dev/null", "printf %s TMOUT=1 >/dev/null",
    "D='readonly TMOUT'", 'echo "# TMOUT=4" >/dev/null', "A=${TMOUT_X-5}", "E=$((3*4))",
    "export readonly MYTMOUT=9", "cat >/dev/null <<'E3' ; A=7\nexport TMOUT=1\nE3\n",
    'G="a\\"b"', "H=\\'", ': "it\'s"', "J='say \"hi'", "K=a\\\nb", "echo it\\'s >/dev/null",
    "{ TMOUT=5; } | cat", "if true; then TMOUT=5; fi 2>/dev/null | cat",
    ": ${TMOUT-5} ${#TMOUT} ${TMOUT+5}", "A='${TMOUT:=5}'", 'B="\\${TMOUT:=5}"',
    "C=$(echo ${TMOUT:=5})", "for i in TMOUT TMOUT=5; do :; done", "printf -- -vTMOUT >/dev/null",
    "TMOUT = 5 2>/dev/null", "eval 'A=$TMOUT'", "while true; do TMOUT=5; break; done | cat",
    "TMOUT=9 alias zz=b",
    "A=$(TMOUT=5; echo 2)", "alias ll='ls -l'", "true && B=6", "false || C=8", "! false",
)  # fmt: skip
BIG_OTHERS = ("[[ $A = 3 && 1 < 2 ]]", "((A=1))", "I=(1 2)", "A=$'it\\'s'")
CONSTRUCTS = {
    "a plain assignment": r"(?m)^TMOUT=",
    "export": r"export .*TMOUT", "readonly": r"readonly .*TMOUT",
    "typeset or declare": r"(typeset|declare) .*TMOUT", "unset": r"unset TMOUT",
    "a default": r"\$\{TMOUT:?=", "before a special builtin": r"TMOUT=6\d (export|:|eval|\.|\$)",
    "in arithmetic": r"\(\([^)=]*TMOUT\+?=", "a loop's variable": r"for TMOUT|\(\(TMOUT=44",
    "set by name": r"(read|getopts|printf|mapfile|set|-n N).*TMOUT", "in an eval": r"eval .*TMOUT",
    "a carriage return": r"TMOUT=58\r", "attributes as names": r"export readonly|TMOUT export",
    "in a pipe": r"TMOUT=5.*\| cat",
    "arithmetic": r"TMOUT=\$\(\(", "a quoted value": r"TMOUT=[\"']",
    "a quoted word": r"\"TMOUT=",
    "shared with another assignment": r"\w=\S+ +TMOUT=|TMOUT=\S+ +\w=",
    "over several lines": r"\\\n +TMOUT=", "in if": r"if true|if false", "in case": r"case a in",
    "in a loop": r"for i in", "in a group": r"(?m)^\{", "in a function": r"f\(\) \{",
    "behind &&": r"&& [^\n]*TMOUT", "behind ||": r"\|\| [^\n]*TMOUT", "in a subshell": r"\(TMOUT=",
    "before a program": r"TMOUT=7 env", "in a comment": r"(?m)^\s*#.*TMOUT",
    "in a here-document": r"<<-?[\"']?E",
    "in a quote of several lines": r"['\"](a)?\n(export )?TMOUT",
    "a look-alike name": r"MYTMOUT|TMOUT_X|XTMOUT", "a unit in the value": r"TMOUT=15m",
    "indented": r"(?m)^[ \t]+TMOUT=", "a comment behind it": r"TMOUT[^\n]* # ",
    "no newline at the end": r"[^\n]\Z", "bytes that are no UTF-8": r"\udcff",
    "read twice": r"readonly TMOUT[^\n]*\n(?:.*\n)*.*TMOUT",
}  # fmt: skip


def generate(rng: random.Random) -> Text:
    maker = _Maker(rng)
    parts = [maker.statement() for _number in range(rng.randint(1, 5))]
    if rng.random() < 0.1:
        parts.append(Text("# \udcff\n", "# \udcff\n"))
    text = _joined(parts, "\n")
    if rng.random() < 0.2:
        text = text._replace(text=text.text.rstrip("\n"), twin=text.twin.rstrip("\n"))
    return text


def _joined(parts: Sequence[Text], between: str) -> Text:
    def glue(texts: Sequence[str]) -> str:
        return "".join(text if text.endswith("\n") else text + between for text in texts)

    shells = frozenset.intersection(*(part.shells for part in parts))
    return Text(glue([p.text for p in parts]), glue([p.twin for p in parts]), shells)


class _Maker:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def simple(self) -> Text:
        number = self.rng.random()
        if number < 0.47:
            return self.rng.choice(DEFINITIONS)
        if number < 0.5:
            return self.rng.choice(MINGLED)
        if self.rng.random() < 0.1:
            other = self.rng.choice(BIG_OTHERS)
            return Text(other, other, BIG if "$'" not in other else frozenset(("bash", "zsh")))
        other = self.rng.choice(OTHERS)
        return Text(other, other)

    def plain(self) -> Text:
        """One that fits on a line with others."""
        while (found := self.simple()).lone:
            pass
        return found

    def statement(self, depth: int = 0) -> Text:
        kinds = (
            (0.5, self.simple), (0.57, self.two), (0.62, self.lined_if), (0.67, self.lined_case),
            (0.73, self.behind), (0.78, self.commented),
        )  # fmt: skip
        number = self.rng.random()
        for limit, make in kinds:
            if depth > 2 or number < limit:
                return make()
        return self.nested(depth)

    def nested(self, depth: int) -> Text:
        shape = self.rng.choice((
            "if true; then\n%s\nfi", "if false; then\n%s\nfi", "if [ 1 = 2 ]; then :; else\n%s\nfi",
            "case a in\n(a|b)\n%s\n;;\n(*) K=1\nesac", "case a in\n  b) K=2 ;;\n  *)\n%s\n;;\nesac",
            "for i in 1 2; do\n%s\ndone", "{\n%s\n}", "f() {\n%s\n}\nf", "f() {\n%s\n}",
            "while true; do\n%s\nbreak\ndone",
        ))  # fmt: skip
        return self._in(shape, self.statement(depth + 1))

    def two(self) -> Text:
        one, other = self.plain(), self.plain()
        shells = one.shells & other.shells
        return Text(f"{one.text}; {other.text}", f"{one.twin}; {other.twin}", shells)

    def lined_if(self) -> Text:
        shape = self.rng.choice(("if true; then %s; fi", "if false; then %s; fi", "{ %s; }"))
        return self._in(shape, self.plain())

    def lined_case(self) -> Text:
        shape = self.rng.choice(("case a in a) %s ;; esac", "case a in (b) %s ;; esac"))
        return self._in(shape, self.plain())

    def behind(self) -> Text:
        shapes = ("true && %s", "false && %s", "true || %s", "false || %s", "%s && A=9")
        return self._in(self.rng.choice((*shapes, "true &&\n%s")), self.plain())

    def commented(self) -> Text:
        return self._in("%s # it's a comment\n", self.plain())

    def _in(self, shape: str, inner: Text) -> Text:
        return inner._replace(text=_put(shape, inner.text), twin=_put(shape, inner.twin))


def _put(shape: str, text: str) -> str:
    """Not by the operator %: the texts are full of it. A here-document must end with its line."""
    return shape.replace("%s", text if "<<" in text else text.rstrip("\n"))
