# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked in a view sees the whole host and the staged files, and leaves no trace."""

import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _view
from ansible_collections.curfew.session.plugins.module_utils._refusal import Refusal

LIMIT = 20
NOBODY = 65534


@pytest.fixture(autouse=True)
def nothing_is_left():
    before = sorted(os.listdir("/proc/self/fd"))
    yield
    assert sorted(os.listdir("/proc/self/fd")) == before


@pytest.fixture
def folder(tmp_path):
    if os.geteuid() != 0 or subprocess.call(["unshare", "-m", "true"]) != 0:
        pytest.skip("private mount namespaces are not possible here")
    (tmp_path / "file").write_text("old")
    return tmp_path


def refuse():
    raise BlockingIOError(11, "Resource temporarily unavailable")


def said(script, staged=(), uid=0):
    """What a shell without power prints in a view."""

    def prepare():
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)

    def work():
        done = subprocess.run(
            ["sh", "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            preexec_fn=prepare,
        )
        return done.stdout.decode()

    return _view.within(staged, work, LIMIT)


def test_the_child_alone_sees_it(folder):
    file = folder / "file"
    os.chown(str(file), 7, 8)
    file.chmod(0o640)
    staged = [_view.Staged(str(file), b"new", None), _view.Staged(str(folder / "own"), b"x", 0o604)]
    shown = said(f"cat {file}; stat -c ' %u %g %a' {file} {folder}/own", staged)
    assert shown.split() == ["new", "7", "8", "640", "0", "0", "604"]
    assert file.read_text() == "old" and os.listdir(str(folder)) == ["file"]


def test_a_file_that_would_be_gone(folder):
    file = folder / "file"
    assert _view.within([_view.Staged(str(file), None, None)], file.exists, LIMIT) is False
    assert file.exists()


def test_where_there_are_no_overlays_nothing_can_be_written(folder, monkeypatch):
    mount = _view._mount

    def without_overlays(source, target, kind, flags, data=""):
        if kind == "overlay":
            raise OSError(19, "No such device")
        mount(source, target, kind, flags, data)

    monkeypatch.setattr(_view, "_mount", without_overlays)
    file, gone = folder / "file", folder / "gone"
    gone.write_text("")
    staged = [
        _view.Staged(str(file), b"new", None),
        _view.Staged(str(folder / "own"), b"own", 0o644),
        _view.Staged(str(gone), None, None),
    ]
    shown = said(f"cat {file} {folder}/own; ls {folder}; echo > {file} && echo written", staged)
    assert shown.startswith("newown") and "gone" not in shown.replace("Directory", "")
    assert said("echo > /etc/x && echo written").strip().endswith("Read-only file system")
    assert file.read_text() == "old" and gone.exists()


ATTACKS = [
    "echo x > /etc/curfew-trace && cat /etc/curfew-trace > /var/lib/curfew-trace && echo done",
    "mkdir -p /var/lib/curfew-trace/a && echo done",
]


@pytest.mark.parametrize("script", ATTACKS)
def test_what_is_written_there_is_not_written_here(folder, script):
    assert said(script).strip() == "done"
    assert not os.path.exists("/etc/curfew-trace") and not os.path.exists("/var/lib/curfew-trace")


# what root without power may not do there
REFUSED = [
    "mknod /dev/x b 8 0",
    "mount -t tmpfs none /mnt",
    "unshare -m true",
    "chroot / true",
    "echo 1 > /proc/sys/kernel/sysrq",
    "echo c > /proc/sysrq-trigger",
    "echo 0 > /sys/class/net/lo/flags",
    "chown 7 /etc/passwd",
    "hostname other",
    "date -s @0 >/dev/null",
]


@pytest.mark.parametrize("script", REFUSED)
def test_root_has_no_power_there(folder, script):
    assert said(f"( {script} ) 2>/dev/null && echo done || echo refused").strip() == "refused"


def test_root_reads_there_what_roots_login_reads(folder):
    secret = folder / "secret"
    secret.write_text("read")
    os.chown(str(secret), 7, 7)
    secret.chmod(0o600)
    assert said(f"cat {secret}") == "read"
    assert "Permission denied" in said(f"cat {secret}", uid=NOBODY)


def test_sockets_and_pipes_lead_nowhere(folder):
    fifo, path = folder / "fifo", folder / "socket"
    os.mkfifo(str(fifo))
    got = []
    reader = os.open(str(fifo), os.O_RDONLY | os.O_NONBLOCK)
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as hidden:
        listening.bind(str(path))
        listening.listen(1)
        hidden.bind("\0curfew-test")
        hidden.listen(1)

        def reach(address):
            with socket.socket(socket.AF_UNIX) as client:
                try:
                    client.connect(address)
                except OSError:
                    return "refused"
                return "connected"

        for address in (str(path), "\0curfew-test"):
            got.append(_view.within([], lambda to=address: reach(to), LIMIT))
    assert got == ["refused", "refused"]
    said(f"timeout 1 sh -c 'echo x > {fifo}'")
    with pytest.raises(BlockingIOError):
        assert os.read(reader, 10) == b""
        raise BlockingIOError
    os.close(reader)


def test_who_writes_to_a_pipe_does_not_wait_for_ever(folder):
    fifo = "/run/curfew-test-fifo"
    os.mkfifo(fifo)
    try:
        written = f"echo x > {fifo}; echo written"

        def work():
            _view.be_at_pipes()
            return subprocess.check_output(["timeout", "9", "sh", "-c", written]).decode().strip()

        assert _view.within([], work, LIMIT) == "written"
    finally:
        os.unlink(fifo)


def test_there_is_no_network(folder):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1)
        port = listening.getsockname()[1]

        def reach():
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", port))

        assert reach() == 0
        assert _view.within([], reach, LIMIT) != 0


def _running(name):
    return subprocess.call(["pgrep", "-f", name], stdout=subprocess.DEVNULL) == 0


def test_no_process_of_it_is_left(folder):
    name = f"61.{os.getpid()}"
    said(f"setsid sleep {name} >/dev/null 2>&1 </dev/null & sleep 0.1")
    deadline = time.monotonic() + 10
    while _running(f"sleep {name}") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _running(f"sleep {name}")


def test_who_takes_too_long_is_ended(folder):
    with pytest.raises(_view.NoView, match="in time"):
        _view.within([], threading.Event().wait, 0.3)


def test_what_runs_there_cannot_end_who_asks(folder):
    """The kernel keeps what its own children send from the first process of a namespace."""
    assert said("kill -9 1; kill -STOP 1; echo done").strip() == "done"
    _view.within([], lambda: os.kill(os.getpid(), signal.SIGKILL), LIMIT)


def test_a_child_that_dies_has_no_answer(folder):
    with pytest.raises(_view.NoView):
        _view.within([], lambda: os._exit(3), LIMIT)


def test_later_children_are_where_they_always_were(folder):
    own = os.readlink("/proc/self/ns/pid")
    assert _view.within([], os.getpid, LIMIT) == 1
    with pytest.raises(_view.NoView):
        _view.within([], lambda: os._exit(3), LIMIT)
    assert subprocess.check_output(["readlink", "/proc/self/ns/pid"]).decode().strip() == own


def test_a_refusal_of_what_is_asked_comes_back(folder):
    def refuses():
        raise Refusal("no.", {"verified": False})

    with pytest.raises(Refusal, match="^no.$") as caught:
        _view.within([], refuses, LIMIT)
    assert caught.value.known == {"verified": False}


@pytest.mark.parametrize("refused", ["setns", _view._OF_PROCESSES, _view._NAMESPACES[0]])
def test_where_namespaces_are_refused(folder, monkeypatch, refused):
    class Libc:
        def setns(self, _descriptor, _flag):
            return -(refused == "setns")

        def unshare(self, flag):
            return -(refused == flag)

        def prctl(self, *_given):
            return 0

    monkeypatch.setattr(_view, "_libc", Libc)
    with pytest.raises(_view.NoView, match="private namespaces are refused"):
        _view.within([], bool, LIMIT)


@pytest.mark.parametrize("name", ["pipe", "fork"])
def test_a_system_without_room_for_it(name, monkeypatch):
    monkeypatch.setattr(os, name, refuse)
    with pytest.raises(_view.NoView):
        _view.within([], bool, LIMIT)


def test_what_is_mounted(tmp_path):
    line = b"36 35 98:0 /a /mnt/with\\040blank rw,nosuid,nodev shared:1 - nfs4 /dev/x rw\n"
    mounted = _view._parsed(line)
    assert mounted == ("/mnt/with blank", "nfs4", _view._NOSUID | _view._NODEV)
    taken = [_view._Mount(path, "ext4", 0) for path in ("/", "/media/disk", "/mnt")]
    assert _view._base(taken) not in ("/media", "/mnt")


def test_what_is_mounted_within_another_proc_is_left_out(monkeypatch, tmp_path):
    table = tmp_path / "mountinfo"
    rows = [("/", "ext4"), ("/proc", "proc"), ("/srv/c/proc", "proc"), ("/srv/c/sys/x", "autofs")]
    rows += [("/srv/c/proc/x", "autofs"), ("/srv/c/sys", "sysfs"), ("/srv/c/proc2", "ext4")]
    table.write_text("".join(f"1 1 8:1 / {path} rw - {kind} x rw\n" for path, kind in rows))
    monkeypatch.setattr(_view, "open", lambda path, mode: table.open(mode), raising=False)
    found = [mounted.path for mounted in _view._mounts()]
    assert found == ["/", "/srv/c/sys", "/srv/c/proc", "/srv/c/proc2"]
