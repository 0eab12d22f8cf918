"""Ten runs at once on one host, each with another value: at the end the tree is one of them, whole.

On a host of its own, which it makes and removes.
"""

import itertools
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab import hosts

from . import remote

HOST = "debian12-drill"
RUNS = 10
ROUNDS = 3 if os.environ.get("CURFEW_FULL") else 1
WHERE = {"sshd_client_alive": "/etc/ssh", "shell_tmout": "/etc/profile.d /etc/profile"}


@pytest.fixture(scope="module", autouse=True)
def lab() -> Iterator[None]:
    hosts.up([HOST], fresh=True)
    remote.install(HOST)
    yield
    hosts.down([HOST])


def options_of(module: str, number: int) -> dict[str, Any]:
    if module == "shell_tmout":
        return {"timeout": str(100 + number), "conflicts": "disable"}
    return {"interval": 100 + number, "count_max": 1 + number, "conflicts": "disable"}


def tree(module: str) -> str:
    return remote.execute(HOST, f"find {WHERE[module]} -type f -exec md5sum {{}} + | sort")


@pytest.mark.parametrize("module", WHERE)
def test_ten_at_once(module: str) -> None:
    alone = {}
    for number in range(RUNS):
        assert not remote.run(HOST, module, **options_of(module, number)).get("failed")
        alone[tree(module)] = number
    assert len(alone) == RUNS
    outcomes = []
    for _round in range(ROUNDS):
        lines = [remote.command(module, **options_of(module, number)) for number in range(RUNS)]
        marked = [f"( {line} >/root/said.{at} 2>&1; echo $? >/root/status.{at} ) &"
                  for at, line in enumerate(lines)]  # fmt: skip
        remote.execute(HOST, "\n".join([*marked, "wait"]))
        said = remote.execute(HOST, "cat /root/said.*")
        status = remote.execute(HOST, "cat /root/status.*").split()
        assert "Traceback" not in said, said
        assert tree(module) in alone, "the tree is none of the ten"
        assert remote.can_log_in(HOST)
        outcomes.append(status)
    done = list(itertools.chain(*outcomes))
    finished = done.count("0")
    print(f"{module}: {len(done)} runs, {finished} done, {len(done) - finished} refused")
    assert finished >= ROUNDS


def test_no_lock_file_is_left() -> None:
    left = remote.execute(HOST, "find /etc /run /var/lock /var/tmp /tmp -xdev -newer /opt/curfew"
                          " \\( -name '*lock*' -o -name '*curfew*' -o -name '.*~' \\)"
                          " ! -path '/run/systemd/*' ! -path '/run/lock'")  # fmt: skip
    assert not left, left
