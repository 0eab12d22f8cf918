"""Live sessions: a real ssh client at a real terminal, and how its session ends.

Each session is a fresh connection, never a shared one: a shared one keeps the numbers that the
daemon had when it was opened. The functions return the seconds measured and raise LiveError when
the session did otherwise than they say. With CURFEW_LIVE_LOG set, each adds a line to that file.
"""

import contextlib
import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .common import SSH_CONFIG

FRESH = ("-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "ServerAliveInterval=0")


class LiveError(AssertionError):
    """A session did not end, or ended when it should not have."""


class NoPrompt(LiveError):
    """A login that did not come to its prompt; with what its client ended, None if it did not."""

    def __init__(self, said: str, status: int | None) -> None:
        super().__init__(said)
        self.status = status


@dataclass(frozen=True)
class Login:
    """Who logs in where; `shell` starts that one as a login shell instead of the user's own."""

    host: str
    user: str = "ops"
    shell: str | None = None
    ssh: tuple[str, ...] = field(default=("ssh", "-F", str(SSH_CONFIG)))

    def command(self, *options: str) -> list[str]:
        return [*self.ssh, *FRESH, *options, "-l", self.user, self.host]

    def __str__(self) -> str:
        return f"{self.user}@{self.host}" + (f" ({self.shell})" if self.shell else "")


class Session:
    """One client that has come as far as its prompt."""

    def __init__(self, login: Login, ready_within: float = 30) -> None:
        self.login = login
        self.output = b""
        self._terminal, slave = pty.openpty()
        command = login.command("-tt") + ([f"exec {login.shell} -l"] if login.shell else [])
        self._client = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self._ask_shell_pid(ready_within)

    def _ask_shell_pid(self, seconds: float) -> None:
        """The answer proves that the shell is at its prompt; the echo of the question does not."""
        self.type("sh -c 'echo at-prompt-$PPID-'")
        deadline = time.monotonic() + seconds
        while not (found := re.search(rb"at-prompt-(\d+)-", self.output)):
            if not self._read(deadline):
                status = self._status()
                self.close()
                raise NoPrompt(f"{self.login}: no prompt: {self.text[-500:]!r}", status)
        self.shell_pid = int(found[1])

    @property
    def text(self) -> str:
        return self.output.decode(errors="replace")

    @property
    def alive(self) -> bool:
        return self._client.poll() is None

    def type(self, line: str) -> None:
        os.write(self._terminal, line.encode() + b"\n")

    def end_within(self, seconds: float) -> bool:
        """Whether the client is logged out before the time is over; waits no longer than that."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass
        self._status(1 if time.monotonic() < deadline else 0)
        return not self.alive

    def _status(self, within: float = 1) -> int | None:
        """With what the client ended; a terminal hangs up a moment before it does."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._client.wait(timeout=within)
        return self._client.poll()

    def freeze(self) -> None:
        """As if unplugged: the client answers nothing any more, and says nothing about it."""
        self._client.send_signal(signal.SIGSTOP)

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._client.kill()
        self._client.wait()
        os.close(self._terminal)

    def _read(self, deadline: float) -> bool:
        """Take what the terminal has to say; false at its end or when the time is over."""
        left = max(0, deadline - time.monotonic())
        if not select.select([self._terminal], [], [], left)[0]:
            return False
        try:
            piece = os.read(self._terminal, 65536)
        except OSError:  # Linux reports a hung-up terminal as an error, not as an end of file
            return False
        self.output += piece
        return bool(piece)


@contextlib.contextmanager
def session(login: Login, busy: bool = False) -> Iterator[Session]:
    """A session at its prompt, or `busy` in the foreground program, where no TMOUT ends it."""
    opened = Session(login)
    try:
        if busy:
            opened.type("cat")
        yield opened
    finally:
        opened.close()


def idle_logout(
    login: Login, within: float, at_prompt: Callable[[], object] = lambda: None
) -> float:
    """Sit at the prompt; seconds until the login is ended."""
    with session(login) as idle:
        at_prompt()
        start = time.monotonic()
        if not idle.end_within(within):
            raise LiveError(f"{login}: idle at the prompt, still logged in after {within:g} s")
        return _record("idle login logged out", login, time.monotonic() - start)


def idle_stays(login: Login, seconds: float, busy: bool = True) -> float:
    """Be idle, but alive; seconds that the session was watched and stayed."""
    with session(login, busy) as idle:
        start = time.monotonic()
        if idle.end_within(seconds):
            passed = time.monotonic() - start
            raise LiveError(f"{login}: idle but alive, ended after {passed:.1f} s: {idle.text!r}")
        return _record("idle but live client stays", login, time.monotonic() - start)


def frozen_dropped(login: Login, within: float) -> float:
    """Freeze the client; seconds until the server has given its session up."""
    with session(login, busy=True) as frozen:
        daemon = _ask(login, f"ps -o ppid= -p {frozen.shell_pid}").strip()
        frozen.freeze()
        start = time.monotonic()
        try:
            _ask(login, f"while kill -0 {daemon} 2>/dev/null; do sleep 0.1; done", within)
        except subprocess.TimeoutExpired:
            text = f"{login}: frozen, and the server still keeps it after {within:g} s"
            raise LiveError(text) from None
        return _record("frozen client dropped", login, time.monotonic() - start)


def _ask(login: Login, script: str, seconds: float = 30) -> str:
    """What the host says over a connection of its own; in sh, whatever the user's shell is."""
    command = [*login.command("-T"), f"sh -c {shlex.quote(script)}"]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode:
        raise LiveError(f"{login}: {script!r} failed: {done.stderr.strip()}")
    return done.stdout


def _record(what: str, login: Login, seconds: float) -> float:
    """For the count of sessions that really ran."""
    path = os.environ.get("CURFEW_LIVE_LOG")
    if path:
        entry = {"what": what, "login": str(login), "seconds": round(seconds, 1)}
        with open(path, "a") as log:
            log.write(json.dumps(entry) + "\n")
    return seconds
