"""What tests need of a machine, made for them alone: whatever it has in /run decides nothing.

sshd answers no question without /run/sshd, which only the start of the service makes; on a machine
where that never happened every test of sshd would fail, or be told nothing.
"""

import ctypes
import os
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLONE_NEWNS = 0x20000
MS_REC, MS_PRIVATE = 0x4000, 0x40000


class NotPossible(Exception):
    """The machine does not let us; the sentence says what it takes."""


def enter():
    """Give this process, and all that it starts from now on, a /run of its own with /run/sshd."""
    if str(ROOT).startswith("/run/"):
        raise NotPossible(f"Tests hide /run, and this checkout lies in it: {ROOT}.")
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.unshare(CLONE_NEWNS)
    done = done or libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None)
    done = done or libc.mount(b"none", b"/run", b"tmpfs", ctypes.c_ulong(0), b"mode=0755")
    if done:
        raise NotPossible(
            "Tests need a /run of their own, in a private mount namespace: "
            f"{os.strerror(ctypes.get_errno())}. Run them as root, with CAP_SYS_ADMIN."
        )
    os.mkdir("/run/sshd", 0o755)


def hide_tmp():
    """Lines of shell for a namespace that has a /run of its own: an empty /tmp.

    A checkout that lies below /tmp stays where it is.
    """
    hide = "mount -t tmpfs none /tmp"
    if not str(ROOT).startswith("/tmp/"):
        return hide
    root = shlex.quote(str(ROOT))
    keep = f"mkdir -p /run/checkout && mount --bind {root} /run/checkout"
    return f"{keep} && {hide} && mkdir -p {root} && mount --bind /run/checkout {root}"
