"""Generate whole sshd configurations, odd but valid: a main file, drop-ins, nested includes.

A tree maps names below one folder to bytes. `@ROOT@` stands for that folder until it is written.
"""

from pathlib import Path

from hypothesis import event
from hypothesis import strategies as st

ROOT = b"@ROOT@"
MAIN = "sshd_config"
# Read in byte order: upper case first, "10" before "9"; the last two only by `d/*`.
DROP_INS = ("10-a.conf", "9-b.conf", "Z.conf", "a.conf", "sp ace.conf", "b.conf~", "c.rpmsave")
INNER = ("e/inner.conf", "e/x[1].conf")
DEEPEST = ("f/deep.conf",)

Tree = dict[str, bytes]

INTERVALS = ("300", "300s", "5m", "1h30m", "0300", "10M", "0", "2147483647", "1w2d", "7S")
COUNTS = ("3", "03", "0", "7", "2147483647")
NEIGHBOURS = (
    "PermitTTY no", "X11Forwarding yes", "Banner /etc/issue#1", "AcceptEnv LANG LC_*",
    "AcceptEnv ClientAliveInterval", "SetEnv A=ClientAliveInterval", "ForceCommand /bin/echo 'a b'",
    "MaxSessions 4", "  LogLevel VERBOSE", 'ForceCommand echo "ClientAliveInterval 7"',
)  # fmt: skip
GLOBAL_NEIGHBOURS = ("UseDNS no", "LoginGraceTime 1m", "MaxStartups 10:30:100", "Compression no")
COMMENTS = (
    b"", b" ", b"\t", b"\r", b"#", b"# prose", b"#ClientAliveInterval 0", b"#ClientAliveCountMax 3",
    b"#  clientaliveinterval 300", b"# ClientAliveInterval 5m # why", b"  # indented",
    b"#\tMatch all",
    b"# ClientAliveInterval keeps you connected", b"#curfew.session# PermitTTY no", b"#\xff\xfe",
    b"# \x0b\x85 \xc2\x85 \xe2\x80\xa8", b"#Include /etc/passwd", b"# it's \"open",
    b"## ClientAliveInterval 9",
    b"# ends in a backslash \\",
)  # fmt: skip
CRITERIA = (
    "user root", "User root,backup", "USER !root,*", "user ro?t", "User *", "user curfew-*",
    "Group root", "group !root,*", "Group daemon,backup", "group no-such-group",
    "Host 192.0.2.1", "host *.example.org", "Host !bad.example.org,*.EXAMPLE.org",
    "Address 192.0.2.0/24", "address !192.0.2.1,192.0.2.0/24", "Address 10.0.0.0/8,2001:db8::/32",
    "address 192.0.*", "Address *", "Address 2001:DB8::7", "LocalAddress 127.0.0.1",
    "LocalAddress 0.0.0.0/0", "localaddress *", "LocalPort 22", "localport 2222", "RDomain none",
    "User root Address 10.0.0.0/8", "Group root LocalPort 2222 Host *",
    "address 10.0.0.0/8 user root",
    "user=root", "User=root,daemon LocalPort=22", 'User "root"', 'user "root,backup"',
    '"User" root',
    "user root # Match all", "User\troot", "user  root", "User root,", "user ,root",
    "address 192.0.2.0/255.255.255.0", "Address 192.0.2.1", "Address ::ffff:192.0.2.1",
    "Host *,!192.0.2.1",
)  # fmt: skip
NEW_CRITERIA = ("invalid-user", "invalid-user LocalPort 22", "user root invalid-user")

FLAGS = st.sampled_from((False, False, False, True))


@st.composite
def directives(draw, release):
    """One of our two directives, in any spelling that the release takes."""
    interval = draw(st.booleans())
    keyword = "ClientAliveInterval" if interval else "ClientAliveCountMax"
    value = draw(st.sampled_from(INTERVALS if interval else COUNTS))
    keyword = draw(st.sampled_from((keyword, keyword, keyword.lower(), keyword.upper())))
    between = draw(st.sampled_from((" ", " ", " ", "\t", "  ", "=", " = ", "= ", " =", " \t")))
    if draw(FLAGS):
        keyword = f'"{keyword}"'
        between = between.replace("=", " ")  # sshd takes no "=" behind a quoted keyword
    if draw(FLAGS):
        value = draw(st.sampled_from(_quoted(value, release)))
    after = ("", "", "", " ", "\t", "\f", " # why", "\t#", " # it's", ' # "') + (
        ("#glued",) if release < (8, 7) else ())
    indent = draw(st.sampled_from(("", "", "", " ", "\t", "    ", "\r")))
    return (indent + keyword + between + value + draw(st.sampled_from(after))).encode()


def _quoted(value, release):
    quoted = [f'"{value}"']
    if release >= (8, 7):
        quoted += [f"'{value}'", f'{value[:1]}"{value[1:]}"', f"''{value}"]
    return [*quoted, "+" + value, f'" {value}"', f'"+{value}"']


@st.composite
def includes(draw, release, names):
    """An Include of some of the names: plain, quoted, by glob, several, absent."""
    folder = names[0].split("/")[0]
    plain = [name for name in names if " " not in name and "[" not in name]
    patterns = [f"{folder}/*.conf"] * 5 + [f"{folder}/*"] * 3 + plain + [
        f"{folder}/[0-9]*.conf", f"{folder}/?.conf",
        f"{folder}/absent.conf", "absent/*", f"{folder}/[!a]*",
        f"{folder}/[^a]*.conf", f"{folder}/[[:upper:][:digit:]]*"]  # fmt: skip
    if release >= (8, 7):
        patterns.append(f"{folder}/\\*.conf")  # an escaped star is no glob
    chosen = draw(st.lists(st.sampled_from(patterns), min_size=1, max_size=3))
    words = []
    for pattern in chosen:
        quoted = draw(FLAGS)
        words.append(f'"@ROOT@/{pattern}"' if quoted else f"@ROOT@/{pattern}")
    keyword = draw(st.sampled_from(("Include", "include", '"Include"', "  Include")))
    between = draw(st.sampled_from((" ", " ", "\t", " " if keyword[0] == '"' else " = ")))
    after = draw(st.sampled_from(("", "", " ", "  # more")))
    return (keyword + between + " ".join(words) + after).encode()


@st.composite
def matches(draw, release):
    known = CRITERIA + (NEW_CRITERIA if release >= (9, 9) else ())
    everybody = st.sampled_from(("all", "all", "ALL", '"all"', "all # user root"))
    criteria = draw(st.one_of(everybody, st.sampled_from(known), st.sampled_from(known)))
    keyword = draw(st.sampled_from(("Match", "Match", "match", "MATCH", "  Match", "\tMatch")))
    return f"{keyword}{draw(st.sampled_from((' ', ' ', chr(9))))}{criteria}".encode()


@st.composite
def files(draw, release, names, size):
    """The bytes of one file that may include the names: a global section, then Match blocks."""
    count = draw(st.integers(1, size))
    lines = [draw(_lines(release, names, "dddiiicng")) for _line in range(count)]
    for _block in range(draw(st.sampled_from((0, 1, 1, 2, 3)))):
        lines.append(draw(matches(release)))
        inside = draw(st.integers(1, 3))
        lines += [draw(_lines(release, names, "ddddicn")) for _number in range(inside)]
    ending = draw(st.sampled_from((b"\n", b"\n", b"\n", b"\r\n")))
    return ending.join(lines) + draw(st.sampled_from((ending, ending, ending, b"")))


@st.composite
def _lines(draw, release, names, kinds):
    """One line: a directive of ours, an Include, a comment, a neighbour, a global neighbour."""
    kind = draw(st.sampled_from(kinds))
    if kind == "d":
        return draw(directives(release))
    if kind == "i" and names and release >= (8, 2):
        return draw(includes(release, names))
    if kind == "n":
        return draw(st.sampled_from(NEIGHBOURS)).encode()
    if kind == "g":
        return b"@GLOBAL@" + draw(st.sampled_from(GLOBAL_NEIGHBOURS)).encode()
    return draw(st.sampled_from(COMMENTS))


@st.composite
def trees(draw, release):
    """A tree that sshd accepts; global-only directives stand in the main file alone."""
    tree = {}
    names = draw(st.sets(st.sampled_from(DROP_INS), min_size=2, max_size=4))
    drop_ins = ["d/" + name for name in names]
    every = ["d/" + name for name in DROP_INS]
    for name in drop_ins:
        tree[name] = _anywhere(draw(files(release, INNER, 3)))
    for name in draw(st.sets(st.sampled_from(INNER))):
        tree[name] = _anywhere(draw(files(release, DEEPEST, 3)))
    if draw(FLAGS):
        tree[DEEPEST[0]] = _anywhere(draw(files(release, (), 2)))
    tree[MAIN] = draw(files(release, every + list(INNER), 6)).replace(b"@GLOBAL@", b"")
    _count(tree)
    return tree


def _anywhere(data):
    """Without what may only stand in a global section: the file may be included in a Match."""
    return data.replace(b"@GLOBAL@", b"# only global: ")


def _count(tree):
    """How often each construct occurred: shown by --hypothesis-show-statistics."""
    text = b"\n".join(tree.values()).lower()
    for construct in (b"match all", b"include", b"match", b"\r\n", b"'", b"curfew.session", b"="):
        if construct in text:
            event(f"holds {construct!r}")


def write(tree, folder: Path) -> Path:
    """Lay the tree out below the folder; return its main file."""
    for name, data in tree.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data.replace(ROOT, str(folder).encode()))
    return folder / MAIN
