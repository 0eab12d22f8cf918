"""A row: one situation of a host, what runs on it, and what must come out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# How a run ends: in force for everybody, refused by name, or either of the two, told as it is.
DONE, REFUSED, HONEST = "done", "refused", "honest"
# What an idle session does.
ENDS, STAYS = "ends", "stays"

DEBIAN = ("debian11", "debian12", "debian13", "backports", "testing")
SINCE_10 = ("debian13", "backports", "testing")
SINCE_9_2 = ("debian12", *SINCE_10)
# Short enough to wait for.
SECONDS = 3
PROBES: Mapping[str, Any] = {"interval": 2, "count_max": 1, "reload": True}
PROBES_SECONDS = 4


@dataclass(frozen=True)
class Row:
    """`make` are shell commands as root on a host as it came; the rest is what must then be so.

    `names` are (path, line) or plain text that a refusal must name; `tells` patterns of what a run
    says that is done. `live` are accounts whose idle session is watched after the run: ENDS or
    STAYS where that is known beforehand, None where it is only measured. `gone`: a client that
    vanishes is watched, too. `info` are the states that timeout_info may give an account,
    `says` and `never` patterns of all that it returns, `sshd_info` what it may say of sshd.
    `sshd` is the program that answers for the daemon, with the options which that really has.
    `holds` are shell commands that must succeed on the host afterwards, `watched` paths outside of
    /etc that nobody may touch. `hinder` is done when the host has been asked for its own state, and
    `mend` before it is asked again. `back`: state=absent gives the same bytes back. `role` are
    variables with which the role runs instead of the module, `audit` what the audit may say.
    """

    kind: str
    make: str
    module: str
    options: Mapping[str, Any] = field(default_factory=dict)
    ends: str = HONEST
    names: tuple[str | tuple[str, int], ...] = ()
    tells: tuple[str, ...] = ()
    live: Mapping[str, str | None] = field(default_factory=dict)
    gone: bool = False
    info: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    sshd_info: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    sshd: str = "/usr/sbin/sshd"
    holds: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()
    hinder: str = ""
    mend: str = ""
    exempt: tuple[str, ...] = ()
    back: bool = False
    role: Mapping[str, Any] | None = None
    audit: tuple[str, ...] = ()
    limit: float = 40
    on: tuple[str, ...] = DEBIAN
    sample: bool = False

    @property
    def of_sshd(self) -> bool:
        return self.module == "sshd_client_alive"


def sshd(kind: str, make: str, ends: str = HONEST, **more: Any) -> Row:
    """Dead clients are to be noticed; sshd says the numbers, and a client that vanishes."""
    options = {**PROBES, **more.pop("options", {})}
    return Row(kind, make, "sshd_client_alive", options, ends, **more)


def tmout(kind: str, make: str, ends: str = HONEST, **more: Any) -> Row:
    """Idle shells are to end; each account's own login shell says the number."""
    options = {"timeout": SECONDS, **more.pop("options", {})}
    return Row(kind, make, "shell_tmout", options, ends, **more)


def info(kind: str, make: str, **more: Any) -> Row:
    """Nothing is changed: only told."""
    return Row(kind, make, "timeout_info", **more)


def put(path: str, text: str) -> str:
    """Shell commands that write a file, folders and all."""
    return f"mkdir -p $(dirname {path})\ncat > {path} <<'END-OF-FILE'\n{text}END-OF-FILE\n"


def add(path: str, text: str) -> str:
    return f"cat >> {path} <<'END-OF-FILE'\n{text}END-OF-FILE\n"


def unit(*lines: str) -> str:
    """sshd's own unit does otherwise, and has started anew."""
    text = "\n".join(["[Service]", *lines, ""])
    return (
        put("/etc/systemd/system/ssh.service.d/site.conf", text)
        + "systemctl daemon-reload; systemctl restart ssh\n"
    )


def named(said: str, what: str | tuple[str, int]) -> bool:
    """Whether a text names a file and its line, in whatever words."""
    if isinstance(what, str):
        return what in said
    path, line = what
    return (
        re.search(rf"{re.escape(path)}(?:[`'\":, ]|\b.{{0,60}}?\bline ){line}\b", said) is not None
    )
