"""The hosts: containers of this checkout, and the inventory that names them."""

import concurrent.futures
import hashlib
import json
import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from . import images, inventory, namespace
from .common import CACHE, KEY, TOP, LabError, run, say, wait_for
from .podman import podman, succeeds

LABEL = "curfew.lab"
INIT = ["/sbin/init"]
# No service manager: starts at once, and shows what a host without systemd does.
SSHD_ONLY = ["/bin/sh", "-c", "mkdir -p /run/sshd && exec /usr/sbin/sshd -D -e"]


@dataclass(frozen=True)
class Kind:
    """What a host is made of."""

    image: str
    group: str
    command: Sequence[str] = tuple(INIT)
    setup: str | None = None
    systemd: bool = True


KINDS = {
    "debian11": Kind("debian11", "debian"),
    "debian12": Kind("debian12", "debian"),
    "debian13": Kind("debian13", "debian"),
    "rhelish": Kind("debian11", "shaped", setup="rhelish.sh"),
    "backports": Kind("backports", "newer"),
    "testing": Kind("testing", "newer"),
    "directory": Kind("directory", "directory"),
    "sysvinit": Kind("sysvinit", "inits", systemd=False),
    "openrc": Kind("openrc", "inits", systemd=False),
    "runit": Kind("runit", "inits", systemd=False),
    "alone": Kind("debian13", "inits", SSHD_ONLY, systemd=False),
    "sandbox": Kind("debian13", "apply"),
}


def kind_of(name: str) -> Kind:
    """`debian12` is a kind; `debian12-b` is another host of it; `fleet07` is one of a fleet."""
    if name.startswith("fleet"):
        return Kind("debian13", "fleet", SSHD_ONLY, systemd=False)
    try:
        return KINDS[name.partition("-")[0]]
    except KeyError:
        raise LabError(f"no such host: {name} (there are {', '.join(KINDS)})") from None


def fleet(count: int) -> list[str]:
    """Names of so many cheap hosts: sshd alone, without a service manager."""
    return [f"fleet{number:02d}" for number in range(1, count + 1)]


def up(names: Iterable[str], fresh: bool = False) -> dict[str, inventory.Host]:
    """Make the hosts that are not there yet, wait until each lets people in; return all hosts."""
    names = list(names)
    _make_key()
    images.ensure(kind_of(name).image for name in names)
    running = {} if fresh else status()
    missing = [name for name in names if name not in running]
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(_start, missing))
        list(pool.map(_await_login, missing))
    return _write_inventory()


def down(names: Iterable[str] = ()) -> None:
    """Remove these hosts, or all of this checkout."""
    doomed = [container(name) for name in names] or _all("-q", f"label={LABEL}={TOP}").split()
    if doomed:
        podman("rm", "--force", "--ignore", "--time=0", *doomed)
    _write_inventory()
    if not _all("-q", f"label={LABEL}"):
        namespace.leave()


def status() -> dict[str, inventory.Host]:
    """The hosts of this checkout that run, by name."""
    found = json.loads(_all("--format=json", f"label={LABEL}={TOP}", "status=running"))
    if not found:
        return {}
    details = json.loads(podman("inspect", *[item["Id"] for item in found]))
    hosts = [_host(item) for item in details]
    return {host.name: host for host in sorted(hosts, key=lambda host: host.name)}


def execute(name: str, *command: str, stdin: str | None = None) -> str:
    """Run a command inside the host as root, past sshd: for set-up, or when sshd is what broke."""
    return podman("exec", "--interactive", container(name), *command, stdin=stdin)


def _host(details: dict[str, Any]) -> inventory.Host:
    name = details["Config"]["Labels"]["curfew.host"]
    address = details["NetworkSettings"]["Networks"]["podman"]["IPAddress"]
    return inventory.Host(name, address, kind_of(name).group)


def _all(form: str, *filters: str) -> str:
    return podman("ps", "--all", form, *[f"--filter={condition}" for condition in filters])


def container(name: str) -> str:
    """Two checkouts on one machine must not fight over a name."""
    return f"curfew-{hashlib.sha256(str(TOP).encode()).hexdigest()[:6]}-{name}"


def _make_key() -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    if not KEY.exists():
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "curfew-lab", "-f", str(KEY)])


def _start(name: str) -> None:
    kind = kind_of(name)
    say(f"starting {name}")
    podman("rm", "--force", "--ignore", "--time=0", container(name))
    volumes = [f"{KEY}.pub:{home}/.ssh/authorized_keys" for home in ("/root", "/home/ops")]
    if kind.setup:
        volumes.append(f"{images.SETUP / kind.setup}:/lab.sh")
    podman(
        "run",
        "--detach",
        "--privileged",
        f"--systemd={'always' if kind.systemd else 'false'}",
        f"--name={container(name)}",
        f"--hostname={name}",
        f"--label={LABEL}={TOP}",
        f"--label=curfew.host={name}",
        *[f"--volume={volume}:ro" for volume in volumes],
        images.tag(kind.image),
        *(["/bin/sh", "-eu", "/lab.sh"] if kind.setup else kind.command),
    )


def _await_login(name: str) -> None:
    """Wait for sshd's banner; before that, for the unit that lets people other than root in."""
    host = status()[name]
    if kind_of(name).systemd:
        active = ("exec", container(name), "systemctl", "is-active", "systemd-user-sessions")
        # Each init holds some inotify instances; past the kernel's limit no further one boots.
        what = f"the boot of {name} (too many hosts for fs.inotify.max_user_instances?)"
        wait_for(what, lambda: succeeds(*active))
    wait_for(f"an answer of {name}'s sshd", lambda: _banner(host.address))
    if "CURFEW_HOST_LOG" in os.environ:  # whoever counts the hosts that really ran
        with open(os.environ["CURFEW_HOST_LOG"], "a", encoding="utf-8") as log:
            log.write(f"{name}\n")


def _banner(address: str) -> bool:
    try:
        with socket.create_connection((address, 22), timeout=5) as connection:
            return connection.recv(8).startswith(b"SSH-2.0")
    except OSError:
        return False


def _write_inventory() -> dict[str, inventory.Host]:
    hosts = status()
    inventory.write(list(hosts.values()))
    return hosts
