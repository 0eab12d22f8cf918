"""The tests themselves on a machine on which nobody ever started sshd, from a clone below /tmp.

On any other machine it hides what they need and do not make.
"""

import re

from tools.lab import podman

CLONE = "/tmp/clone"
SCRIPT = f"""exec 2>&1
set -e
mkdir {CLONE}
cd {CLONE}
tar -xf /clone.tar
make test-quick
.venv/bin/python -B -m pytest -p no:cacheprovider tests/search -k "not finds_the_defect"
test ! -e /run/sshd || echo "not a fresh machine: /run/sshd is there"
exit
"""
QUICK = re.compile(r"^(\d+) passed, 0 failed", re.MULTILINE)
OTHERS = re.compile(r"^=+ (\d+) passed, \d+ deselected in", re.MULTILINE)


def test_they_need_nothing_of_the_machine(machine: list[str]) -> None:
    output = podman.podman(*machine, "bash", stdin=SCRIPT)
    print(output)
    assert "not a fresh machine" not in output
    quick, others = QUICK.search(output), OTHERS.search(output)
    assert quick and int(quick[1]) > 2000
    assert others and int(others[1]) > 10
