"""Runs on a host, as root: keeps its state and brings it back; looks at it, and asks its programs.

Each login is asked as the account that it is, at a terminal of its own, the way sshd starts it.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import os
import pty
import pwd
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import time

KEPT = "/opt/kept"
PLACES = ("/etc", "/root", "/home", "/usr/local", "/opt", "/srv", "/var/lib/nslcd", "/run/sshd")
OURS = ("/opt/curfew", KEPT)
NO_LOGIN = re.compile(r".*/(nologin|false|true|sync)\Z")
LOGIN_SECONDS = 8
MANY = 14


def keep() -> None:
    os.makedirs(KEPT, exist_ok=True)
    for place in ("etc", "root"):
        subprocess.run(["cp", "-a", "/" + place, KEPT], check=False, capture_output=True)
    state = {"mounts": _mounts(), "born": _now(), "places": {p: _entries(p) for p in PLACES}}
    with open(KEPT + "/state.json", "w") as file:
        json.dump(state, file)


def restore(start: str) -> None:
    """End what was started since, take away what was put there, bring back what there was."""
    with open(KEPT + "/state.json") as file:
        state = json.load(file)
    _end_what_was_born_after(state["born"])
    ours = _mounts()
    for mount in state["mounts"]:  # one in the same place counts, too
        if mount in ours:
            ours.remove(mount)
    for mount in reversed(ours):
        subprocess.run(["umount", "-l", mount], check=False, capture_output=True)
    for place, entries in state["places"].items():
        for name in set(_entries(place)) - set(entries):
            _remove(os.path.join(place, name))
    for place in ("etc", "root"):
        _bring_back(os.path.join(KEPT, place), "/" + place)
    os.chmod("/tmp", 0o1777)
    for name in os.listdir("/tmp"):
        if not name.startswith("systemd-"):
            _remove("/tmp/" + name)
    os.makedirs("/run/sshd", exist_ok=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=False)
    subprocess.run(["sh", "-c", start], check=False, capture_output=True)
    before, now = _tree(KEPT + "/etc"), _tree("/etc")
    left = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    if left:
        sys.exit(f"not as it was: {' '.join(left)}")


def _mounts() -> list[str]:
    with open("/proc/self/mountinfo") as file:
        return [line.split()[4] for line in file]


def _entries(place: str) -> list[str]:
    return os.listdir(place) if os.path.isdir(place) else []


def _remove(path: str) -> None:
    if path in OURS:
        return
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        os.unlink(path)


def _bring_back(kept: str, place: str) -> None:
    """Only what differs: a host that runs reads these files all the time."""
    before, now = _tree(kept), _tree(place)
    for name in sorted(set(now) - set(before), reverse=True):
        if os.path.lexists(place + name):
            _remove(place + name)
    for name in sorted(before):
        if before[name] == now.get(name):
            continue
        at = place + name
        if os.path.lexists(at) and (name in now and now[name][0] != before[name][0]):
            _remove(at)
        if before[name][0] == stat.S_IFDIR:
            os.makedirs(at, exist_ok=True)
            os.chown(at, before[name][2], before[name][3])
            os.chmod(at, before[name][1])
        else:
            partial = at + ".kept"
            subprocess.run(["cp", "-a", "--no-dereference", kept + name, partial], check=True)
            try:
                os.rename(partial, at)
            except OSError:  # a mount of the container's own
                os.unlink(partial)


def _tree(place: str) -> dict[str, tuple]:
    """By path below the place: type, mode, owner, and what is in it."""
    found = {}
    for folder, folders, names in os.walk(place):
        for name in folders + names:
            path = os.path.join(folder, name)
            if path.endswith((".pwd.lock", ".updated")) or "/supervise" in path:
                continue
            try:
                status = os.lstat(path)
                inside = ""
                if stat.S_ISLNK(status.st_mode):
                    inside = os.readlink(path)
                elif stat.S_ISREG(status.st_mode):
                    with open(path, "rb") as file:
                        inside = hashlib.md5(file.read()).hexdigest()
            except OSError:
                continue
            kind = stat.S_IFMT(status.st_mode)
            mode = stat.S_IMODE(status.st_mode)
            found[path[len(place) :]] = (kind, mode, status.st_uid, status.st_gid, inside)
    return found


def _now() -> int:
    """In the kernel's ticks since its start, as processes count."""
    with open("/proc/uptime") as file:
        return int(float(file.read().split()[0]) * os.sysconf("SC_CLK_TCK"))


def _stat(pid: str) -> list[str]:
    with open(f"/proc/{pid}/stat") as file:
        text = file.read()
    return [text[text.index("(") + 1 : text.rindex(")")], *text.rpartition(")")[2].split()]


def _pids() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit()]


def _end_what_was_born_after(born: int) -> None:
    mine = set()
    pid = str(os.getpid())
    while pid not in ("0", "1"):
        mine.add(pid)
        pid = _stat(pid)[2]
    for pid in _pids():
        try:
            said = _stat(pid)
            if int(said[20]) > born and pid not in {"1", *mine}:
                os.kill(int(pid), signal.SIGCONT)
                if not said[0].startswith(("systemd", "(sd", "dbus", "runsv")):
                    os.kill(int(pid), signal.SIGKILL)
            elif said[1] == "T":
                os.kill(int(pid), signal.SIGCONT)
        except (OSError, ValueError):
            pass


def look(wanted: dict) -> dict:
    """Files, what sshd says for whom, and what each account finds at its login."""
    found = {"files": _files(wanted["watched"]), "processes": _processes()}
    if wanted["whole"]:
        accounts = _accounts(wanted["asked"])
        found["sshd"] = {
            name: _numbers(wanted["sshd"], name) for name in [*accounts, "no-such-one"]
        }
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            logins = [pool.submit(_login, name) for name in accounts]
            alive = [pool.submit(_alive, name) for name in accounts]
        found["logins"] = {name: one.result() for name, one in zip(accounts, logins)}  # noqa: B905
        found["alive"] = {name: one.result() for name, one in zip(accounts, alive)}  # noqa: B905
        _await(found["processes"])
    # What these logins have left is not the run's.
    found["then"] = _files(wanted["watched"])
    found["left"] = _processes()
    return found


def _await(processes: list[str]) -> None:
    """Wait a little for jobs that logins have left behind."""
    deadline = time.monotonic() + 3
    while _processes() != processes and time.monotonic() < deadline:
        time.sleep(0.05)


def _files(more: list[str]) -> dict[str, list]:
    found = {"/etc" + path: list(what) for path, what in _tree("/etc").items()}
    for place in more:
        found.update({place + path: list(what) for path, what in _tree(place).items()})
        if os.path.isfile(place):
            with open(place, "rb") as file:
                found[place] = [hashlib.md5(file.read()).hexdigest()]
    return found


def _processes() -> list[str]:
    """What runs here, by name, but for daemons that come and go with a login or a reload."""
    names = []
    for pid in _pids():
        try:
            said = _stat(pid)
        except OSError:
            continue
        if said[1] != "Z" and pid != str(os.getpid()):
            names.append(said[0])
    known = re.compile(r"sshd|systemd|\(sd|dbus|init|python3|podman|crun|conmon|sh\Z|slapd|nslcd")
    return sorted(name for name in names if not known.match(name))


def _accounts(asked: list[str]) -> list[str]:
    """Those of /etc/passwd that can log in, and those who are asked for; the first of very many."""
    names = [
        entry.pw_name
        for entry in _passwd()
        if not NO_LOGIN.match(entry.pw_shell) and os.access(entry.pw_shell, os.X_OK)
    ]
    return list(dict.fromkeys([*asked, *names[:MANY]]))


def _passwd() -> list[pwd.struct_passwd]:
    entries = []
    with open("/etc/passwd", "rb") as file:
        for line in file:
            words = line.decode("utf-8", "surrogateescape").rstrip("\n").split(":")
            if len(words) == 7 and words[2].isdigit():
                numbers = (int(words[2]), int(words[3]))
                entry = (words[0], "x", *numbers, words[4], words[5], words[6] or "/bin/sh")
                entries.append(pwd.struct_passwd(entry))
    return entries


def _entry(name: str) -> pwd.struct_passwd:
    return next((one for one in _passwd() if one.pw_name == name), None) or pwd.getpwnam(name)


def _numbers(command: str, user: str) -> list[str]:
    """What a new connection of that user gets, from an address that nobody has."""
    words = f"user={user},host=far.example,addr=192.0.2.1,laddr=0.0.0.0,lport=22"
    done = subprocess.run(
        [*command.split(), "-T", "-C", words.encode("utf-8", "surrogateescape")],
        capture_output=True, text=True, errors="replace", timeout=60, check=False,
    )  # fmt: skip
    said = dict(re.findall(r"^(clientalive\S+) (\S+)$", done.stdout.lower(), re.MULTILINE))
    return [said.get("clientaliveinterval", "?"), said.get("clientalivecountmax", "?")]


def _environment(entry: pwd.struct_passwd) -> dict[str, str]:
    return {
        "HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name,
        "SHELL": entry.pw_shell, "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/games", "TERM": "dumb",
        "SSH_CLIENT": "192.0.2.1 50022 22", "SSH_CONNECTION": "192.0.2.1 50022 192.0.2.2 22",
    }  # fmt: skip


def _become(entry: pwd.struct_passwd) -> None:
    os.initgroups(entry.pw_name, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.chdir(entry.pw_dir if os.path.isdir(entry.pw_dir) else "/")


def _login(name: str) -> str | None:
    """TMOUT at the prompt, "" where there is none; None: nobody answers."""
    entry = _entry(name)
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            environment = dict(_environment(entry), SSH_TTY=os.ttyname(0))
            os.chown(os.ttyname(0), entry.pw_uid, 5)
            _become(entry)
            os.execve(entry.pw_shell, ["-" + os.path.basename(entry.pw_shell)], environment)
        finally:
            os._exit(126)
    os.write(terminal, b"echo =in-$TMOUT-\n")
    said, answer, deadline = b"", None, time.monotonic() + LOGIN_SECONDS
    while answer is None and time.monotonic() < deadline:
        if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
            break
        try:
            said += os.read(terminal, 65536)
        except OSError:
            break
        found = re.search(rb"=in-(\d*)-", said)
        answer = found and found.group(1).decode()
    for one in (pid,):
        os.killpg(one, signal.SIGKILL)
        os.waitpid(one, 0)
    os.close(terminal)
    return answer


def _alive(name: str) -> list:
    """What a login without a prompt says, as cron jobs and scripts start it."""
    entry = _entry(name)
    try:
        done = subprocess.run(
            ["/bin/sh", "-l", "-c", "echo alive"], env=_environment(entry), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=LOGIN_SECONDS, preexec_fn=lambda: _become(entry), check=False,
        )  # fmt: skip
    except (subprocess.TimeoutExpired, OSError, subprocess.SubprocessError):
        return ["none", ""]
    return [done.returncode, done.stdout]


def main() -> None:
    if sys.argv[1] == "keep":
        keep()
    elif sys.argv[1] == "restore":
        restore(sys.argv[2])
    else:
        print(json.dumps(look(json.loads(sys.argv[2]))))


if __name__ == "__main__":
    main()
