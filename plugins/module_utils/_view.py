# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private view of the host: all of its files, copy-on-write, for a child process of ours.

Private to the collection.

What is asked in it runs for real and leaves nothing: what is written goes to memory, sockets and
FIFOs that shine through lead nowhere, there is no network, root has no power, and the kernel ends
all processes with the first one. Planned files are simply written. Where the kernel has no
overlays, the view is read-only, and planned files are bound over the real ones.
"""

import ctypes
import errno
import functools
import os
import pickle
import signal
import stat
from contextlib import contextmanager, suppress
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, TypeVar, cast

from . import _programs
from ._refusal import Refusal

__all__ = ["FOLDER", "NoView", "Staged", "be_at_pipes", "cover", "within"]

_Result = TypeVar("_Result")
# Of mounts, host name, IPC and network; and of processes.
_NAMESPACES = (0x00020000, 0x04000000, 0x08000000, 0x40000000)
_OF_PROCESSES = 0x20000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _REC, _PRIVATE = (
    1, 2, 4, 8, 32, 4096, 16384, 1 << 18,
)  # fmt: skip
_KEPT = (("nosuid", _NOSUID), ("nodev", _NODEV), ("noexec", _NOEXEC))
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 24, 38
_DAC_READ_SEARCH = 2
# What all that is written in it may take.
_ROOM = "mode=0755,size=64m,nr_inodes=20000"
# Folders of which one is there and nothing is mounted on it, to build the view on.
_BASES = ("/media", "/mnt", "/srv", "/opt", "/boot", "/root", "/home")
_OWN = ("/proc", "/sys", "/dev")
# Of the view's own, for what whoever asks there needs.
FOLDER = "/dev/shm"
_KERNELS = ("proc", "sysfs")
# Where it may take for ever to look at a file that has no server.
_REMOTE = ("nfs", "cifs", "smb", "fuse", "ceph", "afs", "9p", "glusterfs", "lustre", "autofs")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
# The sockets at which the C library asks who somebody is.
_NSS = ("/run/nscd/socket", "/run/nslcd/socket", "/var/lib/sss/pipes/nss")
# Where login files find FIFOs, so far below.
_WITH_PIPES, _DEPTH, _MOST_ENTRIES = ("/run", "/tmp", "/srv", "/opt", "/var"), 3, 20000
# Of the view that this process is in: where the host's own files are, and no copies.
_shared: Optional[List[str]] = None


class NoView(Refusal):
    """This host allows no private view; one sentence says why."""


class Staged(NamedTuple):
    """A file as it would be: no ``data`` if it would be gone, no ``mode`` to keep the old file."""

    real_path: str
    data: Optional[bytes]
    mode: Optional[int]


class _Mount(NamedTuple):
    """A mounted file system, and the flags that what lies over it has to keep."""

    path: str
    kind: str
    flags: int


def within(staged: Sequence[Staged], work: Callable[[], _Result], limit: float) -> _Result:
    """Return what ``work`` returns in a view in which the staged files are in place.

    :param limit: seconds; all that runs in the view is killed then.
    :raises NoView: the host forbids it, or what was asked did not come back.
    :raises Refusal: what ``work`` raised.
    """
    if os.geteuid() != 0:
        raise NoView("only root can make a private view of this host.")
    with _processes_apart():
        content = _programs.answer(lambda: _as_first(staged, work), limit)
    if not content:
        raise NoView("what was asked in the private view did not come back in time.")
    # It comes from our own child: nothing that is asked has its end of the pipe.
    result, problem = pickle.loads(content)
    if problem is not None:
        raise problem
    return cast(_Result, result)


@contextmanager
def _processes_apart() -> Iterator[None]:
    """Make the next child the first process of a namespace: when it ends, all there ends.

    Children that come later are as they always were.
    """
    try:
        ours = os.open("/proc/self/ns/pid", os.O_RDONLY)
    except OSError as error:
        raise NoView(f"private namespaces are not known here ({error.strerror}).") from error
    try:
        # The way back is tried before it is needed.
        if _libc().setns(ours, _OF_PROCESSES) or _libc().unshare(_OF_PROCESSES):
            raise NoView(f"private namespaces are refused ({_reason()}).")
        try:
            yield
        finally:
            _libc().setns(ours, _OF_PROCESSES)
    finally:
        os.close(ours)


def cover(folder: str, path: str) -> None:
    """Lay a folder over another one, in a view.

    :raises OSError: that cannot be done.
    """
    _mount(folder, path, "", _BIND)


def be_at_pipes() -> None:
    """Be the other end of the FIFOs in a view, where nobody is: who writes would wait for ever.

    The ends stay open as long as this process is there. Where the host's own FIFOs are, nothing of
    theirs is taken.
    """
    entries = 0
    for top in _WITH_PIPES if _shared is not None else ():
        for folder, folders, names in os.walk(top):
            entries += len(names)
            if folder.count("/") > _DEPTH or entries > _MOST_ENTRIES:
                folders[:] = []
            if any((folder + "/").startswith(path.rstrip("/") + "/") for path in _shared or ()):
                continue
            for path in (os.path.join(folder, name) for name in names):
                with suppress(OSError):
                    if stat.S_ISFIFO(os.lstat(path).st_mode):
                        os.open(path, os.O_RDONLY | os.O_NONBLOCK)


def _drop_powers() -> None:
    """Leave to the programs that are started nothing that makes root powerful, but reading.

    Without the right to read what is others', root would not read what root's own login reads.
    """
    libc = _libc()
    for capability in range(64):
        if capability != _DAC_READ_SEARCH and libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0):
            break
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")


def _as_first(staged: Sequence[Staged], work: Callable[[], _Result]) -> bytes:
    _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    try:
        if any(_libc().unshare(flag) for flag in _NAMESPACES):
            return _told(NoView(f"private namespaces are refused ({_reason()})."))
        _enter(staged)
        _drop_powers()
    except OSError as error:
        return _told(NoView(f"it cannot be made: {error}."))
    try:
        return pickle.dumps((work(), None))
    except Refusal as error:
        return _told(error)


def _told(error: Refusal) -> bytes:
    return pickle.dumps((None, error))


def _enter(staged: Sequence[Staged]) -> None:
    """Lay the view out, put the staged files into it, and make it our root folder."""
    mounts = _mounts()
    _mount("none", "/", "", _REC | _PRIVATE)
    base = _base(mounts)
    _mount("tmpfs", base, "tmpfs", _NOSUID | _NODEV, _ROOM)
    view = _View(base)
    for mounted in mounts:
        view.add(mounted)
    view.add_own()
    view.write(staged)
    os.chroot(view.root)
    os.chdir("/")
    global _shared
    _shared = view.read_only


class _View:
    """The view while it is made; ``root`` is its root folder, ``read_only`` what is no copy."""

    def __init__(self, base: str) -> None:
        self.root = base + "/root"
        self._base = base
        self._number = 0
        self.read_only: List[str] = []
        os.mkdir(self.root)

    def add(self, mounted: _Mount) -> None:
        """Lay a mounted file system over its place: copy-on-write if possible, else read-only."""
        target = self.root + mounted.path.rstrip("/")
        if os.path.isdir(mounted.path) and os.path.isdir(target):
            if self._overlaid(mounted, target):
                return
        elif not (os.path.isfile(mounted.path) and os.path.isfile(target)):
            return
        _bind(mounted.path, target, mounted.flags | _RDONLY)
        self.read_only.append(mounted.path)

    def _overlaid(self, mounted: _Mount, target: str) -> bool:
        if mounted.kind.startswith(_REMOTE) or any(char in mounted.path for char in ",:\\"):
            return False
        upper, work = self._folder("upper"), self._folder("work")
        status = os.stat(mounted.path)
        os.chown(upper, status.st_uid, status.st_gid)
        os.chmod(upper, stat.S_IMODE(status.st_mode))
        options = f"lowerdir={mounted.path},upperdir={upper},workdir={work}"
        try:
            _mount("overlay", target, "overlay", mounted.flags, options)
        except OSError:
            return False
        return True

    def _folder(self, name: str) -> str:
        self._number += 1
        path = f"{self._base}/{name}{self._number}"
        os.mkdir(path, 0o700)
        return path

    def add_own(self) -> None:
        """Give it devices, terminals and processes of its own, and what answers who is who."""
        if os.path.isdir(self.root + "/sys"):
            with suppress(OSError):
                _bind("/sys", self.root + "/sys", _RDONLY | _NOSUID | _NODEV | _NOEXEC)
        self._add_devices(self.root + "/dev")
        for path in _NSS:
            if os.path.exists(path) and os.path.exists(self.root + path):
                _mount(path, self.root + path, "", _BIND)
        # A container may hide parts of its own; what a login asks of processes is then not there.
        with suppress(OSError):
            flags = _RDONLY | _NOSUID | _NODEV | _NOEXEC
            _mount("proc", self.root + "/proc", "proc", flags)

    def _add_devices(self, folder: str) -> None:
        _mount("tmpfs", folder, "tmpfs", _NOSUID, "mode=0755,size=32m,nr_inodes=5000")
        for name in ("shm", "pts"):
            os.mkdir(f"{folder}/{name}")
        os.chmod(folder + "/shm", 0o1777)
        for name in _DEVICES:
            if os.path.exists("/dev/" + name):
                os.close(os.open(f"{folder}/{name}", os.O_CREAT | os.O_WRONLY, 0o666))
                _mount("/dev/" + name, f"{folder}/{name}", "", _BIND)
        options = "newinstance,ptmxmode=0666,mode=0620"
        _mount("devpts", folder + "/pts", "devpts", _NOSUID | _NOEXEC, options)
        os.symlink("pts/ptmx", folder + "/ptmx")
        for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
            os.symlink("/proc/self/fd" + target, f"{folder}/{name}")

    def write(self, staged: Sequence[Staged]) -> None:
        """Put the staged files in their places; where nothing can be written, over them."""
        folders: Dict[str, List[Staged]] = {}
        for file in staged:
            folders.setdefault(os.path.dirname(file.real_path), []).append(file)
        for folder, files in folders.items():
            try:
                for file in files:
                    _write(file, self.root + folder)
            except OSError as error:
                if error.errno not in (errno.EROFS, errno.EPERM):
                    raise
                self._cover(self.root + folder, files)

    def _cover(self, folder: str, files: Sequence[Staged]) -> None:
        """Bind a copy of a folder over it: its entries, bound into it, and the staged files."""
        copy = self._folder("copy")
        replaced = [os.path.basename(file.real_path) for file in files]
        for name in os.listdir(folder):
            source, target = os.path.join(folder, name), os.path.join(copy, name)
            if name in replaced:
                os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
                _take_rights(os.stat(source), target)
            elif os.path.islink(source):
                os.symlink(os.readlink(source), target)
            else:
                if os.path.isdir(source):
                    os.mkdir(target)
                else:
                    os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
                _mount(source, target, "", _BIND | _REC)
        for file in files:
            _write(file, copy)
        _take_rights(os.stat(folder), copy)
        _mount(copy, folder, "", _BIND | _REC)


def _write(file: Staged, folder: str) -> None:
    """Write a staged file with the rights that the real one has, or is to have."""
    path = os.path.join(folder, os.path.basename(file.real_path))
    if file.data is None:
        os.unlink(path)
        return
    with open(path, "wb") as stream:
        stream.write(file.data)
    if file.mode is not None:
        os.chown(path, 0, 0)
        os.chmod(path, file.mode)


def _take_rights(status: os.stat_result, path: str) -> None:
    os.chown(path, status.st_uid, status.st_gid)
    os.chmod(path, stat.S_IMODE(status.st_mode))


def _mounts() -> List[_Mount]:
    """Return what is mounted here, the root folder first, but what the view has of its own.

    Nor what lies within another /proc or /sys, as a chroot has one: of that, parts cannot be bound.
    """
    mounts: Dict[str, _Mount] = {}
    with open("/proc/self/mountinfo", "rb") as table:
        for line in table:
            mounted = _parsed(line)
            if not any(mounted.path == own or mounted.path.startswith(own + "/") for own in _OWN):
                mounts[mounted.path] = mounted  # of several in one place the last one is seen
    kernels = tuple(path + "/" for path, found in mounts.items() if found.kind in _KERNELS)
    return [mounts[path] for path in sorted(mounts, key=len) if not path.startswith(kernels)]


def _parsed(line: bytes) -> _Mount:
    words = line.split(b" ")
    path = words[4].decode("unicode_escape").encode("latin-1") if b"\\" in words[4] else words[4]
    options = words[5].decode("ascii", "replace").split(",")
    kind = words[words.index(b"-") + 1].decode("ascii", "replace")
    return _Mount(os.fsdecode(path), kind, sum(flag for name, flag in _KEPT if name in options))


def _base(mounts: Sequence[_Mount]) -> str:
    for folder in _BASES:
        taken = any((mounted.path + "/").startswith(folder + "/") for mounted in mounts)
        if not taken and os.path.isdir(folder) and not os.path.islink(folder):
            return folder
    raise OSError(errno.ENOENT, "no folder to build it on", ", ".join(_BASES))


def _bind(source: str, target: str, flags: int) -> None:
    _mount(source, target, "", _BIND)
    _mount("none", target, "", _REMOUNT | _BIND | flags)


@functools.lru_cache(maxsize=None)
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    arguments = [os.fsencode(text) for text in (source, target, kind)]
    if _libc().mount(*arguments, ctypes.c_ulong(flags), os.fsencode(data)) != 0:
        raise OSError(ctypes.get_errno(), "mount", target)


def _reason() -> str:
    return os.strerror(ctypes.get_errno())
