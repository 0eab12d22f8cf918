"""Sessions brought into a situation, and watched until they end."""

import contextlib
import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.lab import live
from tools.lab.common import SSH_CONFIG

from . import sandbox
from .matrix import COPIES, LIMITS, VANISHED, Cell

READY = 40
# Logins cost time of the machine that the sessions under watch need too.
LOGINS = threading.Semaphore(6)
CHATTY = "sh -c 'echo started-$$; while :; do echo tick; sleep 1; done'"
SIZE = 50_000_000  # takes minutes


@dataclass(frozen=True)
class End:
    """How long until it ended; or, if it stayed, how long it was watched."""

    ended: bool
    seconds: float

    def answer(self) -> dict[str, Any]:
        return {"outcome": "ended" if self.ended else "stayed", "seconds": round(self.seconds, 1)}


class Session(live.Session):
    """A session that can be talked to."""

    seen = 0

    def send(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def expect(self, pattern: bytes, seconds: float = READY) -> None:
        """Wait for new output that matches."""
        deadline = time.monotonic() + seconds
        while not (found := re.compile(pattern, re.DOTALL).search(self.output, self.seen)):
            if not self._read(deadline):
                raise live.LiveError(f"{self.login}: no {pattern!r} in {self.text[-500:]!r}")
        self.seen = found.end()

    def ask_prompt(self) -> None:
        """The shell within the shell has come to its prompt."""
        self.seen = len(self.output)
        self.type("sh -c 'echo at-inner-$PPID-'")
        self.expect(rb"at-inner-\d+-")


def half_typed(session: Session) -> None:
    session.send("echo half")
    session.expect(rb"h.*a.*l.*f")


def editor(session: Session) -> None:
    session.type("vi")
    session.expect(rb"~.*~.*~")


def quiet(session: Session) -> None:
    session.type("sh -c 'echo started-$$; exec sleep 600'")
    session.expect(rb"started-\d+")


def chatty(session: Session) -> None:
    session.type(CHATTY)
    session.expect(rb"started-\d+")


def tmux(session: Session, options: str = "") -> None:
    session.type(f"tmux -L of-{session.shell_pid} {options} new")
    session.expect(rb"\x1b\[\?1049h")
    session.ask_prompt()


def su(session: Session) -> None:
    session.type(f"su {session.login.user}")
    session.expect(rb"assword: ?")
    session.type(sandbox.PASSWORD)
    session.expect(rb"[$%>] ")  # what is typed earlier is lost with the password's line
    session.ask_prompt()


def sudo(session: Session) -> None:
    session.type("sudo -s")
    session.expect(rb"# ")
    session.ask_prompt()


ENTER: dict[str, Callable[[Session], None]] = {
    "idle": lambda session: None,
    "half_typed": half_typed,
    "editor": editor,
    "quiet": quiet,
    "chatty": chatty,
    "tmux": tmux,
    "tmux_clock": lambda session: tmux(session, "-f /etc/tmux-clock.conf"),
    "su": su,
    "sudo": sudo,
}


def measure(cell: Cell) -> dict[str, Any]:
    """Open a session, bring it there, and watch it; what a cell of the matrix holds."""
    if cell.situation in VANISHED:
        return vanished(cell)
    if cell.situation in COPIES:
        return slow_copy(cell).answer()
    if cell.situation == "shared":
        return shared(cell).answer()
    with opened(cell) as session:
        with LOGINS:
            ENTER[cell.situation](session)
        return watched(session, cell).answer()


def login(cell: Cell, *options: str) -> live.Login:
    """The account is named after its shell."""
    port = str(LIMITS[cell.limit].port)
    ssh = ("ssh", "-F", str(SSH_CONFIG), "-p", port, *options)
    return live.Login(cell.host, cell.shell, ssh=ssh)


@contextlib.contextmanager
def opened(cell: Cell, *options: str) -> Iterator[Session]:
    with LOGINS:
        session = Session(login(cell, *options), READY)
    session.seen = len(session.output)
    try:
        yield session
    finally:
        session.close()


def watched(session: Session, cell: Cell) -> End:
    start = time.monotonic()
    ended = session.end_within(cell.watch)
    return End(ended, time.monotonic() - start)


def vanished(cell: Cell) -> dict[str, Any]:
    """The client can tell nothing any more: look at the host, for the shell and for its sshd."""
    with opened(cell) as session:
        shell, host = session.shell_pid, cell.host
        daemon = sandbox.owner(host, shell)
        if cell.situation == "frozen":
            session.freeze()
        else:
            sandbox.cut_off(host, sandbox.client_port(host, shell))
        start, gone = time.monotonic(), dict[int, float]()
        while len(gone) < 2 and time.monotonic() - start < cell.watch:
            for pid in {shell, daemon} - set(gone):
                if not sandbox.lives(host, pid):
                    gone[pid] = time.monotonic() - start
            time.sleep(0.1)  # what is looked at cannot be waited for: it is no child of this one
        ends = [End(pid in gone, gone.get(pid, cell.watch)) for pid in (shell, daemon)]
        return {**ends[0].answer(), "connection": ends[1].answer()}


def slow_copy(cell: Cell) -> End:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "file")
        file.touch()
        os.truncate(file, SIZE)
        name = f"{cell.limit}-{cell.situation}"
        source = login(cell).ssh[1:3]
        command = ["scp", "-q", *source, "-P", str(LIMITS[cell.limit].port), "-l",
                   COPIES[cell.situation], str(file),
                   f"{cell.shell}@{cell.host}:{name}"]  # fmt: skip
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as copy:
            try:
                arrives(sandbox.root(cell.host) / "home" / cell.shell / name)
                start = time.monotonic()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    copy.wait(cell.watch)
                return End(copy.poll() is not None, time.monotonic() - start)
            finally:
                copy.kill()


def arrives(path: Path) -> None:
    deadline = time.monotonic() + READY
    while not path.exists():
        if time.monotonic() > deadline:
            raise live.LiveError(f"{path} does not arrive")
        time.sleep(0.1)


def shared(cell: Cell) -> End:
    """The second session of a connection whose first one is never idle."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"ControlPath={folder}/s"
        with opened(cell, "-o", "ControlMaster=yes", "-o", path) as first:
            chatty(first)
            with opened(cell, "-o", "ControlMaster=no", "-o", path) as second:
                return watched(second, cell)
