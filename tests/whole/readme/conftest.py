"""A bare machine: Debian with Python and make, on which nobody ever started anything.

It is a container of its own kind: nothing of this checkout's lab is in it, and what the commands
install or start stays inside.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import collection
from tools.lab import images, podman
from tools.lab.common import CACHE, TOP

NAME = "curfew-readme"
# Podman's usual one is what the machine inside makes itself; of the others it picks a free one.
NETWORK = "curfew-readme"
STORE = "curfew-readme-store"  # a container's own overlay cannot hold another's
# What pip has fetched for the machine before; without it each run fetches 60 MB again.
PIP_CACHE = CACHE / "readme-pip"


@pytest.fixture(scope="session")
def machine() -> Iterator[list[str]]:
    """The words that run a command on the bare machine."""
    _remove()
    podman.podman("network", "create", NETWORK)
    PIP_CACHE.mkdir(parents=True, exist_ok=True)
    try:
        podman.podman(
            "run", "--detach", "--privileged", f"--name={NAME}", f"--network={NETWORK}",
            f"--volume={STORE}:/var/lib/containers", f"--volume={PIP_CACHE}:/root/.cache/pip",
            *_clients(), images.bare(), "sleep", "infinity")  # fmt: skip
        podman.podman("cp", str(_archive()), f"{NAME}:/clone.tar")
        yield ["exec", "--interactive", "--env=LANG=C.UTF-8", NAME]
    finally:
        _remove()


def _remove() -> None:
    podman.podman("rm", "--force", "--ignore", "--time=0", NAME)
    podman.podman("network", "rm", "--force", NETWORK)
    podman.podman("volume", "rm", "--force", STORE)


def _clients() -> list[str]:
    """How this machine's apt and pip reach their registries, where that is special."""
    files = ["/etc/ssl/certs", "/usr/local/share/ca-certificates", "/etc/pip.conf",
             "/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/apt/apt.conf.d"]  # fmt: skip
    kept = [f"--volume={path}:{path}:ro" for path in files[:3] if Path(path).exists()]
    return kept + [f"--env={name}" for name in os.environ if name.startswith(("PIP_", "SSL_"))]


def _archive() -> Path:
    """A fresh clone, without git: what git tracks, or would."""
    names = "\0".join(str(name) for name in collection.files())
    archive = CACHE / "readme.tar"
    subprocess.run(["tar", "--null", "-T", "-", "-cf", str(archive)], input=names, text=True,
                   cwd=TOP, check=True)  # fmt: skip
    return archive
