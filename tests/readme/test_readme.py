"""The README's commands, taken from it, in order, on a machine that has Debian, Python and make.

The machine is a container of its own kind: nothing of this checkout's lab is in it, and what the
commands install or start stays inside.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import collection
from tests.lab import images, podman
from tests.lab.common import CACHE, TOP

NAME = "curfew-readme"
NETWORK = "curfew-readme"
SUBNET = "10.89.77.0/24"  # the machine inside makes podman's usual network itself
STORE = "curfew-readme-store"  # a container's own overlay cannot hold another's
HOME = "/root/curfew.session"
# What these two do is what is running right now.
LEFT_OUT = ("make test", "make test-quick")
INVENTORY = "cp .cache/lab/inventory.yml hosts.yml"


def commands() -> list[str]:
    """The lines of the blocks that are marked as shell."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (TOP / "README.md").read_text(), re.DOTALL | re.M)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def machine() -> Iterator[list[str]]:
    """The words that run a command on the bare machine."""
    _remove()
    podman.podman("network", "create", "--subnet", SUBNET, NETWORK)
    try:
        podman.podman(
            "run", "--detach", "--privileged", f"--name={NAME}", f"--network={NETWORK}",
            f"--volume={STORE}:/var/lib/containers", *_clients(),
            images.bare(), "sleep", "infinity")  # fmt: skip
        podman.podman("exec", "--interactive", NAME, "mkdir", "-p", HOME)
        _copy()
        yield ["exec", "--interactive", "--env=LANG=C.UTF-8", f"--workdir={HOME}", NAME]
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


def _copy() -> None:
    """A fresh clone, without git: what git tracks, or would."""
    names = "\0".join(str(name) for name in collection.files())
    archive = CACHE / "readme.tar"
    subprocess.run(["tar", "--null", "-T", "-", "-cf", str(archive)], input=names, text=True,
                   cwd=TOP, check=True)  # fmt: skip
    podman.podman("cp", str(archive), f"{NAME}:/clone.tar")
    podman.podman("exec", NAME, "tar", "-C", HOME, "-xf", "/clone.tar")


def test_all_commands_run_in_order(machine: list[str]) -> None:
    script = ["set -e"]
    for command in commands():
        if command in LEFT_OUT:
            continue
        if "hosts.yml" in command and INVENTORY not in script:
            script.append(INVENTORY)
        script += [f"echo '+++ {command.replace(chr(39), '')}'", command]
    output = podman.podman(*machine, "bash", stdin="\n".join(script) + "\nexit\n")
    print(output)
    ran = re.findall(r"^\+\+\+ ", output, re.MULTILINE)
    assert len(ran) == len(commands()) - len(LEFT_OUT)
    assert "logged out" in output


def test_the_text_names_no_other_commands_of_make() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", (TOP / "README.md").read_text()))
    assert named <= targets
