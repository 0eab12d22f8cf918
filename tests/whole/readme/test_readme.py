"""The README's commands, taken from it, in order, on a machine that has Debian, Python and make."""

import re

from tools.lab import podman
from tools.lab.common import TOP

HOME = "/root/curfew.session"
# What the first does is what is running right now; the second is tried in test_fresh_machine.py.
LEFT_OUT = ("make test", "make test-quick")
INVENTORY = "cp .cache/lab/inventory.yml hosts.yml"


def commands() -> list[str]:
    """The lines of the blocks that are marked as shell."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (TOP / "README.md").read_text(), re.DOTALL | re.M)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def test_all_commands_run_in_order(machine: list[str]) -> None:
    script = ["set -e", f"mkdir -p {HOME}", f"cd {HOME}", "tar -xf /clone.tar"]
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
