"""Images of the hosts: built once from a Debian mirror, kept by the hash of their recipe."""

import concurrent.futures
import fcntl
import hashlib
import re
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .common import CACHE, LabError, run, say
from .podman import podman, succeeds

_SYSTEMD = ("systemd", "systemd-sysv", "libpam-systemd", "dbus")
_SSH = ("openssh-server", "openssh-client")
_TOOLS = tuple("python3 sudo passwd procps iproute2 acl attr util-linux".split())
_SHELLS = ("zsh", "ksh", "mksh", "tcsh")
SETUP = Path(__file__).parent / "setup"


@dataclass(frozen=True)
class Image:
    """What an image is made of; `extra` are further suites of the mirror.

    `moves`: the suite changes from day to day, so that on some days it cannot be installed.
    """

    suite: str
    packages: tuple[str, ...] = (*_SYSTEMD, *_SSH, *_TOOLS, *_SHELLS)
    setup: tuple[str, ...] = ("people.sh", "systemd.sh")
    extra: tuple[str, ...] = ()
    moves: bool = False


def _init(script: str, *packages: str) -> Image:
    """A Debian 13 with another init."""
    return Image("trixie", (*packages, *_SSH, *_TOOLS, *_SHELLS), ("people.sh", script))


_NEWER = tuple(f"{name}/trixie-backports" for name in (*_SSH, "openssh-sftp-server"))
_LDAP = ("slapd", "ldap-utils", "libnss-ldapd", "nslcd", "fish")
IMAGES = {
    "debian11": Image("bullseye"),
    "debian12": Image("bookworm"),
    "debian13": Image("trixie"),
    "backports": Image(
        "trixie", (*_SYSTEMD, *_NEWER, *_TOOLS, *_SHELLS), extra=("trixie-backports",)
    ),
    "testing": Image(
        "forky", (*_SYSTEMD, *_SSH, *_TOOLS, "zsh", "ksh93u+m", "mksh", "tcsh"), moves=True
    ),
    "directory": Image(
        "trixie",
        (*_SYSTEMD, *_SSH, *_TOOLS, *_SHELLS, *_LDAP),
        ("people.sh", "systemd.sh", "directory.sh"),
    ),
    "sysvinit": _init("sysvinit.sh", "sysvinit-core", "sysv-rc"),
    "openrc": _init("openrc.sh", "sysvinit-core", "openrc"),
    "runit": _init("runit.sh", "runit", "runit-init"),
}


def ensure(images: Iterable[str]) -> None:
    """Build the images that are missing, side by side."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(_ensure, sorted(set(images))))


def unavailable(image: str) -> str | None:
    """Why an image of a suite that moves cannot be had today; None: it is there."""
    try:
        ensure([image])
    except LabError as error:
        if not IMAGES[image].moves:
            raise
        said = str(error).strip().splitlines()
        return f"the image of {image} cannot be built today: {said[-1] if said else 'no reason'}"
    return None


def tag(image: str) -> str:
    """podman's name of the image."""
    return f"localhost/curfew-lab/{image}:{_recipe(image)}"


def bare() -> str:
    """An image of a machine that has Debian, Python and make, and nothing else; podman's name."""
    name = "localhost/curfew-lab/bare:1"
    if not succeeds("image", "exists", name):
        partial = CACHE / "images" / "bare.tar"
        partial.parent.mkdir(parents=True, exist_ok=True)
        say("building the image of a bare machine")
        run(["mmdebstrap", "--quiet", "--variant=minbase", "--include=python3,make,ca-certificates",
             "bookworm", str(partial), *_mirror()])  # fmt: skip
        podman("import", str(partial), name)
        partial.unlink()
    return name


def unpack(image: str, directory: Path) -> None:
    """Lay the image out as a directory: a root without service manager, /run/sshd or host keys."""
    ensure([image])
    directory.mkdir(parents=True, exist_ok=True)
    run(["tar", "-C", str(directory), "--exclude=./etc/ssh/ssh_host_*", "-xf", str(_tar(image))])


def forget() -> None:
    """Remove what podman keeps of the images; the archives in the cache stay."""
    for image in IMAGES:
        podman("image", "rm", "--force", "--ignore", tag(image))


def _recipe(image: str) -> str:
    made = IMAGES[image]
    text = " ".join([made.suite, *made.packages, *made.extra])
    text += "".join((SETUP / name).read_text() for name in made.setup)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _tar(image: str) -> Path:
    return CACHE / "images" / f"{image}-{_recipe(image)}.tar"


def _ensure(image: str) -> None:
    CACHE.joinpath("images").mkdir(parents=True, exist_ok=True)
    with (CACHE / "images" / f"{image}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _tar(image).exists():
            _build(image)
        if not succeeds("image", "exists", tag(image)):
            podman("import", str(_tar(image)), tag(image))


def _build(image: str) -> None:
    start = time.monotonic()
    say(f"building the image of {image} from the Debian mirror (about a minute, kept afterwards)")
    for old in _tar(image).parent.glob(f"{image}-*.tar*"):
        old.unlink()
    partial = _tar(image).with_suffix(".partial.tar")
    made = IMAGES[image]
    hooks = [f"chroot \"$1\" sh -eu < '{SETUP / name}'" for name in made.setup]
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        *[f"--keyring={keyring}" for keyring in _keyrings(made)],
        # The copy of a mirror may be older than a suite that moves says that it may get.
        *(['--aptopt=Acquire::Check-Valid-Until "false"'] if made.moves else []),
        f"--include={','.join(made.packages)}",
        *[f"--customize-hook={hook}" for hook in hooks],
        made.suite,
        str(partial),
        *_sources(made),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"mmdebstrap could not build {image}: {done.stderr.strip()[-2000:]}")
    partial.rename(_tar(image))
    say(f"the image of {image} took {time.monotonic() - start:.0f} s")


def _sources(made: Image) -> list[str]:
    """What mmdebstrap wants behind the archive's name; nothing where its own default does."""
    mirror = _mirror()
    if not made.extra:
        return mirror
    address = mirror[0] if mirror else "http://deb.debian.org/debian"
    return [f"deb {address} {suite} main" for suite in (made.suite, *made.extra)]


def _keyrings(made: Image) -> list[Path]:
    """A suite newer than this machine may be signed with a key that only the newest release has."""
    if not made.moves:
        return []
    ensure(["debian13"])
    folder = CACHE / "images" / "keys"
    folder.mkdir(exist_ok=True)
    inside = "./usr/share/keyrings"
    run(["tar", "-C", str(folder), "--strip-components=4", "--wildcards",
         "-xf", str(_tar("debian13")), f"{inside}/debian-archive-keyring.*"])  # fmt: skip
    return sorted(folder.glob("debian-archive-keyring.*"))


def _mirror() -> list[str]:
    """The mirror that this machine's apt uses for Debian itself; else mmdebstrap's default."""
    sources = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*.*")]
    text = "\n".join(path.read_text() for path in sources if path.is_file())
    found = re.search(r"^(?:deb\s.*?|URIs:\s*)(https?://\S+/debian/?)(?:\s|$)", text, re.MULTILINE)
    return [found[1]] if found else []
