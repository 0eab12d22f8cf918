"""Images of the hosts: built once from a Debian mirror, kept by the hash of their recipe."""

import concurrent.futures
import fcntl
import hashlib
import re
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from .common import CACHE, LabError, run, say
from .podman import podman, succeeds

SUITES = {"debian11": "bullseye", "debian12": "bookworm", "debian13": "trixie"}
PACKAGES = [
    *["systemd", "systemd-sysv", "libpam-systemd", "dbus", "openssh-server", "openssh-client"],
    *["python3", "sudo", "passwd", "procps", "iproute2", "acl", "attr", "util-linux"],
    *["zsh", "ksh", "mksh", "tcsh"],
]
SETUP = Path(__file__).parent / "setup"


def ensure(images: Iterable[str]) -> None:
    """Build the images that are missing, side by side."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(_ensure, sorted(set(images))))


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
    for image in SUITES:
        podman("image", "rm", "--force", "--ignore", tag(image))


def _recipe(image: str) -> str:
    text = " ".join([SUITES[image], *PACKAGES]) + (SETUP / "base.sh").read_text()
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
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        f"--include={','.join(PACKAGES)}",
        f"--customize-hook=chroot \"$1\" sh -eu < '{SETUP / 'base.sh'}'",
        SUITES[image],
        str(partial),
        *_mirror(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"mmdebstrap could not build {image}: {done.stderr.strip()[-2000:]}")
    partial.rename(_tar(image))
    say(f"the image of {image} took {time.monotonic() - start:.0f} s")


def _mirror() -> list[str]:
    """The mirror that this machine's apt uses for Debian itself; else mmdebstrap's default."""
    sources = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*.*")]
    text = "\n".join(path.read_text() for path in sources if path.is_file())
    found = re.search(r"^(?:deb\s.*?|URIs:\s*)(https?://\S+/debian/?)(?:\s|$)", text, re.MULTILINE)
    return [found[1]] if found else []
