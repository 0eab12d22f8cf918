"""Generated configurations and login files: what each tool makes of them."""

import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.oracle import CannotBeAsked
from tests.search import login_texts, sshd_trees, sshd_words
from tests.search.case import rng_of
from tests.search.sshd_oracle import find_sshd

from . import peers

SHELLS = ("bash", "dash", "ksh93", "mksh")
KEYS = ("clientaliveinterval", "clientalivecountmax")
WANTED = [[str(peers.INTERVAL)], [str(peers.COUNT_MAX)]]
DONE, NOT_IN_FORCE = "says done, and it is in force", "says done, and it is not in force"
REFUSED, HALF = "says failed, and nothing has changed", "says failed, and something has changed"
BROKEN = "whatever it says: sshd refuses its files, or a login breaks"
LOOP = 'for i in /etc/profile.d/*.sh; do [ -r "$i" ] && . "$i"; done\n'
Tool = Callable[[Path], peers.Commands]


class Connection:
    """An ordinary one, as `sshd -T -C` wants it."""

    user_exists = False
    words = ("curfew-no-such-user", "192.0.2.1", "192.0.2.1", "0.0.0.0", 22)

    def __getitem__(self, key: slice) -> tuple[object, ...]:
        return self.words[key]


def sshd(tool: Tool, count: int, seed: int, environment: Mapping[str, str]) -> Counter[str]:
    """Trees that sshd accepts, whatever stands in them."""
    found = find_sshd()
    outcomes: Counter[str] = Counter()
    number = 0
    while outcomes.total() < count:
        number += 1
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            tree = Path(folder)
            files = sshd_trees.generate(rng_of("compare", seed, number), found.release)
            main = sshd_words.write(files, tree)
            if found.ask(main, Connection()) is None:
                continue
            before = _content(tree)
            ok = _run(tool(tree), environment)
            answer = found.ask(main, Connection())
            in_force = answer is not None and [answer[key] for key in KEYS] == WANTED
            outcomes[_outcome(ok, _content(tree) == before, in_force, answer is not None)] += 1
    return outcomes


def logins(tool: Tool, count: int, seed: int, environment: Mapping[str, str]) -> Counter[str]:
    """An /etc/profile of any content, with the usual loop at its beginning or end."""
    outcomes: Counter[str] = Counter()
    number = 0
    while outcomes.total() < count:
        number += 1
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            tree = Path(folder)
            chance = rng_of("compare", seed, number)
            text = login_texts.generate(chance).text.encode("utf-8", "surrogateescape") + b"\n"
            _make_etc(tree, LOOP.encode() + text if chance.random() < 0.5 else text + LOOP.encode())
            if not all(ok for ok, _value in _ask(tree)):
                continue  # people cannot log in, or only with an error, already
            before = _content(tree / "etc")
            done = _run(tool(tree), environment)
            said = _ask(tree)
            in_force = {value for _ok, value in said} == {str(peers.TIMEOUT)}
            same = _content(tree / "etc") == before
            outcomes[_outcome(done, same, in_force, all(ok for ok, _value in said))] += 1
    return outcomes


def _outcome(ok: bool, same: bool, in_force: bool, works: bool) -> str:
    if not works:
        return BROKEN
    if not ok:
        return REFUSED if same else HALF
    return DONE if in_force else NOT_IN_FORCE


def _run(commands: peers.Commands, environment: Mapping[str, str]) -> bool:
    return all(_succeeds(command, environment) for command in commands)


def _succeeds(command: list[str], environment: Mapping[str, str]) -> bool:
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    if done.returncode == peers.NOT_ASKED:
        raise CannotBeAsked(f"{command}: {done.stderr.decode()}")
    return not done.returncode


def _content(tree: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def _make_etc(tree: Path, profile: bytes) -> None:
    tree.chmod(0o755)
    peers.bring(tree)
    (tree / "etc/profile.d").mkdir(parents=True)
    for name in ("ld.so.cache", "nsswitch.conf"):
        if Path("/etc", name).exists():
            shutil.copy(Path("/etc", name), tree / "etc" / name)
    if Path("/etc/alternatives").is_dir():
        shutil.copytree("/etc/alternatives", tree / "etc/alternatives", symlinks=True)
    (tree / "etc/passwd").write_text(
        "root:x:0:0::/root:/bin/bash\nnobody:x:65534:65534::/:/bin/sh\n"
    )
    (tree / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
    (tree / "etc/profile").write_bytes(profile)


def _ask(tree: Path) -> list[tuple[bool, str]]:
    """For each shell whether a login is quiet, and the value it then has."""
    said = []
    for shell in SHELLS:
        ask = 'exec -a "-$1" "$1" -c "echo at-home-\\${TMOUT-}-"'
        # Without a home the shells take root's, with whatever the machine's people keep there.
        words = ["env", "-i", "HOME=/nowhere", "PATH=/usr/bin:/bin"]
        words += ["bash", "-c", ask, "bash", shell]
        command = peers.inside(tree, *words)
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode == peers.NOT_ASKED or not shutil.which(shell):
            raise CannotBeAsked(f"{shell}: {done.stderr}")
        quiet = "at-home-" in done.stdout and not done.stderr
        said.append((quiet, done.stdout.partition("at-home-")[2].partition("-")[0]))
    return said
